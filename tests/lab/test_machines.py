"""Machines by a clock of our own: what is due happens at its time, whoever looks when."""

from __future__ import annotations

import pytest

from lab.bmcs.answering import NotWhileOff
from lab.bmcs.boots import Stage, boot_lines
from lab.bmcs.consoles import SCROLLBACK, Console
from lab.bmcs.faults import HEALTHY, Fault, FaultKind
from lab.bmcs.identities import Identity
from lab.bmcs.machines import Machine
from lab.bmcs.records import JOURNAL_ENTRIES, BootOverride, Entry, Record

START = 1_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_identity(**changes: object) -> Identity:
    known = {
        **{"name": "node-001", "host": "127.0.0.1", "port": 16000, "username": "ADMIN", "password": "p"},
        **{"mac": "02:00:00:00:00:01", "bmc_mac": "02:01:00:00:00:01", "uuid": "u-1", "model": "Board"},
        **{"cpu": "CPU", "cores": 8, "ram_gb": 64, "disks": "2 x 1 TB"},
    }
    return Identity(**{**known, **changes})


def make_machine(clock: Clock, *, is_on: bool = True, pace: float = 1.0) -> Machine:
    record = Record(is_on=is_on, booted_at=START - 3600)
    return Machine(make_identity(), record, pace=pace, clock=clock)


def effects(machine: Machine) -> list[tuple[float, str]]:
    return [(round(e.at - START, 3), e.what) for e in machine.record.journal if e.kind == "effect"]


def test_power_changes_at_their_times_even_when_nobody_looked(clock: Clock) -> None:
    machine = make_machine(clock)
    machine.power_cycle(by="test")
    clock.now += 100
    assert (machine.is_on, machine.stage) == (True, Stage.LOGIN)
    assert effects(machine) == [(0.2, "power-off"), (1.2, "power-on")]


def test_a_boot_takes_ten_to_fifteen_seconds_and_is_the_same_every_time_it_is_computed() -> None:
    for device, most in (("default", 60), ("hd", 50), ("network", 60), ("optical", 50)):
        lines = boot_lines(make_identity(), device, boots=3)
        assert lines == boot_lines(make_identity(), device, boots=3)
        assert 30 <= len(lines) <= most
        assert 8 < lines[-1].after < 15
        assert lines[-1].stage is Stage.LOGIN
        assert [line.after for line in lines] == sorted(line.after for line in lines)
        kernel = [line.text for line in lines if line.stage is Stage.KERNEL]
        assert kernel[0].startswith("[    0.000000] Linux version")


def test_pace_makes_everything_faster(clock: Clock) -> None:
    machine = make_machine(clock, is_on=False, pace=10.0)
    machine.power_on(by="test")
    clock.now += 0.039
    assert not machine.is_on
    clock.now += 0.002
    assert machine.is_on
    clock.now += 1.5
    assert machine.stage is Stage.LOGIN


def test_power_off_overtakes_a_power_on_that_is_under_way(clock: Clock) -> None:
    machine = make_machine(clock, is_on=False)
    machine.power_on(by="test")
    machine.power_off(by="test")
    clock.now += 10
    assert (machine.is_on, effects(machine)) == (False, [])


def test_a_second_power_on_does_not_delay_the_first(clock: Clock) -> None:
    machine = make_machine(clock, is_on=False)
    machine.power_on(by="test")
    clock.now += 0.3
    machine.power_on(by="test")
    clock.now += 0.15
    assert (machine.is_on, effects(machine)) == (True, [(0.4, "power-on")])


def test_soft_shutdown_does_nothing_before_the_system_runs(clock: Clock) -> None:
    machine = make_machine(clock)
    machine.reset(by="test")
    clock.now += 3
    machine.shut_down(by="test")
    clock.now += 60
    assert (machine.is_on, machine.stage) == (True, Stage.LOGIN)
    assert effects(machine) == [(0.0, "restart")]


def test_what_needs_a_running_machine_refuses_and_changes_nothing(clock: Clock) -> None:
    machine = make_machine(clock, is_on=False)
    for command in (machine.reset, machine.power_cycle):
        with pytest.raises(NotWhileOff, match="node-001 is off; nothing was done"):
            command(by="test")
    clock.now += 60
    assert (machine.is_on, effects(machine), machine.record.due) == (False, [], [])


def test_an_override_is_used_once_unless_it_is_persistent(clock: Clock) -> None:
    machine = make_machine(clock)
    for override, then in (
        (BootOverride(1), BootOverride()),
        (BootOverride(1, is_persistent=True), BootOverride(1, is_persistent=True)),
    ):
        machine.set_override(override, by="test")
        machine.reset(by="test")
        assert (machine.record.boot_device, machine.record.override) == ("network", then)


def test_setup_is_where_a_boot_into_setup_ends(clock: Clock) -> None:
    machine = make_machine(clock)
    machine.set_override(BootOverride(6), by="test")
    machine.reset(by="test")
    clock.now += 3600
    assert machine.stage is Stage.SETUP


def test_pulling_the_plug_during_a_power_on_remembers_that_it_was_wanted(clock: Clock) -> None:
    machine = make_machine(clock, is_on=False)
    machine.power_on(by="test")
    machine.unplug(by="test")
    machine.power_on(by="test")  # nobody hears it
    clock.now += 10
    assert not machine.is_on
    machine.plug(by="test")
    clock.now += 1.1
    assert (machine.is_on, effects(machine)) == (True, [(11.0, "power-on")])


def test_mending_a_stuck_supply_clears_its_fault_light(clock: Clock) -> None:
    machine = make_machine(clock, is_on=False)
    machine.set_fault(Fault(FaultKind.STUCK_OFF), by="test")
    machine.power_on(by="test")
    clock.now += 1
    assert (machine.is_on, machine.record.has_power_fault) == (False, True)
    machine.set_fault(HEALTHY, by="test")
    assert (machine.is_on, machine.record.has_power_fault) == (False, False)


def test_the_record_is_safe_before_anybody_hears_of_a_change(clock: Clock) -> None:
    machine = make_machine(clock)
    order: list[str] = []
    machine.watch(lambda: order.append("watcher"))
    machine.keep(lambda: order.append("keeper"))
    machine.power_off(by="test")
    assert order == ["keeper", "watcher"]


def test_keys_are_lost_until_there_is_a_login_prompt(clock: Clock) -> None:
    machine = make_machine(clock)
    machine.reset(by="test")
    machine.type("root\r")
    clock.now += 60
    machine.settle()
    assert machine.console.last_lines(1) == ["node-001 login: "]
    machine.type("roo\x7f\x7f\x08admin\r\nx\r\nwhoami\r\n")
    assert machine.console.last_lines(3) == ["admin@node-001:~# whoami", "admin", "admin@node-001:~# "]


def test_a_console_forgets_what_is_too_long_ago() -> None:
    console = Console()
    for number in range(SCROLLBACK):
        console.write(f"{number}\r\n")
    assert len(console.since(0)) == SCROLLBACK
    assert console.since(console.written) == ""
    assert console.last_lines(2) == [str(SCROLLBACK - 1), ""]
    assert console.last_lines(0) == []


def test_a_journal_is_bounded() -> None:
    record = Record()
    for number in range(JOURNAL_ENTRIES + 5):
        record.note(Entry(float(number), "command", str(number), "test"))
    assert [record.journal[0].what, record.journal[-1].what] == ["5", str(JOURNAL_ENTRIES + 4)]
    assert len(record.journal) == JOURNAL_ENTRIES
