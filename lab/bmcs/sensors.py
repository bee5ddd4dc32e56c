"""What a virtual BMC says about its machine's health: sensors, event log, power draw.

Records are laid out as IPMI 2.0 has them (sections 31 to 43); values follow the machine: a machine that is off is cold
and its fans stand still. Every third machine has something to complain about.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.bmcs import units
from lab.bmcs.machines import Machine

SENSOR, STORAGE, GROUP = 0x04, 0x0A, 0x2C
OK, BAD_FIELD, INVALID_COMMAND, NOT_PRESENT = 0x00, 0xCC, 0xC1, 0xCB
Answer = tuple[int, bytes]
_FULL, _COMPACT = 0x01, 0x02
_SCANNED, _UNAVAILABLE = 0xC0, 0xE0
_LAST = 0xFFFF
_DCMI = 0xDC


@dataclass(frozen=True)
class Gauge:
    """A sensor with a value: `while_on` and `while_off` in its unit, raw values times `m`."""

    number: int
    name: str
    sensor_type: int
    unit: int
    m: int
    while_on: float
    while_off: float | None
    warns_above: float = math.inf


def _gauges(machine: Machine) -> tuple[Gauge, ...]:
    luck = _luck(machine)
    hot = 18 if luck % 3 == 0 else 0
    return (
        Gauge(1, "CPU Temp", 1, 1, 1, 48 + luck % 9 + hot, 24, 70),
        Gauge(2, "Inlet Temp", 1, 1, 1, 22 + luck % 4, 21, 40),
        Gauge(3, "DIMM Temp", 1, 1, 1, 39 + luck % 6, 23, 80),
        Gauge(4, "FAN1", 4, 18, 100, 5_400 + 100 * (luck % 7), None),
        Gauge(5, "FAN2", 4, 18, 100, 5_300 + 100 * (luck % 5), None),
        Gauge(6, "PSU1 Power", 8, 6, 2, 140 + luck % 80, 12),
    )


_SUPPLIES = ((20, "PSU1 Status"), (21, "PSU2 Status"))


def _luck(machine: Machine) -> int:
    if machine.identity.parts:  # fresh from the factory: nothing of it is worn
        return 1
    return hashlib.sha256(machine.identity.name.encode()).digest()[0]


def _full(gauge: Gauge) -> bytes:
    text = gauge.name.encode()
    body = [0x20, 0, gauge.number, 3, 1, 0x7F, 0x68, gauge.sensor_type, 0x01, *[0] * 6]
    body += [0x00, gauge.unit, 0x00, 0x00, gauge.m, 0x00, 0, 0, 0, 0, *[0] * 17]
    body += [0xC0 | len(text), *text]
    return bytes([0x51, _FULL, len(body), *body])


def _compact(number: int, name: str) -> bytes:
    text = name.encode()
    body = [0x20, 0, number, 10, 1, 0x7F, 0x68, 0x08, 0x6F, *[0] * 17, 0xC0 | len(text), *text]
    return bytes([0x51, _COMPACT, len(body), *body])


def _records(machine: Machine) -> list[bytes]:
    made = [*map(_full, _gauges(machine)), *(_compact(*supply) for supply in _SUPPLIES)]
    made += units.locators(machine)
    return [number.to_bytes(2, "little") + record for number, record in enumerate(made, 1)]


def _repository_info(machine: Machine, data: bytes) -> Answer:
    return OK, bytes([0x51, *len(_records(machine)).to_bytes(2, "little"), 0, 0, *[0] * 8, 0])


def _reserve(machine: Machine, data: bytes) -> Answer:
    return OK, b"\x01\x00"


def _sdr(machine: Machine, data: bytes) -> Answer:
    """Get SDR (33.12)."""
    records = _records(machine)
    at, offset, count = data[2] | data[3] << 8, data[4], data[5]
    at = 1 if at == 0 else at
    if not 1 <= at <= len(records):
        return NOT_PRESENT, b""
    following = at + 1 if at < len(records) else _LAST
    return OK, following.to_bytes(2, "little") + records[at - 1][offset : offset + count]


def _reading(machine: Machine, data: bytes) -> Answer:
    """Get Sensor Reading (35.14)."""
    for gauge in _gauges(machine):
        if gauge.number == data[0]:
            return OK, _gauge_reading(machine, gauge)
    if data[0] in dict(_SUPPLIES):
        is_broken = data[0] == 21 and _luck(machine) % 3 == 0
        return OK, bytes([0, _SCANNED, 0b1000 if is_broken else 0b0001, 0x80])
    return NOT_PRESENT, b""


def _gauge_reading(machine: Machine, gauge: Gauge) -> bytes:
    value = gauge.while_on if machine.is_on else gauge.while_off
    if value is None:
        return bytes([0, _UNAVAILABLE, 0, 0])
    value += math.sin(time.time() / 40 + gauge.number) * gauge.m * 1.5
    states = 0b001000 if value > gauge.warns_above else 0
    return bytes([max(0, min(255, round(value / gauge.m))), _SCANNED, 0xC0 | states])


def _log(machine: Machine) -> list[bytes]:
    """What has happened since the machine was built: boots, and for every third one a mains failure."""
    luck, now = _luck(machine), int(time.time())
    events: list[tuple[int, Sequence[int]]] = [
        (86_400 * 9, (0x10, 0x40, 0x6F, 0x02, 0xFF, 0xFF)),  # log cleared
        (86_400 * 9 - 90, (0x1D, 0x41, 0x6F, 0x00, 0xFF, 0xFF)),  # started by power-on
        (86_400 * 2 + luck * 60, (0x0C, 0x42, 0x6F, 0x00, 0xFF, 0x02)),  # memory error corrected
    ]
    if luck % 3 == 0:
        events.append((7_200 + luck, (0x08, 21, 0x6F, 0x03, 0xFF, 0xFF)))  # supply without mains
        events.append((3_600, (0x01, 1, 0x01, 0x57, 0x48, 0x46)))  # processor above the warning limit
    return [
        bytes([*number.to_bytes(2, "little"), 0x02, *(now - ago).to_bytes(4, "little"), 0x20, 0, 4, *event])
        for number, (ago, event) in enumerate(events, 1)
    ]


def _log_info(machine: Machine, data: bytes) -> Answer:
    return OK, bytes([0x51, *len(_log(machine)).to_bytes(2, "little"), 0xFF, 0x0F, *[0] * 8, 0])


def _log_entry(machine: Machine, data: bytes) -> Answer:
    """Get SEL Entry (31.5)."""
    entries = _log(machine)
    at = data[2] | data[3] << 8
    at = {0: 1, _LAST: len(entries)}.get(at, at)
    if not 1 <= at <= len(entries):
        return NOT_PRESENT, b""
    following = at + 1 if at < len(entries) else _LAST
    return OK, following.to_bytes(2, "little") + entries[at - 1]


def _power_draw(machine: Machine, data: bytes) -> Answer:
    """DCMI Get Power Reading (DCMI 1.5, 6.6.1)."""
    if data[0] != _DCMI:
        return INVALID_COMMAND, b""
    if data[1] != 1:
        return BAD_FIELD, b""
    base = 140 + _luck(machine) % 80 if machine.is_on else 12
    now = round(base + math.sin(time.time() / 30) * 6)
    figures = (now, base - 9, base + 31, base)
    words = b"".join(figure.to_bytes(2, "little") for figure in figures)
    return OK, bytes([_DCMI]) + words + int(time.time()).to_bytes(4, "little") + bytes([0xE8, 3, 0, 0, 0x40])


COMMANDS: dict[tuple[int, int], Callable[[Machine, bytes], Answer]] = {
    (STORAGE, 0x20): _repository_info,
    (STORAGE, 0x22): _reserve,
    (STORAGE, 0x23): _sdr,
    (STORAGE, 0x40): _log_info,
    (STORAGE, 0x43): _log_entry,
    (SENSOR, 0x2D): _reading,
    (GROUP, 0x02): _power_draw,
}
