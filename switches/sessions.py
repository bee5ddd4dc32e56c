"""A conversation with one agent: own retries and deadlines, answers checked, errors in our words.

What the library (gufo-snmp 0.13) leaves to us: it never repeats a request, it hides an answer's error status
(tooBig arrives as an answer without values), it leaves absent instances out, and a session may not be used by
two coroutines at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from gufo.snmp import SnmpAuthError, SnmpError, ValueType
from gufo.snmp.aio import SnmpSession

from switches.agents import Agent
from switches.errors import (
    SwitchAnswerTooBig,
    SwitchBadAnswer,
    SwitchCredentialsRefused,
    SwitchError,
    SwitchUnreachable,
)
from switches.oids import SYS_UPTIME

TIMEOUT_S = 2.0
TRIES = 3
DEADLINE_S = 30.0
"""For one switch altogether: an agent that dribbles cannot hold up the others."""
MAX_OIDS = 50
"""More would outgrow a datagram of 1,472 bytes."""
MAX_REPETITIONS = 40
MAX_ROWS = 16_384
"""More than any switch has interfaces. An agent whose table never ends would fill the memory till the deadline."""


class Conversation:
    """Requests to one agent, one after another. A request that got no answer is repeated on a new socket, so
    that a late answer to the first try is never taken for one to the second."""

    def __init__(self, agent: Agent, *, timeout_s: float = TIMEOUT_S, tries: int = TRIES) -> None:
        self._agent = agent
        self._timeout_s = timeout_s
        self._tries = tries
        self._session: SnmpSession | None = None

    async def get(self, oids: Sequence[str]) -> dict[str, ValueType]:
        """The values of these instances; absent ones are left out. Ask for `SYS_UPTIME` among them.

        Raises `SwitchAnswerTooBig` when the answer lacks even that: ask for fewer.
        """
        answer = await self._get(oids)
        if answer.get(SYS_UPTIME) is None:
            raise SwitchAnswerTooBig
        return answer

    async def is_there(self) -> bool:
        """Whether the agent answers the smallest request, asked once."""
        try:
            session = await self._connected()
            return SYS_UPTIME in await session.get_many([SYS_UPTIME])
        except TimeoutError:
            self._session = None
            return False

    async def _get(self, oids: Sequence[str]) -> dict[str, ValueType]:
        for attempt in range(self._tries):
            try:
                session = await self._connected()
                return await session.get_many(oids)
            except TimeoutError:
                self._session = None
                if attempt + 1 == self._tries:
                    raise SwitchUnreachable from None
        raise AssertionError("tries is at least 1")

    async def column(self, oid: str) -> dict[int, ValueType]:
        """A table's column by row index, one level deep."""
        for attempt in range(self._tries):
            found: dict[int, ValueType] = {}
            try:
                session = await self._connected()
                async for name, value in session.getbulk(oid, max_repetitions=MAX_REPETITIONS):
                    found[_row(name, oid)] = value
                    if len(found) > MAX_ROWS:
                        raise SwitchBadAnswer
                return found
            except TimeoutError:
                self._session = None
                if attempt + 1 == self._tries:
                    raise SwitchUnreachable from None
        raise AssertionError("tries is at least 1")

    async def _connected(self) -> SnmpSession:
        if self._session is None:
            agent = self._agent
            if agent.is_v3:
                session = SnmpSession(agent.host, agent.port, user=agent.user(), timeout=self._timeout_s)
                await session.refresh()
            else:
                session = SnmpSession(
                    agent.host, agent.port, community=agent.community, timeout=self._timeout_s
                )
            self._session = session
        return self._session


def _row(name: str, column: str) -> int:
    index = name[len(column) + 1 :]
    if not name.startswith(f"{column}.") or not index.isascii() or not index.isdigit():
        raise SwitchBadAnswer
    return int(index)


@asynccontextmanager
async def conversation(
    agent: Agent, *, timeout_s: float = TIMEOUT_S, tries: int = TRIES, deadline_s: float = DEADLINE_S
) -> AsyncIterator[Conversation]:
    """A conversation that ends within the deadline and fails only with our errors."""
    try:
        async with asyncio.timeout(deadline_s):
            yield Conversation(agent, timeout_s=timeout_s, tries=tries)
    except SwitchError:
        raise
    except TimeoutError:
        raise SwitchUnreachable from None
    except SnmpAuthError:
        raise SwitchCredentialsRefused from None
    except (SnmpError, ValueError, RuntimeError):
        raise SwitchBadAnswer from None
    except OSError:  # no route, host unreachable, and the like
        raise SwitchUnreachable from None
