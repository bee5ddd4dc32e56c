"""A server that has used all traffic of its plan is blocked until the cycle ends, where the plan says so."""

from __future__ import annotations

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.hardware import block
from opsportal.domain.hardware.refusals import AlreadyBlocked
from opsportal.domain.traffic.cycles import cycle_on
from opsportal.locale import N_
from opsportal.models import AlertOutcome, Role, Server, ServerBlock, Service, TrafficAlert, TrafficExemption

REASON = N_("All traffic of the plan is used")


def _portal() -> Actor:
    """Nobody has clicked: what the plan says is done by the portal itself, with the rights of an operator."""
    return Actor(None, 0, Role.OPERATOR, None, "portal")  # type: ignore[arg-type]


def block_now(unit: Unit, alert_id: int) -> bool:
    """Ask for the block of a step. Raises what `request_block` refuses with, as when the server is busy."""
    alert = unit.get_one(TrafficAlert, alert_id, with_for_update=True, populate_existing=True)
    service = unit.get_one(Service, alert.service_id)
    server = unit.exec(select(Server).where(col(Server.service_id) == service.id)).first()
    if alert.outcome != AlertOutcome.WANTED:
        return False
    is_over = cycle_on(service).first != alert.cycle_start
    if is_over or server is None or unit.get(TrafficExemption, service.id) is not None:
        alert.outcome = AlertOutcome.EXEMPT
        unit.add(alert)
        return False
    assert server.id is not None
    try:
        with unit.begin_nested():
            alert.job_id = block.request_block(unit, _portal(), server.id, reason=REASON).id
    except AlreadyBlocked:
        alert.job_id = None
    alert.outcome = AlertOutcome.DONE
    unit.add(alert)
    return True


def unblock_if_over(unit: Unit, alert_id: int) -> bool:
    """End the block of a cycle that has ended, unless somebody has done so or has blocked the server again."""
    alert = unit.get_one(TrafficAlert, alert_id, with_for_update=True, populate_existing=True)
    service = unit.get_one(Service, alert.service_id)
    if alert.outcome != AlertOutcome.DONE or cycle_on(service).first == alert.cycle_start:
        return False
    query = select(ServerBlock).where(
        col(ServerBlock.job_id) == alert.job_id,
        col(ServerBlock.service_id) == service.id,
        col(ServerBlock.blocked_at).is_not(None),
        col(ServerBlock.ended_at).is_(None),
    )
    ours = unit.exec(query).first() if alert.job_id is not None else None
    if ours is not None:
        block.request_unblock(unit, _portal(), ours.server_id)
    alert.outcome = AlertOutcome.ENDED
    unit.add(alert)
    return ours is not None
