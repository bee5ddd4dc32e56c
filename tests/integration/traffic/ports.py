"""Switches and ports for tests, fed with made-up readings through the functions that the poller uses."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field

from opsportal.db import unit_of_work
from opsportal.domain.traffic import hot, inventory, links, recording, rounds
from opsportal.domain.traffic.inventory import FoundPort
from opsportal.domain.traffic.recording import Round, SwitchReadings
from opsportal.domain.traffic.slots import to_ms
from opsportal.domain.vault import seal
from opsportal.models import Server, Switch, SwitchPoll

MINUTE = dt.timedelta(minutes=1)
SLOT = 5 * MINUTE
_numbers = itertools.count(1)


@dataclass
class FakeSwitch:
    """A switch on record whose counters the test turns. Time is what the test says it is."""

    now: dt.datetime
    names: tuple[str, ...] = ("ge-0/0/0", "ge-0/0/1")
    speed_mbps: int | None = 10_000
    bits: int = 64
    switch_id: int = 0
    booted_at: dt.datetime = field(init=False)
    octets: dict[str, list[int]] = field(init=False)
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.booted_at = self.now - dt.timedelta(days=3)
        self.octets = {name: [10**12, 10**13] for name in self.names}
        with unit_of_work() as unit:
            row = Switch(
                name=f"fed switch {next(_numbers)}", site="Hall", host="127.0.0.1", community=seal("public")
            )
            self.switch_id = inventory.add_switch(unit, row).id or 0
        self.discover(self.names)

    def discover(self, names: tuple[str, ...], *, first_index: int = 1) -> None:
        found = [FoundPort(first_index + n, name, self.speed_mbps, self.bits) for n, name in enumerate(names)]
        with unit_of_work() as unit:
            rows = inventory.apply_discovery(unit, self.switch_id, found, table_changed_cs=0, at=self.now)
            self.ports |= {row.if_name: row.id or 0 for row in rows}

    def connect(self, name: str, server: Server, *, at: dt.datetime | None = None) -> None:
        with unit_of_work() as unit:
            links.connect_port(unit, self.ports[name], server.id or 0, at=at or self.now)

    def move(self, name: str, octets_in: int, octets_out: int) -> None:
        """Bytes go through a port, named as the switch counts them."""
        self.octets[name][0] = (self.octets[name][0] + octets_in) % 2**self.bits
        self.octets[name][1] = (self.octets[name][1] + octets_out) % 2**self.bits

    def reboot(self) -> None:
        self.booted_at = self.now
        self.octets = {name: [0, 0] for name in self.names}

    def poll(self, after: dt.timedelta = dt.timedelta()) -> Round:
        """Time goes on, the switch is asked, and what it says is recorded."""
        self.now += after
        at_ms = to_ms(self.now)
        uptime = (at_ms - to_ms(self.booted_at)) // 10
        readings = [
            (self.ports[name], at_ms, uptime, self.octets[name][0], self.octets[name][1], 0, True)
            for name in self.names
        ]
        with unit_of_work() as unit:
            hot.ensure_days(unit, [self.now.date()])
            on_record = {
                port.port_id: port for port in rounds.list_ports(unit, [self.switch_id])[self.switch_id]
            }
        with unit_of_work() as unit:
            answer = SwitchReadings(self.switch_id, readings, 3)
            return recording.record_round(unit, [answer], on_record, at=self.now)

    def state(self) -> SwitchPoll:
        with unit_of_work() as unit:
            return unit.get_one(SwitchPoll, self.switch_id)


def compact(first: int = 1, last: int = 10_000) -> int:
    from opsportal.domain.traffic import compaction

    with unit_of_work() as unit:
        return compaction.compact(unit, first_port=first, last_port=last)
