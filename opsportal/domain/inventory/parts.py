"""Parts: what is installed where, what lies in the store, and what an inspection says about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.inventory import cleanings, hardware_record, topics
from opsportal.domain.inventory.comparison import SeenPart, differences, size_in
from opsportal.domain.inventory.places import checked_name
from opsportal.domain.inventory.refusals import InspectionOutdated, SerialTaken
from opsportal.domain.refusals import BadRequest, NotFound
from opsportal.models import Inspection, Part, PartKind, PartStatus, Server
from opsportal.models.base import utcnow

PAGE = 50


@dataclass(frozen=True, slots=True)
class PartFilter:
    """What the list shows. Empty strings do not restrict."""

    kind: str = ""
    status: str = ""
    search: str = ""
    page: int = 1


def list_parts(actor: Actor, unit: Unit, wanted: PartFilter) -> tuple[list[tuple[Part, Server | None]], int]:
    """One page of parts with the server each is in, and how many match in all."""
    actor.require(Permission.FLEET_VIEW)
    if wanted.kind not in {*PartKind, ""} or wanted.status not in {*PartStatus, ""} or wanted.page < 1:
        raise BadRequest
    query = select(Part, Server).outerjoin(Server, col(Server.id) == col(Part.server_id))
    if wanted.kind:
        query = query.where(col(Part.kind) == wanted.kind)
    if wanted.status:
        query = query.where(col(Part.status) == wanted.status)
    if wanted.search:
        fields = (Part.serial, Part.wwn, Part.model, Server.name)
        query = query.where(or_(*(col(f).icontains(wanted.search, autoescape=True) for f in fields)))
    total = unit.scalar(query.with_only_columns(func.count(), maintain_column_froms=True))
    ordered = query.order_by(col(Part.kind), col(Part.id)).offset((wanted.page - 1) * PAGE).limit(PAGE)
    return [(part, server) for part, server in unit.exec(ordered)], int(total or 0)


def parts_of(unit: Unit, server_id: int) -> list[Part]:
    """What is on record in a server, by kind and slot; the caller has authorised access to it."""
    query = select(Part).where(col(Part.server_id) == server_id)
    return list(unit.exec(query.order_by(col(Part.kind), col(Part.slot), col(Part.id))))


def seen_as(part: Part) -> SeenPart:
    """A part on record in the form that inspections have."""
    return SeenPart(
        part.kind, part.serial or "", part.wwn or "", part.model, part.slot, part.firmware, part.size_bytes
    )


def add_spare(unit: Unit, actor: Actor, *, kind: PartKind, serial: str, model: str, note: str = "") -> Part:
    """Write down a part that lies in the store."""
    actor.require(Permission.FLEET_MANAGE)
    part = Part(
        kind=kind, serial=checked_name(serial), model=checked_name(model), status=PartStatus.SPARE,
        note=note.strip()[:500], size_bytes=size_in(kind, model),
    )  # fmt: skip
    try:
        with unit.begin_nested():
            unit.add(part)
    except IntegrityError:
        raise SerialTaken from None
    _said(unit, actor, "part:added", part)
    return part


def change(unit: Unit, actor: Actor, part_id: int, *, serial: str, model: str, note: str = "") -> Part:
    """Correct what is written about a part, wherever it is."""
    part = access_part_for(actor, unit, part_id)
    before = part.model
    part.serial, part.model, part.note = checked_name(serial), checked_name(model), note.strip()[:500]
    if part.model != before or not part.size_bytes:
        part.size_bytes = size_in(part.kind, part.model) or part.size_bytes
    try:
        with unit.begin_nested():
            unit.add(part)
    except IntegrityError:
        raise SerialTaken from None
    if part.server_id is not None:
        cleanings.note_disks(unit, part.server_id)
        topics.announce(unit, part.server_id)
    _said(unit, actor, "part:changed", part)
    return part


def _said(unit: Unit, actor: Actor, tag: str, part: Part) -> None:
    trail.record(
        unit, tag, actor=actor, object_kind="part", object_id=part.id, object_name=part.serial or part.model
    )
    unit.changed(topics.STOCK)


def access_part_for(actor: Actor, unit: Unit, part_id: int) -> Part:
    """A part to change, locked."""
    actor.require(Permission.FLEET_MANAGE)
    part = unit.get(Part, part_id, with_for_update=True, populate_existing=True)
    if part is None:
        raise NotFound
    return part


def install(unit: Unit, actor: Actor, part_id: int, *, server_id: int, slot: str = "") -> Part:
    """A spare part is now in this server."""
    access_server_for(actor, unit, server_id, permission=Permission.FLEET_MANAGE)
    part = access_part_for(actor, unit, part_id)
    part.server_id, part.status, part.slot = server_id, PartStatus.INSTALLED, slot.strip()[:80]
    unit.flush()
    cleanings.note_disks(unit, server_id)
    hardware_record.learn(unit, server_id)
    topics.announce(unit, server_id)
    _said(unit, actor, "part:installed", part)
    return part


def take_out(unit: Unit, actor: Actor, part_id: int, *, status: PartStatus, note: str = "") -> Part:
    """A part is no longer in its server: it lies in the store, is broken, or has left for good."""
    if status not in (PartStatus.SPARE, PartStatus.BROKEN, PartStatus.RETIRED):
        raise BadRequest
    part = access_part_for(actor, unit, part_id)
    was_in, part.server_id, part.status, part.slot = part.server_id, None, status, ""
    part.note = note.strip()[:500] or part.note
    unit.flush()
    if was_in is not None:
        topics.announce(unit, was_in)
    _said(unit, actor, f"part:{status}", part)
    return part


def newest_inspections(unit: Unit, server_ids: Sequence[int]) -> dict[int, Inspection]:
    """The last inspection of each of these servers."""
    newest = (
        select(func.max(col(Inspection.id)))
        .where(col(Inspection.server_id).in_(server_ids))
        .group_by(col(Inspection.server_id))
    )
    query = select(Inspection).where(col(Inspection.id).in_(newest))
    return {inspection.server_id: inspection for inspection in unit.exec(query)}


def accept(unit: Unit, actor: Actor, inspection_id: int) -> None:
    """A person has looked at the differences: the record follows what the machine said."""
    found = unit.get(Inspection, inspection_id)
    if found is None:
        actor.require(Permission.FLEET_MANAGE)
        raise NotFound
    server, _ = access_server_for(actor, unit, found.server_id, permission=Permission.FLEET_MANAGE)
    unit.get_one(Server, server.id, with_for_update=True)
    if newest_inspections(unit, [found.server_id])[found.server_id].id != inspection_id:
        raise InspectionOutdated
    seen = [SeenPart(**told) for told in found.found]
    adopt(unit, found.server_id, seen, mark_missing=True)
    unit.add(
        Inspection(
            server_id=found.server_id, found=found.found, differences=[], why_partial=found.why_partial
        )
    )
    trail.record(
        unit, "parts:accepted", actor=actor, object_kind="server", object_id=server.id,
        object_name=server.name, inspection=inspection_id, differences=len(found.differences),
    )  # fmt: skip
    topics.announce(unit, found.server_id)


def adopt(unit: Unit, server_id: int, seen: Sequence[SeenPart], *, mark_missing: bool = False) -> None:
    """Write what was seen into the record. A part known elsewhere has moved here; its serial number says so."""
    before = {seen_as(part).key: part for part in parts_of(unit, server_id)}
    now = {part.key: part for part in seen if part.key[1]}
    for key, part in now.items():
        row = before.get(key) or _elsewhere(unit, part) or Part(kind=part.kind)
        row.kind, row.model, row.slot, row.firmware = part.kind, part.model, part.slot, part.firmware
        row.serial, row.wwn, row.size_bytes = part.serial or None, part.wwn or None, part.size_bytes
        row.server_id, row.status, row.seen_at = server_id, PartStatus.INSTALLED, utcnow()
        unit.add(row)
    if mark_missing:
        told = {part.kind for part in seen}
        gone = [row.id for key, row in before.items() if key not in now and row.kind in told]
        unit.execute(update(Part).where(col(Part.id).in_(gone)).values(status=PartStatus.MISSING))
    unit.flush()
    cleanings.note_disks(unit, server_id)
    hardware_record.learn(unit, server_id, anew={part.kind for part in seen} if mark_missing else ())


def _elsewhere(unit: Unit, part: SeenPart) -> Part | None:
    in_use = col(Part.status) != PartStatus.RETIRED
    if part.wwn:
        return unit.exec(select(Part).where(func.lower(Part.wwn) == part.wwn.lower(), in_use)).first()
    same = (func.lower(Part.serial) == part.serial.lower(), col(Part.kind) == part.kind)
    return unit.exec(select(Part).where(*same, in_use)).first()


def _are_claimed(unit: Unit, seen: Sequence[SeenPart]) -> bool:
    rows = [_elsewhere(unit, part) for part in seen if part.key[1]]
    return any(row is not None and row.server_id is not None for row in rows)


def record_inspection(
    unit: Unit, server_id: int, seen: Sequence[SeenPart], found: Sequence[dict[str, str]], *,
    job_id: int | None, why_partial: str = "",
) -> Inspection:  # fmt: skip
    """Keep what a machine said about itself. The first inspection of a machine makes its record.

    Not where it claims parts that are on record in another one: a BMC may say anything, and a disk that left that
    machine's record would be wiped by nobody. A person decides.
    """
    now = utcnow()
    if not parts_of(unit, server_id) and not found:
        if _are_claimed(unit, seen):
            found = [difference.asdict() for difference in differences([], seen)]
        else:
            adopt(unit, server_id, seen)
    present = {part.key for part in seen}
    for part in parts_of(unit, server_id):
        if seen_as(part).key in present:
            part.seen_at = now
    inspection = Inspection(
        server_id=server_id, job_id=job_id, found=[part.asdict() for part in seen],
        differences=list(found), why_partial=why_partial,
    )  # fmt: skip
    unit.add(inspection)
    unit.flush()
    topics.announce(unit, server_id)
    return inspection
