"""Workers killed and frozen at exact points of a job: it is neither lost nor repeated."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlmodel import col, select

from bmc import PowerState
from opsportal.db import unit_of_work
from opsportal.models import JobKind, Outbox
from stack.disposable import Run
from tests.bmc.ipmi_sim import StartBmc
from tests.bmc.redfish_service import Answer
from tests.integration.clicks import click_at_once
from tests.integration.inventory.machines import NO_BMC_NEEDED, evidence
from tests.workers.cleanings import DELETE_USER, POWER, RESET_BIOS, being_cleaned
from tests.workers.conftest import running_site
from tests.workers.site import (
    AT_COMMAND_SENT,
    AT_COMMAND_WRITTEN,
    AT_END,
    AT_READ_BACK,
    AT_SECOND_COMMAND,
    Process,
    Site,
    children,
    click,
    ended,
    horses,
    is_running,
    is_stopped,
    job_of,
    let_lease_expire,
    log_of,
    named,
    rent_server,
    send,
    server_of,
    settle,
    steps_of,
    tree,
    until,
)
from workers import queues
from workers.standby import STANDING_BY

pytestmark = pytest.mark.xdist_group("worker-deaths")
OFF, REBOOT = JobKind.POWER_OFF, JobKind.REBOOT
AT_SECOND_COMMAND_SENT = (
    AT_COMMAND_SENT[0],
    AT_COMMAND_SENT[1].replace("commands_sent = 1", "commands_sent = 2"),
)
AT_SECOND_READ_BACK = AT_READ_BACK[0], AT_READ_BACK[1].replace("verify_off", "verify_on")


@pytest.fixture(scope="module")
def place(
    databases: Run, worker: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A portal with a dispatcher. The lease outlasts a slow test machine; tests move its end."""
    directory = tmp_path_factory.mktemp("site")
    with running_site(databases, worker, redis_url, directory, POWER_DEADLINE_S="40", LEASE_S="90") as site:
        site.start("dispatcher")
        yield site


@pytest.fixture(autouse=True)
def _hands(place: Site) -> Iterator[None]:
    """Two workers at the start of each test; those that it froze do not outlive it."""
    place.hands()
    yield
    for hand in place.hands(0):
        if any(is_stopped(pid) for pid in tree(hand.pid)):
            send(signal.SIGKILL, tree(hand.pid))
            hand.kill()


def _horse(job_id: int) -> int:
    """The work horse that has claimed the job. That of the call before may still be about to end."""
    return int(job_of(job_id).worker.rpartition(":")[2])


def _hand_of(place: Site, horse: int) -> Process:
    """The worker whose work horse it is."""
    parent = int(Path(f"/proc/{horse}/stat").read_text().rpartition(")")[2].split()[1])
    return next(hand for hand in place.hands(0) if hand.pid == parent)


def _kill_horse(job_id: int) -> None:
    horse = _horse(job_id)
    send(signal.SIGKILL, [horse])
    until(lambda: not is_running(horse))


DEATHS = {
    "before the command": (OFF, AT_COMMAND_WRITTEN, ("succeeded", "verified", 1), ["power off"]),
    "between writing and sending": (OFF, AT_COMMAND_SENT, ("failed", "not_carried_out", 1), []),
    "before the read-back": (OFF, AT_READ_BACK, ("succeeded", "reconciled", 1), ["power off"]),
    "before the end": (OFF, AT_END, ("succeeded", "reconciled", 1), ["power off"]),
    "reboot, before the command": (
        REBOOT,
        AT_COMMAND_WRITTEN,
        ("succeeded", "verified", 2),
        ["power off", "power on"],
    ),
    "reboot, between writing and sending": (REBOOT, AT_COMMAND_SENT, ("failed", "reboot_uncertain", 1), []),
    "reboot, before the read-back": (
        REBOOT,
        AT_READ_BACK,
        ("succeeded", "reconciled", 2),
        ["power off", "power on"],
    ),
    "reboot, verified off": (
        REBOOT,
        AT_SECOND_COMMAND,
        ("succeeded", "reconciled", 2),
        ["power off", "power on"],
    ),
    "reboot, on written and not sent": (
        REBOOT,
        AT_SECOND_COMMAND_SENT,
        ("succeeded", "reconciled", 3),
        ["power off", "power on"],
    ),
    "reboot, switched on": (
        REBOOT,
        AT_SECOND_READ_BACK,
        ("succeeded", "reconciled", 2),
        ["power off", "power on"],
    ),
}


@pytest.mark.parametrize("point", DEATHS)
def test_horse_killed(place: Site, start_bmc: StartBmc, point: str) -> None:
    kind, gate_at, end, commands = DEATHS[point]
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    with place.gate(*gate_at) as gate:
        job_id = click(server, kind)
        gate.wait()
        _kill_horse(job_id)
    before = job_of(job_id)
    assert before.status in ("running", "verifying")
    assert server_of(server).lease_job_id == job_id  # nobody else may touch the server yet
    let_lease_expire(server)
    assert ended(job_id) == end
    assert machine.commands() == commands
    row = server_of(server)
    assert (row.power, row.lease_job_id) == (machine.power(), None)
    assert row.lease_fence > before.fence
    assert not {"waiting", "running"} & set(steps_of(job_id).values())


