"""From samples to days. Safe to run at any time, by anybody, as often as wanted: a sample is added once.

What was added and up to where is written in one transaction (`switch_port.compacted_through`), and samples
of a port come in order: those that end later are new, all others are in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.traffic import days, hot
from opsportal.domain.traffic.packing import Day
from opsportal.domain.traffic.slots import (
    EPOCH,
    SLOTS_A_DAY,
    Slot,
    from_ms,
    slot_start,
    spread,
    to_ms,
)
from opsportal.models import SwitchPort, TrafficDay


def compact(unit: Unit, *, first_port: int, last_port: int) -> int:
    """Add the new samples of a range of ports to their days; returns the number of slots touched.

    Locks the ports: of two at once the second finds nothing left to do.
    """
    ports = unit.exec(
        select(SwitchPort)
        .where(col(SwitchPort.id).between(first_port, last_port))
        .order_by(col(SwitchPort.id))
        .with_for_update()
    ).all()
    through = {port.id: port.compacted_through or EPOCH for port in ports if port.id is not None}
    samples = hot.list_samples(unit, through)
    touched: dict[tuple[int, dt.date], dict[int, Slot]] = {}
    for port in ports:
        assert port.id is not None
        mine = [sample for sample in samples.get(port.id, ()) if sample.at_ms > to_ms(through[port.id])]
        if not mine:
            continue
        for number, slot in spread(mine).items():
            touched.setdefault((port.id, slot_start(number).date()), {})[number % SLOTS_A_DAY] = slot
        port.compacted_through = from_ms(mine[-1].at_ms)
    _write(unit, list(through), touched)
    return sum(len(slots) for slots in touched.values())


def _write(
    unit: Unit, port_ids: Sequence[int], touched: Mapping[tuple[int, dt.date], Mapping[int, Slot]]
) -> None:
    if not touched:
        return
    on = [day for _, day in touched]
    there = days.read_days(unit, port_ids, first=min(on), last=max(on))
    rows: list[TrafficDay] = []
    for (port_id, day), slots in touched.items():
        merged = there.get((port_id, day)) or Day.empty()
        merged.add(slots)
        rows.append(days.row_of(port_id, day, merged))
    unit.flush()
    days.store_days(unit, rows)
