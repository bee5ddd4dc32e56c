"""Switches and their ports on record: entered by people, kept true by discovery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.traffic import topics
from opsportal.domain.traffic.baselines import pack_baseline, unpack_baseline
from opsportal.models import Switch, SwitchPoll, SwitchPort


class FoundPort(NamedTuple):
    """A port as a switch shows it now."""

    if_index: int
    if_name: str
    speed_mbps: int | None
    counter_bits: int


def add_switch(unit: Unit, switch: Switch) -> Switch:
    """Put a switch on record; the next round of polling discovers its ports."""
    unit.add(switch)
    unit.flush()
    assert switch.id is not None
    unit.add(SwitchPoll(switch_id=switch.id))
    unit.flush()
    unit.changed(topics.POLLERS)
    return switch


def find_or_add_port(unit: Unit, switch_id: int, if_name: str, **known: Any) -> SwitchPort:
    """A port by its name, put on record when it is not there yet (a cable may be planned before discovery)."""
    query = select(SwitchPort).where(
        col(SwitchPort.switch_id) == switch_id, col(SwitchPort.if_name) == if_name
    )
    port = unit.exec(query).first()
    if port is None:
        port = SwitchPort(switch_id=switch_id, if_name=if_name, **known)
        unit.add(port)
        unit.flush()
    return port


def apply_discovery(
    unit: Unit,
    switch_id: int,
    found: Sequence[FoundPort],
    *,
    table_changed_cs: int | None,
    at: dt.datetime,
) -> list[SwitchPort]:
    """Make the record follow what a switch shows; returns the ports that it has.

    A port is its name: with another ifIndex it stays the same port. One that is not shown keeps its history
    and has no ifIndex. Where the width of counters changed, counting begins anew.
    """
    poll = unit.get_one(SwitchPoll, switch_id, with_for_update=True, populate_existing=True)
    ports = {
        port.if_name: port
        for port in unit.exec(select(SwitchPort).where(col(SwitchPort.switch_id) == switch_id))
    }
    baseline = unpack_baseline(poll.baseline)
    shown = {one.if_name: one for one in found}
    for name, port in ports.items():
        if name not in shown:
            port.if_index = None
    for name, one in shown.items():
        port = ports.setdefault(name, SwitchPort(switch_id=switch_id, if_name=name))
        if port.counter_bits != one.counter_bits and port.id is not None:
            baseline.pop(port.id, None)
        port.if_index, port.counter_bits = one.if_index, one.counter_bits
        port.speed_mbps = one.speed_mbps
        unit.add(port)
    poll.baseline = pack_baseline(baseline)
    poll.table_changed_cs, poll.discovered_at = table_changed_cs, at
    unit.flush()
    unit.changed(topics.POLLERS)
    return [ports[name] for name in shown]


def last_port_id(unit: Unit) -> int:
    """The highest id of a port; 0 when there is none."""
    return unit.exec(select(func.max(SwitchPort.id))).one() or 0
