"""One switch's counters: few large requests for known instances, never a walk."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gufo.snmp import ValueType

from switches import oids
from switches.agents import Agent
from switches.errors import SwitchAnswerTooBig, SwitchUnreachable
from switches.sessions import MAX_OIDS, TIMEOUT_S, TRIES, conversation
from switches.values import number

UP = 1  # ifOperStatus: up(1)
COLUMNS = 4
PORTS_PER_REQUEST = (MAX_OIDS - 2) // COLUMNS


class Wanted(NamedTuple):
    """A port to be read: the caller's key, and where discovery found it."""

    key: int
    if_index: int
    counter_bits: int


class Reading(NamedTuple):
    """One port's counters at one instant. All values came in one datagram with `uptime_cs`."""

    key: int
    at_ms: int
    """Local receive time, milliseconds since 1970."""
    uptime_cs: int
    """sysUpTime, hundredths of a second, wraps at 2^32."""
    in_octets: int
    """As the switch counts: what came from the server."""
    out_octets: int
    discontinuity_cs: int | None
    """ifCounterDiscontinuityTime; None when the switch does not have it."""
    is_up: bool | None


@dataclass(frozen=True, slots=True)
class PollRequest:
    """One switch and the ports to be read from it."""

    agent: Agent
    ports: Sequence[Wanted]


@dataclass(frozen=True, slots=True)
class PollAnswer:
    """What a switch said about all its ports."""

    readings: list[Reading]
    missing: list[int]
    """Keys of ports whose counters the switch does not have: discover again."""
    table_changed_cs: int | None
    """ifTableLastChange at the end; None when the switch does not have it."""
    seconds: float


async def poll(request: PollRequest, *, timeout_s: float = TIMEOUT_S, tries: int = TRIES) -> PollAnswer:
    """Read one switch, whole or not at all. Raises SwitchError."""
    begun = time.monotonic()
    readings: list[Reading] = []
    missing: list[int] = []
    changed = None
    size, position = PORTS_PER_REQUEST, 0
    async with conversation(request.agent, timeout_s=timeout_s, tries=tries) as talk:
        while True:
            batch = request.ports[position : position + size]
            names = _oids(batch)
            try:
                answer = await talk.get(names)
            except (SwitchAnswerTooBig, SwitchUnreachable) as error:
                # Net-snmp with a small sendMessageMaxSize says nothing at all instead of tooBig.
                is_too_big = isinstance(error, SwitchAnswerTooBig) or await talk.is_there()
                if len(batch) <= 1 or not is_too_big:
                    raise
                size = len(batch) // 2
                continue
            changed = _read(batch, names, answer, time.time_ns() // 1_000_000, readings, missing)
            position += len(batch)
            if position >= len(request.ports):
                return PollAnswer(readings, missing, changed, time.monotonic() - begun)


def _oids(batch: Sequence[Wanted]) -> list[str]:
    """The two marks of the switch, then four instances a port."""
    wanted = [oids.SYS_UPTIME, oids.IF_TABLE_LAST_CHANGE]
    for _, index, bits in batch:
        received, sent = oids.COUNTERS[bits]
        wanted += (
            f"{received}.{index}",
            f"{sent}.{index}",
            f"{oids.IF_OPER_STATUS}.{index}",
            f"{oids.IF_COUNTER_DISCONTINUITY_TIME}.{index}",
        )
    return wanted


def _read(
    batch: Sequence[Wanted],
    names: Sequence[str],
    answer: Mapping[str, ValueType],
    at_ms: int,
    readings: list[Reading],
    missing: list[int],
) -> int | None:
    """Append what an answer says about its ports; returns ifTableLastChange. Raises SwitchBadAnswer."""
    values = [answer.get(name) for name in names]
    uptime, changed = number(values[0]), values[1]
    columns = (values[2 + column :: COLUMNS] for column in range(COLUMNS))
    for (key, _, bits), received, sent, status, broken in zip(batch, *columns, strict=True):
        if received is None or sent is None:
            missing.append(key)
            continue
        readings.append(
            Reading(
                key,
                at_ms,
                uptime,
                number(received, bits),
                number(sent, bits),
                None if broken is None else number(broken),
                None if status is None else number(status) == UP,
            )
        )
    return None if changed is None else number(changed)
