"""Sites, racks, and what stands on which units. Two people who place something on the same unit: one gets it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import topics as hardware_topics
from opsportal.domain.inventory import topics
from opsportal.domain.inventory.refusals import NameTaken, NameUnusable, OutsideRack, PlaceTaken
from opsportal.domain.network import topics as network_topics
from opsportal.domain.refusals import NotFound
from opsportal.domain.traffic.topics import POLLERS
from opsportal.models import HardwareJob, Prefix, Rack, RackPosition, Server, Site, Switch
from opsportal.models.hardware import ACTIVE_JOB
from opsportal.models.inventory import MAX_RACK_UNITS

MAX_NAME = 60
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked_name(name: str) -> str:
    """A name that a person can read and type. Raises `NameUnusable`."""
    words = " ".join(name.split())
    if not 1 <= len(words) <= MAX_NAME or _CONTROL.search(words):
        raise NameUnusable
    return words


@dataclass(frozen=True, slots=True)
class RackRow:
    """A rack with how full it is."""

    rack: Rack
    site: Site
    used_u: int
    things: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Something that stands in a rack."""

    position: RackPosition
    server: Server | None
    switch: Switch | None
    job: HardwareJob | None


def access_rack_for(actor: Actor, unit: Unit, rack_id: int, *, permission: Permission) -> tuple[Rack, Site]:
    """A rack and its site, for those who run the data centre."""
    actor.require(permission)
    rack = unit.get(Rack, rack_id)
    if rack is None:
        raise NotFound
    return rack, unit.get_one(Site, rack.site_id)


def list_racks(actor: Actor, unit: Unit) -> list[RackRow]:
    """All racks, site by site."""
    actor.require(Permission.FLEET_VIEW)
    query = (
        select(Rack, Site, func.coalesce(func.sum(RackPosition.units), 0), func.count(col(RackPosition.id)))
        .select_from(Rack)
        .join(Site, col(Site.id) == col(Rack.site_id))
        .outerjoin(RackPosition, col(RackPosition.rack_id) == col(Rack.id))
        .group_by(col(Rack.id), col(Site.id))
        .order_by(col(Site.name), col(Rack.name))
    )
    return [RackRow(rack, site, int(used), int(n)) for rack, site, used, n in unit.exec(query)]


def list_sites(actor: Actor, unit: Unit) -> list[Site]:
    actor.require(Permission.FLEET_VIEW)
    return list(unit.exec(select(Site).order_by(col(Site.name))))


def elevation(actor: Actor, unit: Unit, rack_id: int) -> list[Standing]:
    """What stands in a rack, from the top down."""
    access_rack_for(actor, unit, rack_id, permission=Permission.FLEET_VIEW)
    query = (
        select(RackPosition, Server, Switch, HardwareJob)
        .select_from(RackPosition)
        .outerjoin(Server, col(Server.id) == col(RackPosition.server_id))
        .outerjoin(Switch, col(Switch.id) == col(RackPosition.switch_id))
        .outerjoin(
            HardwareJob,
            (col(HardwareJob.server_id) == col(Server.id)) & col(HardwareJob.status).in_(ACTIVE_JOB),
        )
        .where(col(RackPosition.rack_id) == rack_id)
        .order_by(col(RackPosition.bottom_u).desc())
    )
    return [Standing(*row) for row in unit.exec(query)]


def list_unplaced(actor: Actor, unit: Unit, *, limit: int = 200) -> list[Server]:
    """Servers that stand nowhere on record."""
    actor.require(Permission.FLEET_VIEW)
    placed = select(RackPosition.id).where(col(RackPosition.server_id) == col(Server.id))
    query = select(Server).where(~placed.exists()).order_by(col(Server.name))
    return list(unit.exec(query.limit(limit)))


def list_unplaced_switches(actor: Actor, unit: Unit, *, limit: int = 200) -> list[Switch]:
    """Switches in service that stand nowhere on record."""
    actor.require(Permission.FLEET_VIEW)
    placed = select(RackPosition.id).where(col(RackPosition.switch_id) == col(Switch.id))
    query = select(Switch).where(~placed.exists(), Switch.is_polled).order_by(col(Switch.name))
    return list(unit.exec(query.limit(limit)))


def find_position(unit: Unit, server_id: int) -> tuple[RackPosition, Rack, Site] | None:
    """Where a server stands; the caller has authorised access to it."""
    query = (
        select(RackPosition, Rack, Site)
        .join(Rack, col(Rack.id) == col(RackPosition.rack_id))
        .join(Site, col(Site.id) == col(Rack.site_id))
        .where(col(RackPosition.server_id) == server_id)
    )
    found = unit.exec(query).first()
    return (found[0], found[1], found[2]) if found else None


def add_site(unit: Unit, actor: Actor, *, name: str, address: str = "") -> Site:
    actor.require(Permission.FLEET_MANAGE)
    site = Site(name=checked_name(name), address=address.strip()[:200])
    _add(unit, site)
    _said(unit, actor, "site:added", "site", site.id, site.name)
    return site


