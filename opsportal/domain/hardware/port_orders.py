"""Orders to switch ports: the only way in which anything is ever written to a switch.

An order is a goal, so that carrying it out twice harms nobody. One order at a time is under way for a port;
an uplink gets none, which a trigger sees to whatever is believed here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.hardware import owners, topics
from opsportal.domain.hardware.refusals import (
    PortBusy,
    PortIsUplink,
    PortMissing,
    PortNotCabled,
    PortOfBlockedServer,
    PortUnderOrders,
    ReasonMissing,
    SwitchReadOnly,
)
from opsportal.domain.lifecycle import PORT_ORDER, move
from opsportal.domain.refusals import NotFound
from opsportal.domain.traffic.topics import POLLERS
from opsportal.models import (
    ACTIVE_JOB,
    HardwareJob,
    OrderStatus,
    PortLink,
    PortOrder,
    Server,
    ServerBlock,
    Switch,
    SwitchPort,
)
from opsportal.models.base import utcnow

QUEUE, TASK = "hardware", "port_order"
MAX_ATTEMPTS = 4
NEVER_ANSWERED = "never_answered"
"""Nobody knows whether the port has followed."""
RETRY = dt.timedelta(seconds=45)
"""Longer than an attempt may take; a worker that is later than that was lost."""


def may_be_written(switch: Switch) -> bool:
    """Whether credentials are on record that may set something on this switch."""
    return bool(switch.write_community or switch.write_username)


def order(
    unit: Unit,
    port: SwitchPort,
    *,
    wants_up: bool,
    actor: Actor,
    reason: str,
    job_id: int | None = None,
) -> PortOrder:
    """Write an order for a port that may be switched. Raises a refusal for one that may not."""
    switch = unit.get_one(Switch, port.switch_id)
    if port.is_uplink:
        raise PortIsUplink(port=port.if_name)
    if not may_be_written(switch):
        raise SwitchReadOnly(switch=switch.name)
    if port.if_index is None:
        raise PortMissing(port=port.if_name)
    _close_abandoned(unit, port)
    row = PortOrder(
        port_id=port.id or 0,
        wants_up=wants_up,
        job_id=job_id,
        actor_id=actor.person_id,
        actor_name=actor.name,
        reason=reason,
    )
    try:
        with unit.begin_nested():
            unit.add(row)
    except IntegrityError as refused:
        if getattr(getattr(refused.orig, "diag", None), "constraint_name", "") == "port_order_never_uplink":
            raise PortIsUplink(port=port.if_name) from None
        raise PortBusy(port=port.if_name) from None
    unit.changed(POLLERS)
    return row


def _close_abandoned(unit: Unit, port: SwitchPort) -> None:
    """End an order whose job has ended without it: cancelled, expired or failed before its turn."""
    query = (
        select(PortOrder, HardwareJob)
        .join(HardwareJob, col(HardwareJob.id) == col(PortOrder.job_id))
        .where(
            col(PortOrder.port_id) == port.id,
            col(PortOrder.status) == OrderStatus.ASKED,
            col(HardwareJob.status).not_in(ACTIVE_JOB),
        )
    )
    for row, job in unit.exec(query.with_for_update(of=PortOrder)):
        _end(unit, row, OrderStatus.FAILED, NEVER_ANSWERED if job.commands_sent else "not_carried_out")
    unit.flush()


def request_port(unit: Unit, actor: Actor, port_id: int, *, wants_up: bool, reason: str = "") -> PortOrder:
    """Switch one port with a server behind it, by staff. Taking it down needs a reason."""
    actor.require(Permission.FLEET_MANAGE)
    port = unit.get(SwitchPort, port_id)
    if port is None:
        raise NotFound
    if port.is_uplink:
        raise PortIsUplink(port=port.if_name)
    server = server_behind(unit, port_id)
    if server is None:
        raise PortNotCabled(port=port.if_name)
    if not wants_up and not reason.strip():
        raise ReasonMissing
    if in_force(unit, server.id or 0) is not None:
        raise PortOfBlockedServer(server=server.name)
    row = order(unit, port, wants_up=wants_up, actor=actor, reason=reason.strip()[:200])
    owners.require_free(unit, actor, server)
    unit.enqueue(QUEUE, TASK, row.id or 0)
    trail.record(
        unit, f"port:{'up' if wants_up else 'down'}_requested", actor=actor, object_kind="server",
        object_id=server.id, object_name=server.name, company_id=_company(unit, server), port=port.if_name,
        reason=row.reason,
    )  # fmt: skip
    return row


def set_uplink(unit: Unit, actor: Actor, port_id: int, *, is_uplink: bool) -> SwitchPort:
    """Mark a port as one that is never switched, or take the mark away."""
    actor.require(Permission.FLEET_MANAGE)
    port = unit.get(SwitchPort, port_id, with_for_update=True, populate_existing=True)
    if port is None:
        raise NotFound
    try:
        with unit.begin_nested():
            port.is_uplink = is_uplink
            unit.add(port)
    except IntegrityError:
        raise PortUnderOrders(port=port.if_name) from None
    trail.record(
        unit, "port:marked_uplink" if is_uplink else "port:marked_no_uplink", actor=actor,
        object_kind="port", object_id=port_id, object_name=port.if_name,
    )  # fmt: skip
    unit.changed(POLLERS)
    return port


def server_behind(unit: Unit, port_id: int) -> Server | None:
    """The server at the other end of a port's cable now."""
    query = (
        select(Server)
        .join(PortLink, col(PortLink.server_id) == col(Server.id))
        .where(col(PortLink.port_id) == port_id, col(PortLink.valid_until).is_(None))
    )
    return unit.exec(query).first()


