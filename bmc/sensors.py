"""What a machine's sensors say, and how much power it draws, as capabilities."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

MAX_SENSORS = 256
"""More than any server of ours has; a BMC that lists more is read so far."""


class SensorKind(StrEnum):
    """What is measured, as far as people tell it apart (IPMI v2.0 table 42-3)."""

    TEMPERATURE = "temperature"
    VOLTAGE = "voltage"
    CURRENT = "current"
    FAN = "fan"
    POWER = "power"
    OTHER = "other"


class Health(StrEnum):
    """Against the thresholds that the BMC keeps."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class Partial(StrEnum):
    """Why an answer is not everything. A partial answer is still an answer."""

    TOO_MANY = "too_many"
    """More than we take; the rest was not read."""
    UNREADABLE = "unreadable"
    """Some records are malformed, or the BMC refused to give them."""
    OUT_OF_TIME = "out_of_time"
    """The time ended first."""
    CHANGED = "changed"
    """The BMC changed its records while they were read."""


@dataclass(frozen=True, slots=True)
class SensorReading:
    """One sensor. `value` is None while it gives none (a machine that is off, an empty socket)."""

    name: str
    kind: SensorKind
    value: float | None
    unit: str
    """"°C", "V", "A", "RPM", "W", "%" or "" where the BMC names none that we know."""
    health: Health
    states: tuple[str, ...] = ()
    """Of a sensor that has states instead of a value: codes as of events ("power_supply.failed")."""
    number: int | None = None
    """By which events name the sensor; None where there are no numbers."""


@dataclass(frozen=True, slots=True)
class SensorAnswer:
    """All sensors that could be read, and why there are not more."""

    readings: tuple[SensorReading, ...]
    partial: Partial | None = None


@dataclass(frozen=True, slots=True)
class PowerDrawAnswer:
    """Watts as the BMC measures them. The others are over its own sampling period, None if it has none."""

    watts: int
    min_watts: int | None = None
    max_watts: int | None = None
    average_watts: int | None = None


@runtime_checkable
class Sensors(Protocol):
    """The capability to read sensors."""

    def read_sensors(self, *, timeout_s: float) -> SensorAnswer:
        """Read every sensor; what cannot be read is left out and said. Raises BmcError when none can."""
        ...


@runtime_checkable
class PowerDraw(Protocol):
    """The capability to measure power."""

    def read_power_draw(self, *, timeout_s: float) -> PowerDrawAnswer:
        """Ask now. Raises BmcError; BmcUnsupported when the machine has no meter."""
        ...
