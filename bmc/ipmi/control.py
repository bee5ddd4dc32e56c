"""Power control of one BMC by IPMI. Each failure costs a process, never the caller's."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from bmc.endpoints import Endpoint
from bmc.errors import ERRORS, BmcDeadlineExceeded, BmcProtocolError
from bmc.ipmi.processes import ChildProcess
from bmc.power import PowerGoal, PowerState

_KEY = 0
# The child reports a timeout by itself this much earlier; at the deadline itself it is killed.
_GRACE_S = 0.2


class IpmiPower:
    """PowerControl over RMCP+ (IPMI v2.0 section 13). One thread at a time.

    Keep it within one thread: on Linux the child is killed when the *thread* that started it ends.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._child: ChildProcess | None = None

    def power_state(self, *, timeout_s: float) -> PowerState:
        """Ask the BMC by Get Chassis Status."""
        return PowerState(self._ask("read", timeout_s))

    def set_power(self, goal: PowerGoal, *, timeout_s: float) -> None:
        """Send one Chassis Control and wait for its completion code."""
        self._ask(goal.value, timeout_s)

    def _ask(self, action: str, timeout_s: float) -> str:
        end = time.monotonic() + timeout_s
        if self._child is None:
            self._child = ChildProcess()
        child = self._child
        deadline = end - min(_GRACE_S, timeout_s / 5)
        try:
            child.send(key=_KEY, endpoint=self._endpoint, action=action, deadline=deadline, stays=True)
            answers = child.receive(wait_s=end - time.monotonic())
        except BaseException:  # also a signal: the next request would then get the answer to this one
            self._discard()
            raise
        if not answers:
            self._discard()
            raise BmcDeadlineExceeded
        answer = answers[-1]
        if "failure" in answer:
            self._discard()
            raise ERRORS.get(answer["failure"], BmcProtocolError)()
        return str(answer["result"])

    def _discard(self) -> None:
        """After a failure pyghmi's state is not worth knowing: the next request gets a new process."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def __enter__(self) -> Self:
        self._child = ChildProcess()  # starts up while the caller prepares its first question
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()
