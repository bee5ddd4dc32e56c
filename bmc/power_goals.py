"""Power as goals: read, command only if needed, read back until the machine agrees or time is up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bmc.errors import (
    BmcBusy,
    BmcCredentialsRefused,
    BmcDeadlineExceeded,
    BmcError,
    BmcIgnoredCommand,
    BmcUserUnknown,
)
from bmc.power import PowerControl, PowerGoal, PowerOutcome, PowerState, Progress

_REQUEST_TIMEOUT_S = 6.0  # pyghmi gives a silent BMC up after about 5 s and says why
_FIRST_PAUSE_S = 0.05
_LAST_LOOK_S = 0.5  # a read that gets less time would fail for that reason alone
_LOST_AFTER_S = 2.0  # a command without an answer and without an effect so much later was a lost packet
_ACKNOWLEDGED_IN_VAIN = 2


def ensure_power(
    control: PowerControl,
    goal: PowerGoal,
    *,
    deadline_s: float,
    before_command: Callable[[], None],
    on_progress: Progress,
    poll_s: float = 1.0,
    resend_after_s: float = 10.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> PowerOutcome:
    """Bring the machine to `goal` and return only what a read-back has confirmed.

    A machine that is there already gets no command. `before_command` runs right before every command and
    stops it by raising. A command is sent again only when a read-back shows that the one before had no
    effect: soon if the BMC was busy or did not answer, after `resend_after_s` and only once if it said yes.

    Steps reported: `reading`, `read` (state), `commanding` (goal, attempt), `acknowledged`,
    `unconfirmed` (code), `verifying`, `waiting` (state), `retrying` (code), `verified` (state). What
    `before_command` and `on_progress` raise ends the operation and reaches the caller unchanged.

    Raises BmcIgnoredCommand when the state was read and is still another at the deadline, a refusal when
    the BMC refused the command and the state is another, BmcDeadlineExceeded when a command was sent and
    nothing could be read since, and before any command whatever kept the state from being read.
    Every error tells `commands_sent` and `is_outcome_unknown`.
    """
    operation = _Operation(control, goal, before_command, on_progress, poll_s, resend_after_s, clock, sleep)
    return operation.run(deadline_s)


@dataclass(slots=True)
class _Operation:
    control: PowerControl
    goal: PowerGoal
    before_command: Callable[[], None]
    on_progress: Progress
    poll_s: float
    resend_after_s: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    wanted: PowerState = field(init=False)
    deadline: float = 0.0
    commands_sent: int = 0
    acknowledged: int = 0

    def __post_init__(self) -> None:
        self.wanted = PowerState(self.goal.value)

    def run(self, deadline_s: float) -> PowerOutcome:
        start = self.clock()
        self.deadline = start + deadline_s
        self.on_progress("reading")
        state = self._read(until=start)
        self.on_progress("read", state=state)
        while state != self.wanted:
            self._stop_if_too_late()
            state = self._read_back(self._command())
        self.on_progress("verified", state=state)
        return PowerOutcome(state, self.commands_sent == 0, self.commands_sent, self.clock() - start)

    def _command(self) -> BmcError | None:
        """Send the command once; returns the error that answered it."""
        self.before_command()
        self.commands_sent += 1
        self.on_progress("commanding", goal=self.goal, attempt=self.commands_sent)
        try:
            self.control.set_power(self.goal, timeout_s=self._patience())
        except BmcError as error:
            self.on_progress("unconfirmed", code=error.code)
            return error
        self.acknowledged += 1
        self.on_progress("acknowledged")
        return None

    def _read_back(self, error: BmcError | None) -> PowerState:
        """Wait for the command's effect as long as it may take; `error` is what answered the command."""
        self.on_progress("verifying")
        if error is not None and not error.is_retryable:
            state = self._read(until=self.clock())
            if state != self.wanted:
                raise self._told(error)
            return state
        return self._read(until=self.clock() + self._patience_with(error))

    def _patience_with(self, error: BmcError | None) -> float:
        """How long the command may go without effect before it is sent again, in seconds."""
        if isinstance(error, BmcBusy):
            return self.poll_s
        if error is not None:
            return _LOST_AFTER_S
        return self.resend_after_s if self.acknowledged < _ACKNOWLEDGED_IN_VAIN else math.inf

    def _read(self, *, until: float) -> PowerState:
        """Read until the goal is seen or `until` has passed; raises when the last read was none."""
        pause = _FIRST_PAUSE_S
        while True:
            state, error = self._look()
            left = self.deadline - _LAST_LOOK_S - self.clock()
            if state is not None and (state == self.wanted or self.clock() >= until or left <= 0):
                return state
            if error is not None and (left <= 0 or self._is_hopeless(error)):
                raise self._told(error, is_unread=True)
            self.sleep(min(pause, left))
            pause = min(pause * 2, self.poll_s)

    def _look(self) -> tuple[PowerState | None, BmcError | None]:
        try:
            state = self.control.power_state(timeout_s=self._patience())
        except BmcError as error:
            self.on_progress("retrying", code=error.code)
            return None, error
        if self.commands_sent and state != self.wanted:
            self.on_progress("waiting", state=state)
        return state, None

    def _is_hopeless(self, error: BmcError) -> bool:
        """Whether asking again is pointless, or harmful: refused log-ons can lock the account."""
        if isinstance(error, BmcCredentialsRefused | BmcUserUnknown):
            return True
        return self.commands_sent == 0 and not error.is_retryable

    def _stop_if_too_late(self) -> None:
        if self.deadline - _LAST_LOOK_S > self.clock():
            return
        raise self._told(BmcIgnoredCommand() if self.acknowledged else BmcDeadlineExceeded())

    def _told(self, error: BmcError, *, is_unread: bool = False) -> BmcError:
        """The error for the caller, with what is known about the machine."""
        if is_unread and self.commands_sent and error.is_retryable:
            error = BmcDeadlineExceeded()
        error.commands_sent = self.commands_sent
        error.is_outcome_unknown = is_unread and self.commands_sent > 0
        return error

    def _patience(self) -> float:
        return max(0.05, min(_REQUEST_TIMEOUT_S, self.deadline - self.clock()))
