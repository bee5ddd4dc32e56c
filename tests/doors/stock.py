"""Objects of the inventory for the table of doors. None belongs to a company: stock is the operator's."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from sqlalchemy import update
from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.inventory import cleanings, firmware, parts, places, stock
from opsportal.domain.inventory.comparison import SeenPart
from opsportal.models import (
    BmcSweep,
    CleaningKind,
    Company,
    PartKind,
    Plan,
    Role,
    Server,
    Service,
    ServiceStatus,
)
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_server, make_service
from tests.stock import make_stock

_NUMBERS = itertools.count(1)


def _staff() -> object:
    return make_actor(role=Role.TECHNICIAN)


def _server(company: Company) -> int:
    """In quarantine, with a BMC, standing nowhere."""
    return make_server().id or 0


def _cleaning(company: Company) -> int:
    number = _server(company)
    with unit_of_work() as unit:
        cleanings.start_cleaning(unit, _staff(), number)  # type: ignore[arg-type]
    return number


def _step(company: Company) -> int:
    number = _cleaning(company)
    with unit_of_work() as unit:
        cleaning = cleanings.find_cleaning(unit, number)
        assert cleaning is not None
        return cleanings.states_of(unit, cleaning.id or 0)[0].step.id or 0


def _available(company: Company) -> int:
    make_service(company)
    return make_stock(make_server()).id or 0


def _verified(company: Company) -> int:
    """Verified and not yet released: as `_available`, one step back."""
    number = _cleaning(company)
    staff = _staff()
    with unit_of_work() as unit:
        cleaning = cleanings.find_cleaning(unit, number)
        assert cleaning is not None
        states = cleanings.states_of(unit, cleaning.id or 0)
    for state in states:
        method = "overwrite" if state.step.name == "disk" else "confirmed"
        with unit_of_work() as unit:
            cleanings.confirm(
                unit, staff, state.step.id or 0, result="good", method=method, note="seen"  # type: ignore[arg-type]
            )  # fmt: skip
    return number


def _faulty(company: Company) -> int:
    number = _server(company)
    with unit_of_work() as unit:
        stock.mark_faulty(unit, _staff(), number, reason="smoke")  # type: ignore[arg-type]
    return number


def _returned(company: Company) -> int:
    return make_server(make_service(company, status=ServiceStatus.TERMINATED)).id or 0


def make_rack(company: Company | None = None) -> int:
    """An empty rack of a site of its own, and a server that could stand in it."""
    make_server()
    with unit_of_work() as unit:
        name = f"Site {next(_NUMBERS)}"
        site = places.add_site(unit, _staff(), name=name)  # type: ignore[arg-type]
        return places.add_rack(unit, _staff(), site.id or 0, name="A01").id or 0  # type: ignore[arg-type]


def _site(company: Company) -> int:
    with unit_of_work() as unit:
        return places.add_site(unit, _staff(), name=f"Site {next(_NUMBERS)}").id or 0  # type: ignore[arg-type]


def _position(company: Company) -> int:
    rack = make_rack()
    with unit_of_work() as unit:
        return places.place_thing(unit, _staff(), rack, bottom_u=3, label="panel").id or 0  # type: ignore[arg-type]


def _spare(company: Company) -> int:
    make_server()
    with unit_of_work() as unit:
        serial = f"SPARE{next(_NUMBERS)}"
        part = parts.add_spare(unit, _staff(), kind=PartKind.DISK, serial=serial, model="SSD")  # type: ignore[arg-type]
        return part.id or 0


def _inspection(company: Company) -> int:
    server = make_server()
    seen = [SeenPart("dimm", serial=f"D{next(_NUMBERS)}")]
    with unit_of_work() as unit:
        found = [{"what": "new", "kind": "dimm", "name": "D", "slot": "", "expected": "", "found": "D"}]
        return parts.record_inspection(unit, server.id or 0, seen, found, job_id=None).id or 0


def _firmware(company: Company) -> int:
    with unit_of_work() as unit:
        model = f"Model {next(_NUMBERS)}"
        return firmware.approve(unit, _staff(), model=model, component="BMC", version="1").id or 0  # type: ignore[arg-type]


def _delivery(company: Company) -> int:
    """The inspection of a machine in intake that is not as ordered."""
    number, staff = _server(company), _staff()
    with unit_of_work() as unit:
        cleanings.open_cleaning(
            unit, staff, unit.get_one(Server, number), CleaningKind.INTAKE,  # type: ignore[arg-type]
            expected=[{"kind": "dimm", "count": 2}],
        )  # fmt: skip
    seen = [SeenPart("dimm", serial=f"D{next(_NUMBERS)}")]
    with unit_of_work() as unit:
        return parts.record_inspection(unit, number, seen, [], job_id=None).id or 0


def free_place() -> str:
    """A range that may be searched now: whatever search was under way has ended."""
    with unit_of_work() as unit:
        unit.execute(update(BmcSweep).values(finished_at=utcnow()))
    return "127.0.0.9"


MAKERS: dict[str, Callable[[Company], int]] = {
    "quarantined server": _server,
    "cleaning server": _cleaning,
    "cleaning step": _step,
    "available server": _available,
    "verified server": _verified,
    "faulty server": _faulty,
    "returned server": _returned,
    "site": _site,
    "rack": make_rack,
    "rack position": _position,
    "spare part": _spare,
    "approved firmware": _firmware,
    "inspection": _inspection,
    "differing delivery": _delivery,
}


def newest_server() -> int:
    """Of all servers, for a payload: it may be read there, and nothing may be made."""
    return _newest(select(Server.id).order_by(col(Server.id).desc()))


def waiting_service() -> int:
    """The newest service of servers that has none."""
    taken = select(Server.id).where(col(Server.service_id) == col(Service.id))
    query = (
        select(Service.id)
        .join(Plan, col(Plan.id) == col(Service.plan_id))
        .where(~taken.exists(), col(Plan.family) == "server", col(Service.status) == ServiceStatus.ACTIVE)
        .order_by(col(Service.id).desc())
    )
    return _newest(query)


def _newest(query: object) -> int:
    with unit_of_work() as unit:
        return _first(unit, query) or 1


def _first(unit: Unit, query: object) -> int | None:
    return unit.exec(query.limit(1)).first()  # type: ignore[attr-defined, no-any-return]
