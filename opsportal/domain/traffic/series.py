"""The slots of a window for one use of one or several ports, from the server's side."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.traffic import days, hot
from opsportal.domain.traffic.directions import from_port
from opsportal.domain.traffic.links import Tenure
from opsportal.domain.traffic.packing import Day
from opsportal.domain.traffic.slots import (
    EPOCH,
    SLOTS_A_DAY,
    Slot,
    slot_start,
    spread,
)
from opsportal.models import SwitchPort

T = TypeVar("T")


@dataclass(slots=True)
class Lane:
    """One port's part of a window: slot `first` and what follows, in the switch's words."""

    first: int
    flags: bytearray
    covered_ms: array[int]
    in_bytes: array[int]
    out_bytes: array[int]


@dataclass(slots=True)
class Series:
    """Slots from `first` on. All lists are equally long."""

    first: int
    covered_ms: list[int]
    """Measured time; of several ports the least. 0 is a gap, or a slot that nobody expects."""
    in_bps: list[int]
    out_bps: list[int]
    """Averages over the measured time, ports added; meaningless where covered_ms is 0."""
    flags: list[int]
    is_expected: bytearray
    """1 where some port served in this slot."""
    in_total: int
    out_total: int
    """Whole bytes of the window, exactly as counted."""


def read_series(unit: Unit, tenures: Sequence[Tenure], *, first: int, end: int) -> Series:
    """What these ports moved in the slots [first, end)."""
    lanes = _read_lanes(unit, tenures)
    length = end - first
    if len(lanes) == 1 and lanes[0].first == first and len(lanes[0].flags) == length:
        return _single(lanes[0])
    series = Series(first, [0] * length, [0] * length, [0] * length, [0] * length, bytearray(length), 0, 0)
    for lane in lanes:
        _add(series, _single(lane))
    return series


def read_slots(unit: Unit, tenures: Sequence[Tenure], *, first: int, end: int) -> list[Slot]:
    """The slots [first, end) with their bytes, in the switch's words; ports added, measured time the least of them."""
    slots = [Slot() for _ in range(end - first)]
    known = bytearray(end - first)
    for lane in _read_lanes(unit, tenures):
        shift = lane.first - first
        for number, covered in enumerate(lane.covered_ms):
            slot = slots[number + shift]
            slot.covered_ms = min(slot.covered_ms, covered) if known[number + shift] else covered
            slot.in_bytes += lane.in_bytes[number]
            slot.out_bytes += lane.out_bytes[number]
            slot.flags |= lane.flags[number]
            known[number + shift] = 1
    return slots


def read_totals(unit: Unit, tenures: Sequence[Tenure]) -> tuple[int, int]:
    """Whole bytes (received, sent) of these ports, exactly as `read_series` adds them up, and much sooner.

    Of whole days the kept sums are read; only days in which a tenure begins or ends are taken apart.
    """
    if not tenures:
        return 0, 0
    ports = sorted({tenure.port_id for tenure in tenures})
    whole, edges = _split(tenures)
    dates = {(edge.port_id, on) for edge in edges for on in _dates(edge)}
    (sums, stored), fresh = _at_one_moment(
        unit, ports, lambda: (days.sum_days(unit, whole), days.read_chosen(unit, dates))
    )
    total_in, total_out = sums
    for lane in (_lane(edge, stored, {}) for edge in edges):
        total_in, total_out = total_in + sum(lane.in_bytes), total_out + sum(lane.out_bytes)
    for tenure in tenures:
        for number, slot in fresh.get(tenure.port_id, {}).items():
            if tenure.first <= number < tenure.end:
                total_in, total_out = total_in + slot.in_bytes, total_out + slot.out_bytes
    return from_port(total_in, total_out)


