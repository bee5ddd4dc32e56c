"""Child processes that can be thrown away: started, fed with JSON lines, listened to and killed.

Whatever speaks to a BMC runs in one: what hangs, leaks or breaks there costs a process, never the caller's.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bmc.errors import BmcSessionLost

# The child imports its module under an empty package `bmc`: what `bmc/__init__.py` offers to callers
# costs 12 ms of start-up, a fifth of a verified power action, and the child needs none of it.
_BOOT = """
import importlib, sys, types
package = types.ModuleType("bmc")
package.__path__ = [sys.argv[1]]
sys.modules["bmc"] = package
importlib.import_module(sys.argv[2]).main(int(sys.argv[3]))
"""
_PACKAGE = str(Path(__file__).parent)
# The caller's environment holds database and signing keys; the child gets what Python needs to start.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")
_FAREWELL_S = 0.5
"""So long a child may take to leave the BMC. It is told so: who needs an exchange for that ends in time by itself."""


class DisposableChild:
    """A fresh Python that runs `main` of `module`, killed for good when the `with` block ends.

    Spawned, not forked: a fork of a loaded work horse imports pyghmi 33 ms sooner (12 ms against 45), but
    copies its threads' locks, its database and Redis sockets and its secrets into a process that must be
    killed at any moment.
    """

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-c", _BOOT, _PACKAGE, module, str(os.getpid()), str(_FAREWELL_S)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin
        self._answers = self._process.stdout
        self._unread = b""

    @property
    def pid(self) -> int:
        """The process id, for tests and logs."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it runs. One that has ended is reaped here."""
        return self._process.poll() is None

    def fileno(self) -> int:
        """For select(): readable when there is an answer, or when the child has ended."""
        return self._answers.fileno()

    def tell(self, request: Mapping[str, Any]) -> None:
        """Hand over one request. Raises BmcSessionLost."""
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise BmcSessionLost from error

    def receive(self, *, wait_s: float) -> list[dict[str, Any]]:
        """The answers that arrive within `wait_s`, as soon as there is one. Raises BmcSessionLost."""
        poll = select.poll()  # select() itself fails above descriptor 1023
        poll.register(self.fileno(), select.POLLIN)
        end = time.monotonic() + wait_s
        while True:
            left_ms = max(0.0, end - time.monotonic()) * 1000
            if not poll.poll(left_ms):
                return []
            data = os.read(self.fileno(), 65536)
            if not data:
                raise BmcSessionLost
            *lines, self._unread = (self._unread + data).split(b"\n")
            if lines:
                return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Let the child free its session slots on the BMC, then end it, whatever it does."""
        self._requests.close()
        try:
            self._process.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._answers.close()

    def kill(self) -> None:
        """End the child now and reap it."""
        self._process.kill()
        self._process.wait()
        self._requests.close()
        self._answers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self.close()
