"""Faults planted in each protection, small: the same checks as after the great chaos must notice every one."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import cast

import pytest

import bmc
from bmc import PowerGoal, PowerState
from bmc.memory import MemoryBmc, plugged_in
from opsportal.domain.hardware import claims, reconciliation
from opsportal.domain.hardware.reconciliation import Resolution
from opsportal.domain.provisioning import deliveries, reports
from opsportal.models import JobKind, JobStatus, Server
from tests.bmc.ipmi_sim import SimulatedBmc
from tests.chaos import books
from tests.chaos.machines import InstalledMachine
from tests.integration.provisioning.conftest import place
from tests.integration.provisioning.rack import Place
from tests.workers.site import click, job_of, let_lease_expire, rent_server, server_of
from workers import clock, hardware
from workers.hardware.running import Reaching

__all__ = ["place"]
pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]
IS_PLANTED = pytest.mark.parametrize("is_planted", [False, True], ids=["sound", "planted"])


class Died(BaseException):
    """Stands for kill -9: nothing catches it."""


def _die_at(monkeypatch: pytest.MonkeyPatch, step: str, job_id: int) -> None:
    """Carry the job out until the library reports `step`, and die there."""
    real = Reaching.on_progress

    def dies(self: Reaching, seen: str, /, **facts: object) -> None:
        if seen == step:
            raise Died
        real(self, seen, **facts)

    with monkeypatch.context() as patch:
        patch.setattr(Reaching, "on_progress", dies)
        with pytest.raises(Died):
            hardware.run_job(job_id)


def _deliver(job_id: int) -> None:
    """What the clock and the queue do next, until the job has ended."""
    for _ in range(4):
        clock.reconcile()
        status = job_of(job_id).status
        if status == "queued":
            hardware.run_job(job_id)
        elif status == "unknown":
            hardware.reconcile_job(job_id)


def _audit(machine: MemoryBmc, job_id: int) -> None:
    """The checks of the great chaos."""
    job = job_of(job_id)
    power = books.check_commands([f"power {goal}" for goal in machine.commands], job.commands_sent)
    assert power == machine.power()
    books.check_end([job], power)


def _expect(machine: MemoryBmc, job_id: int, *, is_planted: bool) -> None:
    if is_planted:
        with pytest.raises(AssertionError):
            _audit(machine, job_id)
    else:
        _audit(machine, job_id)


def _rented(endpoint: bmc.Endpoint) -> tuple[Server, int]:
    server = rent_server(endpoint)
    return server, click(server, JobKind.POWER_OFF)


@IS_PLANTED
def test_a_reconciler_that_guesses(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """The worker died with its command written down and not sent; a guess says that it worked."""
    machine = MemoryBmc()
    with plugged_in("127.9.2.1", machine) as endpoint:
        server, job_id = _rented(endpoint)
        _die_at(monkeypatch, "commanding", job_id)
        let_lease_expire(server)
        if is_planted:
            guess = Resolution(JobStatus.SUCCEEDED, "reconciled")
            monkeypatch.setattr(reconciliation, "judge", lambda *_: guess)
        _deliver(job_id)
    _expect(machine, job_id, is_planted=is_planted)


@IS_PLANTED
def test_a_lost_job_that_simply_begins_again(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """The worker died after its command; the machine was slow, so that the one who begins again sends a second."""
    machine = MemoryBmc()
    with plugged_in("127.9.2.2", machine) as endpoint:
        server, job_id = _rented(endpoint)
        _die_at(monkeypatch, "acknowledged", job_id)
        let_lease_expire(server)
        machine.state, machine._next_state = PowerState.ON, None  # it has not followed yet
        if is_planted:

            def forgetful(unit: object, job: object, server: object) -> None:
                job.commands_sent = 0  # type: ignore[attr-defined]
                claims.move(unit, claims.HARDWARE_JOB, job, JobStatus.RUNNING, reason="planted")  # type: ignore[arg-type]
                claims.begin_again(unit, job, server)  # type: ignore[arg-type]

            monkeypatch.setattr(reconciliation, "mark_unknown", forgetful)
        _deliver(job_id)
    sent = [str(goal) for goal in machine.commands]
    assert sent == (["off", "off"] if is_planted else ["off"])
    if not is_planted:
        assert (job_of(job_id).status, job_of(job_id).outcome_code) == ("failed", "not_carried_out")


@IS_PLANTED
def test_a_lease_that_is_not_renewed(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """While a worker waits for a slow machine, every look at it moves the end of its lease."""
    ends: list[dt.datetime] = []
    # Its clock goes on with each look at it: slow by two looks, however fast they follow each other.
    machine = MemoryBmc(effect_s=2, clock=lambda: float(len(ends)))
    if is_planted:
        monkeypatch.setattr(claims, "renew", lambda *_: None)
    real = Reaching.on_progress

    def noting(self: Reaching, seen: str, /, **facts: object) -> None:
        real(self, seen, **facts)
        if seen == "waiting":
            expires_at = server_of(server).lease_expires_at
            assert expires_at is not None
            ends.append(expires_at)

    monkeypatch.setattr(Reaching, "on_progress", noting)
    with plugged_in("127.9.2.3", machine) as endpoint:
        server, job_id = _rented(endpoint)
        hardware.run_job(job_id)
    assert len(ends) >= 2
    assert (len(set(ends)) == 1) is is_planted
    assert (job_of(job_id).status, job_of(job_id).outcome_code) == ("succeeded", "verified")


@IS_PLANTED
def test_a_command_repeated_without_looking(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """The acknowledgement is lost; whoever sends again without a read-back switches twice."""
    machine = MemoryBmc(lost_answers=1)
    if is_planted:
        real = bmc.memory.MemoryPower.set_power

        def twice(self: object, goal: PowerGoal, *, timeout_s: float) -> None:
            try:
                real(self, goal, timeout_s=timeout_s)  # type: ignore[arg-type]
            except bmc.BmcSessionLost:
                real(self, goal, timeout_s=timeout_s)  # type: ignore[arg-type]

        monkeypatch.setattr(bmc.memory.MemoryPower, "set_power", twice)
    with plugged_in("127.9.2.4", machine) as endpoint:
        _, job_id = _rented(endpoint)
        hardware.run_job(job_id)
    _expect(machine, job_id, is_planted=is_planted)


@IS_PLANTED
def test_a_command_that_nobody_wrote_down(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    machine = MemoryBmc()
    if is_planted:
        monkeypatch.setattr(Reaching, "before_command", lambda self: None)
    with plugged_in("127.9.2.5", machine) as endpoint:
        _, job_id = _rented(endpoint)
        hardware.run_job(job_id)
    _expect(machine, job_id, is_planted=is_planted)


@IS_PLANTED
def test_a_success_that_nobody_read_back(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """The BMC says yes and the machine does not follow."""
    machine = MemoryBmc(ignores_commands=True)
    monkeypatch.setenv("POWER_DEADLINE_S", "1.2")
    hardware.jobs.settings.cache_clear()
    if is_planted:

        def believing(control: bmc.PowerControl, goal: PowerGoal, **how: object) -> bmc.PowerOutcome:
            how["before_command"]()  # type: ignore[operator]
            control.set_power(goal, timeout_s=1)
            return bmc.PowerOutcome(PowerState(goal.value), False, 1, 0.0)

        monkeypatch.setattr(bmc, "ensure_power", believing)
    with plugged_in("127.9.2.6", machine) as endpoint:
        _, job_id = _rented(endpoint)
        hardware.run_job(job_id)
    assert job_of(job_id).status == ("succeeded" if is_planted else "failed")
    job = job_of(job_id)
    if is_planted:
        with pytest.raises(AssertionError, match=re.escape("(<PowerState.OFF")):
            books.check_end([job], machine.power())
    else:
        books.check_end([job], machine.power())


@dataclass
class Behind:
    """A BMC in memory, seen as the great chaos sees a simulated one."""

    bmc: MemoryBmc
    by_hand: list[str] = field(default_factory=list)

    def commands(self) -> list[str]:
        return [*(f"power {goal}" for goal in self.bmc.commands), *self.by_hand]


@IS_PLANTED
def test_an_installer_that_may_be_fetched_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """Somebody presses the power button in the middle: the next start is from the disk, not a second installer."""
    if is_planted:
        monkeypatch.setattr(deliveries, "_check", lambda _: None)
        for module in (deliveries, reports):
            monkeypatch.setattr(module, "hand_out", lambda *_: None)
    behind = Behind(place.bmc)
    place.reinstall()
    machine = InstalledMachine(cast(SimulatedBmc, behind), place)
    place.work()
    while not machine.starts:
        machine.follow()
    behind.by_hand += ["power off", "power on"]
    for _ in range(8):
        machine.follow()
    if is_planted:
        with pytest.raises(AssertionError):
            machine.check()
    else:
        machine.check()
        assert (machine.starts, place.end) == (1, ("waiting", None))
