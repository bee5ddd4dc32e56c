"""What every power driver promises, held against the in-memory driver and against real BMCs alike."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

import bmc
from bmc import PowerGoal, PowerState, power_goals
from tests.bmc.conftest import FaultyBmc, Witness, given_time, in_time

ON_THE_WAY_OFF = ["reading", "read", "fence", "commanding", "acknowledged", "verifying"]


class Clock:
    """Time that passes only by sleeping, which costs none: every answer is in time, on any machine."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Leap(Clock):
    """The usual time, and what was added to `ahead`."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock for a BMC that answers: also its last look has all the time that a request may take."""
    monkeypatch.setattr(power_goals, "_LAST_LOOK_S", power_goals._REQUEST_TIMEOUT_S)
    return Clock()


def switch(
    faulty: FaultyBmc,
    goal: PowerGoal,
    witness: Witness,
    *,
    deadline_s: float = 60.0,
    resend_after_s: float = 60.0,
    clock: Clock | None = None,
) -> bmc.PowerOutcome:
    """`clock`: an own one, which begins once the BMC has let us in."""
    with bmc.connect(faulty.endpoint) as control:
        if clock is not None:
            control.power_state(timeout_s=60)
        return bmc.ensure_power(
            control,
            goal,
            deadline_s=deadline_s,
            before_command=witness.before_command,
            on_progress=witness.on_progress,
            poll_s=0.1 if clock is None else 2.0,
            resend_after_s=resend_after_s,
            clock=clock or time.monotonic,
            sleep=clock.sleep if clock else time.sleep,
        )


def test_reads_the_state_anew_each_time(faulty_bmc: FaultyBmc) -> None:
    with bmc.connect(faulty_bmc.endpoint) as control:
        first = control.power_state(timeout_s=60)
        faulty_bmc.switch(PowerState.OFF)
        assert (first, control.power_state(timeout_s=60)) == (PowerState.ON, PowerState.OFF)
    assert faulty_bmc.commands() == []


def test_switches_off_and_on_with_one_command_each(faulty_bmc: FaultyBmc) -> None:
    with bmc.connect(faulty_bmc.endpoint) as control:
        control.set_power(PowerGoal.OFF, timeout_s=60)
        assert faulty_bmc.power() == PowerState.OFF
        control.set_power(PowerGoal.ON, timeout_s=60)
        assert faulty_bmc.power() == PowerState.ON
    assert faulty_bmc.commands() == ["power off", "power on"]


def test_a_goal_is_reached_and_verified(faulty_bmc: FaultyBmc, witness: Witness) -> None:
    outcome = switch(faulty_bmc, PowerGoal.OFF, witness)
    assert (outcome.state, outcome.was_already, outcome.commands_sent) == (PowerState.OFF, False, 1)
    assert 0 <= outcome.seconds < 60
    assert faulty_bmc.power() == PowerState.OFF
    assert faulty_bmc.commands() == ["power off"]
    assert witness.events == [*ON_THE_WAY_OFF, "verified"]


def test_a_machine_that_is_there_already_gets_no_command(faulty_bmc: FaultyBmc, witness: Witness) -> None:
    outcome = switch(faulty_bmc, PowerGoal.ON, witness)
    assert (outcome.state, outcome.was_already, outcome.commands_sent) == (PowerState.ON, True, 0)
    assert faulty_bmc.commands() == []
    assert witness.events == ["reading", "read", "verified"]


def test_the_fence_stops_the_command(faulty_bmc: FaultyBmc, witness: Witness) -> None:
    witness.stop_at = 0
    with pytest.raises(PermissionError):
        switch(faulty_bmc, PowerGoal.OFF, witness)
    assert faulty_bmc.commands() == []
    assert faulty_bmc.power() == PowerState.ON


