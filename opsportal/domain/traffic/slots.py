"""Five-minute slots: what billing counts. Samples are cut at the slots' edges; no byte is lost or made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from opsportal.domain.traffic.counters import MEASURED, Sample
from opsportal.domain.traffic.figures import BILLING_SLOT_S

SLOT_MS = BILLING_SLOT_S * 1_000
SLOTS_A_DAY = 86_400 // BILLING_SLOT_S
HALF_MS = SLOT_MS // 2
"""A slot counts as a sample of the percentile when at least half of it was measured."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(slots=True)
class Slot:
    """What was measured of one slot, in the switch's words."""

    covered_ms: int = 0
    in_bytes: int = 0
    out_bytes: int = 0
    flags: int = 0


def slot_of(at: dt.datetime) -> int:
    """The number of the slot that contains an instant, counted from 1970."""
    return to_ms(at) // SLOT_MS


def slot_start(number: int) -> dt.datetime:
    """When a slot begins."""
    return EPOCH + dt.timedelta(milliseconds=number * SLOT_MS)


def to_ms(at: dt.datetime) -> int:
    """Milliseconds since 1970, exact."""
    return (at - EPOCH) // dt.timedelta(milliseconds=1)


def from_ms(at_ms: int) -> dt.datetime:
    """The instant, aware, in UTC."""
    return EPOCH + dt.timedelta(milliseconds=at_ms)


def spread(samples: Iterable[Sample]) -> dict[int, Slot]:
    """Samples of one port over the slots that they touch, by time.

    The parts of a sample add up to it exactly: each edge gets the whole bytes counted up to it if they
    had flowed evenly, and parts are differences of edges.
    """
    slots: dict[int, Slot] = {}
    for at_ms, interval, in_bytes, out_bytes, flags in samples:
        start = at_ms - interval
        done = done_in = done_out = 0
        for number in range(start // SLOT_MS, -(-at_ms // SLOT_MS)):
            slot = slots.get(number)
            if slot is None:
                slot = slots[number] = Slot()
            slot.flags |= flags
            if not flags & MEASURED or in_bytes is None or out_bytes is None:
                continue
            upto = min(at_ms, (number + 1) * SLOT_MS) - start
            upto_in, upto_out = in_bytes * upto // interval, out_bytes * upto // interval
            slot.covered_ms += upto - done
            slot.in_bytes += upto_in - done_in
            slot.out_bytes += upto_out - done_out
            done, done_in, done_out = upto, upto_in, upto_out
    return slots
