"""The last day of a company's servers together, for the small graph beside its figures."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.traffic import links
from opsportal.domain.traffic.series import Series, read_series
from opsportal.domain.traffic.slots import slot_of, slot_start
from opsportal.models.base import utcnow

HALF_HOUR = 6
"""Slots a point."""
POINTS = 48


@dataclass(frozen=True, slots=True)
class CompanyDay:
    """Average rates of 48 half hours, all servers added, named from the servers' side; None where a gap is."""

    start: dt.datetime
    in_bps: tuple[int | None, ...]
    out_bps: tuple[int | None, ...]


def read_company_day(actor: Actor, unit: Unit, *, at: dt.datetime | None = None) -> CompanyDay:
    """The 24 hours before `at` (now when None) of the actor's company; nothing for staff, who have none."""
    actor.require(Permission.TRAFFIC_VIEW)
    end = (slot_of(at or utcnow()) // HALF_HOUR + 1) * HALF_HOUR
    first = end - HALF_HOUR * POINTS
    tenures, _ = links.list_company_tenures(unit, actor.company_id or 0, first=first, end=end)
    series = read_series(unit, tenures, first=first, end=end)
    averages = [_average(series, slice(n, n + HALF_HOUR)) for n in range(0, end - first, HALF_HOUR)]
    return CompanyDay(
        start=slot_start(first),
        in_bps=tuple(received for received, _ in averages),
        out_bps=tuple(sent for _, sent in averages),
    )


def _average(series: Series, part: slice) -> tuple[int | None, int | None]:
    covered = series.covered_ms[part]
    total = sum(covered)
    if not total:
        return None, None
    received = sum(rate * ms for rate, ms in zip(series.in_bps[part], covered, strict=True))
    sent = sum(rate * ms for rate, ms in zip(series.out_bps[part], covered, strict=True))
    return received // total, sent // total