def test_a_slow_machine_is_waited_for(faulty_bmc: FaultyBmc, witness: Witness) -> None:
    faulty_bmc.follow_slowly(1)
    outcome = switch(faulty_bmc, PowerGoal.OFF, witness)
    assert (outcome.state, outcome.commands_sent) == (PowerState.OFF, 1)
    assert faulty_bmc.commands() == ["power off"]
    assert witness.story == [*ON_THE_WAY_OFF, "verified"]
    assert "waiting" in witness.events


def test_a_bmc_that_ignores_the_command_is_found_out(
    faulty_bmc: FaultyBmc, witness: Witness, clock: Clock
) -> None:
    faulty_bmc.ignore_commands()
    with pytest.raises(bmc.BmcIgnoredCommand) as caught:
        switch(faulty_bmc, PowerGoal.OFF, witness, deadline_s=30, clock=clock)
    assert (caught.value.commands_sent, caught.value.is_outcome_unknown) == (1, False)
    assert faulty_bmc.commands() == ["power off"]
    assert faulty_bmc.power() == PowerState.ON


def test_an_ignored_command_is_sent_a_second_time_and_no_third(
    faulty_bmc: FaultyBmc, witness: Witness, clock: Clock
) -> None:
    faulty_bmc.ignore_commands()
    with pytest.raises(bmc.BmcIgnoredCommand) as caught:
        switch(faulty_bmc, PowerGoal.OFF, witness, deadline_s=30, resend_after_s=5, clock=clock)
    assert caught.value.commands_sent == 2
    assert faulty_bmc.commands() == ["power off", "power off"]
    assert witness.events.count("fence") == 2


def test_the_fence_is_asked_before_the_second_command_too(faulty_bmc: FaultyBmc, witness: Witness) -> None:
    faulty_bmc.ignore_commands()
    witness.stop_at = 1
    with pytest.raises(PermissionError):
        switch(faulty_bmc, PowerGoal.OFF, witness, resend_after_s=0.3)
    assert faulty_bmc.commands() == ["power off"]


def test_a_refused_command_changes_nothing(faulty_bmc: FaultyBmc, witness: Witness) -> None:
    faulty_bmc.refuse_commands()
    with pytest.raises(bmc.BmcRefusedCommand) as caught:
        switch(faulty_bmc, PowerGoal.OFF, witness)
    assert (caught.value.commands_sent, caught.value.is_outcome_unknown) == (1, False)
    assert faulty_bmc.power() == PowerState.ON


def test_a_wrong_password_is_said_at_once(faulty_bmc: FaultyBmc) -> None:
    endpoint = replace(faulty_bmc.endpoint, password="wrong")
    start = time.monotonic()
    with bmc.connect(endpoint) as control, pytest.raises(bmc.BmcCredentialsRefused):
        control.set_power(PowerGoal.OFF, timeout_s=60)
    assert time.monotonic() - start < 30
    assert (faulty_bmc.power(), faulty_bmc.commands()) == (PowerState.ON, [])


def test_a_wrong_password_is_not_tried_again(faulty_bmc: FaultyBmc, witness: Witness) -> None:
    endpoint = replace(faulty_bmc.endpoint, password="wrong")
    with bmc.connect(endpoint) as control, pytest.raises(bmc.BmcCredentialsRefused) as caught:
        bmc.ensure_power(
            control,
            PowerGoal.OFF,
            deadline_s=60,
            before_command=witness.before_command,
            on_progress=witness.on_progress,
        )
    assert (caught.value.commands_sent, caught.value.is_outcome_unknown) == (0, False)
    assert witness.events == ["reading", "retrying"]


def test_an_unknown_user_is_said_at_once(faulty_bmc: FaultyBmc, kind: str) -> None:
    endpoint = replace(faulty_bmc.endpoint, username="nobody")
    # HTTP says 401 for both, so that nobody can try names out.
    said = bmc.BmcCredentialsRefused if kind == "redfish" else bmc.BmcUserUnknown
    with bmc.connect(endpoint) as control, pytest.raises(said):
        control.set_power(PowerGoal.OFF, timeout_s=60)
    assert (faulty_bmc.power(), faulty_bmc.commands()) == (PowerState.ON, [])


