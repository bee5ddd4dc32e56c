"""Samples over five-minute slots: nothing lost, nothing made."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from opsportal.domain.traffic.counters import INTERPOLATED, MEASURED, REBOOT, Sample
from opsportal.domain.traffic.slots import SLOT_MS, Slot, from_ms, slot_of, slot_start, spread, to_ms

EDGE = 5_966_667 * SLOT_MS


def measured(end_ms: int, interval: int, received: int = 0, sent: int = 0, flags: int = MEASURED) -> Sample:
    return Sample(EDGE + end_ms, interval, received, sent, flags)


@st.composite
def histories(draw: st.DrawFn) -> list[Sample]:
    """Samples of one port that follow each other without a hole."""
    at = EDGE + draw(st.integers(0, SLOT_MS))
    samples = []
    for interval in draw(st.lists(st.integers(1, 20 * SLOT_MS), min_size=1, max_size=12)):
        at += interval
        count = st.integers(0, 2**45)
        samples.append(Sample(at, interval, draw(count), draw(count), MEASURED))
    return samples


@given(histories())
def test_parts_add_up_to_the_sample_to_the_byte_and_to_the_millisecond(samples: list[Sample]) -> None:
    slots = spread(samples).values()
    assert sum(slot.in_bytes for slot in slots) == sum(s.in_bytes or 0 for s in samples)
    assert sum(slot.out_bytes for slot in slots) == sum(s.out_bytes or 0 for s in samples)
    assert sum(slot.covered_ms for slot in slots) == sum(s.interval_ms for s in samples)


@given(histories())
def test_no_slot_is_measured_for_longer_than_it_is(samples: list[Sample]) -> None:
    assert all(0 < slot.covered_ms <= SLOT_MS for slot in spread(samples).values())


@given(histories(), st.integers(0, 11))
def test_a_history_in_two_parts_gives_the_same_slots(samples: list[Sample], cut: int) -> None:
    """Compaction runs at any time: what it adds up must not depend on when."""
    whole, first, second = spread(samples), spread(samples[:cut]), spread(samples[cut:])
    for number, slot in whole.items():
        parts = [part[number] for part in (first, second) if number in part]
        assert slot.in_bytes == sum(part.in_bytes for part in parts)
        assert slot.covered_ms == sum(part.covered_ms for part in parts)


def test_a_sample_inside_a_slot_stays_whole() -> None:
    number = EDGE // SLOT_MS
    assert spread([measured(20_000, 10_000, 7, 8)]) == {number: Slot(10_000, 7, 8, MEASURED)}


def test_a_sample_over_an_edge_is_cut_by_time() -> None:
    number = EDGE // SLOT_MS
    assert spread([measured(30_000, 120_000, 1_000, 10)]) == {
        number - 1: Slot(90_000, 750, 7, MEASURED),
        number: Slot(30_000, 250, 3, MEASURED),
    }


def test_a_sample_that_ends_on_an_edge_does_not_touch_the_next_slot() -> None:
    assert list(spread([measured(0, SLOT_MS, 5)])) == [EDGE // SLOT_MS - 1]


def test_missed_polls_fill_every_slot_between_and_say_so() -> None:
    flags = MEASURED | INTERPOLATED
    slots = spread([measured(0, 12 * SLOT_MS, 12_000, 6_000, flags)])
    assert list(slots.values()) == [Slot(SLOT_MS, 1_000, 500, flags)] * 12


def test_a_reboot_marks_its_slots_and_measures_nothing() -> None:
    slots = spread([Sample(EDGE, 2 * SLOT_MS, None, None, REBOOT)])
    assert list(slots.values()) == [Slot(0, 0, 0, REBOOT)] * 2


@given(st.datetimes(timezones=st.just(dt.UTC)).filter(lambda at: at.year > 1970))
def test_slots_are_marks_of_the_clock(at: dt.datetime) -> None:
    start = slot_start(slot_of(at))
    assert start <= at < start + dt.timedelta(minutes=5)
    assert (start.minute % 5, start.second, start.microsecond) == (0, 0, 0)
    assert from_ms(to_ms(at)) == at.replace(microsecond=at.microsecond // 1_000 * 1_000)
