"""Who may do what: the one table that says it for every event handler and every HTTP route.

A door that is not in here makes `test_authorization.py` fail, so nobody adds one without deciding.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.doors import contracts, machine, money, stock
from tests.doors.server import PORTAL, STATE

ANYBODY = frozenset({"anonymous", "client", "operator", "technician"})
SIGNED_IN = ANYBODY - {"anonymous"}
STAFF = frozenset({"operator", "technician"})
OPERATOR = frozenset({"operator"})
CLIENT = frozenset({"client"})
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Door:
    """An event handler: who may use it and on which kind of object."""

    name: str
    who: frozenset[str]
    target: str = ""
    payload: Callable[[int], dict[str, Any]] = field(default=lambda _: {})
    path: str = "/404"
    """The page's address, with {id} for the object."""
    param: str = ""

    @property
    def is_page(self) -> bool:
        return self.name.endswith(".open")

    def expected(self, role: str, whose: str) -> str:
        """The verdict for a role on its own, a foreign or a missing object."""
        if not self.who:
            return "forbidden"
        if role not in self.who:
            return "sign_in_required" if role == "anonymous" else "forbidden"
        if whose == "missing":
            return "not_found"
        if whose == "foreign" and (role == "client" or self.target == "session"):
            return "not_found"
        if whose == "foreign" and self.target == "job in hands":
            return "job_not_yours"
        return "allowed"


def _page(name: str, who: frozenset[str], path: str, target: str = "", param: str = "") -> Door:
    return Door(f"{PORTAL}{name}.open", who, target, path=path, param=param)


TICKETS = f"{PORTAL}support___tickets____"
DESK = f"{PORTAL}support___desk____"
MAILS = f"{PORTAL}support___mails____"
_DRAFT = {"draft": "0123456789abcdef" * 2, "body": "a message", "attachments": []}


def _ticket(name: str, who: frozenset[str], target: str = "ticket", **more: Any) -> Door:
    return Door(name, who, target, lambda number: {"ticket_id": number} | more)


_SUPPORT = (
    _page("support___tickets____tickets_state", CLIENT, "/tickets"),
    _page("support___tickets____new_ticket_state", CLIENT, "/tickets/new"),
    Door(
        f"{TICKETS}new_ticket_state.add",
        CLIENT,
        "service",
        lambda number: {
            "department": "technical",
            "subject": "a subject",
            "importance": "normal",
            "service_id": number,
            **_DRAFT,
        },
    ),
    _page("support___tickets____ticket_state", CLIENT, "/tickets/{id}", "ticket", "ticket_id"),
    _ticket(f"{TICKETS}ticket_state.reply", CLIENT, **_DRAFT),
    _ticket(f"{TICKETS}ticket_state.close", CLIENT),
    _ticket(f"{TICKETS}ticket_state.reopen", CLIENT, "resolved ticket"),
    _ticket(f"{TICKETS}ticket_state.seen", CLIENT, message_id=1),
    _page("support___desk____desk_state", STAFF, "/desk"),
    _page("support___desk____desk_ticket_state", STAFF, "/desk/{id}", "ticket", "ticket_id"),
    _ticket(f"{DESK}desk_ticket_state.reply", STAFF, then="", **_DRAFT),
    _ticket(f"{DESK}desk_ticket_state.note", STAFF, **_DRAFT),
    _ticket(f"{DESK}desk_ticket_state.assign", STAFF, person_id=0),
    _ticket(f"{DESK}desk_ticket_state.set_status", STAFF, status="resolved"),
    _ticket(f"{DESK}desk_ticket_state.set_importance", STAFF, importance="high"),
    _ticket(f"{DESK}desk_ticket_state.set_department", STAFF, department="finance"),
    _ticket(f"{DESK}desk_ticket_state.seen", STAFF, message_id=1),
    _page("support___mails____mails_state", OPERATOR, "/mails"),
    _page("support___mails____mail_state", OPERATOR, "/mails/{id}", "mail", "mail_id"),
    Door(f"{MAILS}mail_state.retry", OPERATOR, "undeliverable mail", lambda number: {"mail_id": number}),
)

TAKEOVER = f"{PORTAL}takeovers____takeover_state"
FINANCE = frozenset({"client", "operator"})
INVOICES = f"{PORTAL}billing___invoices____"
FUNDS = f"{PORTAL}billing___funds____funds_state"
COMPANY_MONEY = f"{PORTAL}billing___companies____company_money_state"
_CLICK = {"draft": "fedcba9876543210" * 2}


