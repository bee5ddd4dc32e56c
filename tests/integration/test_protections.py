"""Each protection, and that its test notices when it is taken out."""

from __future__ import annotations
import __future__

import datetime as dt
import inspect
import textwrap
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text

from opsportal.db import unit_of_work
from opsportal.domain import lifecycle
from opsportal.domain.hardware import claims, reconciliation
from opsportal.models import JobKind
from opsportal.settings import settings
from tests.bmc.ipmi_sim import SimulatedBmc, StartBmc
from tests.integration.clicks import click_at_once
from tests.workers.site import click, job_of, let_lease_expire, rent_server
from workers import clock, dispatcher, hardware, queues
from workers.hardware.running import Reaching

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]
IS_TAKEN_OUT = pytest.mark.parametrize("is_taken_out", [False, True], ids=["in place", "taken out"])


def take_out(patch: pytest.MonkeyPatch, module: ModuleType, function: str, old: str, new: str) -> None:
    """Put a copy of a module's function in its place in which `old` is `new`."""
    source = textwrap.dedent(inspect.getsource(getattr(module, function)))
    assert source.count(old) == 1, f"{function} has changed: plant the fault anew"
    made: dict[str, Any] = {}
    flags = __future__.annotations.compiler_flag
    exec(compile(source.replace(old, new), "planted", "exec", flags=flags), vars(module), made)
    patch.setattr(module, function, made[function])


class Died(BaseException):
    """Stands for kill -9: nothing catches it."""


@IS_TAKEN_OUT
def test_one_active_job_per_server(is_taken_out: bool) -> None:
    if is_taken_out:
        with unit_of_work() as unit:
            unit.execute(text("DROP INDEX uq_hardware_job_active"))
    accepted, refused = click_at_once(rent_server(), people=5)
    assert len(accepted) + len(refused) == 5
    assert (len(accepted) == 1) is not is_taken_out


@IS_TAKEN_OUT
def test_claim_is_compare_and_set(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    """The call is delivered a second time while a worker holds the job."""
    machine = start_bmc()
    job_id = click(rent_server(machine.endpoint), JobKind.POWER_OFF)
    with unit_of_work() as unit:
        assert claims.claim(unit, job_id, worker="first") is not None
    if is_taken_out:
        take_out(monkeypatch, claims, "claim", "job.status != JobStatus.QUEUED", "False")
        # The declared machine knows no step from running to running: a second net.
        monkeypatch.setattr(lifecycle.Machine, "allows", lambda *_: True)
    hardware.run_job(job_id)
    assert machine.commands() == (["power off"] if is_taken_out else [])


@IS_TAKEN_OUT
def test_fence_is_checked_right_before_the_command(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    """The worker is fenced off after it has read the server and before it commands it."""
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    job_id = click(server, JobKind.POWER_OFF)
    real = Reaching.before_command

    def fenced_off(self: Reaching) -> None:
        let_lease_expire(server)
        with unit_of_work() as unit:
            assert reconciliation.fence_off_dead(unit) == 1
        real(self)

    monkeypatch.setattr(Reaching, "before_command", fenced_off)
    if is_taken_out:
        source = inspect.getsource(claims.prove)
        assert source.count("raise LeaseLost") == 2
        made: dict[str, Any] = {}
        code = compile(source.replace("raise LeaseLost", "pass"), "planted", "exec", dont_inherit=True,
                       flags=__future__.annotations.compiler_flag)  # fmt: skip
        exec(code, vars(claims), made)
        monkeypatch.setattr(claims, "prove", made["prove"])
        monkeypatch.setattr(lifecycle.Machine, "allows", lambda *_: True)
    hardware.run_job(job_id)
    assert machine.commands() == (["power off"] if is_taken_out else [])
    if not is_taken_out:
        assert (job_of(job_id).status, job_of(job_id).commands_sent) == ("queued", 0)


def _die_before_the_read_back(monkeypatch: pytest.MonkeyPatch, job_id: int) -> None:
    real = Reaching.on_progress

    def dies(self: Reaching, step: str, /, **facts: object) -> None:
        if step == "verifying":
            raise Died
        real(self, step, **facts)

    with monkeypatch.context() as patch:
        patch.setattr(Reaching, "on_progress", dies)
        with pytest.raises(Died):
            hardware.run_job(job_id)


def _carry_on(job_id: int) -> None:
    """What the queue would deliver next."""
    status = job_of(job_id).status
    if status == "queued":
        hardware.run_job(job_id)
    elif status == "unknown":
        hardware.reconcile_job(job_id)


def _ignoring(start_bmc: StartBmc) -> SimulatedBmc:
    """A machine that does not follow: a command that is repeated shows."""
    machine = start_bmc()
    machine.ignore_commands()
    return machine


@IS_TAKEN_OUT
def test_command_is_written_down_before_it_is_sent(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    machine = _ignoring(start_bmc)
    server = rent_server(machine.endpoint)
    job_id = click(server, JobKind.POWER_OFF)
    if is_taken_out:
        monkeypatch.setattr(claims, "announce_command", lambda *_, **__: None)
    _die_before_the_read_back(monkeypatch, job_id)
    assert machine.commands() == ["power off"]
    let_lease_expire(server)
    clock.reconcile()
    if is_taken_out:
        _die_before_the_read_back(monkeypatch, job_id)  # the queue would deliver it anew
        assert machine.commands() == ["power off"] * 2
    else:
        _carry_on(job_id)
        assert machine.commands() == ["power off"]
        assert (job_of(job_id).status, job_of(job_id).outcome_code) == ("failed", "not_carried_out")


@IS_TAKEN_OUT
def test_expired_lease_is_swept(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    machine = _ignoring(start_bmc)
    server = rent_server(machine.endpoint)
    job_id = click(server, JobKind.POWER_OFF)
    _die_before_the_read_back(monkeypatch, job_id)
    let_lease_expire(server)
    if is_taken_out:
        monkeypatch.setattr(reconciliation, "fence_off_dead", lambda _: 0)
    clock.reconcile()
    _carry_on(job_id)
    assert job_of(job_id).status == ("verifying" if is_taken_out else "failed")


@IS_TAKEN_OUT
def test_lost_wake_up_call_is_replaced(monkeypatch: pytest.MonkeyPatch, is_taken_out: bool) -> None:
    monkeypatch.setattr(clock, "LOST_AFTER", dt.timedelta(0))
    click(rent_server())
    dispatcher.dispatch()
    queues.connection().flushall()
    if is_taken_out:
        monkeypatch.setattr(clock, "replace_lost", lambda: 0)
    clock.reconcile()
    dispatcher.dispatch()
    assert queues.queue("hardware").count == (0 if is_taken_out else 1)


@IS_TAKEN_OUT
def test_click_that_is_too_old_is_not_carried_out(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    machine = start_bmc()
    monkeypatch.setenv("POWER_PATIENCE_S", "0.001")
    settings.cache_clear()
    job_id = click(rent_server(machine.endpoint), JobKind.POWER_OFF)
    if is_taken_out:
        take_out(monkeypatch, claims, "claim", "job.not_after <= utcnow()", "False")
    hardware.run_job(job_id)
    assert machine.commands() == (["power off"] if is_taken_out else [])
    assert job_of(job_id).status == ("succeeded" if is_taken_out else "expired")
