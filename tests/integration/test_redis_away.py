"""Redis down, killed, emptied; the dispatcher killed: a click is carried out once, or expires untouched."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import redis
from sqlmodel import col, select

from bmc import PowerState
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims
from opsportal.integrations import queue_watch
from opsportal.models import HardwareJob, JobKind, Outbox
from opsportal.models.base import utcnow
from stack import valkey
from stack.disposable import Run, state_directory
from tests.bmc.ipmi_sim import StartBmc
from tests.workers.conftest import running_site
from tests.workers.site import (
    AT_READ_BACK,
    Process,
    Site,
    click,
    ended,
    horses,
    job_of,
    rent_server,
    send,
    server_of,
    tree,
    until,
    until_status,
)
from workers import clock, queues

pytestmark = pytest.mark.xdist_group("redis-away")
OFF = JobKind.POWER_OFF


@dataclass
class OwnRedis:
    """A Valkey of this module's own, kept on disk as in production, that tests may kill."""

    store: valkey.Store
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.process is None:
            self.process = subprocess.Popen(
                self.store.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            valkey.wait_until_ready(self.store)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        with redis.Redis.from_url(self.store.url(0)) as client:
            client.flushall()


@dataclass
class Place:
    site: Site
    redis: OwnRedis
    dispatcher: Process

    def restart_dispatcher(self) -> None:
        self.dispatcher = self.site.start("dispatcher")


@pytest.fixture(scope="module")
def built(databases: Run, worker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("site")
    with state_directory() as home:
        own = OwnRedis(valkey.prepare_store(home, password="own"))
        own.start()
        try:
            with running_site(databases, worker, own.store.url(0), directory, POWER_DEADLINE_S="40") as site:
                yield Place(site, own, site.start("dispatcher"))
        finally:
            own.kill()


@pytest.fixture
def place(built: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Everything runs at the start of each test. Lost calls are looked for after half a second."""
    monkeypatch.setattr(clock, "LOST_AFTER", dt.timedelta(seconds=0.5))
    built.redis.start()
    if built.dispatcher.popen.poll() is not None:
        built.restart_dispatcher()
    built.site.hands(1)
    return built


def _outbox(job_id: int) -> list[bool]:
    """Whether each wake-up call of a job was sent."""
    with unit_of_work() as unit:
        rows = unit.exec(select(Outbox).where(col(Outbox.ref) == job_id).order_by(col(Outbox.id)))
        return [row.sent_at is not None for row in rows]


def test_redis_down_at_the_click_and_back_in_time(place: Place, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    place.redis.kill()
    warned = place.dispatcher.log.read_text().count("redis_away")
    job_id = click(server, OFF)
    until(lambda: place.dispatcher.log.read_text().count("redis_away") > warned)
    assert (job_of(job_id).status, _outbox(job_id)) == ("queued", [False])
    assert queue_watch.look().is_away
    place.redis.start()
    until_status(job_id, "succeeded")
    assert (machine.commands(), server_of(server).power) == (["power off"], "off")
    assert _outbox(job_id) == [True]


def test_redis_back_too_late_and_the_click_has_expired_meanwhile(place: Place, start_bmc: StartBmc) -> None:
    """With Redis away nobody hears the clock; the click is told all the same, and nothing happens later."""
    machine = start_bmc()
    place.redis.kill()
    server = rent_server(machine.endpoint)
    job_id = click(server, OFF)
    with unit_of_work() as unit:
        unit.get_one(HardwareJob, job_id).not_after = utcnow() + dt.timedelta(seconds=1)
    until_status(job_id, "expired")
    assert place.redis.process is None
    place.redis.start()
    until(lambda: _outbox(job_id) == [True])
    until(lambda: queues.queue("hardware").count == 0)
    assert ended(job_id) == ("expired", "waited_too_long", 0)
    assert (machine.commands(), machine.power()) == ([], PowerState.ON)
    assert server_of(server).lease_fence == 0


def test_redis_killed_with_the_call_in_its_queue(place: Place, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    for hand in place.site.hands(0):
        hand.kill()
    job_id = click(rent_server(machine.endpoint), OFF)
    until(lambda: _outbox(job_id) == [True])
    place.redis.kill()
    place.redis.start()
    place.site.hands(1)
    assert ended(job_id) == ("succeeded", "verified", 1)
    assert machine.commands() == ["power off"]


def test_redis_killed_while_a_horse_runs(place: Place, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    with place.site.gate(*AT_READ_BACK) as gate:
        job_id = click(server, OFF)
        gate.wait()
        place.redis.kill()
    until_status(job_id, "succeeded")
    place.redis.start()
    assert ended(click(server, JobKind.POWER_ON)) == ("succeeded", "verified", 1)
    assert machine.commands() == ["power off", "power on"]
    assert job_of(job_id).commands_sent == 1


def test_redis_emptied_and_the_lost_call_is_replaced(place: Place, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    for hand in place.site.hands(0):
        hand.kill()
    server = rent_server(machine.endpoint)
    job_id = click(server, OFF)
    until(lambda: _outbox(job_id) == [True])
    place.redis.flush()
    place.site.hands(1)
    assert ended(job_id) == ("succeeded", "verified", 1)
    assert (machine.commands(), server_of(server).lease_fence) == (["power off"], 1)
    assert len(_outbox(job_id)) >= 2


def test_redis_emptied_and_the_question_about_an_unknown_job_is_replaced(
    place: Place, start_bmc: StartBmc
) -> None:
    machine = start_bmc()
    for hand in place.site.hands(0):
        hand.kill()
    job_id = click(rent_server(machine.endpoint), OFF)
    with unit_of_work() as unit:
        held = claims.claim(unit, job_id, worker="killed")
        assert held is not None
    with unit_of_work() as unit:
        claims.announce_command(unit, held, command="off")
        claims.leave_unknown(unit, held, line="killed")
    until(lambda: _outbox(job_id) == [True, True])
    place.redis.flush()
    place.site.hands(1)
    assert ended(job_id) == ("failed", "not_carried_out", 1)
    assert machine.commands() == []


def test_call_of_a_horse_that_died_before_it_began_is_replaced(place: Place, start_bmc: StartBmc) -> None:
    """Redis keeps the failed call for a day: that it is known there does not mean that somebody works."""
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    with place.site.gate("hardware_job", "NEW.status = 'running' AND OLD.status = 'queued'") as gate:
        job_id = click(server, OFF)
        gate.wait()
        send(signal.SIGKILL, [place.site.busy_hand().horse()])
        until(lambda: not any(horses(hand.pid) for hand in place.site.hands(0)))
    assert ended(job_id) == ("succeeded", "verified", 1)
    assert (machine.commands(), server_of(server).lease_fence) == (["power off"], 1)


def test_worker_killed_with_its_horse_before_it_began(place: Place, start_bmc: StartBmc) -> None:
    """Redis believes for a minute that the dead worker is at work; the call is replaced before that."""
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    with place.site.gate("hardware_job", "NEW.status = 'running' AND OLD.status = 'queued'") as gate:
        job_id = click(server, OFF)
        gate.wait()
        hand = place.site.busy_hand()
        send(signal.SIGKILL, tree(hand.pid))
        hand.kill()
    place.site.hands(1)
    assert ended(job_id) == ("succeeded", "verified", 1)
    assert (machine.commands(), server_of(server).lease_fence) == (["power off"], 1)


def test_worker_signs_up_again_after_redis_was_emptied(place: Place) -> None:
    place.redis.flush()
    until(lambda: [q.workers for q in queue_watch.look().queues if q.name == "hardware"] == [1])


def test_dispatcher_killed_and_restarted(place: Place, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    place.dispatcher.kill()
    job_id = click(rent_server(machine.endpoint), OFF)
    assert _outbox(job_id) == [False]
    place.restart_dispatcher()
    assert ended(job_id) == ("succeeded", "verified", 1)
    assert machine.commands() == ["power off"]


def test_dispatcher_killed_between_sending_and_noting_it(place: Place, start_bmc: StartBmc) -> None:
    """The call is sent twice; the job is carried out once."""
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    with place.site.gate("outbox", "OLD.sent_at IS NULL AND NEW.sent_at IS NOT NULL") as gate:
        job_id = click(server, OFF)
        gate.wait()
        place.dispatcher.kill()
    assert _outbox(job_id) == [False]
    place.restart_dispatcher()
    assert ended(job_id) == ("succeeded", "verified", 1)
    until(lambda: _outbox(job_id) == [True])
    until(lambda: queues.queue("hardware").count == 0)
    assert (machine.commands(), server_of(server).lease_fence) == (["power off"], 1)