def _of(name: str) -> Callable[[int], dict[str, Any]]:
    return lambda number: {name: number}


def _click(name: str, **more: Any) -> Callable[[int], dict[str, Any]]:
    return lambda number: {name: number, **_CLICK, **more}


_MONEY = (
    _page("billing___invoices____invoices_state", FINANCE, "/billing/invoices"),
    Door(f"{INVOICES}invoices_state.seen", FINANCE, payload=lambda _: {"newest": 1}),
    _page("billing___invoices____invoice_state", FINANCE, "/billing/invoices/{id}", "invoice", "invoice_id"),
    Door(
        f"{INVOICES}invoice_state.pay_from_balance",
        CLIENT,
        "funded invoice",
        lambda number: {"invoice_id": number, "amount_minor": money.NET, "currency": "EUR"},
    ),
    Door(
        f"{INVOICES}invoice_state.pay_by_card",
        CLIENT,
        "invoice with card",
        lambda number: {
            **_CLICK,
            "invoice_id": number,
            "charge_minor": money.NET_WITH_TAX,
            "currency": "EUR",
            "card_id": number,
        },
    ),
    Door(f"{INVOICES}invoice_state.cancel_payment", CLIENT, "payment", _of("payment_id")),
    Door(f"{INVOICES}invoice_state.void", OPERATOR, "invoice", _click("invoice_id", reason="a mistake")),
    Door(
        f"{INVOICES}invoice_state.refund",
        OPERATOR,
        "paid invoice",
        _click("invoice_id", amount="1.00", reason="kindness"),
    ),
    _page("billing___transactions____transactions_state", FINANCE, "/billing/transactions"),
    _page("billing___funds____funds_state", CLIENT, "/billing/funds"),
    Door(f"{FUNDS}.ask", CLIENT, payload=lambda _: {"amount": "100", "currency": "EUR"}),
    Door(
        f"{FUNDS}.top_up",
        CLIENT,
        "card",
        _click("card_id", amount="100", charge_minor=12_100, currency="EUR"),
    ),
    Door(f"{FUNDS}.cancel", CLIENT, "payment", _of("payment_id")),
    Door(f"{FUNDS}.remove_card", CLIENT, "card", _of("card_id")),
    Door(f"{FUNDS}.set_buffer", CLIENT, payload=lambda _: {**_CLICK, "amount": "50"}),
    Door(f"{COMPANY_MONEY}.grant", OPERATOR, "company", _click("company_id", amount="5", reason="sorry")),
    Door(
        f"{COMPANY_MONEY}.refund",
        OPERATOR,
        "received payment",
        _click("payment_id", amount="1.00", reason="asked for"),
    ),
    Door(f"{COMPANY_MONEY}.ask_again", OPERATOR, "payment", _of("payment_id")),
    Door(f"{COMPANY_MONEY}.clear_flag", OPERATOR, "flag", _of("flag_id")),
    _page("billing___runs____runs_state", OPERATOR, "/billing/runs"),
    Door(f"{PORTAL}billing___runs____runs_state.run_again", OPERATOR),
)

