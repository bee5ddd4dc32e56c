"""The demo's racks, parts and stock: servers stand where their number says, some are on their way back to stock.

What a client has or can get was inspected some weeks ago, as it was found on record.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from sqlmodel import col, select

from lab.people import PEOPLE
from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.inventory import cleanings, stock
from opsportal.domain.inventory import parts as record
from opsportal.models import (
    Cleaning,
    CleaningKind,
    EvidenceResult,
    Inspection,
    Part,
    PartKind,
    PartStatus,
    Person,
    Rack,
    RackPosition,
    Role,
    Server,
    Site,
    StockStatus,
    Switch,
)
from opsportal.models.base import utcnow

MARCH = ("verified", "cleaning", "faulty", "quarantined")
"""What the last machines of stock are, so that each state can be seen; all others are available."""
_DISKS = re.compile(r"(\d+) x ([\d.]+) (GB|TB) (.+)")
_GB = 1_000_000_000
_SLOT_EVERY = 2


def fill(unit: Unit) -> None:
    """Place, equip and clean whatever has not been yet. Safe to run again: what people took in is theirs."""
    taken_in = select(Cleaning.server_id).where(col(Cleaning.kind) == CleaningKind.INTAKE)
    query = select(Server).where(col(Server.id).not_in(taken_in))
    servers = unit.exec(query.order_by(col(Server.id))).all()
    for server in servers:
        _place(unit, server)
        _equip(unit, server)
        if server.stock_status == StockStatus.LEASED:
            _inspect(unit, server)
    _place_switches(unit)
    actor = technician(unit)
    fresh = [
        s for s in servers
        if s.service_id is None and s.stock_status == StockStatus.QUARANTINED and cleanings.find_cleaning(unit, s.id or 0) is None
    ]  # fmt: skip
    if actor is not None and unit.exec(select(Cleaning.id)).first() is None:
        _stock(unit, actor, fresh)


def technician(unit: Unit) -> Actor | None:
    """Whoever works in the demo's halls."""
    demo = next(person for person in PEOPLE if person.role is Role.TECHNICIAN)
    person = unit.exec(select(Person).where(col(Person.email) == demo.email)).first()
    return Actor(person.id or 0, 0, Role.TECHNICIAN, None, person.name) if person else None


def _rack(unit: Unit, site_name: str, name: str) -> Rack:
    site = unit.exec(select(Site).where(col(Site.name) == site_name)).first()
    if site is None:
        site = Site(name=site_name)
        unit.add(site)
        unit.flush()
    query = select(Rack).where(col(Rack.site_id) == site.id, col(Rack.name) == name)
    rack = unit.exec(query).first()
    if rack is None:
        rack = Rack(site_id=site.id or 0, name=name)
        unit.add(rack)
        unit.flush()
    return rack


def _free_unit(unit: Unit, rack: Rack) -> int | None:
    query = select(RackPosition.bottom_u).where(col(RackPosition.rack_id) == rack.id)
    taken = set(unit.exec(query))
    return next((u for u in range(2, rack.height_u - 2, _SLOT_EVERY) if u not in taken), None)


def _place(unit: Unit, server: Server) -> None:
    placed = select(RackPosition.id).where(col(RackPosition.server_id) == server.id)
    if unit.exec(placed).first() is not None or not server.rack:
        return
    rack = _rack(unit, server.site, server.rack.split(" U")[0])
    bottom = _free_unit(unit, rack)
    if bottom is not None:
        unit.add(RackPosition(rack_id=rack.id or 0, bottom_u=bottom, server_id=server.id))
        unit.flush()


def _place_switches(unit: Unit) -> None:
    for switch in unit.exec(select(Switch).order_by(col(Switch.id))):
        placed = select(RackPosition.id).where(col(RackPosition.switch_id) == switch.id)
        racks = unit.exec(
            select(Rack)
            .join(Site, col(Site.id) == col(Rack.site_id))
            .where(col(Site.name) == switch.site)
            .order_by(col(Rack.name))
        ).first()
        if racks is None or unit.exec(placed).first() is not None:
            continue
        top = racks.height_u
        taken = select(RackPosition.id).where(
            col(RackPosition.rack_id) == racks.id, col(RackPosition.bottom_u) == top
        )
        if unit.exec(taken).first() is None:
            unit.add(RackPosition(rack_id=racks.id or 0, bottom_u=top, switch_id=switch.id))
            unit.flush()


def _equip(unit: Unit, server: Server) -> None:
    if unit.exec(select(Part.id).where(col(Part.server_id) == server.id)).first() is not None:
        return
    mark = server.mac.replace(":", "")[-6:].upper()
    parts = [_part(PartKind.CHASSIS, f"CH{mark}", server.model, "", None)]
    parts += [
        _part(PartKind.DIMM, f"DM{mark}{number}", "DDR4 32 GB", f"DIMM {number + 1}", 32 * 2**30)
        for number in range(max(1, server.memory_gb // 32))
    ]
    if match := _DISKS.fullmatch(server.disks):
        size = int(float(match[2]) * (1000 if match[3] == "TB" else 1)) * _GB
        for number in range(int(match[1])):
            model = f"{match[4]} {match[2]} {match[3]}"
            parts.append(_part(PartKind.DISK, f"DK{mark}{number}", model, f"Bay {number}", size))
    for part in parts:
        part.server_id = server.id
        unit.add(part)
    unit.flush()


def _inspect(unit: Unit, server: Server) -> None:
    """An inspection that found what is on record; some are so old that they count a little less."""
    number = server.id or 0
    if record.newest_inspections(unit, [number]):
        return
    seen = [record.seen_as(part).asdict() for part in record.parts_of(unit, number)]
    days = 6 + 7 * (number % 8)
    unit.add(Inspection(server_id=number, at=utcnow() - dt.timedelta(days=days), found=seen))
    unit.flush()


def _part(kind: PartKind, serial: str, model: str, slot: str, size: int | None) -> Part:
    return Part(
        kind=kind, serial=serial, model=model, slot=slot, size_bytes=size, status=PartStatus.INSTALLED
    )


def _stock(unit: Unit, actor: Actor, servers: Sequence[Server]) -> None:
    """Through cleaning with a person's word for every step, as in a small data centre."""
    odd = dict(zip([server.id for server in servers[-len(MARCH) :]], MARCH, strict=False))
    for server in servers:
        goal = odd.get(server.id, "available") if len(servers) > len(MARCH) + 1 else "available"
        number = server.id or 0
        if goal == "quarantined":
            continue
        cleaning = cleanings.start_cleaning(unit, actor, number)
        states = cleanings.states_of(unit, cleaning.id or 0)
        for at, state in enumerate(states):
            if goal == "cleaning" and at >= len(states) // 2:
                break
            is_bad = goal == "faulty" and at == len(states) - 1
            method = "overwrite" if state.step.name == "disk" else "confirmed"
            cleanings.confirm(
                unit, actor, state.step.id or 0,
                result=EvidenceResult.BAD if is_bad else EvidenceResult.GOOD,
                method=method,
                note="Fan 3 stops under load." if is_bad else "Done and seen in the demo.",
            )  # fmt: skip
        if goal in ("verified", "available"):
            _inspect(unit, server)
        if goal == "available":
            stock.release(unit, actor, number)
