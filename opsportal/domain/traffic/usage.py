"""What a company's servers moved today, and what a service used in any period."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.traffic import links
from opsportal.domain.traffic.directions import from_port
from opsportal.domain.traffic.figures import Percentile, PercentileMethod, Totals, UsageToday
from opsportal.domain.traffic.graphs import billing_percentile, newest
from opsportal.domain.traffic.series import Series, read_series, read_totals
from opsportal.domain.traffic.slots import SLOT_MS, slot_of, slot_start, to_ms
from opsportal.models import Person, PortLink, SwitchPoll, SwitchPort, TrafficDay, TrafficHot
from opsportal.models.base import utcnow


@dataclass(frozen=True, slots=True)
class ServiceUsage:
    """A service's traffic in a billing period, with everything that an invoice line has to name."""

    start: dt.datetime
    end: dt.datetime
    totals: Totals
    percentile: Percentile


def usage_of_service(
    unit: Unit,
    service_id: int,
    *,
    start: dt.datetime,
    end: dt.datetime,
    method: PercentileMethod = PercentileMethod.MAX_OF_P95,
) -> ServiceUsage:
    """Totals and percentile of a service in [start, end), on whatever ports it was. For billing: no actor.

    Both ends must lie on five-minute marks; local midnights of every time zone do.
    """
    series = _service_series(unit, service_id, start, end)
    return ServiceUsage(
        start,
        end,
        Totals(series.in_total, series.out_total),
        billing_percentile(series, now=utcnow(), method=method),
    )


def totals_of_service(unit: Unit, service_id: int, *, start: dt.datetime, end: dt.datetime) -> Totals:
    """Whole bytes of a service in [start, end), on whatever ports it was. No actor."""
    first, after = _slots(start, end)
    tenures = links.list_tenures(unit, server_id=0, service_id=service_id, first=first, end=after)
    return Totals(*read_totals(unit, tenures))


def _service_series(unit: Unit, service_id: int, start: dt.datetime, end: dt.datetime) -> Series:
    first, after = _slots(start, end)
    tenures = links.list_tenures(unit, server_id=0, service_id=service_id, first=first, end=after)
    return read_series(unit, tenures, first=first, end=after)


def _slots(start: dt.datetime, end: dt.datetime) -> tuple[int, int]:
    """The slots [first, end) of a billing period."""
    if to_ms(start) % SLOT_MS or to_ms(end) % SLOT_MS or start >= end:
        raise ValueError("a billing period begins and ends on five-minute marks")
    return slot_of(start), slot_of(end)


def read_usage_today(actor: Actor, unit: Unit, *, at: dt.datetime | None = None) -> UsageToday:
    """Traffic of the actor's company since midnight in the viewer's time zone.

    For staff: of all ports that serve somebody, since midnight UTC, from the sums.
    """
    actor.require(Permission.TRAFFIC_VIEW)
    now = at or utcnow()
    if actor.is_staff or actor.company_id is None:
        return _everybody(unit, now)
    zone = ZoneInfo(unit.get_one(Person, actor.person_id).time_zone)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first, end = slot_of(midnight.astimezone(dt.UTC)), slot_of(now) + 1
    tenures, servers = links.list_company_tenures(unit, actor.company_id, first=first, end=end)
    series = read_series(unit, tenures, first=first, end=end)
    ports = [tenure.port_id for tenure in tenures if tenure.end == end]
    latest = newest(unit, ports, now=now)
    return UsageToday(
        since=slot_start(first),
        in_bytes=series.in_total,
        out_bytes=series.out_total,
        in_bps=latest.in_bps if latest else None,
        out_bps=latest.out_bps if latest else None,
        servers=servers,
        last_sample_at=_last_sample(unit, ports),
    )


def _last_sample(unit: Unit, port_ids: list[int]) -> dt.datetime | None:
    query = (
        select(func.max(SwitchPoll.last_sample_at))
        .join(SwitchPort, col(SwitchPort.switch_id) == col(SwitchPoll.switch_id))
        .where(col(SwitchPort.id).in_(port_ids))
    )
    return unit.exec(query).one()


def _everybody(unit: Unit, now: dt.datetime) -> UsageToday:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    serving = col(PortLink.valid_until).is_(None) & col(PortLink.service_id).is_not(None)
    ports = select(PortLink.port_id).where(serving).scalar_subquery()
    stored = select(func.sum(TrafficDay.in_sum), func.sum(TrafficDay.out_sum)).where(
        col(TrafficDay.day) == midnight.date(), col(TrafficDay.port_id).in_(ports)
    )
    fresh = (
        select(func.sum(TrafficHot.in_bytes), func.sum(TrafficHot.out_bytes))
        .join(SwitchPort, col(SwitchPort.id) == col(TrafficHot.port_id))
        .where(
            col(TrafficHot.ts)
            > func.greatest(midnight, func.coalesce(SwitchPort.compacted_through, midnight)),
            col(TrafficHot.ts) > midnight,
            col(TrafficHot.port_id).in_(ports),
        )
    )
    sums = [[int(n or 0) for n in unit.exec(query).one()] for query in (stored, fresh)]
    received, sent = from_port(*(a + b for a, b in zip(*sums, strict=True)))
    servers = unit.exec(select(func.count(func.distinct(PortLink.server_id))).where(serving)).one()
    last = unit.exec(select(func.max(SwitchPoll.last_sample_at))).one()
    return UsageToday(midnight, received, sent, None, None, servers, last)
