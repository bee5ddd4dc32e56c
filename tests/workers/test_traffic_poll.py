"""A round of polling from the schedule's call to the tables, against agents that misbehave."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import col, select

import switches
from opsportal.db import unit_of_work
from opsportal.domain.inventory import switch_records
from opsportal.domain.inventory.switch_records import SwitchRecord
from opsportal.domain.traffic import inventory, links, rounds
from opsportal.domain.traffic.baselines import unpack_baseline
from opsportal.domain.traffic.counters import AMBIGUOUS, MEASURED, REBOOT, WRAPPED
from opsportal.domain.traffic.snmp_access import SnmpAccess
from opsportal.domain.vault import seal
from opsportal.models import (
    PortLink,
    Server,
    Switch,
    SwitchGap,
    SwitchPoll,
    SwitchPort,
    TrafficDay,
    TrafficHot,
)
from opsportal.models.base import utcnow
from tests.builders import make_raised, make_server, make_service
from tests.conftest import _forget_process_caches
from tests.integration.test_protections import IS_TAKEN_OUT, take_out
from tests.switches.conftest import simulator
from tests.switches.simulated import Simulator
from workers import traffic_poll

__all__ = ["simulator"]
pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("snmpsim")]


@dataclass
class OnRecord:
    """A switch of the portal that can be another simulated one from poll to poll."""

    simulator: Simulator
    switch_id: int

    def is_now(self, community: str) -> None:
        with unit_of_work() as unit:
            unit.get_one(Switch, self.switch_id).community = seal(community)

    def poll(self) -> None:
        with unit_of_work() as unit:
            unit.get_one(SwitchPoll, self.switch_id).due_at = utcnow()
        traffic_poll.run()

    def state(self) -> SwitchPoll:
        with unit_of_work() as unit:
            return unit.get_one(SwitchPoll, self.switch_id)

    def port(self, name: str) -> SwitchPort:
        with unit_of_work() as unit:
            return unit.exec(
                select(SwitchPort).where(
                    col(SwitchPort.switch_id) == self.switch_id, col(SwitchPort.if_name) == name
                )
            ).one()

    def samples(self, name: str) -> list[tuple[int | None, int | None, int]]:
        with unit_of_work() as unit:
            rows = unit.exec(
                select(TrafficHot)
                .where(col(TrafficHot.port_id) == self.port(name).id)
                .order_by(col(TrafficHot.ts))
            )
            return [(row.in_bytes, row.out_bytes, row.flags) for row in rows]


@pytest.fixture
def switch(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> OnRecord:
    monkeypatch.setenv("SWITCH_TIMEOUT_S", "5")
    _forget_process_caches()
    row = Switch(name="sw", site="Hall", host="127.0.0.1", port=simulator.port, community=seal("plain"))
    with unit_of_work() as unit:
        switch_id = inventory.add_switch(unit, row).id
    assert switch_id
    return OnRecord(simulator, switch_id)


def everything_stored() -> tuple[int, int]:
    with unit_of_work() as unit:
        return len(unit.exec(select(TrafficHot)).all()), len(unit.exec(select(TrafficDay)).all())


def test_the_first_round_discovers_and_the_second_counts(switch: OnRecord) -> None:
    switch.poll()
    assert switch.port("ge-0/0/1").if_index == 516
    assert switch.port("ge-0/0/1").is_up is True
    assert everything_stored() == (0, 0)
    switch.poll()
    assert switch.samples("ge-0/0/0") == [(0, 0, MEASURED)]
    state = switch.state()
    assert (state.error_code, state.last_sample_at is not None) == (None, True)
    assert state.last_attempt_at is not None
    assert state.due_at > state.last_attempt_at


def test_next_time_is_the_next_mark_of_the_clock(switch: OnRecord) -> None:
    switch.poll()
    due = switch.state().due_at
    assert (due.timestamp() % 300, due - utcnow() <= dt.timedelta(minutes=5)) == (0, True)
    before = switch.state().last_attempt_at
    traffic_poll.run()
    assert switch.state().last_attempt_at == before or utcnow() >= due


def test_ports_that_moved_are_found_again_and_the_bytes_are_theirs(switch: OnRecord) -> None:
    switch.poll()
    switch.is_now("moved")
    switch.poll()
    assert switch.port("ge-0/0/0").if_index == 9
    assert switch.samples("ge-0/0/0") == [(500, 600, MEASURED)]


def test_ports_that_changed_places_keep_their_own_bytes(switch: OnRecord) -> None:
    """Every ifIndex is still there and another port's: without a second look each would get the other's bytes."""
    switch.poll()
    switch.is_now("swapped")
    switch.poll()
    assert [switch.port(f"ge-0/0/{n}").if_index for n in range(3)] == [519, 516, 513]
    assert [switch.samples(f"ge-0/0/{n}") for n in range(3)] == [
        [(500, 600, MEASURED)], [(0, 0, MEASURED)], [(7, 8, MEASURED)],
    ]  # fmt: skip


def test_a_discontinuity_is_its_ports_alone(switch: OnRecord) -> None:
    """Its counter is higher than before, and still nothing is known; afterwards counting goes on from there."""
    switch.poll()
    switch.is_now("discontinued")
    switch.poll()
    switch.poll()
    assert switch.samples("ge-0/0/0") == [(None, None, REBOOT), (0, 0, MEASURED)]
    assert switch.samples("ge-0/0/1") == [(9, 0, MEASURED), (0, 0, MEASURED)]


def test_after_a_reboot_indexes_are_looked_up_before_anything_is_stored(switch: OnRecord) -> None:
    switch.poll()
    switch.is_now("rebooted")
    switch.poll()
    assert switch.port("ge-0/0/0").if_index == 3
    assert switch.samples("ge-0/0/0") == [(None, None, REBOOT)]
    with unit_of_work() as unit:
        assert [gap.cause for gap in unit.exec(select(SwitchGap))] == ["reboot"]
        baseline = unpack_baseline(unit.get_one(SwitchPoll, switch.switch_id).baseline)
    assert baseline[switch.port("ge-0/0/0").id or 0][2:4] == (50, 60)


def test_a_wrap_of_64_bits(switch: OnRecord) -> None:
    switch.is_now("near_wrap")
    switch.poll()
    switch.is_now("after_wrap")
    switch.poll()
    assert switch.samples("ge-0/0/0") == [(3_000, 900, MEASURED | WRAPPED)]


def test_narrow_counters_say_so_when_they_cannot_tell(switch: OnRecord) -> None:
    switch.is_now("narrow")
    switch.poll()
    with unit_of_work() as unit:
        for port in unit.exec(select(SwitchPort)):
            port.speed_mbps = None
    switch.poll()
    assert switch.port("FastEthernet1").counter_bits == 32
    assert switch.samples("FastEthernet1") == [(None, None, AMBIGUOUS)]


def test_a_port_that_disappears_is_missing_and_the_others_go_on(switch: OnRecord) -> None:
    switch.poll()
    switch.is_now("without_a_port")
    switch.poll()
    assert switch.port("ge-0/0/2").if_index is None
    assert [len(switch.samples(f"ge-0/0/{n}")) for n in range(3)] == [1, 1, 0]
    switch.is_now("plain")
    with unit_of_work() as unit:
        unit.get_one(SwitchPoll, switch.switch_id).discovered_at = None  # as after a day
    switch.poll()
    assert switch.port("ge-0/0/2").if_index == 519
    assert [len(switch.samples(f"ge-0/0/{n}")) for n in range(3)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("community", "code"),
    [
        ("text_counter", "switch_bad_answer"),
        ("negative_counter", "switch_bad_answer"),
        ("empty_counter", "switch_bad_answer"),
        ("text_uptime", "switch_bad_answer"),
        ("too_big", "switch_answer_too_big"),
        ("without_columns", "switch_without_ports"),
        ("nobody_there", "switch_unreachable"),
    ],
)
def test_a_bad_answer_is_a_clear_error_and_nothing_is_stored(
    switch: OnRecord, community: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch.poll()
    before = switch.state()
    switch.is_now(community)
    with monkeypatch.context() as patch:
        if code == "switch_unreachable":  # silence is the answer, and comes however short the wait
            patch.setenv("SWITCH_TIMEOUT_S", "0.2")
            _forget_process_caches()
        switch.poll()
    _forget_process_caches()
    after = switch.state()
    assert (after.error_code, after.baseline) == (code, before.baseline)
    assert (after.last_sample_at, everything_stored()) == (before.last_sample_at, (0, 0))
    assert after.failed_since is not None
    switch.is_now("plain")
    switch.poll()
    assert (switch.state().error_code, switch.samples("ge-0/0/0")) == (None, [(0, 0, MEASURED)])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"host": "192.0.2.1"}, "switch_outside_networks"),
        ({"host": "switch.example"}, "switch_misconfigured"),
        ({"community": b"not sealed by us"}, "switch_misconfigured"),
        ({"community": b""}, "switch_misconfigured"),
    ],
)
def test_no_credentials_leave_for_where_they_must_not_go(
    switch: OnRecord, change: dict[str, object], code: str
) -> None:
    with unit_of_work() as unit:
        row = unit.get_one(Switch, switch.switch_id)
        for name, value in change.items():
            setattr(row, name, value)
    switch.poll()
    assert (switch.state().error_code, everything_stored()) == (code, (0, 0))


def test_without_networks_nothing_is_polled(switch: OnRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCH_NETWORKS", "")
    _forget_process_caches()
    switch.poll()
    assert switch.state().error_code == "switch_outside_networks"


@IS_TAKEN_OUT
@pytest.mark.parametrize("asking", ["discover_switches", "poll_switches", "silence"])
def test_what_came_from_its_former_address_is_another_switchs(
    switch: OnRecord, monkeypatch: pytest.MonkeyPatch, asking: str, is_taken_out: bool
) -> None:
    """While it is asked, somebody writes down that it is elsewhere."""
    if asking != "discover_switches":
        switch.poll()
    call = "poll_switches" if asking == "silence" else asking
    ask, actor = getattr(switches, call), make_raised()
    new = SwitchRecord("sw", "Hall", "127.0.0.2", switch.simulator.port, SnmpAccess("plain"))

    def corrected_meanwhile(agents: dict[int, Any], **named: Any) -> object:
        answers = ask(agents, **named)
        with unit_of_work() as unit:
            switch_records.correct(unit, actor, switch.switch_id, new)
        return dict.fromkeys(agents, switches.SwitchUnreachable()) if asking == "silence" else answers

    monkeypatch.setattr(switches, call, corrected_meanwhile)
    if is_taken_out:
        take_out(monkeypatch, rounds, "lock_where_asked", " if asked[key] == (host, port)", "")
    switch.poll()
    state = switch.state()
    kept = {
        "discover_switches": state.discovered_at is not None,
        "poll_switches": state.baseline != b"",
        "silence": state.error_code is not None,
    }
    assert kept[asking] is is_taken_out


def test_every_round_makes_links_follow_services(switch: OnRecord) -> None:
    server = make_server(make_service())
    switch.poll()
    with unit_of_work() as unit:
        links.connect_port(unit, switch.port("ge-0/0/0").id or 0, server.id or 0, at=utcnow())
        unit.get_one(Server, server.id).service_id = None
    switch.poll()
    with unit_of_work() as unit:
        rows = unit.exec(select(PortLink).order_by(col(PortLink.id))).all()
    assert [(row.service_id is None, row.valid_until is None) for row in rows] == [
        (False, False),
        (True, True),
    ]


def test_compaction_from_the_schedule(switch: OnRecord) -> None:
    switch.is_now("near_wrap")
    switch.poll()
    switch.is_now("after_wrap")
    switch.poll()
    traffic_poll.compact()
    traffic_poll.compact()
    with unit_of_work() as unit:
        days = unit.exec(
            select(TrafficDay).where(col(TrafficDay.port_id) == switch.port("ge-0/0/0").id)
        ).all()
    assert (sum(day.in_sum for day in days), sum(day.out_sum for day in days)) == (3_000, 900)
