"""Cutting a server off the network at its own switch ports, and letting it back. Not a suspension: nothing of
the contract changes, and whoever did it can undo it."""

from __future__ import annotations

from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.hardware import port_orders, topics
from opsportal.domain.hardware.cut_off import is_taken_down, ports_of
from opsportal.domain.hardware.port_orders import in_force
from opsportal.domain.hardware.refusals import (
    AlreadyBlocked,
    BlockedByStaff,
    NotBlocked,
    PortIsUplink,
    PortMissing,
    ReasonMissing,
    ServerWithoutPort,
    SwitchReadOnly,
)
from opsportal.domain.hardware.requests import request_job
from opsportal.models import (
    HardwareJob,
    JobKind,
    OrderStatus,
    PortOrder,
    ServerBlock,
    Switch,
    SwitchPort,
)
from opsportal.models.base import utcnow

REASON_LENGTH = 200
BLOCK_STEPS = ("port_down",)
POWER_STEPS = ("read", "switch_off", "verify_off")
UNBLOCK_STEPS = ("port_up",)


@dataclass(frozen=True, slots=True)
class PortPlan:
    """What would be set on one port. `refusal`: the code of why it would not be."""

    switch: str
    port: str
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class BlockState:
    """Whether a server is blocked, and the plan: what blocking would take down, or unblocking take up."""

    block: ServerBlock | None
    may_lift: bool
    plan: list[PortPlan]

    @property
    def is_possible(self) -> bool:
        return bool(self.plan) and not any(port.refusal for port in self.plan)


def state(unit: Unit, actor: Actor, server_id: int) -> BlockState:
    """The block in force, and the dry run: which ports would be set."""
    access_server_for(actor, unit, server_id, permission=Permission.SERVER_VIEW)
    block = in_force(unit, server_id)
    ports = taken_down(unit, block) if block is not None else ports_of(unit, server_id)
    plan = [_plan(unit, port) for port in ports]
    may_lift = block is not None and (actor.is_staff or not block.is_by_staff)
    return BlockState(block, may_lift, plan)


def _plan(unit: Unit, port: SwitchPort) -> PortPlan:
    switch = unit.get_one(Switch, port.switch_id)
    refusal = ""
    if port.is_uplink:
        refusal = PortIsUplink.code
    elif not port_orders.may_be_written(switch):
        refusal = SwitchReadOnly.code
    elif port.if_index is None:
        refusal = PortMissing.code
    return PortPlan(switch.name, port.if_name, refusal)


def request_block(
    unit: Unit, actor: Actor, server_id: int, *, reason: str, with_power: bool = False
) -> HardwareJob:
    """Write the job and its orders: every port of the server down, and the power off if wanted."""
    _, service = access_server_for(actor, unit, server_id, permission=Permission.SERVER_BLOCK)
    ports = ports_of(unit, server_id)
    if not reason.strip():
        raise ReasonMissing
    if not ports:
        raise ServerWithoutPort
    if in_force(unit, server_id) is not None:
        raise AlreadyBlocked
    job = request_job(
        unit, actor, server_id, kind=JobKind.BLOCK, permission=Permission.SERVER_BLOCK,
        steps=(*BLOCK_STEPS, *POWER_STEPS) if with_power else BLOCK_STEPS, needs_bmc=with_power,
    )  # fmt: skip
    for port in ports:
        port_orders.order(unit, port, wants_up=False, actor=actor, reason=reason, job_id=job.id)
    unit.add(
        ServerBlock(
            server_id=server_id,
            service_id=service.id if service else None,
            port_id=ports[0].id or 0,
            job_id=job.id,
            reason=reason.strip()[:REASON_LENGTH],
            is_by_staff=actor.is_staff,
            is_with_power=with_power,
            by_name=actor.name,
        )
    )
    return job


def request_unblock(unit: Unit, actor: Actor, server_id: int) -> HardwareJob:
    """Write the job and its orders: those ports up again that the block took down, or may have, and that are
    still the server's. The power stays as it is."""
    access_server_for(actor, unit, server_id, permission=Permission.SERVER_BLOCK)
    block = in_force(unit, server_id)
    if block is None:
        raise NotBlocked
    if block.is_by_staff and not actor.is_staff:
        raise BlockedByStaff(reason=block.reason)
    job = request_job(
        unit, actor, server_id, kind=JobKind.UNBLOCK, permission=Permission.SERVER_BLOCK, steps=UNBLOCK_STEPS,
        needs_bmc=False,
    )  # fmt: skip
    for port in taken_down(unit, block):
        port_orders.order(unit, port, wants_up=True, actor=actor, reason=block.reason, job_id=job.id)
    return job


def taken_down(unit: Unit, block: ServerBlock) -> list[SwitchPort]:
    """What lifting a block takes up: a port that it could not set is left alone, lest its switch keep the others."""
    job = unit.get(HardwareJob, block.job_id) if block.job_id else None
    orders = port_orders.orders_of(unit, block.job_id or 0) if job is not None else []
    numbers = {order.port_id for order in orders if job is not None and is_taken_down(order, job)}
    return [port for port in ports_of(unit, block.server_id) if port.id in numbers]


# -- what workers write, in the transaction that holds the claim


def note_unblocked(unit: Unit, server_id: int, *, by: str) -> None:
    """The switch has said that the ports are up again."""
    block = in_force(unit, server_id)
    if block is not None:
        block.ended_at, block.ended_by = utcnow(), by
        unit.changed(topics.server(server_id), topics.FLEET)


def close_orders(unit: Unit, job_id: int, status: OrderStatus, outcome_code: str) -> None:
    """End what a job has ordered."""
    for row in port_orders.orders_of(unit, job_id):
        port_orders.end(unit, row.id or 0, status, outcome_code)


def asked_orders(unit: Unit, job_id: int) -> list[PortOrder]:
    """What a job still has to carry out."""
    return [row for row in port_orders.orders_of(unit, job_id) if row.status == OrderStatus.ASKED]


def is_in_part(unit: Unit, job_id: int) -> bool:
    """Whether a port of a job has been set all the same."""
    return any(row.status == OrderStatus.DONE for row in port_orders.orders_of(unit, job_id))


def has_given_up(unit: Unit, job_id: int) -> bool:
    """Whether one of a job's orders cannot be carried out any more: then it is not done, whatever the others are."""
    return any(row.status == OrderStatus.FAILED for row in port_orders.orders_of(unit, job_id))


def actor_of(unit: Unit, job_id: int) -> str:
    """Who asked for a job."""
    return unit.get_one(HardwareJob, job_id).actor_name
