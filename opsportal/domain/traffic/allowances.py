"""What a plan includes of traffic, how much of it a service has used in a cycle, and who is exempt from it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.refusals import NotFound
from opsportal.domain.traffic import topics
from opsportal.domain.traffic.cycles import Cycle, cycle_on
from opsportal.domain.traffic.figures import Percentile, Totals
from opsportal.domain.traffic.usage import usage_of_service
from opsportal.models import (
    Counted,
    Service,
    TrafficAlert,
    TrafficAllowance,
    TrafficExemption,
    TrafficOverage,
    TrafficPrice,
)


@dataclass(frozen=True, slots=True)
class CycleUsage:
    """A service's cycle as its page shows it. Without an allowance nothing is metered."""

    service: Service
    cycle: Cycle
    totals: Totals
    used_bytes: int
    percentile: Percentile
    allowance: TrafficAllowance | None
    price: TrafficPrice | None
    alerts: tuple[TrafficAlert, ...]
    overage: TrafficOverage | None
    """What the cycle before went beyond the plan."""
    is_exempt: bool


def counted_bytes(allowance: TrafficAllowance | None, totals: Totals) -> int:
    """The bytes that use up what is included. Without an allowance: both directions."""
    match allowance.counted if allowance else Counted.BOTH:
        case Counted.IN:
            return totals.in_bytes
        case Counted.OUT:
            return totals.out_bytes
        case Counted.LARGER:
            return max(totals.in_bytes, totals.out_bytes)
    return totals.in_bytes + totals.out_bytes


def read_cycle(actor: Actor, unit: Unit, server_id: int) -> CycleUsage | None:
    """The present cycle of the service that a server serves; None for a server in stock."""
    _, service = access_server_for(actor, unit, server_id, permission=Permission.TRAFFIC_VIEW)
    if service is None:
        return None
    assert service.id is not None
    cycle = cycle_on(service)
    usage = usage_of_service(unit, service.id, start=cycle.start, end=cycle.end)
    allowance = unit.get(TrafficAllowance, service.plan_id)
    alerts = select(TrafficAlert).where(
        col(TrafficAlert.service_id) == service.id, col(TrafficAlert.cycle_start) == cycle.first
    )
    before = select(TrafficOverage).where(
        col(TrafficOverage.service_id) == service.id, col(TrafficOverage.cycle_end) == cycle.first
    )
    return CycleUsage(
        service=service,
        cycle=cycle,
        totals=usage.totals,
        used_bytes=counted_bytes(allowance, usage.totals),
        percentile=usage.percentile,
        allowance=allowance,
        price=unit.get(TrafficPrice, (service.plan_id, service.currency)),
        alerts=tuple(unit.exec(alerts.order_by(col(TrafficAlert.step)))),
        overage=unit.exec(before).first(),
        is_exempt=unit.get(TrafficExemption, service.id) is not None,
    )


def set_exempt(unit: Unit, actor: Actor, server_id: int, *, exempt: bool) -> None:
    """Let nothing happen to a server's service however much it moves, or end that. For those who run billing."""
    server, service = access_server_for(actor, unit, server_id, permission=Permission.BILLING_MANAGE)
    if service is None or service.id is None:
        raise NotFound
    row = unit.get(TrafficExemption, service.id, with_for_update=True)
    if exempt == (row is not None):
        return
    if row is None:
        unit.add(TrafficExemption(service_id=service.id, actor_id=actor.person_id))
    else:
        unit.delete(row)
    trail.record(
        unit, "traffic:exempted" if exempt else "traffic:exemption_ended", actor=actor, object_kind="server",
        object_id=server.id, object_name=server.name, company_id=service.company_id,
    )  # fmt: skip
    unit.changed(topics.server(server_id))