_PLANS = f"{PORTAL}traffic___terms____plans_state"
_CYCLE = (
    _page("traffic___terms____plans_state", OPERATOR, "/billing/traffic"),
    Door(
        f"{_PLANS}.set_terms",
        OPERATOR,
        "plan",
        _click(
            "plan_id",
            included_gb=1_000,
            counted="both",
            action="notify",
            limit_mbps=0,
            unit_gb=1_000,
            price="",
            currency="EUR",
        ),
    ),
    Door(f"{_PLANS}.remove_terms", OPERATOR, "plan", _of("plan_id")),
    Door(
        f"{PORTAL}traffic___cycle____cycle_state.set_exempt",
        OPERATOR,
        "server",
        lambda number: {"server_id": number, "exempt": True},
    ),
)
_CONTRACT = f"{PORTAL}contracts____contract_state"
_CONTRACTS = (
    Door(
        f"{_CONTRACT}.suspend", OPERATOR, "service",
        lambda number: {"service_id": number, "hold": "policy", "reason": "mass mails"},
    ),
    Door(
        f"{_CONTRACT}.lift", OPERATOR, "suspended service",
        lambda number: {"service_id": number, "hold": "payment", "reason": "a promise"},
    ),
    Door(
        f"{_CONTRACT}.change_terms", OPERATOR, "service",
        lambda number: {
            **_CLICK, "service_id": number, "plan_id": contracts.plan_of(number), "price": "99", "reason": "dearer"
        },
    ),
)  # fmt: skip
NETWORK = f"{PORTAL}network___"
_NUMBERS = itertools.count(1)
_NETWORK = (
    _page("network___prefixes____prefixes_state", STAFF, "/network"),
    Door(
        f"{NETWORK}prefixes____prefixes_state.add_prefix",
        STAFF,
        payload=lambda _: {
            **_CLICK,
            "cidr": f"2001:db8:{next(_NUMBERS):x}::/48",
            "gateway": "",
            "site": "Prague 1",
            "hours": 24,
        },
    ),
    Door(
        f"{NETWORK}prefixes____prefixes_state.change_prefix",
        STAFF,
        "prefix",
        _click("prefix_id", gateway="", site="Prague 1", hours=48),
    ),
    Door(f"{NETWORK}prefixes____prefixes_state.remove_prefix", STAFF, "prefix", _of("prefix_id")),
    Door(
        f"{NETWORK}prefixes____prefixes_state.assign",
        STAFF,
        "prefix",
        lambda number: {**_CLICK, "prefix_id": number, "server": f"beside-{number}", "ip": ""},
    ),
    Door(f"{NETWORK}prefixes____prefixes_state.release", STAFF, "address", _of("address_id")),
    Door(f"{NETWORK}prefixes____prefixes_state.retry", STAFF, "reverse record", _of("record_id")),
    Door(
        f"{NETWORK}tab____network_state.set_reverse",
        SIGNED_IN,
        "address",
        lambda number: {**_CLICK, "address_id": number, "ip": "", "name": ""},
    ),
)

_CARDS = f"{PORTAL}machine___cards____"
_PORTS = f"{PORTAL}traffic___pollers____pollers_state"
_MACHINE = (
    Door(f"{_CARDS}health_state.ask", SIGNED_IN, "server", lambda number: {"server_id": number}),
    Door(f"{_CARDS}health_state.blink", STAFF, "server", lambda number: {"server_id": number}),
    Door(
        f"{_CARDS}block_state.cut_off",
        SIGNED_IN,
        "cabled server",
        lambda number: {"server_id": number, "reason": "moving out", "with_power": False},
    ),
    Door(f"{_CARDS}block_state.let_back", SIGNED_IN, "blocked server", lambda number: {"server_id": number}),
    Door(
        f"{_CARDS}details_state.describe",
        SIGNED_IN,
        "server",
        lambda number: {"server_id": number, "text": "the web server"},
    ),
    Door(f"{_PORTS}.take_down", STAFF, "port", lambda number: {"port_id": number, "reason": "a loop"}),
    Door(f"{_PORTS}.take_up", STAFF, "port", lambda number: {"port_id": number}),
    Door(f"{_PORTS}.forget_write_access", STAFF, "writable switch", _of("switch_id")),
    Door(f"{_PORTS}.limit_set", STAFF, "limit to set", _of("alert_id")),
    Door(f"{_PORTS}.limit_lifted", STAFF, "limit to lift", _of("alert_id")),
    Door(f"{_PORTS}.mark_uplink", STAFF, "port", lambda number: {"port_id": number, "is_uplink": True}),
)

INVENTORY = f"{PORTAL}inventory___"
PLACES = f"{INVENTORY}work____places_work_state"
STOCK = f"{INVENTORY}work____stock_work_state"
BULK = f"{INVENTORY}work____bulk_state"
ARRIVALS = f"{INVENTORY}arrivals____arrivals_state"


def _name() -> str:
    return f"name-{next(_NAMES)}"


_NAMES = itertools.count(1)


def _stock_step(name: str, target: str) -> Door:
    return Door(f"{STOCK}.{name}", STAFF, target, _click("server_id", reason="a reason"))


