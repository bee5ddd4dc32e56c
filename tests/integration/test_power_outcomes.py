"""One click, one real worker, one real BMC: every way it can end, and what reached the machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import bmc
from bmc import PowerState
from opsportal.db import unit_of_work
from opsportal.domain.hardware import owners, power, takeover
from opsportal.domain.vault import seal
from opsportal.models import Bmc, HardwareJob, JobKind, Role, Server
from stack.disposable import Run
from tests.bmc.ipmi_sim import SimulatedBmc, StartBmc
from tests.builders import make_actor
from tests.lab.labs import RunningLab
from tests.workers.conftest import running_site
from tests.workers.site import (
    Site,
    click,
    ended,
    job_of,
    log_of,
    rent_server,
    server_of,
    settle,
    steps_of,
    until,
    until_status,
)

pytestmark = pytest.mark.xdist_group("power-outcomes")
ON, OFF, REBOOT = JobKind.POWER_ON, JobKind.POWER_OFF, JobKind.REBOOT


@pytest.fixture(scope="module")
def at_work(
    databases: Run, worker: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A dispatcher and a worker for all tests of this module."""
    directory = tmp_path_factory.mktemp("site")
    with running_site(databases, worker, redis_url, directory, POWER_DEADLINE_S="60") as site:
        site.start("dispatcher")
        site.start("worker", "hardware")
        yield site


def _employ(at_work: Site, *, deadline_s: str) -> None:
    """Another worker in the place of the one that is there."""
    (before,) = at_work.hands(0)
    before.kill()
    at_work.processes.remove(before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POWER_DEADLINE_S", deadline_s)
        at_work.start("worker", "hardware")


@pytest.fixture(scope="module")
def hurry(at_work: Site) -> None:
    """From here on a worker that gives up soon: for jobs that use up all their time. Their tests come last."""
    _employ(at_work, deadline_s="9")  # (one that has ten would send a command again)


@pytest.fixture(autouse=True)
def _everybody_at_work(at_work: Site) -> Iterator[None]:
    yield
    assert all(process.popen.poll() is None for process in at_work.processes), at_work.logs()


def test_a_person_who_takes_a_failed_job_over_is_told_how_the_machine_is(start_bmc: StartBmc) -> None:
    """The question goes the way of every call, to a worker and its BMC; nothing is sent that changes anything."""
    machine = start_bmc()
    job_id = click(rent_server(machine.endpoint), OFF)
    assert ended(job_id)[0] == "succeeded"
    server_id = job_of(job_id).server_id
    with unit_of_work() as unit:
        unit.execute(text("UPDATE hardware_job SET status = 'failed' WHERE id = :job"), {"job": job_id})
    with unit_of_work() as unit:
        takeover.take_over(unit, make_actor(role=Role.TECHNICIAN), job_id)

    def told() -> str | None:
        with unit_of_work() as unit:
            row = owners.owner_of(unit, server_id)
            return row.answer if row is not None else None

    until(lambda: told() is not None, what="the answer")
    assert (told(), machine.commands()) == ("off", ["power off"])


@pytest.mark.parametrize(
    ("is_on", "kind", "commands", "end"),
    [
        (True, OFF, ["power off"], "off"),
        (False, ON, ["power on"], "on"),
        (True, REBOOT, ["power off", "power on"], "on"),
        (False, REBOOT, ["power on"], "on"),
        (False, OFF, [], "off"),
        (True, ON, [], "on"),
    ],
)
def test_goal_is_reached_with_no_command_too_many(
    start_bmc: StartBmc, is_on: bool, kind: JobKind, commands: list[str], end: str
) -> None:
    machine = start_bmc(is_on=is_on)
    server = rent_server(machine.endpoint)
    job_id = click(server, kind)
    assert ended(job_id) == ("succeeded", "verified", len(commands))
    assert machine.commands() == commands
    row = server_of(server)
    assert (row.power, machine.power(), row.bmc_error_code) == (end, end, None)
    assert (row.lease_job_id, row.lease_expires_at, row.lease_fence) == (None, None, 1)
    assert row.power_verified_at is not None
    job = job_of(job_id)
    assert job.started_at is not None
    assert job.started_at < row.power_verified_at <= (job.finished_at or row.power_verified_at)


def test_steps_tell_the_story(start_bmc: StartBmc) -> None:
    was_on, was_off = start_bmc(), start_bmc(is_on=False)
    rebooted, started = (click(rent_server(m.endpoint), REBOOT) for m in (was_on, was_off))
    settle(rebooted)
    settle(started)
    done = dict.fromkeys(("read", "switch_off", "verify_off", "switch_on", "verify_on"), "done")
    assert steps_of(rebooted) == done
    assert steps_of(started) == done | {"switch_off": "skipped"}
    assert [line for line in log_of(rebooted) if not line.startswith("claimed")] == [
        "sending: chassis power off",
        "read back: off",
        "sending: chassis power on",
        "read back: on",
    ]


def test_slow_machine_is_waited_for(start_bmc: StartBmc) -> None:
    machine = start_bmc()
    machine.ignore_commands()
    job_id = click(rent_server(machine.endpoint), OFF)
    assert until_status(job_id, "verifying").commands_sent == 1
    machine.switch(PowerState.OFF)  # at last
    assert ended(job_id) == ("succeeded", "verified", 1)
    assert (machine.commands(), machine.power()) == (["power off"], PowerState.OFF)


def _with_credentials(server: Server, **changes: object) -> Server:
    with unit_of_work() as unit:
        row = unit.get_one(Bmc, server.id)
        for name, value in changes.items():
            is_plain = name == "password" and isinstance(value, str)
            setattr(row, name, seal(str(value)) if is_plain else value)
    return server


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"password": "wr0ng"}, "bmc_credentials_refused"),
        ({"username": "nobody"}, "bmc_user_unknown"),
        ({"username": "a name of more than 16 bytes"}, "bmc_misconfigured"),
        ({"host": "bmc.example"}, "bmc_misconfigured"),
        ({"password": b"sealed with a lost key"}, "bmc_misconfigured"),
    ],
    ids=["wrong password", "unknown user", "long user", "no address", "lost key"],
)
def test_what_cannot_work_fails_and_says_why(
    start_bmc: StartBmc, changes: dict[str, object], outcome: str
) -> None:
    machine = start_bmc()
    server = _with_credentials(rent_server(machine.endpoint), **changes)
    job_id = click(server, OFF)
    assert ended(job_id) == ("failed", outcome, 0)
    assert (machine.commands(), machine.power()) == ([], PowerState.ON)
    row = server_of(server)
    assert (row.power, row.lease_job_id) == ("unknown", None)
    assert log_of(job_id)[-1].startswith(f"{outcome}: ")
    assert not any("sending" in line for line in log_of(job_id))


