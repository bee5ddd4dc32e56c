"""What pages get to see of traffic. Everything is named from the server's side: `in` is what it received.

Rates are whole bits per second, totals whole bytes, times aware UTC.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

BILLING_SLOT_S = 300
"""Billing knows five-minute averages only, however often a switch is asked."""
UNIT = "bit/s"


class Span(StrEnum):
    """How far back a graph looks from its end."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class PercentileMethod(StrEnum):
    """How two directions become one billed rate."""

    MAX_OF_P95 = "max_of_p95"
    """The percentile of each direction apart; the higher one is billed. The default."""
    P95_OF_LARGER = "p95_of_larger"
    """Per slot the larger direction, then the percentile."""
    P95_OF_SUM = "p95_of_sum"
    """Per slot the sum of both directions, then the percentile."""
    SUM_OF_P95 = "sum_of_p95"
    """The percentiles of both directions, added."""


@dataclass(frozen=True, slots=True)
class Point:
    """One slot of a graph. None where nothing was measured: a gap, not a zero."""

    at: dt.datetime
    """Where the slot begins."""
    in_bps: int | None
    out_bps: int | None
    """Averages over the measured part of the slot."""
    in_max_bps: int | None
    out_max_bps: int | None
    """The highest five-minute averages inside."""
    covered_s: int
    """Measured seconds of the slot."""
    is_interpolated: bool
    """Exact in sum; how it falls on the slots is an assumption (polls were missed)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without any measurement: [start, end)."""

    start: dt.datetime
    end: dt.datetime
    cause: str
    """A GapCause value: silent, reboot, too_fast, ambiguous, missing."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Whole bytes, exactly as counted."""

    in_bytes: int
    out_bytes: int


@dataclass(frozen=True, slots=True)
class Percentile:
    """The 95th percentile, with what is needed to check it."""

    method: str
    in_bps: int | None
    out_bps: int | None
    billed_bps: int | None
    samples: int
    """Five-minute averages it was taken from."""
    expected: int
    """Five-minute slots of the period in which the service had a port and that are over."""
    coverage_bp: int
    """samples of expected, in basis points (10,000 = all)."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest measurement, as short as the switch is polled."""

    at: dt.datetime
    """When its interval ended."""
    interval_ms: int
    in_bps: int
    out_bps: int


@dataclass(frozen=True, slots=True)
class GraphData:
    """Everything that a graph of one server shows."""

    server_id: int
    service_id: int | None
    span: str
    start: dt.datetime
    end: dt.datetime
    unit: str
    slot_s: int
    """Length of a point: 300 s in a day, 1,800 s in a week, 7,200 s in a month, 86,400 s in a year."""
    points: tuple[Point, ...]
    """One per slot from start to end, without holes; those that lie in the future or in gaps hold None."""
    gaps: tuple[Gap, ...]
    totals: Totals
    percentile: Percentile
    latest: Latest | None
    has_port: bool
    """Whether a switch port is on record for it. Without one there will never be a point."""


@dataclass(frozen=True, slots=True)
class UsageToday:
    """What the servers of a company moved since its viewer's midnight."""

    since: dt.datetime
    in_bytes: int
    out_bytes: int
    in_bps: int | None
    out_bps: int | None
    """Newest rates, all servers together; None when no sample is younger than ten minutes or two polls."""
    servers: int
    """How many servers have a port."""
    last_sample_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class PollerRow:
    """One switch as those who run the data centre see it."""

    switch_id: int
    name: str
    site: str
    host: str
    ports: int
    """Ports that are polled."""
    missing_ports: int
    """Ports on record that the switch does not have at present."""
    last_sample_at: dt.datetime | None
    last_attempt_at: dt.datetime | None
    due_at: dt.datetime
    poll_ms: int | None
    error_code: str | None
    """Null while all is well; else a stable code, worded by `components/labels` (switch_unreachable, …)."""
    failed_since: dt.datetime | None
    gaps: int
    """Gaps that began or lasted in the 24 hours before."""
    gap_s: int
    """Seconds of those gaps that lie in these 24 hours."""