_INVENTORY = (
    _page("inventory___racks____racks_state", STAFF, "/racks"),
    _page("inventory___racks____rack_state", STAFF, "/racks/{id}", "rack", "rack_id"),
    _page("inventory___parts____parts_state", STAFF, "/parts"),
    _page("inventory___firmware____firmware_state", STAFF, "/firmware"),
    _page("inventory___stock____stock_state", STAFF, "/stock"),
    _page("inventory___arrivals____arrivals_state", STAFF, "/arrivals"),
    Door(
        f"{ARRIVALS}.search", STAFF,
        payload=lambda _: {**_CLICK, "where": stock.free_place(), "ipmi_ports": "623", "redfish_ports": ""},
    ),
    Door(
        f"{ARRIVALS}.enter_order", STAFF,
        payload=lambda _: {**_CLICK, "ref": _name(), "machines": 2, "parts": "1 dimm"},
    ),
    Door(f"{ARRIVALS}.accept", STAFF, "differing delivery", _click("inspection_id", reason="a reason")),
    Door(f"{ARRIVALS}.send_back", STAFF, "differing delivery", _click("inspection_id", reason="a reason")),
    _page("inventory___machine____machine_state", STAFF, "/stock/{id}", "server", "server_id"),
    _page("inventory___aisle____aisle_state", STAFF, "/s/{id}", "server", "label"),
    _page("inventory___aisle____scan_state", STAFF, "/scan"),
    _page("inventory___aisle____labels_state", STAFF, "/labels"),
    Door(
        f"{INVENTORY}firmware____firmware_state.approve", STAFF,
        payload=lambda _: {**_CLICK, "model": _name(), "component": "BMC", "version": "1.2"},
    ),
    Door(f"{INVENTORY}firmware____firmware_state.withdraw", STAFF, "approved firmware", _of("firmware_id")),
    Door(f"{PLACES}.add_site", STAFF, payload=lambda _: {**_CLICK, "name": _name(), "address": ""}),
    Door(
        f"{PLACES}.add_rack", STAFF, "site",
        lambda number: {**_CLICK, "site_id": number, "name": _name(), "height_u": 42},
    ),
    Door(
        f"{PLACES}.place", STAFF, "rack",
        lambda number: {
            **_CLICK, "rack_id": number, "server_id": stock.newest_server(), "bottom_u": 1, "units": 1
        },
    ),
    Door(f"{PLACES}.fill", STAFF, "rack", _click("rack_id", label="panel", bottom_u=9, units=1)),
    Door(f"{PLACES}.clear", STAFF, "rack position", _of("position_id")),
    Door(
        f"{PLACES}.add_part", STAFF,
        payload=lambda _: {**_CLICK, "kind": "disk", "serial": _name(), "model": "SSD", "note": ""},
    ),
    Door(
        f"{PLACES}.install", STAFF, "spare part",
        lambda number: {**_CLICK, "part_id": number, "server": f"S{stock.newest_server()}", "slot": "1"},
    ),
    Door(f"{PLACES}.take_out", STAFF, "spare part", _click("part_id", status="broken", note="")),
    Door(f"{PLACES}.accept", STAFF, "inspection", _of("inspection_id")),
    Door(
        f"{STOCK}.let", STAFF, "available server",
        lambda number: {**_CLICK, "server_id": number, "service_id": stock.waiting_service()},
    ),
    _stock_step("take_back", "returned server"),
    _stock_step("mark_faulty", "quarantined server"),
    _stock_step("take_over", "faulty server"),
    _stock_step("quarantine", "available server"),
    Door(f"{STOCK}.start_cleaning", STAFF, "quarantined server", _of("server_id")),
    Door(
        f"{STOCK}.confirm", STAFF, "cleaning step",
        _click("step_id", result="good", method="confirmed", note="seen"),
    ),
    Door(f"{STOCK}.release", STAFF, "verified server", _of("server_id")),
    Door(f"{STOCK}.clean", STAFF, "cleaning server", _of("server_id")),
    Door(f"{STOCK}.burn_in", STAFF, "cleaning server", _of("server_id")),
    Door(f"{STOCK}.inspect", STAFF, "server", _of("server_id")),
    Door(f"{STOCK}.rotate", STAFF, "server", _of("server_id")),
    Door(f"{STOCK}.identify", STAFF, "server", _of("server_id")),
    Door(
        f"{BULK}.dry_run", STAFF, "server",
        lambda number: {**_CLICK, "kind": "power_off", "server_ids": [number]},
    ),
    Door(
        f"{BULK}.carry_out", STAFF, "server",
        lambda number: {**_CLICK, "kind": "power_off", "server_ids": [number]},
    ),
)  # fmt: skip

