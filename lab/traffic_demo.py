"""The demo's traffic: switches on record, every server on its port, and a year behind it.

Safe to run at every start: what was counted stays; only the time in which the demo did not run is filled in.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Iterator
from typing import Any

from sqlmodel import col, select

from lab.switch.cabling import SPEED_MBPS, UPLINK, DemoSwitch, cabling
from lab.switch.profiles import Profile, day_of, noise, outage_of, profile_of
from opsportal.db import Unit, unit_of_work
from opsportal.domain.traffic import compaction, days, hot, inventory, links
from opsportal.domain.traffic.counters import MEASURED
from opsportal.domain.traffic.packing import Day
from opsportal.domain.traffic.slots import SLOT_MS, SLOTS_A_DAY, slot_of, slot_start, to_ms
from opsportal.domain.vault import seal
from opsportal.models import PortLink, Server, Switch, SwitchPoll, SwitchPort, TrafficDay

YEAR = dt.timedelta(days=365)
WITH_HISTORY = 48
"""Servers that get a whole year; in a bigger lab the others get two days, or starting would take minutes."""
SHORT = dt.timedelta(days=2)
ONE_DAY = dt.timedelta(days=1)


def seed_traffic(fleet: list[dict[str, Any]], running: list[dict[str, Any]], *, now: dt.datetime) -> None:
    """Make the database hold the lab's switches, cables and their traffic until now."""
    where = {one["community"]: one for one in running}
    with unit_of_work() as unit:
        ports = [
            (port, cable.server)
            for switch in cabling(len(fleet))
            for port, cable in _switch(unit, switch, where[switch.community], fleet, now)
        ]
        last = inventory.last_port_id(unit)
        hot.ensure_days(unit, [now.date() - ONE_DAY, now.date(), now.date() + ONE_DAY])
    with unit_of_work() as unit:
        compaction.compact(unit, first_port=1, last_port=last)
    with unit_of_work() as unit:
        _fill(unit, ports, now)


def _switch(
    unit: Unit, demo: DemoSwitch, where: dict[str, Any], fleet: list[dict[str, Any]], now: dt.datetime
) -> Iterator[tuple[int, Any]]:
    switch = unit.exec(select(Switch).where(col(Switch.name) == demo.name)).first()
    if switch is None:
        switch = inventory.add_switch(unit, Switch(name=demo.name, site=demo.site, host="", community=b""))
    switch.host, switch.port, switch.community = where["host"], where["port"], seal(demo.community)
    switch.write_community = switch.community
    assert switch.id is not None
    inventory.find_or_add_port(unit, switch.id, UPLINK).is_uplink = True
    unit.get_one(SwitchPoll, switch.id).due_at = now
    for cable in demo.cables:
        port = inventory.find_or_add_port(unit, switch.id, cable.if_name, speed_mbps=SPEED_MBPS)
        assert port.id is not None
        _connect(unit, port.id, fleet[cable.server]["mac"], cable.server, now)
        yield port.id, cable


def _connect(unit: Unit, port_id: int, mac: str, number: int, now: dt.datetime) -> None:
    """Once: afterwards people may have moved the cable."""
    if unit.exec(select(PortLink).where(col(PortLink.port_id) == port_id)).first() is None:
        server = unit.exec(select(Server).where(col(Server.mac) == mac)).one()
        links.connect_port(unit, port_id, server.id or 0, at=slot_start(_first_slot(number, now)))


def _first_slot(number: int, now: dt.datetime) -> int:
    return slot_of(now - (YEAR if number < WITH_HISTORY else SHORT)) // SLOTS_A_DAY * SLOTS_A_DAY


def _fill(unit: Unit, ports: list[tuple[int, int]], now: dt.datetime) -> None:
    """Traffic from where each port's days end until now, through the domain's own storage."""
    rows: list[TrafficDay] = []
    noises = noise()
    known = {port.id: port for port in unit.exec(select(SwitchPort))}
    for port_id, number in ports:
        through = known[port_id].compacted_through
        first = -(-to_ms(through) // SLOT_MS) if through else _first_slot(number, now)
        if first < slot_of(now):
            rows += _days(unit, port_id, profile_of(number), first, now, noises)
            known[port_id].compacted_through = slot_start(slot_of(now))
    unit.flush()
    days.store_days(unit, rows)


def _days(
    unit: Unit, port_id: int, profile: Profile, first: int, now: dt.datetime, noises: list[int]
) -> Iterator[TrafficDay]:
    begun = slot_start(first).date()
    there = days.read_days(unit, [port_id], first=begun, last=begun)
    for number in range((now.date() - begun).days + 1):
        on = begun + number * ONE_DAY
        midnight = slot_of(dt.datetime.combine(on, dt.time(), dt.UTC))
        part = slice(max(0, first - midnight), min(SLOTS_A_DAY, slot_of(now) - midnight))
        day = there.get((port_id, on)) or Day.empty()
        _put(day, part, day_of(profile, on, now.date(), noises))
        if on != now.date():
            _forget(day, _overlap(outage_of(profile, on), part))  # what was counted before stays
        yield days.row_of(port_id, on, day)


def _overlap(one: slice, other: slice) -> slice:
    start = max(one.start, other.start)
    return slice(start, max(start, min(one.stop, other.stop)))


def _put(day: Day, part: slice, moved: tuple[list[int], list[int]]) -> None:
    received, sent = moved
    length = part.stop - part.start
    day.flags[part] = bytes([MEASURED]) * length
    day.covered_ms[part] = array("I", [SLOT_MS]) * length
    # The switch's in is what the server sent.
    day.in_bytes[part] = array("Q", sent[part])
    day.out_bytes[part] = array("Q", received[part])


def _forget(day: Day, part: slice) -> None:
    length = part.stop - part.start
    day.flags[part] = bytes(length)
    day.covered_ms[part] = array("I", bytes(4 * length))
    day.in_bytes[part] = array("Q", bytes(8 * length))
    day.out_bytes[part] = array("Q", bytes(8 * length))
