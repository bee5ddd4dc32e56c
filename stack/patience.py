"""How long to wait for something that starts: long while it is busy starting, not long once it stands still."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import psutil

STANDSTILL_S = 180.0
"""After so many seconds in which nothing changed and nobody worked, waiting longer brings nothing."""
LONGEST_S = 1_200.0
LOOK_EVERY_S = 10.0
BUSY = 0.25
"""Of one processor: what is starting takes more, if it can get it; what only runs takes less."""


class Patience:
    """Whether to go on waiting. A machine that does much else gives a start a tenth of itself, and it still starts."""

    def __init__(self, worked: Callable[[], float], *, clock: Callable[[], float] = time.monotonic) -> None:
        """`worked`: processor seconds that those who are starting have used so far."""
        self._worked = worked
        self._clock = clock
        self._began = self._moved = self._looked = clock()
        self._before = worked()
        self._missing: str | None = None

    def is_over(self, missing: str) -> bool:
        """`missing`: what is not there yet. Any change of it is a sign of life."""
        now = self._clock()
        if missing != self._missing or self._is_busy(now):
            self._moved, self._missing = now, missing
        return now - self._moved > STANDSTILL_S or now - self._began > LONGEST_S

    def _is_busy(self, now: float) -> bool:
        """Looked at now and then: it means asking every process."""
        passed = now - self._looked
        if passed < LOOK_EVERY_S:
            return False
        worked = self._worked()
        is_busy = worked - self._before > BUSY * passed
        self._looked, self._before = now, worked
        return is_busy


def work_of_children() -> float:
    """Processor seconds of everything below this process that runs now."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total
