"""Many servers, many clicks, and somebody who kills everything at random: the books and the machines agree."""

from __future__ import annotations

import datetime as dt
import random
import signal
import time

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.models import HardwareJob, JobKind, Server
from tests.bmc.ipmi_sim import SimulatedBmc, StartBmc
from tests.workers.site import FINAL, Process, Site, children, click, rent_server, send, tree
from workers import clock, queues

pytestmark = [pytest.mark.xdist_group("power-chaos"), pytest.mark.slow]
SERVERS = 20
GOALS = {JobKind.POWER_OFF: "off", JobKind.POWER_ON: "on"}
LONGEST_S = 110


class Killer:
    """kill -9 of horses, workers and the dispatcher, and one emptied Redis; what dies is started again."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.dice = random.Random(20_261_122)
        self.dispatcher = site.start("dispatcher")
        self.strokes: list[str] = []

    def strike(self) -> None:
        kinds = ["horse"] * 5 + ["worker", "worker and horse", "dispatcher"]
        kind = "redis" if len(self.strokes) == 6 else self.dice.choice(kinds)
        self.strokes.append(kind)
        if kind == "redis":
            queues.connection().flushall()
        elif kind == "dispatcher":
            self.dispatcher.kill()
            self.dispatcher = self.site.start("dispatcher")
        else:
            self._strike_worker(kind, self.dice.choice(self.site.hands()))
            self.site.hands()

    def _strike_worker(self, kind: str, hand: Process) -> None:
        if kind == "horse":
            send(signal.SIGKILL, children(hand.pid))
        elif kind == "worker":
            hand.kill()
        else:
            send(signal.SIGKILL, tree(hand.pid))
            hand.kill()


def _jobs() -> list[HardwareJob]:
    with unit_of_work() as unit:
        return list(unit.exec(select(HardwareJob).order_by(col(HardwareJob.id))))


def _let_them_work(killer: Killer, *, until: float) -> None:
    """Reconcile and strike until every job has ended. The last third of the time is quiet."""
    next_round = next_stroke = 0.0
    quiet_from = time.monotonic() + (until - time.monotonic()) * 0.5
    while any(job.status not in FINAL for job in _jobs()):
        now = time.monotonic()
        assert now < until, [(job.id, job.status, job.commands_sent) for job in _jobs()]
        if now > next_round:
            clock.reconcile()
            next_round = time.monotonic() + 1
        if next_stroke < now < quiet_from:
            killer.strike()
            next_stroke = time.monotonic() + killer.dice.uniform(0.3, 2)
        time.sleep(0.05)


def _check_machine(machine: SimulatedBmc, jobs: list[HardwareJob]) -> None:
    """Replay the jobs of one server in their order over what reached its machine."""
    left, power = machine.commands(), "on"
    for job in jobs:
        command = f"power {GOALS[JobKind(job.kind)]}"
        reached = 0
        while left and left[0] == command:
            left.pop(0)
            reached += 1
        assert reached <= job.commands_sent, (job, machine.commands())
        if job.status == "succeeded":
            power = GOALS[JobKind(job.kind)]
        else:
            # Written down, never sent, and the BMC has said so: the only way to fail here.
            assert (job.status, job.outcome_code, reached) == ("failed", "not_carried_out", 0), job
    assert left == [], "a command after its job had ended"
    assert machine.power() == power


def test_every_job_ends_and_every_machine_is_where_its_last_job_left_it(
    site: Site, start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "LOST_AFTER", dt.timedelta(seconds=2))
    monkeypatch.setenv("LEASE_S", "7")
    monkeypatch.setenv("POWER_PATIENCE_S", "600")
    fleet: list[tuple[SimulatedBmc, Server]] = []
    for _ in range(SERVERS):
        machine = start_bmc()
        fleet.append((machine, rent_server(machine.endpoint)))
    killer = Killer(site)
    site.hands()
    end = time.monotonic() + LONGEST_S
    for kind in GOALS:
        for _, server in fleet:
            click(server, kind)
        _let_them_work(
            killer,
            until=time.monotonic() + (end - time.monotonic()) * (0.5 if kind == JobKind.POWER_OFF else 1),
        )
    jobs = _jobs()
    assert len(jobs) == 2 * SERVERS
    for machine, server in fleet:
        _check_machine(machine, [job for job in jobs if job.server_id == server.id])
    with unit_of_work() as unit:
        held = unit.exec(select(Server.id).where(col(Server.lease_job_id).is_not(None))).all()
    assert held == []
    assert {"horse", "redis"} <= set(killer.strokes)
    succeeded = sum(job.status == "succeeded" for job in jobs)
    assert succeeded >= len(jobs) - len(killer.strokes)
    print(f"{len(killer.strokes)} strokes, {succeeded} of {len(jobs)} succeeded")
