"""Steps of a plan's traffic: reached once a cycle, mailed once, and at 100 % what the plan says."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.billing import calendar
from opsportal.domain.traffic import letters, topics
from opsportal.domain.traffic.allowances import counted_bytes
from opsportal.domain.traffic.cycles import Cycle, cycle_on
from opsportal.domain.traffic.usage import totals_of_service
from opsportal.models import (
    AlertOutcome,
    PortLink,
    Service,
    ServiceStatus,
    TrafficAction,
    TrafficAlert,
    TrafficAllowance,
    TrafficExemption,
)

STEPS = (75, 90, 100)
"""Per cent of what is included."""


def list_metered(unit: Unit, *, after: int = 0, limit: int | None = None) -> list[int]:
    """Services whose plan includes so much and no more, by number: so many of them beyond one."""
    query = (
        select(Service.id)
        .join(TrafficAllowance, col(TrafficAllowance.plan_id) == col(Service.plan_id))
        .where(
            col(Service.id) > after,
            col(Service.status).in_([ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED]),
        )
    )
    return [number for number in unit.exec(query.order_by(col(Service.id)).limit(limit)) if number]


def reached(used_bytes: int, included_bytes: int) -> list[int]:
    """The steps that so many bytes have reached, exactly: no rounding, no float."""
    return [step for step in STEPS if used_bytes * 100 >= step * included_bytes]


def evaluate(unit: Unit, service_id: int) -> list[TrafficAlert]:
    """Write down the steps that a service has newly reached in its present cycle, and the mail about the highest.

    Safe to run any number of times, by any number of workers at once: a step is its service, cycle and number.
    """
    service = unit.get_one(Service, service_id)
    allowance = unit.get(TrafficAllowance, service.plan_id)
    if allowance is None:
        return []
    cycle = cycle_on(service)
    totals = totals_of_service(unit, service_id, start=cycle.start, end=cycle.end)
    used = counted_bytes(allowance, totals)
    is_exempt = unit.get(TrafficExemption, service_id) is not None
    steps = reached(used, allowance.included_bytes)
    new = [
        alert
        for step in steps
        if (
            alert := _keep(
                unit, service, allowance, cycle, step, used, _outcome(allowance, step, steps, is_exempt)
            )
        )
    ]
    if new:
        letters.write(unit, service, allowance, cycle, new[-1])
        for server_id in _servers(unit, service_id):
            unit.changed(topics.server(server_id))
        if allowance.action == TrafficAction.LIMIT:
            unit.changed(topics.POLLERS)
    return new


def _outcome(allowance: TrafficAllowance, step: int, steps: list[int], is_exempt: bool) -> AlertOutcome:
    if step != steps[-1]:
        return AlertOutcome.SKIPPED
    if step < 100 or allowance.action in (TrafficAction.NOTIFY, TrafficAction.BILL):
        return AlertOutcome.EXEMPT if step == 100 and is_exempt else AlertOutcome.MAILED
    return AlertOutcome.EXEMPT if is_exempt else AlertOutcome.WANTED


def _keep(
    unit: Unit,
    service: Service,
    allowance: TrafficAllowance,
    cycle: Cycle,
    step: int,
    used: int,
    outcome: AlertOutcome,
) -> TrafficAlert | None:
    made = (
        insert(TrafficAlert)
        .values(
            service_id=service.id,
            cycle_start=cycle.first,
            step=step,
            used_bytes=used,
            included_bytes=allowance.included_bytes,
            action=allowance.action,
            outcome=outcome,
            at=calendar.now(),
        )
        .on_conflict_do_nothing(index_elements=["service_id", "cycle_start", "step"])
        .returning(col(TrafficAlert.id))
    )
    number = unit.scalar(made)
    return unit.get_one(TrafficAlert, number) if number else None


def _servers(unit: Unit, service_id: int) -> list[int]:
    query = select(PortLink.server_id).where(
        col(PortLink.service_id) == service_id, col(PortLink.valid_until).is_(None)
    )
    return list(unit.exec(query))


def list_blocks_over(unit: Unit) -> list[int]:
    """Blocks of cycles that may have ended."""
    query = select(TrafficAlert.id).where(
        col(TrafficAlert.action) == TrafficAction.BLOCK,
        col(TrafficAlert.outcome) == AlertOutcome.DONE,
        col(TrafficAlert.cycle_start) < calendar.today() - dt.timedelta(days=27),
    )
    return [number for number in unit.exec(query.order_by(col(TrafficAlert.id))) if number]