WIRING = f"{INVENTORY}wiring____wiring_state"
_RECORDS = (
    Door(
        f"{PLACES}.change_site", STAFF, "site",
        lambda number: {**_CLICK, "site_id": number, "name": _name(), "address": ""},
    ),
    Door(
        f"{PLACES}.change_rack", STAFF, "rack",
        lambda number: {**_CLICK, "rack_id": number, "name": _name(), "height_u": 40},
    ),
    Door(
        f"{PLACES}.place_switch", STAFF, "rack beside a switch",
        lambda number: {
            **_CLICK, "rack_id": number, "switch_id": machine.newest_switch(), "bottom_u": 1, "units": 1
        },
    ),
    Door(
        f"{PLACES}.change_part", STAFF, "spare part",
        lambda number: {**_CLICK, "part_id": number, "serial": _name(), "model": "SSD", "note": ""},
    ),
    Door(f"{WIRING}.ask", STAFF, "idle switch", _of("switch_id")),
    Door(f"{WIRING}.take_out_of_service", STAFF, "idle switch", _of("switch_id")),
    Door(f"{WIRING}.put_back_into_service", STAFF, "retired switch", _of("switch_id")),
    Door(
        f"{WIRING}.connect", STAFF, "free port",
        lambda number: {**_CLICK, "port_id": number, "server": f"S{stock.newest_server()}", "nic": "eno1"},
    ),
    Door(
        f"{WIRING}.plug_in", STAFF, "server beside a free port",
        lambda number: {**_CLICK, "server_id": number, "port": machine.free_port(), "nic": ""},
    ),
    Door(
        f"{WIRING}.move", STAFF, "cabled port",
        lambda number: {**_CLICK, "port_id": number, "port": machine.free_port()},
    ),
    Door(f"{WIRING}.unplug", STAFF, "port", _of("port_id")),
    Door(f"{WIRING}.remove_screen", STAFF, "server with screen", _of("server_id")),
)  # fmt: skip

DOORS = (
    *_INVENTORY,
    *_RECORDS,
    *_MONEY,
    *_SUPPORT,
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
    _page("dashboard____dashboard_state", SIGNED_IN, "/"),
    _page("services____services_state", frozenset({"client", "operator"}), "/services"),
    _page(
        "services____service_state",
        frozenset({"client", "operator"}),
        "/services/{id}",
        "service",
        "service_id",
    ),
    _page("server____server_state", SIGNED_IN, "/servers/{id}", "server", "server_id"),
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
    *_MACHINE,
    _page("account____account_state", SIGNED_IN, "/account"),
    Door(
        f"{PORTAL}account____account_state.end_session",
        SIGNED_IN,
        "session",
        lambda number: {"session_id": number},
    ),
    Door(f"{PORTAL}account____account_state.end_other_sessions", SIGNED_IN),
    Door(f"{PORTAL}account____account_state.sign_out_everywhere", SIGNED_IN),
    _page("queues____queues_state", STAFF, "/queues"),
    Door(f"{TAKEOVER}.take", STAFF, "failed job", lambda number: {"job_id": number, "from_id": 0}),
    Door(f"{TAKEOVER}.ask", STAFF, "job in hands", _of("job_id")),
    Door(f"{TAKEOVER}.hand_back", STAFF, "job in hands", _of("job_id")),
    Door(
        f"{TAKEOVER}.end",
        STAFF,
        "job in hands",
        lambda number: {"job_id": number, "is_done": True, "seen": "It runs."},
    ),
    Door(f"{TAKEOVER}.again", STAFF, "job in hands", _of("job_id")),
    _page("traffic___pollers____pollers_state", STAFF, "/pollers"),
    *_NETWORK,
    *_CYCLE,
    *_CONTRACTS,
    _page("fleet____fleet_state", STAFF, "/fleet"),
    _page("companies____companies_state", OPERATOR, "/companies"),
    _page("companies____company_state", OPERATOR, "/companies/{id}", "company", "company_id"),
    _page("audit____audit_state", OPERATOR, "/audit"),
)

NEVER = "setvar"
"""Reflex gives every State this method, which sets any var to anything."""


