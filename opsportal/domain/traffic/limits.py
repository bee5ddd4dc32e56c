"""Limits that plans ask for. No standard MIB sets a port's rate, so a person sets each limit, and lifts it again.

What is to be done is the alert of the step itself: a service has one a cycle, whoever evaluates how often.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import and_, col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.billing import calendar
from opsportal.domain.refusals import NotFound
from opsportal.domain.traffic import letters, topics
from opsportal.domain.traffic.cycles import cycle_on
from opsportal.domain.traffic.refusals import LimitNotOpen
from opsportal.models import (
    AlertOutcome,
    PortLink,
    Server,
    Service,
    Switch,
    SwitchPort,
    TrafficAction,
    TrafficAlert,
    TrafficAllowance,
    TrafficExemption,
)


@dataclass(frozen=True, slots=True)
class LimitTask:
    """A limit that a person has to set, or to lift after its cycle."""

    alert_id: int
    service: str
    server_id: int | None
    server: str
    ports: tuple[str, ...]
    limit_mbps: int | None
    """Of the plan as it is now; None when it asks for no limit any more."""
    since: dt.datetime
    until: dt.date
    """The first day of the next cycle."""
    is_to_lift: bool


def list_limits(actor: Actor, unit: Unit) -> list[LimitTask]:
    """What is to be set now, and what was set and is to be lifted; the oldest first."""
    actor.require(Permission.POLLERS_VIEW)
    open_ones = and_(
        col(TrafficAlert.action) == TrafficAction.LIMIT,
        or_(
            col(TrafficAlert.outcome) == AlertOutcome.WANTED,
            col(TrafficAlert.outcome) == AlertOutcome.DONE,
        ),
    )
    query = (
        select(TrafficAlert, Service)
        .join(Service, col(Service.id) == col(TrafficAlert.service_id))
        .where(open_ones)
        .order_by(col(TrafficAlert.id))
    )
    tasks = [_task(unit, alert, service) for alert, service in unit.exec(query).all()]
    return [task for task in tasks if task is not None]


def _task(unit: Unit, alert: TrafficAlert, service: Service) -> LimitTask | None:
    """None where nobody has to do anything: set and in force, or no longer wanted and never set."""
    is_over = _is_over(unit, alert, service)
    if is_over == (alert.outcome == AlertOutcome.WANTED):
        return None
    cycle = cycle_on(service, alert.cycle_start)
    allowance = unit.get(TrafficAllowance, service.plan_id)
    server = unit.exec(select(Server).where(col(Server.service_id) == service.id)).first()
    return LimitTask(
        alert_id=alert.id or 0,
        service=service.name,
        server_id=server.id if server else None,
        server=server.name if server else "",
        ports=_ports(unit, service.id or 0),
        limit_mbps=allowance.limit_mbps if allowance else None,
        since=alert.at,
        until=cycle.after,
        is_to_lift=alert.outcome == AlertOutcome.DONE,
    )


def _is_over(unit: Unit, alert: TrafficAlert, service: Service) -> bool:
    """Whether the limit is to hold no longer: its cycle has ended, or the service is exempt since."""
    is_past = cycle_on(service).first != alert.cycle_start
    return is_past or unit.get(TrafficExemption, service.id) is not None


def _ports(unit: Unit, service_id: int) -> tuple[str, ...]:
    query = (
        select(Switch.name, SwitchPort.if_name)
        .join(SwitchPort, col(SwitchPort.switch_id) == col(Switch.id))
        .join(PortLink, col(PortLink.port_id) == col(SwitchPort.id))
        .where(col(PortLink.service_id) == service_id, col(PortLink.valid_until).is_(None))
        .order_by(col(Switch.name), col(SwitchPort.if_name))
    )
    return tuple(f"{switch} {port}" for switch, port in unit.exec(query))


def has_set(unit: Unit, actor: Actor, alert_id: int) -> None:
    """A person says that the port is limited now. Raises `LimitNotOpen` when it is not wanted any more."""
    alert, service = _locked(unit, actor, alert_id)
    if alert.outcome != AlertOutcome.WANTED or _is_over(unit, alert, service):
        raise LimitNotOpen
    _end(unit, actor, alert, service, AlertOutcome.DONE, "traffic:limit_set")


def has_lifted(unit: Unit, actor: Actor, alert_id: int) -> None:
    """A person says that the port has its full rate again. Raises `LimitNotOpen` when no limit was set."""
    alert, service = _locked(unit, actor, alert_id)
    if alert.outcome != AlertOutcome.DONE:
        raise LimitNotOpen
    _end(unit, actor, alert, service, AlertOutcome.ENDED, "traffic:limit_lifted")


def _locked(unit: Unit, actor: Actor, alert_id: int) -> tuple[TrafficAlert, Service]:
    actor.require(Permission.FLEET_MANAGE)
    alert = unit.get(TrafficAlert, alert_id, with_for_update=True, populate_existing=True)
    if alert is None or alert.action != TrafficAction.LIMIT:
        raise NotFound
    return alert, unit.get_one(Service, alert.service_id)


def _end(
    unit: Unit, actor: Actor, alert: TrafficAlert, service: Service, outcome: AlertOutcome, tag: str
) -> None:
    alert.outcome = outcome
    unit.add(alert)
    server = unit.exec(select(Server).where(col(Server.service_id) == service.id)).first()
    trail.record(
        unit, tag, actor=actor, object_kind="server" if server else "service",
        object_id=server.id if server else service.id, object_name=server.name if server else service.name,
        company_id=service.company_id, cycle=str(alert.cycle_start),
    )  # fmt: skip
    unit.changed(topics.POLLERS, *([topics.server(server.id)] if server and server.id else []))


def list_set(unit: Unit) -> list[int]:
    """Limits that people have set and not lifted yet."""
    query = select(TrafficAlert.id).where(
        col(TrafficAlert.action) == TrafficAction.LIMIT, col(TrafficAlert.outcome) == AlertOutcome.DONE
    )
    return [number for number in unit.exec(query.order_by(col(TrafficAlert.id))) if number]


def remind_if_over(unit: Unit, alert_id: int) -> bool:
    """Tell the desk of a limit that is to hold no longer, once in each cycle until a person has lifted it."""
    alert = unit.get_one(TrafficAlert, alert_id, populate_existing=True)
    service = unit.get_one(Service, alert.service_id)
    if alert.outcome != AlertOutcome.DONE or not _is_over(unit, alert, service):
        return False
    letters.remind_to_lift(unit, service, alert, cycle_on(service))
    return True


def list_never_set(unit: Unit) -> list[int]:
    """Limits that nobody has set before their cycle ended."""
    query = select(TrafficAlert.id).where(
        col(TrafficAlert.action) == TrafficAction.LIMIT,
        col(TrafficAlert.outcome) == AlertOutcome.WANTED,
        col(TrafficAlert.cycle_start) < calendar.today() - dt.timedelta(days=27),
    )
    return [number for number in unit.exec(query.order_by(col(TrafficAlert.id))) if number]


def close_if_over(unit: Unit, alert_id: int) -> bool:
    """End what nobody has set, once its cycle has ended."""
    alert = unit.get_one(TrafficAlert, alert_id, with_for_update=True, populate_existing=True)
    service = unit.get_one(Service, alert.service_id)
    if alert.outcome != AlertOutcome.WANTED or cycle_on(service).first == alert.cycle_start:
        return False
    alert.outcome = AlertOutcome.ENDED
    unit.add(alert)
    unit.changed(topics.POLLERS)
    return True
