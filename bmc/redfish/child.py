"""The child process: takes requests as JSON lines on standard input, answers on standard output.

Request:  {"key": k, "action": name, "with": arguments, "deadline": monotonic seconds, "to": endpoint}
Answer:   {"key": k, "result": JSON} or {"key": k, "failure": code of bmc.errors}

All requests of a child are for the endpoint of its first one, and it answers one before it reads the next.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from bmc.last_will import end_with_parent
from bmc.redfish import accounts, actions, logs, parts, readings, settings
from bmc.redfish.commands import Bmc
from bmc.redfish.connections import Trust
from bmc.redfish.failures import Failure, status_failure

_MEMORY = 768 * 1024 * 1024
"""Bytes of address space; whatever a BMC sends, this process ends before the machine suffers."""
_LEAVING_SHARE = 0.8
"""Of the time that the parent gives us for it (`bmc.processes`)."""
_AGAIN_S = 0.2  # an exception raised inside a callback of C code can get lost

ACTIONS: dict[str, Callable[..., Any]] = {
    "read": actions.read_power,
    "on": lambda bmc: actions.reset(bmc, "on"),
    "off": lambda bmc: actions.reset(bmc, "off"),
    "shutdown": lambda bmc: actions.reset(bmc, "shutdown"),
    "set_boot": actions.set_boot,
    "read_boot": actions.read_boot,
    "identify": actions.identify,
    "read_sensors": readings.read_sensors,
    "read_power_draw": readings.read_power_draw,
    "read_events": logs.read_events,
    "list_users": accounts.list_users,
    "create_user": accounts.create_user,
    "delete_user": accounts.delete_user,
    "set_password": accounts.set_password,
    "read_inventory": parts.read_inventory,
    "reset_settings": settings.reset_settings,
    "is_reset_pending": settings.is_reset_pending,
}


class TimeIsUp(BaseException):
    """The deadline has passed. Not an Exception, because pyghmi swallows those."""


class Child:
    """The BMC of this process, once signed in to, and the requests to it."""

    def __init__(self) -> None:
        self._bmc: Bmc | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request by its deadline."""
        left_s = request["deadline"] - time.monotonic()
        if left_s <= 0:  # this process was frozen: too late to touch anything
            return {"failure": "bmc_deadline_exceeded"}
        try:
            signal.setitimer(signal.ITIMER_REAL, left_s, _AGAIN_S)
            try:
                return {"result": self._carry_out(request)}
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except TimeIsUp:
            return {"failure": "bmc_unreachable"}
        except Failure as failure:
            return {"failure": failure.code}
        except Exception:  # any: pyghmi indexes and unpacks whatever a stranger sent
            return {"failure": self._blame()}

    def _carry_out(self, request: dict[str, Any]) -> Any:
        if self._bmc is None:
            self._sign_in(request["to"], request["deadline"])
        assert self._bmc is not None
        self._bmc.begin(request["deadline"])
        return ACTIONS[request["action"]](self._bmc, **request["with"])

    def _sign_in(self, to: dict[str, Any], deadline: float) -> None:
        """Whoever does not even let us in properly is not unsupported or unwilling, but no BMC we understand."""
        bmc = Bmc.__new__(Bmc)
        try:
            trust = Trust(to["fingerprint"], to["ca_file"])
            bmc.__init__(to["host"], to["port"], to["username"], to["password"], trust, deadline)  # type: ignore[misc]
        except Failure as failure:
            raise Failure(_ENTRY.get(failure.code, failure.code)) from None
        except Exception:
            code = status_failure(bmc.connection.last_status) or "bmc_protocol_error"
            raise Failure(_ENTRY.get(code, code)) from None
        self._bmc = bmc

    def _blame(self) -> str:
        """What the last answer said, if it was a refusal; else it was none that we understand."""
        status = self._bmc.connection.last_status if self._bmc else 200
        return status_failure(status) or "bmc_protocol_error"

    def leave(self, within_s: float) -> None:
        """Free the BMC's session slot, if there is time for it."""
        if self._bmc is not None:
            self._bmc.begin(time.monotonic() + within_s)
            self._bmc.leave()


_ENTRY = {"bmc_unsupported": "bmc_protocol_error", "bmc_refused_command": "bmc_protocol_error"}


def _ring(number: int, frame: FrameType | None) -> None:
    raise TimeIsUp


def main(parent: int) -> None:
    """Run as the child of process `parent` until it goes away or closes our standard input."""
    end_with_parent(parent)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.signal(signal.SIGALRM, _ring)
    child = Child()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        answer = {"key": request["key"], **child.answer(request)}
        os.write(1, json.dumps(answer).encode() + b"\n")
    leaving_s = _LEAVING_SHARE * float(sys.argv[4])
    signal.setitimer(signal.ITIMER_REAL, leaving_s)
    try:
        child.leave(leaving_s)
    except BaseException:  # also TimeIsUp: the slot then ends by the BMC's own limit
        os._exit(1)
    os._exit(0)
