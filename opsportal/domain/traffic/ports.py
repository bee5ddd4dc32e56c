"""The ports of a switch and what stands at the other end of each cable."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.refusals import NotFound
from opsportal.models import PortLink, Server, Switch, SwitchPort


@dataclass(frozen=True, slots=True)
class PortRow:
    """A port on record. Without a server it serves nobody; without an ifIndex the switch has no such port now."""

    port_id: int
    if_name: str
    if_index: int | None
    speed_mbps: int | None
    counter_bits: int
    is_up: bool | None
    server_id: int | None
    server: str


def list_ports(actor: Actor, unit: Unit, switch_id: int) -> list[PortRow]:
    """Every port of a switch on record, by ifIndex as the switch numbers them; those it lacks at present last."""
    actor.require(Permission.POLLERS_VIEW)
    if unit.get(Switch, switch_id) is None:
        raise NotFound
    query = (
        select(SwitchPort, Server)
        .outerjoin(
            PortLink, (col(PortLink.port_id) == col(SwitchPort.id)) & col(PortLink.valid_until).is_(None)
        )
        .outerjoin(Server, col(Server.id) == col(PortLink.server_id))
        .where(col(SwitchPort.switch_id) == switch_id)
        .order_by(col(SwitchPort.if_index).nulls_last(), col(SwitchPort.if_name))
    )
    return [_row(port, server) for port, server in unit.exec(query)]


def _row(port: SwitchPort, server: Server | None) -> PortRow:
    return PortRow(
        port_id=port.id or 0,
        if_name=port.if_name,
        if_index=port.if_index,
        speed_mbps=port.speed_mbps,
        counter_bits=port.counter_bits,
        is_up=port.is_up,
        server_id=server.id if server else None,
        server=server.name if server else "",
    )