@dataclass(frozen=True)
class Path:
    """An HTTP route: what is asked, and the answer at each stage of signing in."""

    route: str
    none: tuple[int, str]
    password: tuple[int, str]
    signed_in: tuple[int, str]
    body: dict[str, Any] | None = None
    staff: tuple[int, str] | None = None
    """The answer to signed-in staff, where it is another one."""
    technician: tuple[int, str] | None = None
    """The answer to a technician, where it is yet another one."""

    def expected(self, stage: str) -> tuple[int, str]:
        """The answer at a stage (`none`, `password`), or to a role that is signed in."""
        if stage in ("none", "password"):
            return self.none if stage == "none" else self.password
        if self.technician and stage == "technician":
            return self.technician
        return self.staff if self.staff and stage in STAFF else self.signed_in


_OUT = (401, "sign_in_required")
_CLOSED = (404, "")
_FINE = (200, "")
_CODE = {"code": "000000"}

_FORBIDDEN = (403, "forbidden")
_NO_GATEWAY = (400, "no_gateway")

ORDER = {
    "system": 1,
    "hostname": "web-02",
    "layout": "single",
    "disks": [],
    "ssh_keys": [],
    "time_zone": "UTC",
    "post_install": "",
    "confirmation": "",
}

SWITCH = {"name": "sw-01", "site": "Hall", "host": "127.0.0.1", "community": "x"}

