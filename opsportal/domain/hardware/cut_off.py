"""What keeps a server off the network by our own doing: a block in force, or ports that staff has taken down."""

from __future__ import annotations

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.hardware import port_orders, topics
from opsportal.domain.hardware.port_orders import in_force
from opsportal.models import (
    HardwareJob,
    JobKind,
    JobStatus,
    OrderStatus,
    PortLink,
    PortOrder,
    ServerBlock,
    SwitchPort,
)
from opsportal.models.base import utcnow


def is_cut_off(unit: Unit, server_id: int) -> bool:
    """Whether nothing of this server gets onto the network, whatever its power.

    A port that was set down counts while its switch has shown no link on it since: somebody may have taken it
    up at the switch itself.
    """
    if in_force(unit, server_id) is not None:
        return True
    ports = ports_of(unit, server_id)
    return bool(ports) and all(port.is_enabled is False and not port.is_up for port in ports)


def ports_of(unit: Unit, server_id: int) -> list[SwitchPort]:
    """The ports that the server's cables are in now."""
    query = (
        select(SwitchPort)
        .join(PortLink, col(PortLink.port_id) == col(SwitchPort.id))
        .where(col(PortLink.server_id) == server_id, col(PortLink.valid_until).is_(None))
        .order_by(col(SwitchPort.id))
    )
    return list(unit.exec(query))


def block_of(unit: Unit, job_id: int) -> ServerBlock | None:
    """The block that a job of kind BLOCK is to put in force."""
    return unit.exec(select(ServerBlock).where(col(ServerBlock.job_id) == job_id)).first()


def note_blocked(unit: Unit, job_id: int) -> None:
    """The switch has said that the ports are down. Whoever blocked has a way back from now on."""
    block = block_of(unit, job_id)
    if block is not None and block.blocked_at is None:
        block.blocked_at = utcnow()
        unit.changed(topics.server(block.server_id), topics.FLEET)


def note_end(unit: Unit, job: HardwareJob) -> None:
    """A job has ended: a block that was given up half way is in force for the ports that are down, or may be.

    What a person has ended as done counts as done.
    """
    is_done = job.status == JobStatus.SUCCEEDED
    if job.kind == JobKind.BLOCK and job.id and (is_done or may_be_down(unit, job)):
        note_blocked(unit, job.id)
    if job.kind == JobKind.UNBLOCK and is_done and (lifted := in_force(unit, job.server_id)) is not None:
        lifted.ended_at, lifted.ended_by = utcnow(), job.ended_by or job.actor_name
        unit.changed(topics.server(job.server_id), topics.FLEET)


def may_be_down(unit: Unit, job: HardwareJob) -> bool:
    """Whether one of the ports of a block was seen down, or was told to be and never read back."""
    return any(is_taken_down(order, job) for order in port_orders.orders_of(unit, job.id or 0))


def is_taken_down(order: PortOrder, job: HardwareJob) -> bool:
    """Whether the port of this order of a block is down as far as anybody knows."""
    if job.status == JobStatus.SUCCEEDED:
        return True
    is_open = order.status == OrderStatus.ASKED or order.outcome_code == port_orders.NEVER_ANSWERED
    return order.status == OrderStatus.DONE or (is_open and job.commands_sent > 0)
