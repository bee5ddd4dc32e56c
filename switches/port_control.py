"""Whether one port is up: read, set and read back. Which port may be touched at all is the caller's business."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from gufo.snmp import ValueType

from switches import oids
from switches.agents import Agent
from switches.errors import SwitchBadAnswer, SwitchPortMoved, SwitchPortUnmoved
from switches.sessions import TIMEOUT_S, TRIES, conversation
from switches.values import name, number
from switches.writing import may_write, prepare, set_integer

UP, DOWN = 1, 2  # ifAdminStatus, RFC 2863
READ_BACK_S = 8.0
"""For how long an agent may say what was before: net-snmp keeps its answers for 3 s. Less than a lease."""
_PAUSE_S = 0.25
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PortState:
    """What a switch says about one port now. Errors are None where it has no such counter."""

    if_name: str
    is_enabled: bool
    """ifAdminStatus: what it was told."""
    is_up: bool
    """ifOperStatus: whether there is a link."""
    in_errors: int | None
    out_errors: int | None


class PortControl(Protocol):
    """The capability to switch ports. All calls raise SwitchError and end in time."""

    def read(self, if_index: int) -> PortState:
        """Ask the switch now."""
        ...

    def set_enabled(
        self, if_index: int, if_name: str, *, is_enabled: bool, before_command: Callable[[], None]
    ) -> PortState:
        """Bring the port to a goal, never a toggle, and return only what was read back.

        A port that is there already gets no command. `before_command` runs right before the only command and
        stops it by raising. A port that was taken down is returned with a link only when the switch goes on
        saying so for longer than agents keep answers. Raises SwitchPortMoved, with nothing sent, when another
        port stands at `if_index`, and SwitchPortUnmoved when it does not go where it was told.
        """
        ...

    def may_write(self) -> bool | None:
        """Whether the switch would let us set ports, found out without setting any; None when it does not say."""
        ...


class SnmpPortControl:
    """PortControl by IF-MIB. `reader` may read; `writer` has the credentials that may set ifAdminStatus."""

    def __init__(
        self, reader: Agent, writer: Agent, *, timeout_s: float = TIMEOUT_S, tries: int = TRIES
    ) -> None:
        self._reader, self._writer = reader, writer
        self._timeout_s, self._tries = timeout_s, tries
        prepare()  # before anybody holds a lease for it

    def read(self, if_index: int) -> PortState:
        """Ask the switch now."""
        return _wait(self._read(if_index))

    def set_enabled(
        self, if_index: int, if_name: str, *, is_enabled: bool, before_command: Callable[[], None]
    ) -> PortState:
        """Set ifAdminStatus and read it back; see `PortControl`."""
        state = self.read(if_index)
        if state.if_name != if_name:
            raise SwitchPortMoved
        if state.is_enabled != is_enabled:
            before_command()
            _wait(self._set(if_index, is_enabled))
        return _wait(self._read_back(if_index, if_name, is_enabled))

    def may_write(self) -> bool | None:
        """By a SET of a port that cannot be; see `PortControl`."""
        return _wait(may_write(self._writer, timeout_s=self._timeout_s, tries=self._tries))

    async def _set(self, if_index: int, is_enabled: bool) -> None:
        await set_integer(
            self._writer,
            f"{oids.IF_ADMIN_STATUS}.{if_index}",
            UP if is_enabled else DOWN,
            timeout_s=self._timeout_s,
            tries=self._tries,
        )

    async def _read_back(self, if_index: int, if_name: str, is_enabled: bool) -> PortState:
        """Read until the port is at its goal, without a link if that is down: agents keep answers."""
        until = time.monotonic() + READ_BACK_S
        while True:
            is_last = time.monotonic() > until  # before the reading: what it says is newer than that
            state = await self._read(if_index)
            if state.if_name != if_name:
                raise SwitchPortMoved
            if state.is_enabled == is_enabled and (is_enabled or not state.is_up or is_last):
                return state
            if is_last:
                raise SwitchPortUnmoved
            await asyncio.sleep(_PAUSE_S)

    async def _read(self, if_index: int) -> PortState:
        wanted = {column: f"{column}.{if_index}" for column in _COLUMNS}
        async with conversation(self._reader, timeout_s=self._timeout_s, tries=self._tries) as talk:
            answer = await talk.get([oids.SYS_UPTIME, *wanted.values()])
        return _state({column: answer.get(oid) for column, oid in wanted.items()})


_COLUMNS = (
    oids.IF_NAME,
    oids.IF_DESCR,
    oids.IF_ADMIN_STATUS,
    oids.IF_OPER_STATUS,
    oids.IF_IN_ERRORS,
    oids.IF_OUT_ERRORS,
)


def _state(values: Mapping[str, ValueType]) -> PortState:
    called = values[oids.IF_NAME] or values[oids.IF_DESCR]
    if called is None or values[oids.IF_ADMIN_STATUS] is None:
        raise SwitchPortMoved  # nothing stands at this ifIndex
    admin = number(values[oids.IF_ADMIN_STATUS])
    if admin not in (UP, DOWN, 3):
        raise SwitchBadAnswer
    oper, received, sent = (
        values[column] for column in (oids.IF_OPER_STATUS, oids.IF_IN_ERRORS, oids.IF_OUT_ERRORS)
    )
    return PortState(
        if_name=name(called),
        is_enabled=admin == UP,
        is_up=oper is not None and number(oper) == UP,
        in_errors=None if received is None else number(received),
        out_errors=None if sent is None else number(sent),
    )


def _wait(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner() as runner:
        return runner.run(work)
