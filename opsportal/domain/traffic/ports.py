"""The ports of a switch and what stands at the other end of each cable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.refusals import NotFound
from opsportal.models import OrderStatus, PortLink, PortOrder, Server, Switch, SwitchPort, TrafficHot
from opsportal.models.base import utcnow

RECENT = dt.timedelta(minutes=15)


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
    nic: str
    """Which of the server's interfaces it is, where somebody has said so."""
    is_uplink: bool
    is_enabled: bool | None
    in_errors: int | None
    out_errors: int | None
    errors_at: dt.datetime | None
    is_ordered: bool
    """An order to switch it is under way."""
    outcome_code: str
    """Why the last order failed; "" when it did not."""
    in_bps: int | None
    out_bps: int | None
    """Of the newest sample, in the switch's words; None without a recent one."""
    may_be_set: bool
    """The portal holds credentials that may set it, and a server is on record behind it."""


def list_ports(actor: Actor, unit: Unit, switch_id: int) -> list[PortRow]:
    """Every port of a switch on record, by ifIndex as the switch numbers them; those it lacks at present last."""
    actor.require(Permission.POLLERS_VIEW)
    if unit.get(Switch, switch_id) is None:
        raise NotFound
    switch = unit.get_one(Switch, switch_id)
    query = (
        select(SwitchPort, Server, PortLink)
        .outerjoin(
            PortLink, (col(PortLink.port_id) == col(SwitchPort.id)) & col(PortLink.valid_until).is_(None)
        )
        .outerjoin(Server, col(Server.id) == col(PortLink.server_id))
        .where(col(SwitchPort.switch_id) == switch_id)
        .order_by(col(SwitchPort.if_index).nulls_last(), col(SwitchPort.if_name))
    )
    found = unit.exec(query).all()
    ids = [port.id or 0 for port, *_ in found]
    orders, rates = _last_orders(unit, ids), _rates(unit, ids)
    is_writable = bool(switch.write_community or switch.write_username)
    return [
        _row(port, server, link, orders.get(port.id or 0), rates.get(port.id or 0), is_writable)
        for port, server, link in found
    ]


def _last_orders(unit: Unit, port_ids: Sequence[int]) -> dict[int, PortOrder]:
    """The newest order of each port."""
    query = (
        select(PortOrder)
        .where(col(PortOrder.port_id).in_(port_ids))
        .order_by(col(PortOrder.port_id), col(PortOrder.id).desc())
        .distinct(col(PortOrder.port_id))
    )
    return {order.port_id: order for order in unit.exec(query)}


def _rates(unit: Unit, port_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Bits a second in and out of the newest sample of each port, unless it is old."""
    query = (
        select(TrafficHot)
        .where(
            col(TrafficHot.port_id).in_(port_ids),
            col(TrafficHot.ts) > utcnow() - RECENT,
            col(TrafficHot.in_bytes).is_not(None),
        )
        .order_by(col(TrafficHot.port_id), col(TrafficHot.ts).desc())
        .distinct(col(TrafficHot.port_id))
    )
    return {
        sample.port_id: (_bps(sample.in_bytes, sample), _bps(sample.out_bytes, sample))
        for sample in unit.exec(query)
        if sample.interval_ms > 0
    }


def _bps(count: int | None, sample: TrafficHot) -> int:
    return (count or 0) * 8_000 // sample.interval_ms


def _row(
    port: SwitchPort,
    server: Server | None,
    link: PortLink | None,
    order: PortOrder | None,
    rate: tuple[int, int] | None,
    is_writable: bool,
) -> PortRow:
    has_failed = order is not None and order.status == OrderStatus.FAILED
    return PortRow(
        port_id=port.id or 0,
        if_name=port.if_name,
        if_index=port.if_index,
        speed_mbps=port.speed_mbps,
        counter_bits=port.counter_bits,
        is_up=port.is_up,
        server_id=server.id if server else None,
        server=server.name if server else "",
        nic=link.nic if link else "",
        is_uplink=port.is_uplink,
        is_enabled=port.is_enabled,
        in_errors=port.in_errors,
        out_errors=port.out_errors,
        errors_at=port.errors_at,
        is_ordered=order is not None and order.status == OrderStatus.ASKED,
        outcome_code=(order.outcome_code or "") if order is not None and has_failed else "",
        in_bps=rate[0] if rate else None,
        out_bps=rate[1] if rate else None,
        may_be_set=is_writable and server is not None and not port.is_uplink and port.if_index is not None,
    )
