"""A hundred servers, hundreds of clicks, and somebody who kills everything: the books and the machines agree.

CHAOS_SEED repeats a run's dice; CHAOS_ROUNDS makes it longer (one round is a click on every server). Which
harm comes when is the dice's; that each comes at least once, and on a victim with a job in hand, is certain.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from redis.exceptions import RedisError
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import power
from opsportal.models import HardwareJob, JobKind, Server
from stack import valkey
from stack.disposable import Run, state_directory
from tests.bmc.ipmi_sim import SimulatedBmc, running_fleet
from tests.builders import make_actor, make_company, make_server, make_service
from tests.chaos import books
from tests.chaos.killer import DISPATCHER, EVERY_KIND, Killer
from tests.chaos.machines import InstalledMachine, request_install
from tests.chaos.test_changed_hands import hand_on
from tests.integration.provisioning.rack import BASE_URL, make_files, make_system
from tests.integration.test_redis_away import OwnRedis
from tests.workers.conftest import running_site
from tests.workers.site import FINAL, Site, horses
from tests.workers.site import until as site_until
from workers import clock

pytestmark = [pytest.mark.xdist_group("power-chaos"), pytest.mark.slow, pytest.mark.timeout(1_500)]

SEED = int(os.environ.get("CHAOS_SEED", "20261122"))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "2"))
SERVERS = int(os.environ.get("CHAOS_SERVERS", "100"))
LEASE_S = 7.0
STORMY_SHARE = 0.6
"""Strokes fall while so many of a round's jobs end, one after some jobs each: a worker that is killed before it has
done anything shows little."""
STROKES = max(12, SERVERS // 8)
"""In each round at most. Most cost a start of Python, which is dear."""
REINSTALLS_PERCENT = 15
LONGEST_S = 1_000.0


@dataclass
class Hall:
    """The fleet, its records, and the portal's processes."""

    site: Site
    redis: OwnRedis
    fleet: list[SimulatedBmc]
    servers: list[Server]
    actor: Actor


