"""One port's day in one value: 288 slots of flags, measured time, bytes in and bytes out.

Version 1: a version byte, then zlib over planes. A plane holds the n-th byte of every number: the high ones
are mostly zero and vanish, the low ones are noise. 2.2 to 2.4 KB a day, at most 0.9 MB a year.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from opsportal.domain.traffic.slots import SLOTS_A_DAY, Slot

VERSION = 1
_N = SLOTS_A_DAY
_RAW = _N + 4 * _N + 8 * _N + 8 * _N


class UnreadableDayError(Exception):
    """A stored day has another version or length than this code writes."""


@dataclass(slots=True)
class Day:
    """288 slots as columns. A slot with `covered_ms` 0 was not measured at all."""

    flags: bytearray
    covered_ms: array[int]
    in_bytes: array[int]
    out_bytes: array[int]

    @classmethod
    def empty(cls) -> Day:
        return cls(
            bytearray(_N), array("I", bytes(4 * _N)), array("Q", bytes(8 * _N)), array("Q", bytes(8 * _N))
        )

    def add(self, slots: Mapping[int, Slot]) -> None:
        """Add to slots, numbered from the day's beginning, what was measured of them since."""
        for number, slot in slots.items():
            self.flags[number] |= slot.flags
            self.covered_ms[number] += slot.covered_ms
            self.in_bytes[number] += slot.in_bytes
            self.out_bytes[number] += slot.out_bytes


def pack(day: Day) -> bytes:
    """The day as it is stored."""
    planes = b"".join(
        (bytes(day.flags), _planes(day.covered_ms), _planes(day.in_bytes), _planes(day.out_bytes))
    )
    return bytes((VERSION,)) + zlib.compress(planes, 1)


def unpack(stored: bytes) -> Day:
    """The day that was packed. Raises UnreadableDayError."""
    if not stored or stored[0] != VERSION:
        raise UnreadableDayError
    planes = zlib.decompress(stored[1:])
    if len(planes) != _RAW:
        raise UnreadableDayError
    return Day(
        bytearray(planes[:_N]),
        _numbers("I", planes[_N : 5 * _N]),
        _numbers("Q", planes[5 * _N : 13 * _N]),
        _numbers("Q", planes[13 * _N :]),
    )


def _planes(numbers: array[int]) -> bytes:
    raw, width = _little(numbers).tobytes(), numbers.itemsize
    return b"".join(raw[plane::width] for plane in range(width))


def _numbers(typecode: str, planes: bytes) -> array[int]:
    numbers = array(typecode)
    width = numbers.itemsize
    raw = bytearray(len(planes))
    for plane in range(width):
        raw[plane::width] = planes[plane * _N : (plane + 1) * _N]
    numbers.frombytes(raw)
    return _little(numbers)


def _little(numbers: array[int]) -> array[int]:
    if sys.byteorder == "little":
        return numbers
    swapped = array(numbers.typecode, numbers)
    swapped.byteswap()
    return swapped
