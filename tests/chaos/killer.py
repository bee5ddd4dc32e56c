"""Somebody who kills, freezes and restarts everything at random, by a seed that a failed test names."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.bmc.ipmi_sim import SimulatedBmc, restart
from tests.integration.test_redis_away import OwnRedis
from tests.workers.site import Process, Site, children, send, tree

_KINDS = {
    "horse": 5,
    "worker": 2,
    "worker and horse": 2,
    "frozen worker": 2,
    "dispatcher": 1,
    "frozen dispatcher": 1,
    "frozen BMC": 3,
    "dead BMC": 2,
    "redis": 1,
    "frozen redis": 1,
}
"""How often, of so many strokes as these are together."""
_ONCE = "flushed redis"


@dataclass
class Killer:
    """Strikes the processes of a site and the BMCs of a fleet; what it kills is started again."""

    site: Site
    redis: OwnRedis
    fleet: list[SimulatedBmc]
    seed: int
    frozen_s: float
    hands: int = 3
    strokes: list[str] = field(default_factory=list)
    _ahead: list[str] = field(default_factory=list)
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.dispatcher = self.site.start("dispatcher")
        self.site.hands(self.hands)

    def strike(self) -> None:
        """One harm more."""
        kind = _ONCE if len(self.strokes) == 6 else self._next()
        self.strokes.append(kind)
        if kind == _ONCE:
            self.redis.thaw()
            self.redis.start()
            self.redis.flush()
        elif kind == "redis":
            self.redis.kill()
            self._in(0.7, self.redis.start)
        elif kind == "frozen redis":
            self.redis.freeze()
            self._in(0.7, self.redis.thaw)
        elif kind == "dispatcher":
            self.dispatcher.kill()
            self.dispatcher = self.site.start("dispatcher")
        elif kind == "frozen dispatcher":
            self._freeze([self.dispatcher.pid])
        elif kind == "frozen BMC":
            victim = self.dice.choice(self.fleet)
            victim.fall_silent()
            self._in(self.dice.uniform(0.5, 3), victim.wake_up)
        elif kind == "dead BMC":
            number = self.dice.randrange(len(self.fleet))
            self.fleet[number].stop()
            self._in(self.dice.uniform(0.2, 2), lambda: self._revive(number))
        else:
            self._strike_worker(kind, self.dice.choice(self.site.hands(0)))
            self.site.hands(self.hands)

    def _next(self) -> str:
        """In an order of the dice's, but none is left out by chance: few strokes are enough."""
        if not self._ahead:
            self._ahead = [kind for kind, times in _KINDS.items() for _ in range(times)]
            self.dice.shuffle(self._ahead)
        return self._ahead.pop()

    def _revive(self, number: int) -> None:
        self.fleet[number] = restart(self.fleet[number])

    def _strike_worker(self, kind: str, hand: Process) -> None:
        if kind == "horse":
            send(signal.SIGKILL, children(hand.pid))
        elif kind == "worker":
            hand.kill()
        elif kind == "worker and horse":
            send(signal.SIGKILL, tree(hand.pid))
            hand.kill()
        else:
            self._freeze(tree(hand.pid))

    def _freeze(self, frozen: list[int]) -> None:
        """For longer than a lease lasts."""
        send(signal.SIGSTOP, frozen)
        self._in(self.frozen_s, lambda: send(signal.SIGCONT, frozen))

    def _in(self, seconds: float, act: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, act))

    def heal(self, *, all_of_it: bool = False) -> None:
        """Thaw and start again what is due, or everything."""
        due = [one for one in self._later if all_of_it or one[0] <= time.monotonic()]
        for one in due:
            self._later.remove(one)
            one[1]()