def add_rack(unit: Unit, actor: Actor, site_id: int, *, name: str, height_u: int = 42) -> Rack:
    """A new, empty rack of 1 to 60 units."""
    actor.require(Permission.FLEET_MANAGE)
    if unit.get(Site, site_id) is None:
        raise NotFound
    if not 1 <= height_u <= MAX_RACK_UNITS:
        raise OutsideRack(height=MAX_RACK_UNITS)
    rack = Rack(site_id=site_id, name=checked_name(name), height_u=height_u)
    _add(unit, rack)
    _said(unit, actor, "rack:added", "rack", rack.id, rack.name)
    return rack


def change_site(unit: Unit, actor: Actor, site_id: int, *, name: str, address: str = "") -> Site:
    """Correct a site's name and address; what stands there follows its name."""
    actor.require(Permission.FLEET_MANAGE)
    site = unit.get(Site, site_id, with_for_update={"key_share": True}, populate_existing=True)
    if site is None:
        raise NotFound
    before, site.name, site.address = site.name, checked_name(name), address.strip()[:200]
    _add(unit, site)
    for kind in (Prefix, Switch):  # a trigger writes it into its servers
        unit.execute(update(kind).where(col(kind.site) == before).values(site=site.name))
    _said(unit, actor, "site:changed", "site", site.id, site.name)
    unit.changed(POLLERS, hardware_topics.FLEET, network_topics.PREFIXES)
    return site


def change_rack(unit: Unit, actor: Actor, rack_id: int, *, name: str, height_u: int) -> Rack:
    """Correct a rack's name and height; what stands in it must still fit."""
    access_rack_for(actor, unit, rack_id, permission=Permission.FLEET_MANAGE)
    rack = unit.get_one(Rack, rack_id, with_for_update=True, populate_existing=True)
    top = select(func.max(col(RackPosition.bottom_u) + col(RackPosition.units) - 1)).where(
        col(RackPosition.rack_id) == rack_id
    )
    if not max(1, unit.exec(top).one() or 0) <= height_u <= MAX_RACK_UNITS:
        raise OutsideRack(height=height_u)
    rack.name, rack.height_u = checked_name(name), height_u
    _add(unit, rack)
    _said(unit, actor, "rack:changed", "rack", rack.id, rack.name)
    return rack


def _add(unit: Unit, row: Site | Rack) -> None:
    try:
        with unit.begin_nested():
            unit.add(row)
    except IntegrityError:
        raise NameTaken from None


def _said(unit: Unit, actor: Actor, tag: str, kind: str, number: int | None, name: str) -> None:
    trail.record(unit, tag, actor=actor, object_kind=kind, object_id=number, object_name=name)
    unit.changed(topics.RACKS)


def _room_in(unit: Unit, actor: Actor, rack_id: int, bottom_u: int, units: int) -> Rack:
    """A rack that has these units, locked: two people who fill it at once wait for each other here."""
    access_rack_for(actor, unit, rack_id, permission=Permission.FLEET_MANAGE)
    rack = unit.get_one(Rack, rack_id, with_for_update=True, populate_existing=True)
    if bottom_u < 1 or units < 1 or bottom_u + units - 1 > rack.height_u:
        raise OutsideRack(height=rack.height_u)
    return rack


def place_server(
    unit: Unit, actor: Actor, server_id: int, *, rack_id: int, bottom_u: int, units: int = 1
) -> RackPosition:
    """Put a server on these units, or move it there. What is written about its place follows."""
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.FLEET_MANAGE)
    rack = _room_in(unit, actor, rack_id, bottom_u, units)
    query = select(RackPosition).where(col(RackPosition.server_id) == server_id).with_for_update()
    position = unit.exec(query).first() or RackPosition(
        rack_id=rack_id, bottom_u=bottom_u, server_id=server_id
    )
    try:
        with unit.begin_nested():
            position.rack_id, position.bottom_u, position.units = rack_id, bottom_u, units
            unit.add(position)
    except IntegrityError:
        raise PlaceTaken from None
    trail.record(
        unit, "server:placed", actor=actor, object_kind="server", object_id=server_id,
        object_name=server.name, rack=rack.name, lowest=bottom_u,
    )  # fmt: skip
    topics.announce(unit, server_id)
    return position


def place_thing(
    unit: Unit,
    actor: Actor,
    rack_id: int,
    *,
    bottom_u: int,
    units: int = 1,
    label: str = "",
    switch_id: int | None = None,
) -> RackPosition:
    """Put a switch, or anything else by its label (patch panel, PDU), on these units."""
    rack = _room_in(unit, actor, rack_id, bottom_u, units)
    if switch_id is not None and unit.get(Switch, switch_id) is None:
        raise NotFound
    named = None if switch_id else checked_name(label)
    position = RackPosition(rack_id=rack_id, bottom_u=bottom_u, units=units, label=named, switch_id=switch_id)
    try:
        with unit.begin_nested():
            unit.add(position)
    except IntegrityError:
        raise PlaceTaken from None
    _said(unit, actor, "rack:filled", "rack", rack_id, rack.name)
    return position


def clear_position(unit: Unit, actor: Actor, position_id: int) -> None:
    """Take something out of its rack."""
    actor.require(Permission.FLEET_MANAGE)
    position = unit.get(RackPosition, position_id, with_for_update=True)
    if position is None:
        raise NotFound
    rack = unit.get_one(Rack, position.rack_id)
    unit.delete(position)
    unit.flush()
    _said(unit, actor, "rack:cleared", "rack", rack.id, rack.name)
    if position.server_id is not None:
        topics.announce(unit, position.server_id)
