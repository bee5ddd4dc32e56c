"""Many BMCs by IPMI, many sessions in each child process."""

from __future__ import annotations

import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from bmc.endpoints import Endpoint
from bmc.errors import ERRORS, BmcError, BmcProtocolError, BmcSessionLost
from bmc.ipmi.processes import ChildProcess
from bmc.power import PowerState

# Every request in the child ends by its own deadline, so a child that is silent this much longer hangs.
_GRACE_S = 2.0
_WORTH_A_CHILD, _MOST_CHILDREN = 50, 4


def read_fleet(
    endpoints: list[Endpoint], timeout_s: float, concurrency: int
) -> dict[Endpoint, PowerState | BmcError]:
    """Read the power of every endpoint, at most `concurrency` at a time.

    Should a child hang or die, those it was busy with get BmcSessionLost; the others get a new child.
    """
    answers: dict[Endpoint, PowerState | BmcError] = {}
    for batch in _by_distinct_addresses(endpoints):
        waiting = deque(batch)
        children = min(_children_for(len(batch)), concurrency)
        while waiting:
            sweeps = [_Sweep(waiting, answers, timeout_s, concurrency // children) for _ in range(children)]
            with ThreadPoolExecutor(children) as threads:
                list(threads.map(_Sweep.run, sweeps))
    return answers


def _children_for(endpoints: int) -> int:
    """Half of a session's time is arithmetic in Python, which one process does on one processor."""
    return max(1, min(len(os.sched_getaffinity(0)), endpoints // _WORTH_A_CHILD, _MOST_CHILDREN))


def _by_distinct_addresses(endpoints: list[Endpoint]) -> list[list[Endpoint]]:
    """Batches in which no BMC occurs twice: pyghmi tells sessions apart by the address alone."""
    batches: list[dict[tuple[str, int], Endpoint]] = []
    for endpoint in endpoints:
        address = (endpoint.host, endpoint.port)
        batch = next((batch for batch in batches if address not in batch), None)
        if batch is None:
            batches.append(batch := {})
        batch[address] = endpoint
    return [list(batch.values()) for batch in batches]


class _Sweep:
    """One child's share: takes from `waiting`, puts into `answers`, stops when both sides are done."""

    def __init__(
        self,
        waiting: deque[Endpoint],
        answers: dict[Endpoint, PowerState | BmcError],
        timeout_s: float,
        concurrency: int,
    ) -> None:
        self._waiting = waiting
        self._answers = answers
        self._timeout_s = timeout_s
        self._concurrency = concurrency
        self._asked: dict[int, Endpoint] = {}
        self._last_key = 0

    def run(self) -> None:
        """Sweep until all is answered or the child is lost; each run answers at least one endpoint."""
        with ChildProcess() as child:
            try:
                while self._waiting or self._asked:
                    self._ask(child)
                    self._take_answers(child)
            except BmcSessionLost:
                child.kill()
                for endpoint in self._asked.values():
                    self._answers[endpoint] = BmcSessionLost()

    def _ask(self, child: ChildProcess) -> None:
        # Never more than `concurrency` lines are under way, so neither pipe can fill up and block.
        while len(self._asked) < self._concurrency:
            try:
                endpoint = self._waiting.popleft()
            except IndexError:  # another child took the last one
                return
            self._last_key += 1
            self._asked[self._last_key] = endpoint
            deadline = time.monotonic() + self._timeout_s
            child.send(key=self._last_key, endpoint=endpoint, action="read", deadline=deadline, stays=False)

    def _take_answers(self, child: ChildProcess) -> None:
        answers = child.receive(wait_s=self._timeout_s + _GRACE_S)
        if not answers:
            raise BmcSessionLost
        for answer in answers:
            endpoint = self._asked.pop(answer["key"])
            if "failure" in answer:
                self._answers[endpoint] = ERRORS.get(answer["failure"], BmcProtocolError)()
            else:
                self._answers[endpoint] = PowerState(answer["result"])