def test_address_outside_our_networks_gets_not_one_packet() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("::1", 0))
        endpoint = bmc.Endpoint("::1", stranger.getsockname()[1], username="admin", password="s3cret")
        assert ended(click(rent_server(endpoint), OFF)) == ("failed", "bmc_outside_networks", 0)
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(1)


def _silent_after_the_command(machine: SimulatedBmc, job_id: int) -> None:
    """The machine ignores commands, so that no read-back sees anything before the BMC falls silent."""
    until(machine.commands, what="the command")
    machine.fall_silent()
    until_status(job_id, "unknown")


@pytest.mark.usefixtures("hurry")
def test_silent_after_the_command_is_unknown_until_it_answers_that_it_worked(start_bmc: StartBmc) -> None:
    machine = start_bmc()
    machine.ignore_commands()
    server = rent_server(machine.endpoint)
    job_id = click(server, OFF)
    _silent_after_the_command(machine, job_id)
    assert job_of(job_id).outcome_code is None
    machine.switch(PowerState.OFF)  # it has followed late
    machine.wake_up()
    assert ended(job_id) == ("succeeded", "reconciled", 1)
    assert (machine.commands(), server_of(server).power) == (["power off"], "off")


@pytest.mark.usefixtures("hurry")
def test_silent_after_the_command_is_unknown_until_it_answers_that_it_did_not(start_bmc: StartBmc) -> None:
    machine = start_bmc()
    machine.ignore_commands()
    server = rent_server(machine.endpoint)
    job_id = click(server, OFF)
    _silent_after_the_command(machine, job_id)
    machine.wake_up()
    assert ended(job_id) == ("failed", "not_carried_out", 1)
    assert (machine.commands(), server_of(server).power) == (["power off"], "on")


