"""A process that is forked before there is anything for it to do, and gets ready meanwhile.

What a fresh work horse needs before it can act on a click (a connection to the database, what the
database and SQLAlchemy work out for their first statements, a process that can talk to a BMC) takes
longer than a verified power action. So the horse of the next job gets ready while its worker waits for
one. It carries out that one job and ends, like every other horse.

Whatever happens to a process that stands by harms nobody: it holds no job. It ends with its worker,
until it is at work: then it goes on without.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger("standby")
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
STANDING_BY, AT_WORK = "horse-ready", "horse-at-work"
"""What work horses are called (`ps -o comm`, /proc/PID/comm; 15 bytes at most)."""
_LONGEST_ORDER = 4096
"""A pipe takes so much in one piece."""


class Standby:
    """One process that stands by; after its order whoever gave it waits for `pid`, as for any child."""

    def __init__(self, get_ready: Callable[[], None], work: Callable[[Any], None]) -> None:
        """Fork. There `get_ready` runs at once and `work` when there is an order; neither returns to here."""
        reading, self._writing = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._writing)
            _stand_by(parent, reading, get_ready, work)
        os.close(reading)

    def is_alive(self) -> bool:
        """Whether it still stands by. One that has died is buried here, and good for nothing any more."""
        if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            return True
        os.close(self._writing)
        return False

    def order(self, work: Any) -> bool:
        """Let it begin, with what JSON can say. False when it has died and so nothing is begun."""
        line = json.dumps(work).encode() + b"\n"
        assert len(line) <= _LONGEST_ORDER
        try:
            os.write(self._writing, line)
        except BrokenPipeError:
            self.dismiss()
            return False
        os.close(self._writing)
        return True

    def dismiss(self) -> None:
        """End it and wait for that; it has nothing to lose."""
        os.close(self._writing)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _stand_by(parent: int, reading: int, get_ready: Callable[[], None], work: Callable[[Any], None]) -> None:
    """All that the forked process does. It never returns into its worker's own loop."""
    try:
        os.setpgrp()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        call_myself(STANDING_BY)
        _control(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)
        _try(get_ready)
        with open(reading, "rb") as orders:
            order = orders.readline()
        if order:
            _control(_PR_SET_PDEATHSIG, 0)
            work(json.loads(order))
    finally:
        os._exit(1)


def _try(get_ready: Callable[[], None]) -> None:
    try:
        get_ready()
    except Exception as error:  # whatever it is: the work itself will get what it needs, or say what is wrong
        log.warning("not_ready", error=type(error).__name__)


def call_myself(name: str) -> None:
    """Give this process a name that `ps` shows."""
    _control(_PR_SET_NAME, name.encode())


def _control(option: int, value: int | bytes) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)
