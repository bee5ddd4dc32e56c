"""BMCs of every kind behind one set of switches, so that one contract can be held against all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import pytest

import bmc
from bmc import PowerState
from bmc.memory import MemoryBmc, plugged_in
from tests.bmc.ipmi_sim import StartBmc, start_bmc
from tests.bmc.redfish_sim import StartRedfish, _redfish_pool, start_redfish

__all__ = ["_redfish_pool", "start_bmc", "start_redfish"]

PACES = {"memory": 1.0, "ipmi_sim": 1.0, "redfish": 2.5}
"""How many times longer a BMC of a kind may take for an answer in time: a Redfish child has more to import."""


T = TypeVar("T")


class TookTooLong(AssertionError):
    """More time has passed than may. It may have been the machine that stood still."""


def in_time(start: float, limit_s: float) -> None:
    """Say with `TookTooLong` that more than `limit_s` have passed since `start` (monotonic seconds)."""
    passed = time.monotonic() - start
    if passed >= limit_s:
        raise TookTooLong(f"{passed:.1f} s instead of {limit_s:.1f}")


def given_time(
    act: Callable[[float], T],
    *times: float,
    too_short: tuple[type[bmc.BmcError], ...] = (bmc.BmcDeadlineExceeded,),
) -> T:
    """What `act(seconds)` comes to, or raises, once the seconds were enough for its child process to begin at all.

    Any error of `too_short` says that they were not, except after the last of the times.

    On a busy machine a short time may be over before that. It is all the same tried first: most machines are quick.
    What took too long does so three times, or it was the machine.
    """
    for seconds in times:
        for attempt in range(3):
            try:
                return act(seconds)
            except TookTooLong:
                if attempt == 2:
                    raise
            except too_short:
                if seconds == times[-1]:
                    raise
                break
    raise AssertionError("no times")


class FaultyBmc(Protocol):
    """A BMC under test, with its machine and its faults."""

    @property
    def endpoint(self) -> bmc.Endpoint: ...
    def power(self) -> PowerState: ...
    def switch(self, state: PowerState) -> None: ...
    def commands(self) -> list[str]: ...
    def fall_silent(self) -> None: ...
    def wake_up(self) -> None: ...
    def ignore_commands(self) -> None: ...
    def refuse_commands(self) -> None: ...
    def follow_slowly(self, seconds: float) -> None: ...
    def answer_slowly(self, seconds: float) -> None: ...


@dataclass
class MemorySwitches:
    """FaultyBmc for the in-memory driver."""

    endpoint: bmc.Endpoint
    bmc: MemoryBmc

    def power(self) -> PowerState:
        return self.bmc.power()

    def switch(self, state: PowerState) -> None:
        self.bmc.state = state

    def commands(self) -> list[str]:
        return [f"power {goal}" for goal in self.bmc.commands]

    def fall_silent(self) -> None:
        self.bmc.is_silent = True

    def wake_up(self) -> None:
        self.bmc.is_silent = False

    def ignore_commands(self) -> None:
        self.bmc.ignores_commands = True

    def refuse_commands(self) -> None:
        self.bmc.refuses_commands = True

    def follow_slowly(self, seconds: float) -> None:
        self.bmc.effect_s = seconds

    def answer_slowly(self, seconds: float) -> None:
        self.bmc.answer_s = seconds


@pytest.fixture(params=PACES)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of BMC that `faulty_bmc` is."""
    return str(request.param)


@pytest.fixture
def pace(kind: str) -> float:
    """What to multiply times with in which this kind of BMC must have answered."""
    return PACES[kind]


@pytest.fixture
def faulty_bmc(kind: str, start_bmc: StartBmc, start_redfish: StartRedfish) -> Iterator[FaultyBmc]:
    """A healthy BMC of each kind whose machine is on."""
    with ExitStack() as plugged:
        if kind == "ipmi_sim":
            yield start_bmc()
        elif kind == "redfish":
            yield start_redfish()
        else:
            memory_bmc = MemoryBmc()
            yield MemorySwitches(plugged.enter_context(plugged_in("memory-1", memory_bmc)), memory_bmc)


@dataclass
class Witness:
    """Takes both callbacks of `ensure_power` and remembers what happened in which order."""

    events: list[str] = field(default_factory=list)
    stop_at: int | None = None
    listener: Callable[[str], None] = lambda step: None
    """Is told every step, and may interfere."""

    def before_command(self) -> None:
        if self.stop_at == self.events.count("fence"):
            raise PermissionError("the lease is somebody else's")
        self.events.append("fence")

    def on_progress(self, step: str, /, **facts: object) -> None:
        self.events.append(step)
        self.listener(step)

    @property
    def story(self) -> list[str]:
        """The events without the repeated looks of a wait."""
        return [event for event in self.events if event not in {"waiting", "retrying"}]


@pytest.fixture
def witness() -> Witness:
    """A fresh witness."""
    return Witness()