def test_horse_killed_at_every_step_of_a_cleaning(place: Site, tmp_path: Path) -> None:
    """It begins again before anything was sent; after, nothing is repeated, and a person is asked. No proof is made up."""

    def kill_at(step: str, job: int | None = None) -> int:
        """Without a job: of one that is asked for once the gate is there, else it could be past it already."""
        begins = f"NEW.name = '{step}' AND NEW.status = 'running' AND OLD.status <> 'running'"
        with place.gate("job_step", begins) as gate:
            if job is None:
                job = machine.gather()
            else:
                machine.hand_on()
            gate.wait()
            _kill_horse(job)
        return job

    def kill_when_told(request: tuple[str, str], job: int | None = None, does: Answer | None = None) -> int:
        with machine.held(request, does=does) as came:
            if job is None:
                job = machine.gather()
            else:
                machine.hand_on()
            assert came.wait(120)
            _kill_horse(job)
        return job

    def ends(commands: int, **found: tuple[str, str]) -> None:
        machine.hand_on()
        assert ended(job_id) == ("failed", "clean_interrupted", commands)
        assert evidence(machine.server) == NO_BMC_NEEDED | found
        assert machine.is_nobodys()

    with being_cleaned(tmp_path) as machine:
        job_id = kill_at("check_disks")
        kill_at("check_reverse", job_id)
        kill_when_told(DELETE_USER, job_id, does=machine.service._accounts)
        machine.fall_silent()
        machine.hand_on()
        until(lambda: any("no answer" in line for line in log_of(job_id)), what="the question")
        assert job_of(job_id).status == "unknown"
        machine.speak_again()
        ends(1)
        job_id = kill_at("note_firmware")
        kill_at("compare_parts", job_id)
        kill_when_told(RESET_BIOS, job_id)
        seen = {"bmc_users": ("good", "removed_by_bmc"), "inventory": ("good", "read_by_bmc")}
        seen |= {"firmware": ("open", "compared")}
        ends(1, **seen)
        job_id = kill_when_told(POWER, does=machine.service._resource)
        ends(2, **seen)
        assert machine.was_told() == ["delete 2", "post Bios.ResetBios", "post Bios.ResetBios", "ForceOff"]


def _redeliver(job_id: int) -> None:
    """As Redis does when it has lost track: the same call and another one."""
    with unit_of_work() as unit:
        row = unit.exec(
            select(Outbox).where(col(Outbox.ref) == job_id, col(Outbox.task) == "hardware_job")
        ).one()
    for call in (queues.wake_up_id(row), f"again-{job_id}"):
        queues.put("hardware", "hardware_job", job_id, job_id=call)


def _until_idle(place: Site) -> None:
    def is_idle() -> bool:
        return queues.queue("hardware").count == 0 and not any(horses(p.pid) for p in place.hands(0))

    until(is_idle, what="all calls to be answered")


