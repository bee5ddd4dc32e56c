"""Somebody who kills, freezes and restarts everything, by a seed that a failed test names.

The order is the dice's; the moment is not: each stroke waits until there is something to harm, and looks
whether that is still so while its victim stands still. The book holds what was seen then.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import redis
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.integrations.queue_watch import RQ_DATABASE
from opsportal.models import HardwareJob, JobKind, JobStatus, Outbox
from tests.bmc.ipmi_sim import SimulatedBmc, restart
from tests.integration.test_redis_away import OwnRedis
from tests.workers.site import Process, Site, children, horses, is_running, is_stopped, send, tree, until
from workers.hardware.jobs import worker_name

_TIMES = {
    "horse of a power job": 3,
    "horse of a reinstall": 2,
    "worker": 2,
    "worker and horse": 2,
    "frozen worker": 2,
    "frozen BMC": 3,
    "dead BMC": 2,
    "redis": 1,
    "frozen redis": 1,
}
"""How often each comes in a row of strokes."""
ONCE = "flushed redis"
DISPATCHER = ("dispatcher", "frozen dispatcher")
"""Struck while calls wait for it."""
EVERY_KIND = frozenset({*_TIMES, *DISPATCHER, ONCE})
_FLUSH = """
local waiting = redis.call('LLEN', 'rq:queue:hardware')
if waiting > 0 then redis.call('FLUSHALL') end
return waiting
"""


@dataclass(frozen=True)
class Stroke:
    """A harm that was done, and what its victim was at."""

    kind: str
    victim: str


@dataclass
class Killer:
    """Strikes the processes of a site and the BMCs of a fleet; what it kills is started again.

    `places`: where each server's BMC is in the fleet.
    """

    site: Site
    redis: OwnRedis
    fleet: list[SimulatedBmc]
    places: dict[int, int]
    seed: int
    frozen_s: float
    hands: int = 3
    book: list[Stroke] = field(default_factory=list)
    _ahead: list[str] = field(default_factory=list)
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.dispatcher = self.site.start("dispatcher")
        self.site.hands(self.hands)
        self._ahead = [*_TIMES, ONCE]
        self.dice.shuffle(self._ahead)

    @property
    def owes(self) -> set[str]:
        """The kinds of strokes that have not fallen yet."""
        return set(EVERY_KIND) - {stroke.kind for stroke in self.book}

    def strike(self, *, only_owed: bool = False) -> bool:
        """The next harm for which there is a victim now. False when there is none: come again."""
        if not self._ahead:
            self._ahead = [kind for kind, times in _TIMES.items() for _ in range(times)]
            self.dice.shuffle(self._ahead)
        for kind in dict.fromkeys(self._ahead):
            if only_owed and kind not in self.owes:
                continue
            if self._try(kind, self._harm(kind)):
                self._ahead.remove(kind)
                return True
        return False

    def _try(self, kind: str, victim: str) -> bool:
        if victim:
            self.book.append(Stroke(kind, victim))
        return bool(victim)

    def _harm(self, kind: str) -> str:
        """Do it, if it hurts. Returns what the victim was at; "" when nothing was done."""
        if kind == ONCE:
            return self._flush_redis()
        if kind.endswith("redis"):
            return self._harm_redis(kind)
        if kind.endswith("BMC"):
            return self._harm_bmc(kind)
        return self._harm_worker(kind)

    # The dispatcher: held while somebody clicks, so that calls wait for it.

    def hold_dispatcher(self) -> None:
        """It stands still from now on, after it has begun its work."""
        until(_was_any_call_sent, what="the dispatcher's first call")
        send(signal.SIGSTOP, [self.dispatcher.pid])

    def strike_dispatcher(self, kind: str) -> None:
        """Kill the one that is held, or let it go on after a long time. Calls wait for it."""
        unsent = _count_calls(are_sent=False)
        assert self._try(kind, f"{unsent} calls not sent" if unsent else ""), (
            "nothing waits for the dispatcher"
        )
        if kind == "dispatcher":
            self.dispatcher.kill()
            self.dispatcher = self.site.start("dispatcher")
        else:
            self._thaw_later([self.dispatcher.pid])

    # Redis

    def _flush_redis(self) -> str:
        if not (begun := len(_list_at_work())):
            return ""
        self.redis.thaw()
        self.redis.start()
        with redis.Redis.from_url(self.redis.store.url(RQ_DATABASE)) as client:
            lost = int(client.eval(_FLUSH, 0))
        return f"{lost} calls in it, {begun} jobs at work" if lost else ""

    def _harm_redis(self, kind: str) -> str:
        process = self.redis.process
        if process is None or is_stopped(process.pid):
            return ""
        self.redis.freeze()
        waiting, begun = _count_calls(are_sent=True), len(_list_at_work())
        if not waiting or not begun:
            self.redis.thaw()
            return ""
        if kind == "redis":
            self.redis.kill()
            self._in(0.7, self.redis.start)
        else:
            self._in(self.frozen_s, self.redis.thaw)
        return f"{waiting} calls in it, {begun} jobs at work"

    # BMCs

    def _harm_bmc(self, kind: str) -> str:
        busy = [job for job in _list_at_work() if _is_worked_on(job)]
        self.dice.shuffle(busy)
        for job in busy:
            number = self.places[job.server_id]
            victim = self.fleet[number]
            if victim.process.poll() is not None or is_stopped(victim.process.pid):
                continue
            victim.fall_silent()
            if not any(one.id == job.id and _is_worked_on(one) for one in _list_at_work()):
                victim.wake_up()
                continue
            if kind == "dead BMC":
                victim.stop()
                self._in(self.dice.uniform(0.2, 2), partial(self._revive, number))
            else:
                self._in(self.frozen_s, victim.wake_up)
            return _words(job)
        return ""

    def _revive(self, number: int) -> None:
        self.fleet[number] = restart(self.fleet[number])

    # Workers

    def _harm_worker(self, kind: str) -> str:
        hands = [hand for hand in self.site.hands(0) if not is_stopped(hand.pid) and horses(hand.pid)]
        self.dice.shuffle(hands)
        for hand in hands:
            family = _stop_family(hand)
            job = _job_of(horses(hand.pid))
            if job is None or not _suits(kind, job):
                send(signal.SIGCONT, family)
                continue
            if kind == "frozen worker":
                self._thaw_later(family)
            else:
                _kill(kind, hand)
                send(signal.SIGCONT, family)
                self.site.hands(self.hands)
            return _words(job)
        return ""

    def _thaw_later(self, frozen: list[int]) -> None:
        """After longer than a lease lasts."""
        self._in(self.frozen_s, lambda: send(signal.SIGCONT, frozen))

    def _in(self, seconds: float, act: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, act))

    def heal(self, *, all_of_it: bool = False) -> None:
        """Thaw and start again what is due, or everything."""
        due = [one for one in self._later if all_of_it or one[0] <= time.monotonic()]
        for one in due:
            self._later.remove(one)
            one[1]()


def _stop_family(hand: Process) -> list[int]:
    """A worker and all that descends from it stand still. Parents first: nobody is born afterwards."""
    send(signal.SIGSTOP, tree(hand.pid))
    family = tree(hand.pid)
    send(signal.SIGSTOP, family)
    return family


def _kill(kind: str, hand: Process) -> None:
    if kind == "worker":
        hand.kill()
    elif kind == "worker and horse":
        send(signal.SIGKILL, tree(hand.pid))
        hand.kill()
    else:
        send(signal.SIGKILL, children(hand.pid))


def _suits(kind: str, job: HardwareJob) -> bool:
    is_reinstall = job.kind == JobKind.REINSTALL
    return {"horse of a power job": not is_reinstall, "horse of a reinstall": is_reinstall}.get(kind, True)


def _list_at_work() -> list[HardwareJob]:
    """Jobs that a worker has begun and not ended."""
    begun = col(HardwareJob.status).in_((JobStatus.RUNNING, JobStatus.VERIFYING))
    with unit_of_work() as unit:
        return list(unit.exec(select(HardwareJob).where(begun)))


def _job_of(pids: Iterable[int]) -> HardwareJob | None:
    host = worker_name().rpartition(":")[0]
    names = {f"{host}:{pid}" for pid in pids}
    return next((job for job in _list_at_work() if job.worker in names), None)


def _is_worked_on(job: HardwareJob) -> bool:
    """Whether its work horse lives and is awake."""
    pid = int((job.worker or ":0").rpartition(":")[2])
    return is_running(pid) and not is_stopped(pid)


def _words(job: HardwareJob) -> str:
    return f"{job.kind} {job.id} {job.status}, commands sent: {job.commands_sent}"


def _was_any_call_sent() -> bool:
    with unit_of_work() as unit:
        return (
            unit.exec(select(Outbox.id).where(col(Outbox.sent_at).is_not(None)).limit(1)).first() is not None
        )


def _count_calls(*, are_sent: bool) -> int:
    """Jobs that wait for a worker and whose call is in Redis, or is not."""
    is_sent = col(Outbox.sent_at).is_not(None)
    query = (
        select(HardwareJob.id)
        .join(Outbox, (col(Outbox.ref) == col(HardwareJob.id)) & (col(Outbox.task) == "hardware_job"))
        .where(col(HardwareJob.status) == JobStatus.QUEUED, is_sent if are_sent else ~is_sent)
        .distinct()
    )
    with unit_of_work() as unit:
        return len(unit.exec(query).all())