PATHS = (
    Path("POST /inventory/arrivals", _OUT, _OUT, _FORBIDDEN, {}, (400, "bad_request")),
    Path(
        "POST /inventory/machines/{server_id:int}/bmc",
        *(_OUT, _OUT),
        _FORBIDDEN,
        {"host": "127.0.0.1", "port": "623", "username": "opsportal"},
        (404, "not_found"),
    ),
    Path(
        "POST /inventory/machines/{server_id:int}/screen",
        *(_OUT, _OUT),
        _FORBIDDEN,
        {"host": "127.0.0.1", "port": "5901", "asks": "nothing"},
        (404, "not_found"),
    ),
    Path("GET /inventory/find.json", _OUT, _OUT, _FORBIDDEN, staff=_FINE),
    Path("POST /switches", _OUT, _OUT, _FORBIDDEN, SWITCH, (400, "elevation_required")),
    Path("POST /switches/{switch_id:int}", _OUT, _OUT, _FORBIDDEN, SWITCH, (404, "not_found")),
    Path(
        "POST /switches/{switch_id:int}/write-access",
        *(_OUT, _OUT),
        _FORBIDDEN,
        {"community": "x"},
        (404, "not_found"),
    ),
    Path("POST /attachments", _OUT, _OUT, (400, "bad_request"), {}),
    Path("GET /attachments/{attachment_id:int}", _OUT, _OUT, (404, "not_found")),
    Path("DELETE /attachments/{attachment_id:int}", _OUT, _OUT, (404, "not_found")),
    Path(
        "GET /documents/invoices/{invoice_id:int}.pdf",
        *(_OUT, _OUT),
        (404, "not_found"),
        technician=_FORBIDDEN,
    ),
    Path("POST /webhooks/stripe", *((400, "forged"),) * 3),  # no session opens it: only a signature does
    # Machines have no session and need none: their own disk for anybody, the rest by the job's token.
    Path("GET /boot/ipxe/{mac}", _FINE, _FINE, _FINE),
    Path("GET /boot/i/{token}/{name}", *((404, "not_found"),) * 3),
    Path("POST /boot/i/{token}/report", *((400, "bad_request"),) * 3),
    Path(
        "POST /boot/network", *((400, "forged"),) * 3
    ),  # a DHCP server's signature opens it, and nothing else
    Path("POST /payments/cards/setup", _OUT, _OUT, _NO_GATEWAY, {}, _FORBIDDEN),
    Path("POST /payments/cards/done", _OUT, _OUT, (404, "not_found"), {"setup": "seti_0"}, _FORBIDDEN),
    Path("POST /payments/{payment_id}/action", _OUT, _OUT, _NO_GATEWAY, {}, _FORBIDDEN),
    Path("POST /payments/{payment_id}/continue", _OUT, _OUT, (404, "not_found"), {}, _FORBIDDEN),
    Path("POST /servers/{server_id:int}/reinstall", _OUT, _OUT, (404, "not_found"), ORDER),
    Path(
        "POST /servers/{server_id:int}/boot",
        *(_OUT, _OUT),
        (404, "not_found"),
        {"kind": "boot_disk", "confirmation": ""},
    ),
    Path(
        "POST /jobs/{job_id:int}/stop",
        *(_OUT, _OUT),
        (404, "not_found"),
        {"then": "power_off", "confirmation": ""},
    ),
    Path("GET /jobs/{job_id:int}/serial.json", _OUT, _OUT, (404, "not_found")),
    Path("GET /jobs/{job_id:int}/order.json", _OUT, _OUT, (404, "not_found")),
    Path("GET /servers/{server_id:int}/traffic.csv", _OUT, _OUT, (404, "not_found")),
    Path("GET /servers/{server_id:int}/traffic-samples.csv", _OUT, _OUT, (404, "not_found")),
    Path("POST /servers/{server_id:int}/console", _OUT, _OUT, (400, "console_away"), {"kind": "serial"}),
    Path("POST /servers/bmc-access/ask", _OUT, _OUT, (404, "not_found"), {"server_id": 2**62}),
    *(
        Path(f"POST /servers/bmc-access/{what}", _OUT, _OUT, (404, "not_found"), {"access_id": 2**62})
        for what in ("show", "leave")
    ),
    Path(
        "POST /servers/bmc-access/settle",
        *(_OUT, _OUT),
        _FORBIDDEN,
        {"access_id": 2**62},
        (404, "not_found"),
    ),
    Path("SOCKET /consoles/socket", *((404, ""),) * 3),  # by HTTP; its attacks are in tests/consoles
    Path(
        "POST /auth/confirm-identity",
        *(_OUT, _OUT),
        (400, "second_factor_missing"),
        {"password": "wrong", "code": "000000"},
    ),
    Path("POST /servers/sign-ins/reveal", _OUT, _OUT, (404, "not_found"), {"sign_in_id": 1}),
    Path(
        "POST /servers/sign-ins/save",
        *(_OUT, _OUT),
        (404, "not_found"),
        {"server_id": 2**62, "label": "root", "username": "root", "secret": "x"},
    ),
    Path("POST /servers/sign-ins/remove", _OUT, _OUT, (404, "not_found"), {"sign_in_id": 1}),
    Path("GET /auth/state", _FINE, _FINE, _FINE),
    Path(
        "POST /faults", _FINE, _FINE, _FINE, {"error_id": "0123abcd", "path": "/", "message": "TypeError: x"}
    ),
    Path("GET /healthz", (503, ""), (503, ""), (503, "")),  # no worker runs here
    Path("GET /metrics", _FINE, _FINE, _FINE),  # to this machine
    Path("GET /ping", _CLOSED, _CLOSED, _CLOSED),
    Path("GET /_health", _CLOSED, _CLOSED, _CLOSED),
    Path("MOUNT /_event", _CLOSED, _CLOSED, _CLOSED),
    Path(
        "POST /auth/sign-in",
        *((401, "wrong_credentials"),) * 3,
        body={"email": "nobody@test.example", "password": "wrong"},
    ),
    Path("POST /auth/second-factor", _OUT, (401, "wrong_code"), _OUT, _CODE),
    Path("POST /auth/cancel", _OUT, _FINE, _OUT, {}),
    Path("POST /auth/sign-out", _OUT, _OUT, _FINE, {}),
    Path(
        "POST /auth/password",
        *(_OUT, _OUT),
        (400, "wrong_password"),
        {"current": "wrong", "new": "another long password"},
    ),
    Path(
        "POST /auth/mail-address",
        *(_OUT, _OUT),
        (400, "wrong_password"),
        {"address": "a@b.example", "password": "wrong"},
    ),
    Path("POST /auth/two-factor/start", _OUT, _OUT, _FINE, {}),
    Path("POST /auth/two-factor/enable", _OUT, _OUT, (400, "second_factor_not_started"), _CODE),
    Path("POST /auth/two-factor/recovery-codes", _OUT, _OUT, (401, "wrong_code"), _CODE),
    Path(
        "POST /auth/two-factor/disable",
        *(_OUT, _OUT),
        (400, "wrong_password"),
        {"password": "wrong", "code": "000000"},
    ),
)


def undeclared_handlers(found: frozenset[str]) -> set[str]:
    """Handlers that exist and are not in the table."""
    known = {door.name for door in DOORS}
    return {name for name in found if name not in known and not name.endswith(f".{NEVER}")}


def undeclared_routes(found: frozenset[str]) -> set[str]:
    """Routes that exist and are not in the table."""
    return set(found) - {path.route for path in PATHS}
