"""Cables: which server is on which switch port, from when. Usage follows the service (domain/traffic/links.py), so
that a cable which is moved takes nobody's traffic along."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import port_orders, topics
from opsportal.domain.hardware.refusals import PortNotCabled
from opsportal.domain.inventory import labels
from opsportal.domain.refusals import NotFound
from opsportal.domain.traffic import links
from opsportal.domain.traffic.refusals import (
    CableOfBlockedServer,
    CableOfUplink,
    CableUnderOrders,
    PortTaken,
    PortUnknown,
    ServerUnknown,
    SwitchOutOfService,
)
from opsportal.domain.traffic.topics import POLLERS
from opsportal.domain.traffic.topics import server as traffic_of
from opsportal.models import OrderStatus, PortLink, PortOrder, Server, Service, Switch, SwitchPort
from opsportal.models.base import utcnow

MAX_NIC = 40
LISTED = 50


@dataclass(frozen=True, slots=True)
class Cable:
    """A server on a port, for one service, from when to when; still there without an end."""

    link: PortLink
    port: SwitchPort
    switch: Switch
    server: Server
    service: str
    """Whose traffic it carried: the service's name, "" while the server stood in stock."""


def list_of_switch(actor: Actor, unit: Unit, switch_id: int) -> list[Cable]:
    """The newest cables of a switch, first those that are still there."""
    actor.require(Permission.POLLERS_VIEW)
    return _list(unit, col(SwitchPort.switch_id) == switch_id)


def list_of_server(actor: Actor, unit: Unit, server_id: int) -> list[Cable]:
    """The newest cables of a server, first those that are still there."""
    access_server_for(actor, unit, server_id, permission=Permission.FLEET_VIEW)
    return _list(unit, col(PortLink.server_id) == server_id)


def _list(unit: Unit, condition: ColumnElement[bool]) -> list[Cable]:
    query = (
        select(PortLink, SwitchPort, Switch, Server)
        .select_from(PortLink)
        .join(SwitchPort, col(SwitchPort.id) == col(PortLink.port_id))
        .join(Switch, col(Switch.id) == col(SwitchPort.switch_id))
        .join(Server, col(Server.id) == col(PortLink.server_id))
        .where(condition)
        .order_by(col(PortLink.valid_until).desc().nulls_first(), col(PortLink.id).desc())
        .limit(LISTED)
    )
    found = unit.exec(query).all()
    numbers = {link.service_id for link, *_ in found}
    services = {one.id: one.name for one in unit.exec(select(Service).where(col(Service.id).in_(numbers)))}
    return [Cable(*row, services.get(row[0].service_id, "")) for row in found]


def find_port(actor: Actor, unit: Unit, typed: str) -> SwitchPort:
    """A port by its switch and its own name, as the search writes them. Raises `PortUnknown`."""
    actor.require(Permission.FLEET_VIEW)
    wanted = " ".join(typed.split())
    named = func.lower(func.concat(Switch.name, " ", SwitchPort.if_name))
    query = (
        select(SwitchPort)
        .join(Switch, col(Switch.id) == col(SwitchPort.switch_id))
        .where(named == wanted.lower())
    )
    port = unit.exec(query).first()
    if port is None:
        raise PortUnknown(port=wanted)
    return port


def find_server(actor: Actor, unit: Unit, typed: str) -> Server:
    """A server by its name, label or MAC address. Raises `ServerUnknown`."""
    try:
        return labels.find_by_label(actor, unit, typed)
    except NotFound:
        raise ServerUnknown(server=typed.strip()) from None


def connect(unit: Unit, actor: Actor, port_id: int, server_id: int, *, nic: str = "") -> PortLink:
    """From now on the server is on this port. A free port, no uplink; `nic` names the server's interface."""
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.FLEET_MANAGE)
    return plug_in(unit, port_id, server, nic=nic, actor=actor)


def plug_in(
    unit: Unit, port_id: int, server: Server, *, nic: str = "", actor: Actor | None, by: str = ""
) -> PortLink:
    """The same for who is authorised already; without an actor, `by` is who did it."""
    _lock_server(unit, server)
    switch = _lock_switch(unit, port_id)
    port = _free(unit, _lock_port(unit, port_id))
    link = _begin(unit, port, server, nic)
    _said(unit, "cable:connected", port, switch, server, actor, by)
    return link


