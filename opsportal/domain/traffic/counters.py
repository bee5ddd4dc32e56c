"""From two readings of a port's counters to the bytes between them. Pure; each rule was a bug somewhere.

1. Time is the measured one: receive time and sysUpTime come with the counters, in one datagram.
2. sysUpTime that advanced unlike the clock, or another ifCounterDiscontinuityTime: the counters began anew.
   Nothing is known about the interval. (sysUpTime itself wraps after 497 days: that is no reboot.)
3. A smaller counter with continuity proven is a wrap.
4. More than 1.05 times the port's speed is not believed.
5. A 32-bit counter that may have wrapped more than once says nothing.
6. After missed polls the difference is exact over the whole time, and says so.
"""

from __future__ import annotations

from typing import NamedTuple

from opsportal.models import SampleFlag

UPTIME_WRAP = 2**32
"""sysUpTime counts hundredths of a second in 32 bits (RFC 3418)."""
SLACK_MS = 5_000
"""Ten percent of a short interval is less than what a busy network adds to an answer."""
MOST_DRIFT_MS = 30_000
LONGEST_USUAL_MS = 450_000
"""One and a half billing slots: longer intervals are spread over slots that nobody has measured."""
PLAUSIBLE_BYTES = 2**62
"""More is a broken counter even on a port that does not say how fast it is."""


class Counters(NamedTuple):
    """What one port said at one instant, in the switch's words."""

    at_ms: int
    uptime_cs: int
    in_octets: int
    out_octets: int
    discontinuity_cs: int | None


class Sample(NamedTuple):
    """What went through a port in the `interval_ms` before `at_ms`. Bytes are None without MEASURED."""

    at_ms: int
    interval_ms: int
    in_bytes: int | None
    out_bytes: int | None
    flags: int


MEASURED = int(SampleFlag.MEASURED)
INTERPOLATED = int(SampleFlag.INTERPOLATED)
WRAPPED = int(SampleFlag.WRAPPED)
REBOOT = int(SampleFlag.REBOOT)
TOO_FAST = int(SampleFlag.TOO_FAST)
AMBIGUOUS = int(SampleFlag.AMBIGUOUS)


def difference(before: Counters, now: Counters, *, bits: int, speed_mbps: int | None) -> Sample | None:
    """The sample between two readings of a port whose counters are `bits` wide.

    None when no time has passed by our clock (it was set back, or the reading is an old one): the earlier
    reading stays the baseline, so that nothing is counted twice.
    """
    interval = now.at_ms - before.at_ms
    if interval <= 0:
        return None
    if not is_continuous(before, now):
        return Sample(now.at_ms, interval, None, None, REBOOT)
    if bits == 32 and _may_have_wrapped_twice(interval, speed_mbps):
        return Sample(now.at_ms, interval, None, None, AMBIGUOUS)
    flags = MEASURED if interval <= LONGEST_USUAL_MS else MEASURED | INTERPOLATED
    received = now.in_octets - before.in_octets
    sent = now.out_octets - before.out_octets
    if received < 0 or sent < 0:
        flags |= WRAPPED
        received %= 1 << bits
        sent %= 1 << bits
    if _is_too_fast(max(sent, received), interval, speed_mbps):
        return Sample(now.at_ms, interval, None, None, TOO_FAST)
    return Sample(now.at_ms, interval, received, sent, flags)


def is_continuous(before: Counters, now: Counters) -> bool:
    """Whether the counters ran through, as far as the switch's own clock can prove it."""
    at, uptime, _, _, broken = now
    at_before, uptime_before, _, _, broken_before = before
    if broken != broken_before and broken is not None and broken_before is not None:
        return False
    interval = at - at_before
    advanced = (uptime - uptime_before) % UPTIME_WRAP * 10
    return abs(advanced - interval) <= min(MOST_DRIFT_MS, max(interval // 10, SLACK_MS))


def _may_have_wrapped_twice(interval_ms: int, speed_mbps: int | None) -> bool:
    """2^32 bytes take 2^32 * 8 / speed seconds at least; of a port of unknown speed nobody can tell."""
    return not speed_mbps or interval_ms * speed_mbps * 1_000 > 2**32 * 8


def _is_too_fast(count: int, interval_ms: int, speed_mbps: int | None) -> bool:
    """Over 1.05 times the speed: count * 8 bits / (interval / 1000) s > 1.05 * speed * 10^6."""
    if not speed_mbps:
        return count >= PLAUSIBLE_BYTES
    return count * 8 * 100 > 105 * speed_mbps * 1_000 * interval_ms
