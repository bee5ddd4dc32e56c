"""The graph of one server: a day, a week, a month or a year, with totals and percentile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import compress, groupby

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.traffic import hot, links
from opsportal.domain.traffic.counters import AMBIGUOUS, INTERPOLATED, REBOOT, TOO_FAST
from opsportal.domain.traffic.days import rate
from opsportal.domain.traffic.directions import from_port
from opsportal.domain.traffic.figures import (
    BILLING_SLOT_S,
    UNIT,
    Gap,
    GraphData,
    Latest,
    Percentile,
    PercentileMethod,
    Point,
    Span,
    Totals,
)
from opsportal.domain.traffic.percentiles import percentile
from opsportal.domain.traffic.series import Series, read_series
from opsportal.domain.traffic.slots import HALF_MS, SLOT_MS, from_ms, slot_start, to_ms
from opsportal.models import GapCause
from opsportal.models.base import utcnow
from opsportal.settings import settings

SHAPES = {Span.DAY: (1, 288), Span.WEEK: (6, 336), Span.MONTH: (24, 360), Span.YEAR: (288, 365)}
"""Billing slots a point, and points a graph: 5 minutes, half an hour, two hours, a UTC day."""
GRACE_S = 60
FRESH = dt.timedelta(minutes=10)


def read_graph(
    actor: Actor,
    unit: Unit,
    server_id: int,
    *,
    span: Span,
    at: dt.datetime | None = None,
    method: PercentileMethod = PercentileMethod.MAX_OF_P95,
) -> GraphData:
    """What the server's present service moved in the span that ends at `at` (now when None).

    Follows the service: ports that it used earlier count, a former tenant's traffic on this port does not.
    """
    server, service = access_server_for(actor, unit, server_id, permission=Permission.TRAFFIC_VIEW)
    now = utcnow()
    factor, length = SHAPES[span]
    end = -(-to_ms(min(at or now, now)) // (SLOT_MS * factor)) * factor
    first = end - factor * length
    service_id = service.id if service else None
    tenures = links.list_tenures(unit, server_id=server_id, service_id=service_id, first=first, end=end)
    series = read_series(unit, tenures, first=first, end=end)
    return GraphData(
        server_id=server_id,
        service_id=service_id,
        span=span.value,
        start=slot_start(first),
        end=slot_start(end),
        unit=UNIT,
        slot_s=factor * BILLING_SLOT_S,
        points=_points(series, factor),
        gaps=_gaps(series, _settled(now)),
        totals=Totals(series.in_total, series.out_total),
        percentile=billing_percentile(series, now=now, method=method),
        latest=newest(unit, [t.port_id for t in tenures if t.end == end], now=now),
        has_port=bool(tenures) or links.has_open_link(unit, server_id=server.id or 0, service_id=service_id),
    )


def _settled(now: dt.datetime) -> int:
    """Slots before this one are over, and a healthy switch has been asked since."""
    return (to_ms(now) - (settings().poll_every_s + GRACE_S) * 1_000) // SLOT_MS


def billing_percentile(series: Series, *, now: dt.datetime, method: PercentileMethod) -> Percentile:
    """The percentile of a window's slots that are over, at least half measured each."""
    settled = max(0, _settled(now) - series.first)
    measured_since = sum(ms >= HALF_MS for ms in series.covered_ms[settled:])
    received, sent = series.in_bps, series.out_bps
    if min(series.covered_ms) < HALF_MS:
        counts = [ms >= HALF_MS for ms in series.covered_ms]
        received, sent = list(compress(received, counts)), list(compress(sent, counts))
    return percentile(
        received,
        sent,
        expected=max(sum(series.is_expected[:settled]) + measured_since, len(received)),
        method=method,
    )


def _points(series: Series, factor: int) -> tuple[Point, ...]:
    step = range(0, len(series.covered_ms), factor)
    if factor == 1:
        return tuple(_point(series, at) for at in step)
    return tuple(_merged(series, slice(at, at + factor)) for at in step)


def _point(series: Series, at: int) -> Point:
    covered = series.covered_ms[at]
    received, sent = (series.in_bps[at], series.out_bps[at]) if covered else (None, None)
    is_interpolated = bool(series.flags[at] & INTERPOLATED)
    start = slot_start(series.first + at)
    return Point(start, received, sent, received, sent, covered // 1_000, is_interpolated)


def _merged(series: Series, part: slice) -> Point:
    covered = series.covered_ms[part]
    total = sum(covered)
    start = slot_start(series.first + part.start)
    if not total:
        return Point(start, None, None, None, None, 0, is_interpolated=False)
    received, sent = series.in_bps[part], series.out_bps[part]
    return Point(
        start,
        _average(received, covered, total),
        _average(sent, covered, total),
        max(compress(received, covered)),
        max(compress(sent, covered)),
        total // 1_000,
        is_interpolated=any(flags & INTERPOLATED for flags in set(series.flags[part])),
    )


def _average(rates: Sequence[int], covered: Sequence[int], total: int) -> int:
    if total == len(covered) * SLOT_MS:
        return sum(rates) // len(rates)
    return sum(n * ms for n, ms in zip(rates, covered, strict=True)) // total


def _gaps(series: Series, settled: int) -> tuple[Gap, ...]:
    """Runs of expected slots without any measurement, each with its cause."""
    until = max(0, min(len(series.covered_ms), settled - series.first))
    empty = [at for at in range(until) if not series.covered_ms[at] and series.is_expected[at]]
    # Neighbours have the same distance between their slot and their place in the list.
    runs = groupby(enumerate(empty), key=lambda pair: (pair[1] - pair[0], _cause(series.flags[pair[1]])))
    gaps = []
    for (_, cause), run in runs:
        slots = [series.first + at for _, at in run]
        gaps.append(Gap(slot_start(slots[0]), slot_start(slots[-1] + 1), cause))
    return tuple(gaps)


def _cause(flags: int) -> str:
    for flag, cause in (
        (TOO_FAST, GapCause.TOO_FAST),
        (AMBIGUOUS, GapCause.AMBIGUOUS),
        (REBOOT, GapCause.REBOOT),
    ):
        if flags & flag:
            return cause.value
    return GapCause.SILENT.value


def newest(unit: Unit, port_ids: Sequence[int], *, now: dt.datetime) -> Latest | None:
    """The newest rates of these ports added; None unless every port has a fresh sample."""
    fresh = max(FRESH, dt.timedelta(seconds=2 * settings().poll_every_s))
    found = hot.list_newest(unit, port_ids, after=now - fresh)
    if not port_ids or len(found) < len(set(port_ids)):
        return None
    rates = [
        from_port(rate(one.in_bytes or 0, one.interval_ms), rate(one.out_bytes or 0, one.interval_ms))
        for one in found
    ]
    return Latest(
        at=from_ms(max(sample.at_ms for sample in found)),
        interval_ms=max(sample.interval_ms for sample in found),
        in_bps=sum(received for received, _ in rates),
        out_bps=sum(sent for _, sent in rates),
    )
