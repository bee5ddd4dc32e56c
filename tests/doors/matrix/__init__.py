"""Who may do what: the one table that says it for every event handler and every HTTP route.

A door that is not in here makes `test_authorization.py` fail, so nobody adds one without deciding. Doors of an area
stand in its module, everything else here.
"""

from __future__ import annotations

from tests.doors.matrix.billing import CONTRACTS, CYCLE, MONEY
from tests.doors.matrix.door import ANYBODY, NOBODY, OPERATOR, SIGNED_IN, STAFF, Door, of, page
from tests.doors.matrix.inventory import INVENTORY_DOORS, RECORDS
from tests.doors.matrix.network import MACHINE, NETWORK_DOORS
from tests.doors.matrix.paths import PATHS
from tests.doors.matrix.support import SUPPORT
from tests.doors.server import PORTAL, STATE

TAKEOVER = f"{PORTAL}takeovers____takeover_state"

DOORS = (
    *INVENTORY_DOORS,
    *RECORDS,
    *MONEY,
    *SUPPORT,
    Door(f"{STATE}.hydrate", ANYBODY),
    Door(f"{STATE}.hydrate_and_load", ANYBODY),
    Door(f"{STATE}.set_is_hydrated", ANYBODY, payload=lambda _: {"value": True}),
    Door(f"{STATE}.reflex___state____on_load_internal_state.on_load_internal", ANYBODY),
    Door(
        f"{STATE}.reflex___state____on_load_internal_state.set_is_hydrated",
        ANYBODY,
        payload=lambda _: {"value": True},
    ),
    Door(
        f"{STATE}.reflex___state____update_vars_internal_state.update_vars_internal",
        ANYBODY,
        payload=lambda _: {"vars": {}},
    ),
    Door(f"{STATE}.reflex___state____frontend_event_exception_state.handle_frontend_exception", NOBODY),
    Door(f"{PORTAL}shell____shell_state.dismiss", ANYBODY),
    Door(f"{PORTAL}shell____shell_state.set_locale", SIGNED_IN, payload=lambda _: {"locale": "uk"}),
    Door(f"{PORTAL}shell____palette_state.search", SIGNED_IN, payload=lambda _: {"query": "server"}),
    page("dashboard____dashboard_state", SIGNED_IN, "/"),
    page("services____services_state", frozenset({"client", "operator"}), "/services"),
    page(
        "services____service_state",
        frozenset({"client", "operator"}),
        "/services/{id}",
        "service",
        "service_id",
    ),
    page("server____server_state", SIGNED_IN, "/servers/{id}", "server", "server_id"),
    Door(
        f"{PORTAL}server____server_state.switch",
        SIGNED_IN,
        "server",
        lambda number: {"server_id": number, "kind": "power_off"},
    ),
    Door(
        f"{PORTAL}server____server_state.cancel", SIGNED_IN, "queued job", lambda number: {"job_id": number}
    ),
    Door(f"{PORTAL}server____server_state.retry", SIGNED_IN, "failed job", lambda number: {"job_id": number}),
    *MACHINE,
    page("account____account_state", SIGNED_IN, "/account"),
    Door(
        f"{PORTAL}account____account_state.end_session",
        SIGNED_IN,
        "session",
        lambda number: {"session_id": number},
    ),
    Door(f"{PORTAL}account____account_state.end_other_sessions", SIGNED_IN),
    Door(f"{PORTAL}account____account_state.sign_out_everywhere", SIGNED_IN),
    page("queues____queues_state", STAFF, "/queues"),
    Door(f"{TAKEOVER}.take", STAFF, "failed job", lambda number: {"job_id": number, "from_id": 0}),
    Door(f"{TAKEOVER}.ask", STAFF, "job in hands", of("job_id")),
    Door(f"{TAKEOVER}.hand_back", STAFF, "job in hands", of("job_id")),
    Door(
        f"{TAKEOVER}.end",
        STAFF,
        "job in hands",
        lambda number: {"job_id": number, "is_done": True, "seen": "It runs."},
    ),
    Door(f"{TAKEOVER}.again", STAFF, "job in hands", of("job_id")),
    page("traffic___pollers____pollers_state", STAFF, "/pollers"),
    *NETWORK_DOORS,
    *CYCLE,
    *CONTRACTS,
    page("fleet____fleet_state", STAFF, "/fleet"),
    page("companies____companies_state", OPERATOR, "/companies"),
    page("companies____company_state", OPERATOR, "/companies/{id}", "company", "company_id"),
    page("audit____audit_state", OPERATOR, "/audit"),
)


NEVER = "setvar"
"""Reflex gives every State this method, which sets any var to anything."""


def undeclared_handlers(found: frozenset[str]) -> set[str]:
    """Handlers that exist and are not in the table."""
    known = {door.name for door in DOORS}
    return {name for name in found if name not in known and not name.endswith(f".{NEVER}")}


def undeclared_routes(found: frozenset[str]) -> set[str]:
    """Routes that exist and are not in the table."""
    return set(found) - {path.route for path in PATHS}