def test_parent_killed_while_its_horse_runs_on(place: Site, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    with place.gate(*AT_READ_BACK) as gate:
        job_id = click(server, OFF)
        gate.wait()
        machine.fall_silent()  # the horse will be busy until the BMC answers
        horse = _horse(job_id)
        _hand_of(place, horse).kill()
    (other,) = place.hands(1)
    told = other.log.read_text().count("nothing_to_do")
    _redeliver(job_id)
    until(lambda: other.log.read_text().count("nothing_to_do") == told + 2, what="two refusals")
    assert is_running(horse)
    assert job_of(job_id).status == "verifying"
    machine.wake_up()
    assert ended(job_id) == ("succeeded", "verified", 1)
    assert job_of(job_id).worker.endswith(f":{horse}")
    until(lambda: not is_running(horse))
    _redeliver(job_id)
    _until_idle(place)
    assert (machine.commands(), job_of(job_id).commands_sent) == (["power off"], 1)
    assert server_of(server).lease_fence == 1


def test_call_delivered_many_times_to_two_workers(place: Site, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    job_id = click(server, OFF)
    for n in range(6):
        queues.put("hardware", "hardware_job", job_id, job_id=f"many-{job_id}-{n}")
    assert ended(job_id) == ("succeeded", "verified", 1)
    _until_idle(place)
    assert (machine.commands(), server_of(server).lease_fence) == (["power off"], 1)


def _story(job_id: int) -> tuple[object, ...]:
    return job_of(job_id).model_dump(), log_of(job_id), steps_of(job_id)


def test_frozen_past_its_lease_before_sending(place: Site, start_bmc: StartBmc) -> None:
    """It wakes up inside a transaction, with its command written down and not sent."""
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    with place.gate(*AT_COMMAND_SENT) as gate:
        job_id = click(server, OFF)
        gate.wait()
        horse = _horse(job_id)
        frozen = tree(_hand_of(place, horse).pid)
        send(signal.SIGSTOP, frozen)
    # It holds the row locks of job and server. The database ends that, or nobody ever could.
    _until_unlocked(place)
    let_lease_expire(server)
    assert ended(job_id) == ("failed", "not_carried_out", 1)
    story, fence = _story(job_id), server_of(server).lease_fence
    send(signal.SIGCONT, frozen)
    until(lambda: not is_running(horse), what="the woken horse to stop")
    assert (_story(job_id), server_of(server).lease_fence) == (story, fence)
    assert (machine.commands(), machine.power()) == ([], PowerState.ON)


def test_frozen_past_its_lease_after_sending(place: Site, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    machine.ignore_commands()
    server = rent_server(machine.endpoint)
    job_id = click(server, OFF)
    until(machine.commands, what="the command")
    horse = _horse(job_id)
    frozen = tree(_hand_of(place, horse).pid)
    send(signal.SIGSTOP, frozen)
    until(lambda: all(is_stopped(pid) or not is_running(pid) for pid in frozen))
    machine.ignore_commands(False)
    machine.switch(PowerState.OFF)  # it has followed late
    _until_unlocked(place)
    let_lease_expire(server)
    assert ended(job_id) == ("succeeded", "reconciled", 1)
    next_id = click(server, JobKind.POWER_ON)
    assert ended(next_id) == ("succeeded", "verified", 1)
    story, fence = _story(job_id), server_of(server).lease_fence
    send(signal.SIGCONT, frozen)
    until(lambda: not is_running(horse), what="the woken horse to stop")
    assert (_story(job_id), server_of(server).lease_fence) == (story, fence)
    assert (machine.commands(), machine.power()) == (["power off", "power on"], PowerState.ON)


def _until_unlocked(place: Site) -> None:
    """Wait until the database has ended the transaction of a process that is frozen in the midst of it."""
    with psycopg.connect(place.url, autocommit=True) as watching:
        query = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
        )
        until(lambda: watching.execute(query).fetchone() == (0,), what="the database to let go")


def _has_unread_packets(port: int) -> bool:
    """Whether datagrams wait in a UDP socket of this machine (rx_queue in /proc/net/udp)."""
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[1].split(":")[1], 16) == port and int(words[4].split(":")[1], 16) > 0:
            return True
    return False


def test_frozen_with_the_command_half_way_to_the_bmc(place: Site, start_bmc: StartBmc) -> None:
    """The BMC's answer, which would trigger the command, is read when the job has long ended."""
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    with place.gate(*AT_COMMAND_SENT) as gate:
        job_id = click(server, OFF)
        gate.wait()
        machine.fall_silent()
    until(lambda: _has_unread_packets(machine.endpoint.port), what="a request on the wire")
    horse = _horse(job_id)
    frozen = tree(_hand_of(place, horse).pid)
    send(signal.SIGSTOP, frozen)
    too_late = time.monotonic() + 6  # longer than any exchange with a BMC may take, and less than a lease
    machine.wake_up()
    _until_unlocked(place)
    let_lease_expire(server)
    assert ended(job_id) == ("failed", "not_carried_out", 1)
    story = _story(job_id)
    until(lambda: time.monotonic() > too_late)
    # The one that talks to the BMC wakes up first: nobody is there to stop it.
    (talker,) = children(horse)
    send(signal.SIGCONT, [talker])
    awake_since = time.monotonic()
    until(lambda: machine.commands() or time.monotonic() > awake_since + 1)
    assert machine.commands() == []
    send(signal.SIGCONT, frozen)
    until(lambda: not is_running(horse), what="the woken horse to stop")
    assert _story(job_id) == story
    assert (machine.commands(), machine.power()) == ([], PowerState.ON)


def _standing_by(hand: Process) -> int:
    """The process of a worker that will carry out its next job."""
    return until(lambda: named(hand.pid, STANDING_BY), what="a horse that stands by")[0]


def test_who_has_carried_out_a_job_ends_and_another_stands_by(place: Site, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    job_id = click(rent_server(machine.endpoint), OFF)
    assert ended(job_id) == ("succeeded", "verified", 1)
    horse = _horse(job_id)
    until(lambda: not is_running(horse), what="the horse to end with its job")
    assert horse not in {_standing_by(hand) for hand in place.hands()}
    assert machine.commands() == ["power off"]


def test_who_stood_by_was_killed(place: Site, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    killed = {_standing_by(hand) for hand in place.hands()}
    send(signal.SIGKILL, list(killed))
    until(lambda: not any(is_running(pid) for pid in killed))
    assert ended(click(rent_server(machine.endpoint), OFF)) == ("succeeded", "verified", 1)
    assert machine.commands() == ["power off"]


def test_who_stood_by_ends_with_the_worker(place: Site) -> None:
    hand = place.hands()[0]
    ready = _standing_by(hand)
    family = tree(ready)
    hand.kill()
    until(lambda: not any(is_running(pid) for pid in family), what="nobody to be left")


def test_two_clicks_at_once_touch_the_machine_once(place: Site, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    accepted, refused = click_at_once(server, people=6)
    assert (len(accepted), refused) == (1, ["server_busy"] * 5)
    settle(accepted[0])
    assert (machine.commands(), machine.power()) == (["power off"], PowerState.OFF)