@pytest.mark.usefixtures("hurry")
def test_bmc_that_acknowledges_and_does_nothing(start_bmc: StartBmc) -> None:
    machine = start_bmc()
    machine.ignore_commands()
    server = rent_server(machine.endpoint)
    job_id = click(server, OFF)
    assert ended(job_id) == ("failed", "bmc_ignored_command", 1)
    assert (machine.commands(), machine.power()) == (["power off"], PowerState.ON)
    assert (server_of(server).power, server_of(server).lease_job_id) == ("on", None)


@pytest.mark.usefixtures("hurry")
def test_bmc_that_refuses(start_bmc: StartBmc) -> None:
    machine = start_bmc()
    machine.refuse_commands()
    server = rent_server(machine.endpoint)
    status, outcome, commands = ended(click(server, OFF))
    assert (status, machine.power(), server_of(server).power) == ("failed", PowerState.ON, "on")
    assert outcome in ("bmc_refused_command", "bmc_busy", "bmc_ignored_command")
    assert machine.commands() == ["power off"] * commands


@pytest.mark.usefixtures("hurry")
def test_reboot_whose_bmc_falls_silent_while_off_is_finished_when_it_answers(
    at_work: Site, start_bmc: StartBmc
) -> None:
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    with at_work.gate("job_step", "NEW.name = 'verify_off' AND NEW.status = 'done'") as gate:
        job_id = click(server, REBOOT)
        gate.wait()
        machine.fall_silent()
    until_status(job_id, "unknown")
    assert machine.power() == PowerState.OFF
    machine.wake_up()
    assert ended(job_id) == ("succeeded", "reconciled", 2)
    assert machine.commands() == ["power off", "power on"]
    assert (machine.power(), server_of(server).power) == (PowerState.ON, "on")


@pytest.mark.usefixtures("hurry")
def test_silent_bmc_fails_before_any_command(start_bmc: StartBmc) -> None:
    machine = start_bmc()
    machine.fall_silent()
    job_id = click(rent_server(machine.endpoint), OFF)
    assert ended(job_id) in (("failed", "bmc_unreachable", 0), ("failed", "bmc_deadline_exceeded", 0))
    machine.wake_up()
    assert (machine.commands(), machine.power()) == ([], PowerState.ON)


@pytest.mark.usefixtures("hurry")
def test_closed_port_is_unreachable(start_bmc: StartBmc) -> None:
    machine = start_bmc()
    machine.stop()
    job_id = click(rent_server(machine.endpoint), OFF)
    status, outcome, commands = ended(job_id)
    assert (status, commands) == ("failed", 0)
    assert outcome in ("bmc_unreachable", "bmc_deadline_exceeded")


@pytest.mark.usefixtures("hurry")
def test_busy_bmc_is_not_pressed(at_work: Site, tmp_path: Path) -> None:
    """`ipmi_sim` is never busy, so this one BMC is our lab's."""
    lab = RunningLab(tmp_path / "lab", servers=1)
    lab.start()
    try:
        machine = lab.take()
        machine.ask("fault", kind="busy")
        known = machine.identity
        endpoint = bmc.Endpoint(
            known["host"], known["port"], username=known["username"], password=known["password"]
        )
        job_id = click(rent_server(endpoint), OFF)
        assert ended(job_id) == ("failed", "bmc_busy", 0)
        assert (machine.commands(), machine.effects()) == (["fault busy"], [])
        machine.ask("clear")
        _employ(at_work, deadline_s="60")
        with unit_of_work() as unit:
            job = unit.get_one(HardwareJob, job_id)
            actor = make_actor(role=Role.OPERATOR)
            again = power.retry_job(unit, actor, job.id or 0)
        assert ended(again.id or 0) == ("succeeded", "verified", 1)
        assert machine.effects() == ["power-off"]
    finally:
        lab.end()