@pytest.fixture
def hall(databases: Run, worker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    monkeypatch.setattr(clock, "LOST_AFTER", dt.timedelta(seconds=2))
    make_files(tmp_path / "boot")
    settings = {
        "LEASE_S": str(LEASE_S),
        "POWER_PATIENCE_S": "900",
        "POWER_DEADLINE_S": "5",
        "BOOT_URL": BASE_URL,
        "BOOT_FILES": str(tmp_path / "boot"),
    }
    with state_directory() as home, running_fleet(tmp_path / "fleet", SERVERS) as fleet:
        redis = OwnRedis(valkey.prepare_store(home, password="own"))
        redis.start()
        try:
            with running_site(databases, worker, redis.store.url(0), tmp_path, **settings) as site:
                company = make_company()
                servers = [make_server(make_service(company), endpoint=one.endpoint) for one in fleet]
                make_system()
                yield Hall(site, redis, fleet, servers, make_actor(company=company))
        finally:
            redis.kill()


def _jobs() -> list[HardwareJob]:
    with unit_of_work() as unit:
        return list(unit.exec(select(HardwareJob).order_by(col(HardwareJob.id))))


def _list_unfinished() -> list[tuple[object, ...]]:
    columns = (HardwareJob.id, HardwareJob.kind, HardwareJob.status, HardwareJob.commands_sent)
    with unit_of_work() as unit:
        rows = unit.exec(select(*columns).where(col(HardwareJob.status).not_in(FINAL)))  # type: ignore[call-overload]
        return [tuple(row) for row in rows]


def _let_them_work(killer: Killer, machines: list[InstalledMachine], *, until: float) -> None:
    """Reconcile, strike and follow until every job has ended."""
    next_round = next_stroke = 0.0
    struck, begun = len(killer.book), len(_list_unfinished())
    while unfinished := _list_unfinished():
        now = time.monotonic()
        assert now < until, unfinished
        if now > next_round:
            with suppress(RedisError):  # away: the next round finds what this one has missed
                clock.reconcile()
            next_round = time.monotonic() + 1
        # As much of the storm as of its jobs is over; what nobody has suffered yet still comes when they all are.
        over = (begun - len(unfinished)) / (begun * STORMY_SHARE)
        is_due = over > 1 or len(killer.book) - struck <= STROKES * over
        killer.heal()  # in its time and not before: who is frozen with a job stays so past the lease
        if now > next_stroke and is_due and killer.strike(only_owed=over > 1):
            next_stroke = time.monotonic() + killer.dice.uniform(0.1, 0.5)
        for machine in machines:
            machine.follow()
        time.sleep(0.1)
    killer.heal(all_of_it=True)
    _let_the_late_ones_learn(killer)


def _let_the_late_ones_learn(killer: Killer) -> None:
    """Who was frozen for too long wakes up now: until no work horse is left that might still do something."""
    site_until(lambda: not any(horses(hand.pid) for hand in killer.site.hands(0)), timeout=60)


def _click_on_all(
    hall: Hall, killer: Killer, *, harm: str, without: Collection[int] = ()
) -> list[InstalledMachine]:
    """A click on every server: the power the other way round, a reboot, or for some a new system.

    The dispatcher is harmed with the last clicks in its hands.
    """
    dice, machines = killer.dice, []
    chosen = [number for number, server in enumerate(hall.servers) if server.id not in without]
    installed = set(dice.sample(chosen, -(-len(chosen) * REINSTALLS_PERCENT // 100)))
    for number in chosen:
        if number == chosen[-max(1, len(chosen) // 10)]:
            killer.hold_dispatcher()
        simulated, server = hall.fleet[number], hall.servers[number]
        if number in installed:
            machines.append(InstalledMachine(simulated, request_install(server, hall.actor)))
            continue
        is_on = simulated.power() == "on"
        kinds = [JobKind.POWER_OFF, JobKind.REBOOT] if is_on else [JobKind.POWER_ON]
        with unit_of_work() as unit:
            power.request_power(unit, hall.actor, server.id or 0, kind=dice.choice(kinds))
    killer.strike_dispatcher(harm)
    return machines


def _hand_some_on(hall: Hall, dice: Random) -> dict[int, tuple[int, int]]:
    """Give some servers with unfinished jobs to other companies: the commands written down by then, by job."""
    announced: dict[int, tuple[int, int]] = {}
    for server in dice.sample(hall.servers, max(1, SERVERS // 20)):
        hand_on(server)
        for job in _jobs():
            if job.server_id == server.id and job.status not in FINAL:
                announced[job.id or 0] = (server.id or 0, job.commands_sent)
    return announced


def test_every_job_ends_and_every_machine_is_where_its_last_job_left_it(hall: Hall) -> None:
    places = {server.id or 0: number for number, server in enumerate(hall.servers)}
    killer = Killer(hall.site, hall.redis, hall.fleet, places, SEED, frozen_s=LEASE_S + 2)
    try:
        _storm(hall, killer)
    finally:
        print(f"CHAOS_SEED={SEED}", *killer.book, sep="\n")  # shown when the test fails


def _storm(hall: Hall, killer: Killer) -> None:
    machines: list[InstalledMachine] = []
    handed_on: dict[int, tuple[int, int]] = {}
    end = time.monotonic() + LONGEST_S * ROUNDS / 2
    for number in itertools.count():
        # One round more, on those that are still the client's, for each stroke that has found no victim yet.
        if number >= ROUNDS and not killer.owes:
            break
        others = {server_id for server_id, _ in handed_on.values()}
        ordered = _click_on_all(hall, killer, harm=DISPATCHER[number % 2], without=others)
        machines += ordered
        if number == ROUNDS - 1:
            handed_on = _hand_some_on(hall, killer.dice)
        _let_them_work(killer, ordered, until=end)
    jobs = _jobs()
    kinds = Counter(job.kind == JobKind.REINSTALL for job in jobs)
    assert kinds[True] >= ROUNDS * SERVERS * REINSTALLS_PERCENT // 100
    assert kinds.total() >= ROUNDS * SERVERS
    for simulated, server in zip(hall.fleet, hall.servers, strict=True):
        of_server = [job for job in jobs if job.server_id == server.id]
        announced = sum(job.commands_sent for job in of_server)
        left = books.check_commands(simulated.commands(), announced)
        assert left == simulated.power()
        books.check_end(of_server, left)
    for job in jobs:
        if job.id in handed_on:
            # What was under way in that moment may be one command more, proven before the server went.
            assert job.commands_sent <= handed_on[job.id][1] + 1, job
    for machine in machines:
        machine.check()
    with unit_of_work() as unit:
        held = unit.exec(select(Server.id).where(col(Server.lease_job_id).is_not(None))).all()
    assert held == []
    assert {stroke.kind for stroke in killer.book} == EVERY_KIND  # each on a victim that was busy
    succeeded = sum(job.status == "succeeded" for job in jobs)
    assert succeeded >= len(jobs) - len(killer.book) - len(handed_on)
    print(f"{len(killer.book)} strokes, {succeeded} of {len(jobs)} succeeded")