def test_a_silent_bmc_is_unreachable_within_the_timeout(faulty_bmc: FaultyBmc, pace: float) -> None:
    faulty_bmc.fall_silent()

    def ask(seconds: float) -> None:
        start = time.monotonic()
        with bmc.connect(faulty_bmc.endpoint) as control, pytest.raises(bmc.BmcUnreachable):
            control.power_state(timeout_s=seconds)
        in_time(start, 3.8 + seconds)  # pyghmi alone takes five by IPMI, sixty by Redfish

    given_time(ask, 1.0 * pace, 8.0 * pace)


def test_a_bmc_silent_to_the_end_gets_no_command(
    faulty_bmc: FaultyBmc, witness: Witness, pace: float
) -> None:
    faulty_bmc.fall_silent()

    def try_to(seconds: float) -> None:
        switch(faulty_bmc, PowerGoal.OFF, witness, deadline_s=seconds)

    with pytest.raises(bmc.BmcUnreachable) as caught:
        given_time(try_to, 1.5 * pace, 5.9, 10 * pace)  # (in six seconds it looks once, and for as long)
    assert (caught.value.commands_sent, caught.value.is_outcome_unknown) == (0, False)
    assert "fence" not in witness.events
    faulty_bmc.wake_up()
    assert (faulty_bmc.power(), faulty_bmc.commands()) == (PowerState.ON, [])


def test_a_bmc_that_falls_silent_during_the_command_leaves_the_outcome_unknown(
    faulty_bmc: FaultyBmc, witness: Witness
) -> None:
    clock = Leap()

    def fall_silent(step: str) -> None:
        if step == "commanding":
            faulty_bmc.fall_silent()
            clock.ahead += 59  # one second is left, for what does not come

    witness.listener = fall_silent
    with pytest.raises(bmc.BmcDeadlineExceeded) as caught:
        switch(faulty_bmc, PowerGoal.OFF, witness, deadline_s=60, clock=clock)
    assert (caught.value.commands_sent, caught.value.is_outcome_unknown) == (1, True)


def test_a_bmc_that_wakes_up_in_time_is_switched_after_all(faulty_bmc: FaultyBmc, witness: Witness) -> None:
    faulty_bmc.fall_silent()
    witness.listener = lambda step: faulty_bmc.wake_up() if step == "retrying" else None
    outcome = switch(faulty_bmc, PowerGoal.OFF, witness, deadline_s=60)
    assert outcome.commands_sent == 1
    assert faulty_bmc.commands() == ["power off"]


def test_a_slow_answer_costs_a_timeout_and_no_more(faulty_bmc: FaultyBmc, pace: float) -> None:
    faulty_bmc.answer_slowly(8 * pace)

    def ask(seconds: float) -> None:
        start = time.monotonic()
        with bmc.connect(faulty_bmc.endpoint) as control, pytest.raises(bmc.BmcUnreachable):
            control.power_state(timeout_s=seconds)
        in_time(start, 7.5 * pace)  # the answer comes after eight

    given_time(ask, 0.6 * pace, 5 * pace)


def test_a_bmc_serves_again_after_a_failure(faulty_bmc: FaultyBmc, pace: float) -> None:
    with bmc.connect(faulty_bmc.endpoint) as control:
        assert control.power_state(timeout_s=60) == PowerState.ON
        faulty_bmc.fall_silent()
        with pytest.raises(bmc.BmcUnreachable):
            given_time(lambda seconds: control.power_state(timeout_s=seconds), 0.6 * pace, 10 * pace)
        faulty_bmc.wake_up()
        assert control.power_state(timeout_s=60) == PowerState.ON


def test_an_unknown_driver_is_refused() -> None:
    with pytest.raises(ValueError, match="no driver 'telepathy'"):
        bmc.connect(bmc.Endpoint("127.0.0.1", driver="telepathy"))