def in_force(unit: Unit, server_id: int) -> ServerBlock | None:
    """The block that keeps a server off the network now."""
    query = select(ServerBlock).where(
        col(ServerBlock.server_id) == server_id,
        col(ServerBlock.blocked_at).is_not(None),
        col(ServerBlock.ended_at).is_(None),
    )
    return unit.exec(query).first()


def _company(unit: Unit, server: Server) -> int | None:
    from opsportal.models import Service

    service = unit.get(Service, server.service_id) if server.service_id else None
    return service.company_id if service else None


# -- what workers write


@dataclass(frozen=True, slots=True)
class Target:
    """Where an order is carried out."""

    order_id: int
    attempt: int
    port_id: int
    switch: Switch
    if_index: int
    if_name: str
    wants_up: bool


def claim(unit: Unit, order_id: int) -> Target | None:
    """Begin an order that belongs to no job. None when it has ended, or somebody is at it."""
    row = unit.get(PortOrder, order_id, with_for_update=True, populate_existing=True)
    now = utcnow()
    if row is None or row.status != OrderStatus.ASKED or row.job_id is not None:
        return None
    if row.due_at is not None and row.due_at > now:
        return None
    if row.attempts >= MAX_ATTEMPTS:
        end(unit, order_id, OrderStatus.FAILED, NEVER_ANSWERED)
        return None
    row.attempts += 1
    row.due_at = now + RETRY
    return target(unit, row)


def target(unit: Unit, row: PortOrder) -> Target | None:
    """Where an order leads now; None, with the order ended, when it may no longer be carried out.

    That of a job is for its server's ports: one that was plugged into another server meanwhile is left alone.
    """
    port = unit.get_one(SwitchPort, row.port_id, with_for_update=True, populate_existing=True)
    if port.is_uplink or port.if_index is None or not _is_for_its_server(unit, row):
        end(unit, row.id or 0, OrderStatus.FAILED, "switch_port_moved")
        return None
    return Target(
        row.id or 0,
        row.attempts,
        row.port_id,
        unit.get_one(Switch, port.switch_id),
        port.if_index,
        port.if_name,
        row.wants_up,
    )


def _is_for_its_server(unit: Unit, row: PortOrder) -> bool:
    if row.job_id is None:
        return True
    server = server_behind(unit, row.port_id)
    return server is not None and server.id == unit.get_one(HardwareJob, row.job_id).server_id


def still_holds(unit: Unit, held: Target) -> bool:
    """Whether an attempt is still the latest one: a worker that was frozen must not send."""
    row = unit.get_one(PortOrder, held.order_id, with_for_update=True, populate_existing=True)
    is_in_time = row.due_at is None or row.due_at > utcnow()
    return row.status == OrderStatus.ASKED and row.attempts == held.attempt and is_in_time


def orders_of(unit: Unit, job_id: int) -> list[PortOrder]:
    """The orders of a job, in the order in which they are carried out."""
    query = select(PortOrder).where(col(PortOrder.job_id) == job_id).order_by(col(PortOrder.id))
    return list(unit.exec(query))


def end(unit: Unit, order_id: int, status: OrderStatus, outcome_code: str) -> None:
    """Close an order that has been carried out, or cannot be."""
    row = unit.get_one(PortOrder, order_id, with_for_update=True, populate_existing=True)
    if row.status == OrderStatus.ASKED:
        _end(unit, row, status, outcome_code)
    unit.changed(POLLERS)
    if (server := server_behind(unit, row.port_id)) is not None:
        unit.changed(topics.server(server.id or 0))


def _end(unit: Unit, row: PortOrder, status: OrderStatus, outcome_code: str) -> None:
    move(unit, PORT_ORDER, row, status, reason=outcome_code)
    row.outcome_code, row.ended_at, row.due_at = outcome_code, utcnow(), None


def record_look(
    unit: Unit, port_id: int, *, is_enabled: bool, is_up: bool, in_errors: int | None, out_errors: int | None
) -> None:
    """Keep what a switch has just said about one of its ports."""
    port = unit.get_one(SwitchPort, port_id, with_for_update=True, populate_existing=True)
    port.is_enabled, port.is_up = is_enabled, is_up
    port.in_errors, port.out_errors = in_errors, out_errors
    port.looked_at = port.errors_at = utcnow()
    unit.changed(POLLERS)


def wake_overdue(unit: Unit) -> int:
    """Ask again for orders whose worker was lost or whose switch was silent. Returns how many."""
    query = (
        select(PortOrder)
        .where(
            col(PortOrder.status) == OrderStatus.ASKED,
            col(PortOrder.job_id).is_(None),
            (col(PortOrder.due_at) <= utcnow())
            | (col(PortOrder.due_at).is_(None) & (col(PortOrder.asked_at) <= utcnow() - RETRY)),
        )
        .order_by(col(PortOrder.id))
        .limit(50)
    )
    rows = unit.exec(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        unit.enqueue(QUEUE, TASK, row.id or 0)
    return len(rows)
