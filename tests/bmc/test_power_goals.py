"""Goals against BMCs whose faults only the in-memory driver can play, on a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

import bmc
from bmc import PowerGoal, PowerState
from bmc.memory import MemoryBmc, plugged_in
from tests.bmc.conftest import Witness


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


Switch = Callable[..., bmc.PowerOutcome]


@pytest.fixture
def clock() -> Clock:
    """A clock that starts at 100 s."""
    return Clock()


@pytest.fixture
def memory_bmc(clock: Clock) -> MemoryBmc:
    """A healthy BMC on that clock; its machine is on."""
    return MemoryBmc(clock=clock, sleep=clock.sleep)


@pytest.fixture
def switch_off(memory_bmc: MemoryBmc, clock: Clock, witness: Witness) -> Iterator[Switch]:
    """Brings the machine to OFF within 45 s of its clock."""
    with plugged_in("memory-1", memory_bmc) as endpoint, bmc.connect(endpoint) as control:

        def switch(**how: float) -> bmc.PowerOutcome:
            return bmc.ensure_power(
                control,
                PowerGoal.OFF,
                deadline_s=how.pop("deadline_s", 45.0),
                before_command=witness.before_command,
                on_progress=witness.on_progress,
                clock=clock,
                sleep=clock.sleep,
                **how,
            )

        yield switch


def test_a_busy_bmc_is_asked_again_before_any_command(memory_bmc: MemoryBmc, switch_off: Switch) -> None:
    memory_bmc.busy_answers = 3
    outcome = switch_off()
    assert (outcome.state, outcome.commands_sent) == (PowerState.OFF, 1)
    assert outcome.seconds == pytest.approx(0.05 + 0.1 + 0.2)
    assert memory_bmc.commands == [PowerGoal.OFF]


def test_a_command_refused_as_busy_is_sent_again_soon(
    memory_bmc: MemoryBmc, switch_off: Switch, witness: Witness
) -> None:
    def grow_busy(step: str) -> None:
        memory_bmc.busy_answers = int(step == "commanding" and witness.events.count(step) == 1)

    witness.listener = grow_busy
    outcome = switch_off()
    assert (outcome.commands_sent, memory_bmc.commands) == (2, [PowerGoal.OFF])
    assert outcome.seconds < 3


def test_a_lost_acknowledgement_costs_no_second_command(
    memory_bmc: MemoryBmc, switch_off: Switch, witness: Witness
) -> None:
    memory_bmc.lost_answers = 1
    outcome = switch_off()
    assert (outcome.commands_sent, memory_bmc.commands) == (1, [PowerGoal.OFF])
    assert witness.events == [
        "reading",
        "read",
        "fence",
        "commanding",
        "unconfirmed",
        "verifying",
        "verified",
    ]


def test_a_lost_command_is_sent_again_when_the_read_back_shows_no_effect(
    memory_bmc: MemoryBmc, switch_off: Switch, witness: Witness
) -> None:
    def lose_three(step: str) -> None:
        memory_bmc.is_silent = step == "commanding" and witness.events.count(step) <= 3

    witness.listener = lose_three
    outcome = switch_off()
    assert (outcome.state, outcome.commands_sent) == (PowerState.OFF, 4)
    assert memory_bmc.commands == [PowerGoal.OFF]


def test_a_flapping_bmc_gets_there(memory_bmc: MemoryBmc, switch_off: Switch) -> None:
    memory_bmc.is_flapping = True
    outcome = switch_off()
    assert outcome.state == memory_bmc.power() == PowerState.OFF
    assert set(memory_bmc.commands) == {PowerGoal.OFF}


def test_a_bmc_that_ignores_commands_is_given_the_whole_time(
    memory_bmc: MemoryBmc, switch_off: Switch, clock: Clock
) -> None:
    memory_bmc.ignores_commands = True
    with pytest.raises(bmc.BmcIgnoredCommand) as caught:
        switch_off()
    assert (caught.value.commands_sent, memory_bmc.commands) == (2, [PowerGoal.OFF] * 2)
    assert clock.now == pytest.approx(100 + 45 - 0.5)


def test_a_refusal_for_what_is_already_so_is_no_failure(
    memory_bmc: MemoryBmc, switch_off: Switch, witness: Witness
) -> None:
    """Somebody pressed the button between our read and our command."""

    def press_the_button(step: str) -> None:
        if step == "commanding":
            memory_bmc.state, memory_bmc.refuses_commands = PowerState.OFF, True

    witness.listener = press_the_button
    outcome = switch_off()
    assert (outcome.state, outcome.was_already, outcome.commands_sent) == (PowerState.OFF, False, 1)


def test_credentials_changed_behind_our_back_leave_the_outcome_unknown(
    memory_bmc: MemoryBmc, switch_off: Switch, witness: Witness
) -> None:
    def rotate(step: str) -> None:
        if step == "acknowledged":
            memory_bmc.password = "rotated"

    witness.listener = rotate
    with pytest.raises(bmc.BmcCredentialsRefused) as caught:
        switch_off()
    assert (caught.value.commands_sent, caught.value.is_outcome_unknown) == (1, True)


def test_no_command_is_sent_when_reading_has_used_up_the_time(
    memory_bmc: MemoryBmc, switch_off: Switch, witness: Witness
) -> None:
    memory_bmc.answer_s = 2.8
    with pytest.raises(bmc.BmcDeadlineExceeded) as caught:
        switch_off(deadline_s=3.0)
    assert (caught.value.commands_sent, caught.value.is_outcome_unknown) == (0, False)
    assert memory_bmc.commands == []
    assert "fence" not in witness.events


def test_what_the_progress_raises_ends_the_operation(
    memory_bmc: MemoryBmc, switch_off: Switch, witness: Witness
) -> None:
    def lose_the_lease(step: str) -> None:
        raise PermissionError(step)

    witness.listener = lose_the_lease
    with pytest.raises(PermissionError, match="reading"):
        switch_off()
    assert memory_bmc.commands == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"port": 0},
        {"port": 65536},
        {"cipher_suite": 0},
        {"username": "x" * 17},
        {"password": "x" * 21},
    ],
    ids=str,
)
def test_an_endpoint_that_can_never_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"BMC|port|suite|name|password"):
        bmc.Endpoint(**({"host": "127.0.0.1"} | wrong))  # type: ignore[arg-type]
