"""One BMC for as long as it is talked to: sign in, ask, leave. Child processes only."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

from bmc.ipmi import failures, sessions
from bmc.ipmi.asking import APPLICATION as _APPLICATION
from bmc.ipmi.asking import CHASSIS as _CHASSIS
from bmc.ipmi.asking import Command, Refusal

Script = Generator[Command, Any, Any]

_MALFORMED_LIMIT = 3
_LATE_S = 0.5  # a script that reads many things stops asking so much before its time is up


def read_power() -> Script:
    """Get Chassis Status (IPMI v2.0 section 28.2); bit 0 of the first byte is main power."""
    answer = yield _CHASSIS, 0x01, (), True
    _check(failures.completion_failure(answer["code"]))
    return "on" if answer["data"][0] & 1 else "off"


def gain_privilege(level: int) -> Script:
    """Set Session Privilege Level (IPMI v2.0 section 22.18)."""
    answer = yield _APPLICATION, 0x3B, (level,), True
    _check(failures.privilege_failure(answer["code"]))
    return level


def set_power(goal: str) -> Script:
    """Chassis Control (IPMI v2.0 section 28.3): 0 power down, 1 power up.

    Sent exactly once: when it goes unanswered, only a read-back may decide about a second time.
    """
    answer = yield _CHASSIS, 0x02, (1 if goal == "on" else 0,), False
    _check(failures.completion_failure(answer["code"]))
    return goal


def _check(failure: str | None) -> None:
    if failure is not None:
        raise Refusal(failure)


class Visit:
    """A session with one BMC and the script that it is working through.

    pyghmi's callbacks only leave their message in `inbox` and the visit in `awake`; `go_on` answers
    later. pyghmi forgets a request that is sent from inside the callback of the one before: after the
    callback it removes the current request from its list of expected answers, which by then is the new.
    """

    def __init__(
        self, credentials: tuple[str, int, str, str, int], privilege: int, awake: deque[Visit]
    ) -> None:
        self._credentials = credentials
        self._privilege = privilege
        self._awake = awake
        self._session: sessions.Session | None = None
        self._script: Script | None = None
        self._inbox: deque[Any] = deque()
        self._is_signed_in = False
        self._is_privileged = False
        self.deadline = 0.0
        self.result: Any = None
        self.failure: str | None = None

    def ask(self, action: str, deadline: float, **args: Any) -> None:
        """Start "read", "on", "off" or one of `bmc.ipmi.actions`, to be answered before `deadline`
        (monotonic seconds)."""
        self._script, self.deadline = self._script_for(action, args), deadline
        self.result = self.failure = None
        self._inbox.clear()
        if self._session is None:
            self._session = sessions.sign_in(*self._credentials, self._privilege, self._hear)
        else:
            self._go_on_with(None)

    def go_on(self) -> None:
        """Work through what came in since; sets `result` or `failure` when the action has ended."""
        while self._inbox and self._script is not None:
            message = self._inbox.popleft()
            if self._is_signed_in:
                self._take_answer(message)
            elif "error" in message:
                self._fail(self._blame(failures.login_failure(message["error"])))
            else:
                self._is_signed_in = True
                self._go_on_with(None)

    def check_time(self, now: float) -> None:
        """End the action when its time is up or the BMC has talked nonsense too often."""
        if self._script is None or self._session is None:
            return
        if now >= self.deadline or self._session.packets_malformed >= _MALFORMED_LIMIT:
            self._fail(self._blame("bmc_unreachable"))

    def leave(self) -> None:
        """Close the session without waiting; the visit is over."""
        self._script = None
        if self._session is not None:
            self._session.leave()
            self._session = None

    def _script_for(self, action: str, args: dict[str, Any]) -> Script:
        if action == "read":
            return (yield from read_power())
        if not self._is_privileged:
            yield from gain_privilege(self._privilege)
            self._is_privileged = True
        if action in ("on", "off"):
            return (yield from set_power(action))
        from bmc.ipmi.actions import script  # only here: power does without, and sooner

        return (yield from script(action, args, self._is_late))

    def _is_late(self) -> bool:
        return sessions.now() >= self.deadline - _LATE_S

    def _hear(self, message: Any) -> None:
        self._inbox.append(message)
        self._awake.append(self)

    def _take_answer(self, answer: Any) -> None:
        if "error" in answer:
            self._fail(self._blame(failures.login_failure(answer["error"])))
        else:
            self._go_on_with(answer)

    def _go_on_with(self, answer: Any) -> None:
        assert self._script is not None
        assert self._session is not None
        if sessions.now() >= self.deadline:  # frozen since the question: nothing more may be sent
            self._fail("bmc_deadline_exceeded")
            return
        try:
            netfn, command, data, may_repeat = self._script.send(answer)
        except StopIteration as end:
            self._script, self.result = None, end.value
        except Refusal as refusal:
            self._fail(str(refusal))
        except (LookupError, TypeError, ValueError):  # an answer too short for what it claims to be
            self._fail("bmc_protocol_error")
        else:
            self._session.request(netfn, command, data, retry=may_repeat, answer=self._hear)

    def _blame(self, failure: str) -> str:
        """Tell silence from nonsense: whoever answers, but never in IPMI, is not unreachable."""
        session = self._session
        if failure != "bmc_unreachable" or session is None:
            return failure
        is_nonsense = session.packets_heard and not session.is_heard_as_ipmi
        return "bmc_protocol_error" if is_nonsense or session.packets_malformed else failure

    def _fail(self, failure: str) -> None:
        self._script, self.failure = None, failure
