"""BMCs that exist only in this process, with faults on order, for tests and for trying things out.

They keep the same promises as real ones: `tests/bmc` runs one set of contract tests against both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bmc.endpoints import Endpoint
from bmc.errors import (
    BmcBusy,
    BmcCredentialsRefused,
    BmcRefusedCommand,
    BmcSessionLost,
    BmcUnreachable,
    BmcUserUnknown,
)
from bmc.power import PowerGoal, PowerState


@dataclass(slots=True)
class MemoryBmc:
    """A scripted BMC and the machine behind it. Faults are fields and may change at any time."""

    username: str = "admin"
    password: str = "s3cret"  # noqa: S105
    state: PowerState = PowerState.ON
    commands: list[PowerGoal] = field(default_factory=list)
    """Every command that reached the machine's BMC and was not refused, in order."""

    is_silent: bool = False
    ignores_commands: bool = False
    """Acknowledges and does nothing."""
    refuses_commands: bool = False
    busy_answers: int = 0
    """So many requests are answered "node busy"."""
    lost_answers: int = 0
    """So many commands take effect, and their acknowledgement is lost."""
    is_flapping: bool = False
    """Of every three requests the first goes unanswered."""
    answer_s: float = 0.0
    """How long it takes to answer."""
    effect_s: float = 0.0
    """How long the machine takes to follow a command."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    _requests: int = 0
    _next_state: PowerState | None = None
    _follows_at: float = 0.0

    def answer(self, endpoint: Endpoint, timeout_s: float) -> None:
        """Take a request up to the point where a healthy BMC would act; raise as an ill one would."""
        self._requests += 1
        is_unheard = self.is_silent or (self.is_flapping and self._requests % 3 == 1)
        if is_unheard or self.answer_s > timeout_s:
            self.sleep(timeout_s)
            raise BmcUnreachable
        self.sleep(self.answer_s)
        if endpoint.username != self.username:
            raise BmcUserUnknown
        if endpoint.password != self.password:
            raise BmcCredentialsRefused
        if self.busy_answers:
            self.busy_answers -= 1
            raise BmcBusy

    def power(self) -> PowerState:
        """The machine's power as it really is."""
        if self._next_state is not None and self.clock() >= self._follows_at:
            self.state, self._next_state = self._next_state, None
        return self.state

    def obey(self, goal: PowerGoal) -> None:
        """Do what the faults leave of a command."""
        if self.refuses_commands:
            raise BmcRefusedCommand
        self.commands.append(goal)
        if not self.ignores_commands:
            self._next_state, self._follows_at = PowerState(goal.value), self.clock() + self.effect_s
        if self.lost_answers:
            self.lost_answers -= 1
            raise BmcSessionLost


_bmcs: dict[tuple[str, int], MemoryBmc] = {}


@contextmanager
def plugged_in(host: str, bmc: MemoryBmc, *, port: int = 623) -> Iterator[Endpoint]:
    """Make `bmc` answer at `host` for a `with` block; yields its endpoint."""
    _bmcs[host, port] = bmc
    try:
        yield Endpoint(host, port, username=bmc.username, password=bmc.password, driver="memory")
    finally:
        del _bmcs[host, port]


class MemoryPower:
    """PowerControl of a MemoryBmc; an address without one is silent."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def power_state(self, *, timeout_s: float) -> PowerState:
        """Read the machine's power."""
        bmc = self._answering_bmc(timeout_s)
        return bmc.power()

    def set_power(self, goal: PowerGoal, *, timeout_s: float) -> None:
        """Send one command."""
        bmc = self._answering_bmc(timeout_s)
        bmc.obey(goal)

    def _answering_bmc(self, timeout_s: float) -> MemoryBmc:
        bmc = _bmcs.get((self._endpoint.host, self._endpoint.port))
        if bmc is None:
            bmc = MemoryBmc(is_silent=True)
        bmc.answer(self._endpoint, timeout_s)
        return bmc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
