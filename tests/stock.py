"""Ways through stock for tests that are about something else: with evidence that nobody has really found."""

from __future__ import annotations

from sqlalchemy import text

from opsportal.db import Unit, unit_of_work
from opsportal.models import CleaningStepName, Role, Server
from tests.builders import make_person

_STEPS = (
    "INSERT INTO cleaning (server_id, kind, order_ref, started_by) VALUES (:server, 'return', '', 'a test')",
    "INSERT INTO cleaning_step (cleaning_id, name, subject)"
    " SELECT c.id, n, '' FROM cleaning c, unnest(CAST(:names AS text[])) n"
    " WHERE c.server_id = :server AND c.finished_at IS NULL",
    "INSERT INTO cleaning_step (cleaning_id, name, subject)"
    " SELECT c.id, 'disk', coalesce(p.serial, p.wwn, 'part-' || p.id) FROM cleaning c"
    " JOIN part p ON p.server_id = c.server_id AND p.kind = 'disk' AND p.status = 'installed'"
    " WHERE c.server_id = :server AND c.finished_at IS NULL",
    "INSERT INTO cleaning_evidence (step_id, result, method, note, actor_id, actor_name)"
    " SELECT s.id, 'good', 'confirmed', 'made up by a test', :person, 'a test' FROM cleaning_step s"
    " JOIN cleaning c ON c.id = s.cleaning_id AND c.server_id = :server AND c.finished_at IS NULL",
    "UPDATE server SET stock_status = 'cleaning' WHERE id = :server",
    "UPDATE server SET stock_status = 'verified' WHERE id = :server",
    "UPDATE server SET stock_status = 'available' WHERE id = :server",
)


def make_available(unit: Unit, server_id: int, *, short_of: int = 0) -> None:
    """Take the server from its tenant, if it has one, and bring it to stock, or `short_of` steps before that."""
    server = unit.get_one(Server, server_id)
    server.service_id = None
    unit.flush()
    unit.refresh(server)
    if server.stock_status == "available":
        return
    values = {
        "server": server_id,
        "person": make_person(Role.TECHNICIAN).id,
        "names": [name.value for name in CleaningStepName],
    }
    for statement in _STEPS[: len(_STEPS) - short_of]:
        unit.execute(text(statement), values)
    unit.refresh(server)


def hand_over(unit: Unit, server_id: int, service_id: int | None) -> None:
    """Give a service the server, whoever had it before; None: nobody."""
    make_available(unit, server_id)
    if service_id is not None:
        unit.get_one(Server, server_id).service_id = service_id
        unit.flush()


def make_stock(server: Server) -> Server:
    """The server, available."""
    with unit_of_work() as unit:
        make_available(unit, server.id or 0)
        return unit.get_one(Server, server.id)
