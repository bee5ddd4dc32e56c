"""Every five-minute slot of a billing cycle, as it was counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_service_for
from opsportal.domain.traffic import links
from opsportal.domain.traffic.counters import AMBIGUOUS, INTERPOLATED, REBOOT, TOO_FAST, WRAPPED
from opsportal.domain.traffic.cycles import Cycle, cycle_on
from opsportal.domain.traffic.directions import from_port
from opsportal.domain.traffic.series import read_slots
from opsportal.domain.traffic.slots import slot_of, slot_start
from opsportal.models.base import utcnow

NAMES = (
    (INTERPOLATED, "interpolated"),
    (WRAPPED, "wrapped"),
    (REBOOT, "reboot"),
    (TOO_FAST, "too_fast"),
    (AMBIGUOUS, "ambiguous"),
)


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A slot from the server's side. Nothing is known of one with `measured_ms` 0."""

    start: dt.datetime
    end: dt.datetime
    in_bytes: int
    out_bytes: int
    measured_ms: int
    """Of several ports the least."""
    flags: str

    @property
    def in_bps(self) -> int:
        return self.in_bytes * 8_000 // self.measured_ms

    @property
    def out_bps(self) -> int:
        return self.out_bytes * 8_000 // self.measured_ms


@dataclass(frozen=True, slots=True)
class CycleSamples:
    service: str
    cycle: Cycle
    rows: list[SampleRow]


def read_samples(actor: Actor, unit: Unit, service_id: int, *, day: dt.date | None = None) -> CycleSamples:
    """The slots of the cycle that a day (today when None) lies in, up to now; also of a service that has ended.

    Every port counts for the time in which the service used it, and for no other.
    """
    service = access_service_for(actor, unit, service_id, permission=Permission.TRAFFIC_VIEW)
    assert service.id is not None
    cycle = cycle_on(service, day)
    first, end = slot_of(cycle.start), min(slot_of(cycle.end), slot_of(utcnow()) + 1)
    if first >= end:
        return CycleSamples(service.name, cycle, [])
    tenures = links.list_tenures(unit, server_id=0, service_id=service.id, first=first, end=end)
    rows = []
    for number, slot in enumerate(read_slots(unit, tenures, first=first, end=end), start=first):
        received, sent = from_port(slot.in_bytes, slot.out_bytes)
        flags = " ".join(name for flag, name in NAMES if slot.flags & flag)
        rows.append(
            SampleRow(slot_start(number), slot_start(number + 1), received, sent, slot.covered_ms, flags)
        )
    return CycleSamples(service.name, cycle, rows)
