"""A server that has used all traffic of its plan is blocked until the cycle ends, where the plan says so."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.billing import calendar
from opsportal.domain.hardware import block
from opsportal.domain.hardware.outcomes import came_to
from opsportal.domain.hardware.refusals import (
    AlreadyBlocked,
    PortIsUplink,
    PortMissing,
    ServerWithoutPort,
    SwitchReadOnly,
)
from opsportal.domain.mail.letters import Text
from opsportal.domain.refusals import Refusal
from opsportal.domain.traffic import letters
from opsportal.domain.traffic.cycles import cycle_on
from opsportal.locale import N_
from opsportal.models import (
    ACTIVE_JOB,
    AlertOutcome,
    HardwareJob,
    JobKind,
    Role,
    Server,
    ServerBlock,
    Service,
    TrafficAction,
    TrafficAlert,
    TrafficExemption,
)
from opsportal.models.base import utcnow

REASON = N_("All traffic of the plan is used")
AGAIN_AFTER = dt.timedelta(minutes=30)
"""A switch that was silent, or workers that were busy, are given so long before the same is asked for again."""
TOLD_AFTER = dt.timedelta(hours=1)
"""What may pass by itself, such as other work on the server, is a person's business only after that."""
LASTING = {
    ServerWithoutPort.code: N_("No switch port is on record for its server."),
    SwitchReadOnly.code: N_("The portal may not set ports of switch {switch}: store credentials that may."),
    PortIsUplink.code: N_("Port {port} is marked as an uplink, and uplinks are never switched."),
    PortMissing.code: N_("The switch shows no port {port} at present."),
}
"""What does not pass by itself, by the code of the refusal."""


def list_wanted(unit: Unit) -> list[int]:
    """Steps whose block has not been asked for yet, or was and never came into force: its job had failed."""
    never = select(ServerBlock.id).where(
        col(ServerBlock.job_id) == col(TrafficAlert.job_id), col(ServerBlock.blocked_at).is_not(None)
    )
    was_lost = (
        (col(TrafficAlert.outcome) == AlertOutcome.DONE)
        & col(HardwareJob.status).not_in(ACTIVE_JOB)
        & (col(HardwareJob.finished_at) < utcnow() - AGAIN_AFTER)
        & ~never.exists()
    )
    query = (
        select(TrafficAlert.id)
        .outerjoin(HardwareJob, col(HardwareJob.id) == col(TrafficAlert.job_id))
        .where(
            col(TrafficAlert.action) == TrafficAction.BLOCK,
            (col(TrafficAlert.outcome) == AlertOutcome.WANTED) | was_lost,
        )
        .order_by(col(TrafficAlert.id))
    )
    return [number for number in unit.exec(query) if number]


def _portal() -> Actor:
    """Nobody has clicked: what the plan says is done by the portal itself, with the rights of an operator."""
    return Actor(None, 0, Role.OPERATOR, None, "portal")  # type: ignore[arg-type]


def block_now(unit: Unit, alert_id: int) -> bool:
    """Ask for the block of a step. Raises what `request_block` refuses with, as when the server is busy.

    A server that somebody else keeps blocked is left alone, and blocked as soon as that ends: a client's own
    block, which the client may lift at any time, must not stand for ours.
    """
    alert = unit.get_one(TrafficAlert, alert_id, with_for_update=True, populate_existing=True)
    service = unit.get_one(Service, alert.service_id)
    server = unit.exec(select(Server).where(col(Server.service_id) == service.id)).first()
    is_over = cycle_on(service).first != alert.cycle_start
    if alert.outcome != AlertOutcome.WANTED and (is_over or alert.id not in list_wanted(unit)):
        return False
    if is_over or server is None or unit.get(TrafficExemption, service.id) is not None:
        alert.outcome = AlertOutcome.EXEMPT
        unit.add(alert)
        return False
    assert server.id is not None
    try:
        with unit.begin_nested():
            job = block.request_block(unit, _portal(), server.id, reason=REASON)
    except AlreadyBlocked:
        return False
    except Refusal as refusal:
        if not _is_for_a_person(refusal, since=alert.at):
            raise
        letters.tell_not_blocked(unit, service, alert, cycle_on(service), _words(refusal))
        return False
    if alert.job_id is not None:
        tried = unit.get_one(HardwareJob, alert.job_id)
        letters.tell_not_blocked(unit, service, alert, cycle_on(service), came_to(tried))
    alert.job_id = job.id
    alert.outcome = AlertOutcome.DONE
    unit.add(alert)
    return True


def unblock_if_over(unit: Unit, alert_id: int) -> bool:
    """End the block of a cycle that has ended, unless somebody has done so or has blocked the server again.

    Asked for until the switch has said that the ports are up: only then the step has ended. True when it was asked.
    """
    alert = unit.get_one(TrafficAlert, alert_id, with_for_update=True, populate_existing=True)
    service = unit.get_one(Service, alert.service_id)
    if alert.outcome != AlertOutcome.DONE or cycle_on(service).first == alert.cycle_start:
        return False
    if alert.job_id is not None and unit.get_one(HardwareJob, alert.job_id).status in ACTIVE_JOB:
        return False  # its block may yet come into force, to be lifted then
    query = select(ServerBlock).where(
        col(ServerBlock.job_id) == alert.job_id,
        col(ServerBlock.service_id) == service.id,
        col(ServerBlock.blocked_at).is_not(None),
        col(ServerBlock.ended_at).is_(None),
    )
    ours = unit.exec(query).first() if alert.job_id is not None else None
    if ours is None:
        alert.outcome = AlertOutcome.ENDED
        unit.add(alert)
        return False
    tried = _last_try(unit, ours)
    if tried is not None:
        if tried.finished_at is None:
            return False  # it is under way
        letters.tell_still_blocked(unit, service, alert, came_to(tried))
        if tried.finished_at > utcnow() - AGAIN_AFTER:
            return False
    try:
        with unit.begin_nested():
            block.request_unblock(unit, _portal(), ours.server_id)
    except Refusal as refusal:
        if not _is_for_a_person(refusal, since=cycle_on(service).start):
            raise
        letters.tell_still_blocked(unit, service, alert, _words(refusal))
        return False
    return True


def _last_try(unit: Unit, ours: ServerBlock) -> HardwareJob | None:
    """The last attempt to end a block, which is still in force."""
    query = select(HardwareJob).where(
        col(HardwareJob.server_id) == ours.server_id,
        col(HardwareJob.kind) == JobKind.UNBLOCK,
        col(HardwareJob.id) > ours.job_id,
    )
    return unit.exec(query.order_by(col(HardwareJob.id).desc()).limit(1)).first()


def _is_for_a_person(refusal: Refusal, *, since: dt.datetime) -> bool:
    return refusal.code in LASTING or calendar.now() - since > TOLD_AFTER


def _words(refusal: Refusal) -> Text:
    return Text(LASTING.get(refusal.code, refusal.msgid), refusal.params)