def move(unit: Unit, actor: Actor, port_id: int, to_port_id: int) -> PortLink:
    """The cable that is on one port is on another one from now on. Its server and interface stay."""
    actor.require(Permission.FLEET_MANAGE)
    server = _server_behind(unit, port_id)
    _lock_server(unit, server)
    switch = _lock_switch(unit, to_port_id)
    ports = {number: _lock_port(unit, number) for number in sorted({port_id, to_port_id})}
    port, old = _free(unit, ports[to_port_id]), _open_link(unit, ports[port_id], server)
    links.disconnect_port(unit, port_id, at=utcnow())
    link = _begin(unit, port, server, old.nic)
    _said(unit, "cable:moved", port, switch, server, actor)
    return link


def unplug(unit: Unit, actor: Actor, port_id: int) -> None:
    """From now on nobody is on this port."""
    actor.require(Permission.FLEET_MANAGE)
    pull_out(unit, port_id, actor=actor)


def pull_out(unit: Unit, port_id: int, *, actor: Actor | None, by: str = "") -> None:
    """The same for who is authorised already."""
    server = _server_behind(unit, port_id)
    _lock_server(unit, server)
    port = _lock_port(unit, port_id)
    _open_link(unit, port, server)
    links.disconnect_port(unit, port_id, at=utcnow())
    _said(unit, "cable:unplugged", port, unit.get_one(Switch, port.switch_id), server, actor, by)


def _lock_server(unit: Unit, server: Server) -> None:
    """The server first, as all who lock several do; one that is blocked keeps its port, or it would be on the net."""
    unit.refresh(server, with_for_update={"key_share": True})
    if port_orders.in_force(unit, server.id or 0) is not None:
        raise CableOfBlockedServer(server=server.name)


def _lock_port(unit: Unit, port_id: int) -> SwitchPort:
    """Not against polls: those refer to the port while they begin a new link of its cable."""
    port = unit.get(SwitchPort, port_id, with_for_update={"key_share": True}, populate_existing=True)
    if port is None:
        raise NotFound
    under_way = select(PortOrder.id).where(
        col(PortOrder.port_id) == port_id, col(PortOrder.status) == OrderStatus.ASKED
    )
    if unit.exec(under_way).first() is not None:
        raise CableUnderOrders(port=port.if_name)
    return port


def _lock_switch(unit: Unit, port_id: int) -> Switch:
    """The switch of a port, before its ports: nobody takes it out of service meanwhile."""
    port = unit.get(SwitchPort, port_id)
    if port is None:
        raise NotFound
    switch = unit.get_one(Switch, port.switch_id, with_for_update={"key_share": True}, populate_existing=True)
    if not switch.is_polled:
        raise SwitchOutOfService(switch=switch.name)
    return switch


def _free(unit: Unit, port: SwitchPort) -> SwitchPort:
    if port.is_uplink:
        raise CableOfUplink(port=port.if_name)
    taken_by = port_orders.server_behind(unit, port.id or 0)
    if taken_by is not None:
        raise PortTaken(port=port.if_name, server=taken_by.name)
    return port


def _server_behind(unit: Unit, port_id: int) -> Server:
    port = unit.get(SwitchPort, port_id)
    if port is None:
        raise NotFound
    server = port_orders.server_behind(unit, port_id)
    if server is None:
        raise PortNotCabled(port=port.if_name)
    return server


def _open_link(unit: Unit, port: SwitchPort, server: Server) -> PortLink:
    """The cable as it is now that its port is locked: somebody else may have been faster."""
    query = select(PortLink).where(
        col(PortLink.port_id) == port.id,
        col(PortLink.server_id) == server.id,
        col(PortLink.valid_until).is_(None),
    )
    link = unit.exec(query).first()
    if link is None:
        raise PortNotCabled(port=port.if_name)
    return link


def _begin(unit: Unit, port: SwitchPort, server: Server, nic: str) -> PortLink:
    named = " ".join(nic.split())[:MAX_NIC]
    try:
        with unit.begin_nested():
            return links.connect_port(unit, port.id or 0, server.id or 0, at=utcnow(), nic=named)
    except IntegrityError:  # two periods would overlap
        raise PortTaken(port=port.if_name, server=server.name) from None


def _said(
    unit: Unit, tag: str, port: SwitchPort, switch: Switch, server: Server, actor: Actor | None, by: str = ""
) -> None:  # fmt: skip
    trail.record(
        unit, tag, actor=actor, actor_name=by, object_kind="server", object_id=server.id,
        object_name=server.name, port=f"{switch.name} {port.if_name}",
    )  # fmt: skip
    number = server.id or 0
    unit.changed(POLLERS, topics.server(number), traffic_of(number))
