"""A day in one value, and the counters of a switch in another."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.domain.traffic.baselines import pack_baseline, unpack_baseline
from opsportal.domain.traffic.counters import Counters
from opsportal.domain.traffic.days import row_of
from opsportal.domain.traffic.packing import Day, UnreadableDayError, pack, unpack
from opsportal.domain.traffic.slots import SLOT_MS, Slot, slot_start

slots = st.dictionaries(
    st.integers(0, 287),
    st.builds(
        Slot,
        covered_ms=st.integers(0, SLOT_MS),
        in_bytes=st.integers(0, 2**62),
        out_bytes=st.integers(0, 2**62),
        flags=st.integers(0, 63),
    ),
    max_size=40,
)


@given(slots)
def test_what_is_packed_comes_back(written: dict[int, Slot]) -> None:
    day = Day.empty()
    day.add(written)
    again = unpack(pack(day))
    assert again == day
    for number, slot in written.items():
        assert (again.covered_ms[number], again.in_bytes[number]) == (slot.covered_ms, slot.in_bytes)
        assert (again.out_bytes[number], again.flags[number]) == (slot.out_bytes, slot.flags)


@pytest.mark.parametrize("stored", [b"", b"\2" + pack(Day.empty())[1:], b"\1x\x9c\3\0\0\0\0\1"])
def test_a_day_of_another_kind_is_not_misread(stored: bytes) -> None:
    with pytest.raises(UnreadableDayError):
        unpack(stored)


def test_a_usual_day_takes_less_than_two_and_a_half_kilobytes() -> None:
    dice = np.random.default_rng(1)
    day = Day.empty()
    day.flags[:] = b"\1" * 288
    day.covered_ms = array("I", [SLOT_MS]) * 288
    day.in_bytes = array("Q", dice.integers(10**8, 2 * 10**9, 288).tolist())
    day.out_bytes = array("Q", dice.integers(10**8, 2 * 10**9, 288).tolist())
    assert 365 * len(pack(day)) < 900_000


def test_sums_and_maxima_of_a_day_are_numpys() -> None:
    dice = np.random.default_rng(2)
    day = Day.empty()
    day.flags[:] = b"\1" * 288
    covered = dice.integers(0, SLOT_MS + 1, 288)
    received, sent = dice.integers(0, 10**12, 288), dice.integers(0, 10**12, 288)
    day.covered_ms, day.in_bytes = array("I", covered.tolist()), array("Q", received.tolist())
    day.out_bytes = array("Q", sent.tolist())
    row = row_of(1, slot_start(0).date(), day)
    whole = covered >= SLOT_MS // 2
    assert (row.in_sum, row.out_sum) == (int(received.sum()), int(sent.sum()))
    assert (row.samples, row.covered_s) == (int(whole.sum()), int(covered.sum()) // 1_000)
    assert row.in_max_bps == int((received[whole] * 8_000 // covered[whole]).max())
    assert row.out_max_bps == int((sent[whole] * 8_000 // covered[whole]).max())


@given(
    st.dictionaries(
        st.integers(1, 2**62),
        st.builds(
            Counters,
            st.integers(0, 2**50),
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**64 - 1),
            st.integers(0, 2**64 - 1),
            st.none() | st.integers(0, 2**32 - 1),
        ),
        max_size=50,
    )
)
def test_a_baseline_comes_back(counters: dict[int, Counters]) -> None:
    assert unpack_baseline(pack_baseline(counters)) == counters
