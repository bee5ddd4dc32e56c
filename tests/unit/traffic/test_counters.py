"""The rules by which counters become bytes, each with what breaks without it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.domain.traffic.counters import (
    AMBIGUOUS,
    INTERPOLATED,
    MEASURED,
    REBOOT,
    TOO_FAST,
    WRAPPED,
    Counters,
    Sample,
    difference,
    is_continuous,
)

START = 1_790_000_000_000
MINUTES_5 = 300_000
GIGABIT = 1_000
octets = st.integers(0, 2**64 - 1)


def reading(
    after_ms: int = 0,
    *,
    received: int = 0,
    sent: int = 0,
    uptime_cs: int | None = None,
    broken: int | None = 0,
) -> Counters:
    """What a switch says that has been up for a day at START."""
    uptime = (8_640_000 + after_ms // 10) % 2**32 if uptime_cs is None else uptime_cs
    return Counters(START + after_ms, uptime, received, sent, broken)


def between(before: Counters, now: Counters, *, bits: int = 64, speed: int | None = GIGABIT) -> Sample | None:
    return difference(before, now, bits=bits, speed_mbps=speed)


@given(octets, octets, st.integers(1, 2**40), st.integers(1, 2**40), st.integers(1, 400_000))
def test_what_was_counted_is_what_is_said_also_across_the_wrap(
    begin_in: int, begin_out: int, received: int, sent: int, interval: int
) -> None:
    before = reading(received=begin_in, sent=begin_out)
    now = reading(interval, received=(begin_in + received) % 2**64, sent=(begin_out + sent) % 2**64)
    wraps = begin_in + received >= 2**64 or begin_out + sent >= 2**64
    flags = MEASURED | (WRAPPED if wraps else 0)
    assert between(before, now, speed=None) == Sample(now.at_ms, interval, received, sent, flags)


@given(st.integers(0, 2**32 - 1), st.integers(0, 30_000_000))
def test_a_32_bit_counter_wraps_at_32_bits(begin: int, received: int) -> None:
    now = reading(10_000, received=(begin + received) % 2**32)
    sample = between(reading(received=begin), now, bits=32, speed=100)
    assert sample is not None
    assert sample.in_bytes == received
    assert bool(sample.flags & WRAPPED) == (begin + received >= 2**32)


def test_the_rate_rests_on_the_measured_interval_not_on_the_planned_one() -> None:
    sample = between(reading(), reading(312_345, received=10))
    assert sample == Sample(START + 312_345, 312_345, 10, 0, MEASURED)


@pytest.mark.parametrize("uptime", [0, 4_000, 8_640_000 - 1, 8_640_000 + 30_000 + 3_001, 8_640_000 + 26_999])
def test_uptime_that_advanced_unlike_the_clock_is_a_reboot_and_nothing_is_known(uptime: int) -> None:
    sample = between(reading(received=5), reading(MINUTES_5, received=9, uptime_cs=uptime))
    assert sample == Sample(START + MINUTES_5, MINUTES_5, None, None, REBOOT)


@pytest.mark.parametrize("drift_cs", [-3_000, 0, 3_000])
def test_clocks_may_drift_a_little(drift_cs: int) -> None:
    sample = between(reading(), reading(MINUTES_5, received=9, uptime_cs=8_670_000 + drift_cs))
    assert sample is not None
    assert sample.flags == MEASURED


def test_a_short_interval_allows_for_a_slow_network_but_not_for_a_quick_reboot() -> None:
    assert is_continuous(reading(), reading(10_000, uptime_cs=8_640_000 + 600))
    assert not is_continuous(reading(uptime_cs=2_000), reading(10_000, uptime_cs=500))


@given(st.integers(1, 29_999))
def test_uptime_itself_wraps_after_497_days_without_a_reboot(before_wrap_cs: int) -> None:
    before = reading(uptime_cs=2**32 - before_wrap_cs)
    now = reading(MINUTES_5, received=7, uptime_cs=30_000 - before_wrap_cs)
    assert between(before, now) == Sample(now.at_ms, MINUTES_5, 7, 0, MEASURED)


def test_another_discontinuity_time_is_a_new_beginning_of_this_port() -> None:
    sample = between(reading(received=5, broken=0), reading(MINUTES_5, received=9, broken=8_650_000))
    assert sample == Sample(START + MINUTES_5, MINUTES_5, None, None, REBOOT)


@pytest.mark.parametrize(("before", "now"), [(None, 5), (5, None), (None, None), (5, 5)])
def test_a_discontinuity_time_that_one_side_lacks_proves_nothing(before: int | None, now: int | None) -> None:
    assert is_continuous(reading(broken=before), reading(MINUTES_5, broken=now))


def test_a_smaller_counter_after_a_reboot_is_no_wrap() -> None:
    sample = between(reading(received=2**63), reading(MINUTES_5, received=10, uptime_cs=100))
    assert sample is not None
    assert (sample.in_bytes, sample.flags) == (None, REBOOT)


@pytest.mark.parametrize(("octets", "flags"), [(39_375_000_000, MEASURED), (39_375_000_001, TOO_FAST)])
def test_more_than_105_percent_of_the_speed_is_not_believed(octets: int, flags: int) -> None:
    for counts in ({"received": octets}, {"sent": octets}):
        sample = between(reading(), reading(MINUTES_5, **counts))
        assert sample is not None
        assert sample.flags == flags
        assert (sample.in_bytes is None) == (flags == TOO_FAST)


def test_a_counter_that_jumps_back_for_no_reason_is_not_a_flood_of_exabytes() -> None:
    sample = between(reading(received=100), reading(MINUTES_5, received=99))
    assert sample == Sample(START + MINUTES_5, MINUTES_5, None, None, TOO_FAST)
    unknown = between(reading(received=100), reading(MINUTES_5, received=99), speed=None)
    assert unknown == Sample(START + MINUTES_5, MINUTES_5, None, None, TOO_FAST)


@pytest.mark.parametrize(
    ("speed", "interval", "flags"),
    [
        (100, 343_597, MEASURED),  # 2^32 bytes at 100 Mb/s take 343.597 s
        (100, 343_598, AMBIGUOUS),
        (1_000, 34_359, MEASURED),
        (1_000, 34_360, AMBIGUOUS),
        (None, 10_000, AMBIGUOUS),
        (0, 10_000, AMBIGUOUS),
    ],
)
def test_a_32_bit_counter_that_may_have_wrapped_twice_says_nothing(
    speed: int | None, interval: int, flags: int
) -> None:
    sample = between(reading(), reading(interval, received=9), bits=32, speed=speed)
    assert sample is not None
    assert (sample.flags, sample.in_bytes is None) == (flags, flags == AMBIGUOUS)


@given(st.integers(450_001, 40 * 86_400_000), st.integers(0, 10**9))
def test_after_missed_polls_the_difference_is_exact_and_says_that_it_is_spread(
    interval: int, received: int
) -> None:
    sample = between(reading(), reading(interval, received=received))
    assert sample == Sample(START + interval, interval, received, 0, MEASURED | INTERPOLATED)


@given(st.integers(-(10**9), 0), octets)
def test_time_that_did_not_pass_gives_no_sample_and_keeps_the_baseline(interval: int, received: int) -> None:
    assert between(reading(), reading(interval, received=received)) is None