def _split(tenures: Sequence[Tenure]) -> tuple[list[days.Span], list[Tenure]]:
    """Tenures as their whole UTC days (both ends included) and what lies before and after these."""
    whole: list[days.Span] = []
    edges: list[Tenure] = []
    for one in tenures:
        begin, stop = -(-one.first // SLOTS_A_DAY) * SLOTS_A_DAY, one.end // SLOTS_A_DAY * SLOTS_A_DAY
        if begin >= stop:
            edges.append(one)
            continue
        whole.append((one.port_id, slot_start(begin).date(), slot_start(stop - 1).date()))
        around = (Tenure(one.port_id, one.first, begin), Tenure(one.port_id, stop, one.end))
        edges += [edge for edge in around if edge.first < edge.end]
    return whole, edges


def _dates(part: Tenure) -> set[dt.date]:
    """The days of a part that is no longer than two."""
    return {slot_start(part.first).date(), slot_start(part.end - 1).date()}


def _single(lane: Lane) -> Series:
    received, sent = from_port(lane.in_bytes, lane.out_bytes)
    covered = lane.covered_ms.tolist()
    return Series(
        first=lane.first,
        covered_ms=covered,
        in_bps=[n * 8_000 // ms if ms else 0 for n, ms in zip(received, covered, strict=True)],
        out_bps=[n * 8_000 // ms if ms else 0 for n, ms in zip(sent, covered, strict=True)],
        flags=list(lane.flags),
        is_expected=bytearray(b"\1") * len(covered),
        in_total=sum(received),
        out_total=sum(sent),
    )


def _add(whole: Series, part: Series) -> None:
    """Add a port per slot. Where one of several has a gap the sum would be too small: that is a gap, too."""
    shift = part.first - whole.first
    for number, covered in enumerate(part.covered_ms):
        at = number + shift
        whole.covered_ms[at] = min(whole.covered_ms[at], covered) if whole.is_expected[at] else covered
        whole.is_expected[at] = 1
        whole.in_bps[at] += part.in_bps[number]
        whole.out_bps[at] += part.out_bps[number]
        whole.flags[at] |= part.flags[number]
    whole.in_total += part.in_total
    whole.out_total += part.out_total


def _read_lanes(unit: Unit, tenures: Sequence[Tenure]) -> list[Lane]:
    if not tenures:
        return []
    ports = sorted({tenure.port_id for tenure in tenures})
    first = slot_start(min(tenure.first for tenure in tenures)).date()
    last = slot_start(max(tenure.end for tenure in tenures) - 1).date()
    stored, fresh = _at_one_moment(unit, ports, lambda: days.read_days(unit, ports, first=first, last=last))
    return [_lane(tenure, stored, fresh.get(tenure.port_id, {})) for tenure in tenures]


def _at_one_moment(
    unit: Unit, ports: Sequence[int], read: Callable[[], T]
) -> tuple[T, dict[int, dict[int, Slot]]]:
    """What is read of ports' days, and by port the slots of those samples that are in no day yet."""
    through = _compacted(unit, ports)
    while True:
        stored = read()
        fresh = {port: spread(mine) for port, mine in hot.list_samples(unit, through).items()}
        # Compaction that ended in between moved samples into days: read again, or they count twice or not at all.
        before, through = through, _compacted(unit, ports)
        if through == before:
            return stored, fresh


def _compacted(unit: Unit, ports: Sequence[int]) -> dict[int, dt.datetime]:
    """Up to where the samples of each port are in its days, as it is committed now."""
    query = select(col(SwitchPort.id), col(SwitchPort.compacted_through)).where(col(SwitchPort.id).in_(ports))
    return {port or 0: reached or EPOCH for port, reached in unit.exec(query)}


def _lane(tenure: Tenure, stored: dict[tuple[int, dt.date], Day], fresh: dict[int, Slot]) -> Lane:
    lane = Lane(tenure.first, bytearray(), array("I"), array("Q"), array("Q"))
    at = tenure.first
    while at < tenure.end:
        midnight = at - at % SLOTS_A_DAY
        part = slice(at - midnight, min(tenure.end - midnight, SLOTS_A_DAY))
        day = stored.get((tenure.port_id, slot_start(at).date())) or _NOTHING
        lane.flags += day.flags[part]
        lane.covered_ms += day.covered_ms[part]
        lane.in_bytes += day.in_bytes[part]
        lane.out_bytes += day.out_bytes[part]
        at = midnight + SLOTS_A_DAY
    for number, slot in fresh.items():
        if tenure.first <= number < tenure.end:
            index = number - tenure.first
            lane.flags[index] |= slot.flags
            lane.covered_ms[index] += slot.covered_ms
            lane.in_bytes[index] += slot.in_bytes
            lane.out_bytes[index] += slot.out_bytes
    return lane


_NOTHING = Day.empty()
