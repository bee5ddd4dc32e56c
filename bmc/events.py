"""The system event log (SEL), as a capability."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bmc.sensors import Partial

MAX_EVENTS = 256
"""So many are read at most, whatever the log claims to hold."""


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class BmcEvent:
    """One record. `code` is ours and stable ("memory.uncorrectable_error"), for words in the reader's
    language; "unknown" and "oem" for what nobody can tell. `at` is the BMC's own clock, None before that
    was set."""

    record_id: int
    at: dt.datetime | None
    code: str
    kind: str
    """What kind of sensor says it ("memory", "fan"), or "other"."""
    severity: Severity
    is_over: bool
    """The condition has ended with this record ("deassertion")."""
    sensor_number: int | None = None
    """The `number` of a SensorReading, whose name is the sensor's."""
    detail: str = ""
    """What the BMC adds, cleaned: hexadecimal for what we have no code for."""


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """The newest records, newest first. `total`: how many the BMC says it holds."""

    events: tuple[BmcEvent, ...]
    total: int
    partial: Partial | None = None


@runtime_checkable
class EventLog(Protocol):
    """The capability to read the event log. Nothing is ever cleared."""

    def read_events(self, *, limit: int = 50, timeout_s: float) -> EventAnswer:
        """The newest `limit` records (at most MAX_EVENTS). Raises BmcError when the log cannot be read."""
        ...
