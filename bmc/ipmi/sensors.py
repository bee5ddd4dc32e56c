"""Sensors and power draw as scripts. Child processes only."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from bmc.ipmi import event_codes
from bmc.ipmi.asking import GROUP, SENSOR, Command, Refusal, Refused, ask, word
from bmc.ipmi.records import read_repository
from bmc.ipmi.strings import coded_text

Script = Generator[Command, Any, Any]

MAX_SENSORS = 256
_BMC, _FULL, _COMPACT = 0x20, 0x01, 0x02
_THRESHOLD, _SENSOR_SPECIFIC = 0x01, 0x6F
_KINDS = {0x01: "temperature", 0x02: "voltage", 0x03: "current", 0x04: "fan"}  # IPMI v2.0 table 42-3
_UNITS = {1: "°C", 2: "°F", 3: "K", 4: "V", 5: "A", 6: "W", 7: "J", 18: "RPM", 19: "Hz"}  # section 43.17
_WATTS = 6
_UNAVAILABLE, _SCANNED = 0x20, 0x40
_CRITICAL, _WARNING = 0b110110, 0b001001  # section 35.14: lower bits 0-2, upper 3-5; non-critical are 0 and 3
_DCMI = 0xDC

_LINEARIZATIONS: dict[int, Callable[[float], float]] = {  # section 43.1, byte 24
    0: lambda x: x,
    1: math.log,
    2: math.log10,
    3: math.log2,
    4: math.exp,
    5: lambda x: 10.0**x,
    6: lambda x: 2.0**x,
    7: lambda x: 1 / x,
    8: lambda x: x * x,
    9: lambda x: x**3,
    10: math.sqrt,
    11: math.cbrt,
}


@dataclass(frozen=True, slots=True)
class _Sensor:
    record: bytes

    @property
    def number(self) -> int:
        return self.record[7]

    @property
    def type(self) -> int:
        return self.record[12]

    @property
    def is_analog(self) -> bool:
        return self.record[3] == _FULL and self.record[13] == _THRESHOLD and self.record[20] >> 6 != 3

    @property
    def name(self) -> str:
        at = 47 if self.record[3] == _FULL else 31
        kind, length = self.record[at] >> 6, self.record[at] & 0x1F
        return coded_text(kind, self.record[at + 1 : at + 1 + length])

    @property
    def unit(self) -> str:
        return "%" if self.record[20] & 1 else _UNITS.get(self.record[21], "")

    @property
    def kind(self) -> str:
        if self.record[21] == _WATTS and self.is_analog:
            return "power"
        return _KINDS.get(self.type, "other")

    def value(self, raw: int) -> float | None:
        """The raw byte in the sensor's unit (IPMI v2.0 section 36.3); None for what has no value."""
        record = self.record
        form = record[20] >> 6
        if raw & 0x80 and form == 1:
            raw = -(~raw & 0xFF)
        elif raw & 0x80 and form == 2:
            raw -= 256
        m = _signed(record[24] | (record[25] & 0xC0) << 2, 10)
        b = _signed(record[26] | (record[27] & 0xC0) << 2, 10)
        b_exponent, r_exponent = _signed(record[29] & 0x0F, 4), _signed(record[29] >> 4, 4)
        function = _LINEARIZATIONS.get(record[23] & 0x7F)
        if function is None:
            return None
        try:
            value = function((m * raw + b * 10.0**b_exponent) * 10.0**r_exponent)
        except (ArithmeticError, ValueError):
            return None
        return round(value, 3) if math.isfinite(value) and abs(value) < 1e12 else None


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _sensors(records: list[bytes]) -> Iterator[_Sensor]:
    """Records that describe a sensor of the BMC itself; others sit behind a bridge that we do not cross."""
    shortest = {_FULL: 48, _COMPACT: 32}
    for record in records:
        is_sensor = len(record) >= shortest.get(record[3], 256)
        if is_sensor and record[5] == _BMC and record[6] & 0x03 == 0:
            yield _Sensor(record)


def read_sensors(is_late: Callable[[], bool]) -> Script:
    """Every sensor that gives a reading or a state worth knowing, with why there are not more."""
    repository = yield from read_repository(is_late)
    partial = repository.partial
    readings: list[dict[str, Any]] = []
    for sensor in _sensors(repository.records):
        if len(readings) >= MAX_SENSORS:
            partial = partial or "too_many"
            break
        if is_late():
            partial = partial or "out_of_time"
            break
        try:
            answer = yield from ask(SENSOR, 0x2D, sensor.number)
            readings.append(_reading(sensor, answer))
        except Refused as refused:
            if refused.completion != 0xCB:  # "not present": an empty socket, no fault of the answer
                partial = partial or "unreadable"
        except Refusal:
            partial = partial or "unreadable"
    return {"readings": readings, "partial": partial}


def _reading(sensor: _Sensor, answer: bytes) -> dict[str, Any]:
    if len(answer) < 2:
        raise Refusal("bmc_protocol_error")
    is_there = bool(answer[1] & _SCANNED) and not answer[1] & _UNAVAILABLE
    reading: dict[str, Any] = {
        "number": sensor.number,
        "name": sensor.name,
        "kind": sensor.kind,
        "unit": sensor.unit if sensor.is_analog else "",
        "value": None,
        "health": "unknown",
        "states": [],
    }
    if not is_there:
        return reading
    if sensor.is_analog:
        reading["value"] = sensor.value(answer[0])
        if len(answer) > 2:
            reading["health"] = _threshold_health(answer[2])
    elif len(answer) > 2:
        states = answer[2] | (answer[3] & 0x7F) << 8 if len(answer) > 3 else answer[2]
        reading.update(_discrete(sensor, states))
    return reading


def _threshold_health(bits: int) -> str:
    if bits & _CRITICAL:
        return "critical"
    return "warning" if bits & _WARNING else "ok"


def _discrete(sensor: _Sensor, states: int) -> dict[str, Any]:
    event_type = sensor.record[13] & 0x7F
    found = [
        event_codes.describe(sensor.type, event_type, offset) for offset in range(15) if states >> offset & 1
    ]
    known = [(code, severity) for code, severity in found if code != event_codes.UNKNOWN]
    worst = max((severity for _, severity in known), key=event_codes.SEVERITIES.index, default="info")
    return {
        "states": [code for code, _ in known][:4],
        "health": {"info": "ok", "warning": "warning", "critical": "critical"}[worst],
    }


def read_power_draw() -> Script:
    """DCMI Get Power Reading (DCMI v1.5 section 6.6.1)."""
    try:
        answer = yield from ask(GROUP, 0x02, _DCMI, 0x01, 0x00, 0x00)
    except Refused as refused:
        # BMCs without DCMI say so in many ways, "insufficient privilege" among them; busy is busy.
        raise refused if str(refused) == "bmc_busy" else Refusal("bmc_unsupported") from None
    if len(answer) < 18 or answer[0] != _DCMI:
        raise Refusal("bmc_protocol_error")
    if not answer[17] & 0x40:  # the meter does not run
        raise Refusal("bmc_unsupported")
    watts, lowest, highest, average = (word(answer, at) for at in (1, 3, 5, 7))
    return {"watts": watts, "min_watts": lowest, "max_watts": highest, "average_watts": average}
