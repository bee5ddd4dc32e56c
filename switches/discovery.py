"""Which ports a switch has: their names, where they are at present, how fast, and how wide their counters are."""

from __future__ import annotations

from dataclasses import dataclass

from gufo.snmp import ValueType

from switches import oids
from switches.agents import Agent
from switches.errors import SwitchBadAnswer, SwitchWithoutPorts
from switches.sessions import TIMEOUT_S, TRIES, Conversation, conversation
from switches.values import name, number

MBIT = 1_000_000
GAUGE_MAX = 2**32 - 1
"""ifSpeed of a port that is faster than ifSpeed can say (RFC 2863)."""


@dataclass(frozen=True, slots=True)
class DiscoveredPort:
    """One port, as it is found now."""

    if_index: int
    if_name: str
    speed_mbps: int | None
    """None when the switch does not say."""
    counter_bits: int
    """64, or 32 only where the switch has no 64-bit counters for this port."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """All ports of a switch, and the mark by which a later change of its table shows."""

    ports: tuple[DiscoveredPort, ...]
    table_changed_cs: int | None
    """ifTableLastChange; None when the switch does not have it."""
    sys_name: str = ""
    """What it calls itself; "" when it does not say, or not in a form that can be shown."""


async def discover(agent: Agent, *, timeout_s: float = TIMEOUT_S, tries: int = TRIES) -> Discovery:
    """Walk the interface tables. Raises SwitchError; a table that cannot be read whole is not read at all."""
    async with conversation(agent, timeout_s=timeout_s, tries=tries) as talk:
        marks = await talk.get([oids.SYS_UPTIME, oids.IF_TABLE_LAST_CHANGE, oids.SYS_NAME])
        changed = marks.get(oids.IF_TABLE_LAST_CHANGE)
        ports = await _ports(talk)
    if not ports:
        raise SwitchWithoutPorts
    called = _called(marks.get(oids.SYS_NAME))
    return Discovery(tuple(ports), None if changed is None else number(changed), called)


def _called(value: ValueType) -> str:
    try:
        return "" if value is None else name(value)
    except SwitchBadAnswer:
        return ""


async def _ports(talk: Conversation) -> list[DiscoveredPort]:
    names = await talk.column(oids.IF_NAME) or await talk.column(oids.IF_DESCR)
    wide = await talk.column(oids.IF_HC_IN_OCTETS)
    narrow = await talk.column(oids.IF_IN_OCTETS) if names.keys() - wide.keys() else {}
    high = await talk.column(oids.IF_HIGH_SPEED)
    low = await talk.column(oids.IF_SPEED) if names.keys() - high.keys() else {}
    found: dict[str, DiscoveredPort] = {}
    for index, value in names.items():
        if_name = name(value)
        if not if_name or (index not in wide and index not in narrow):
            continue
        if if_name in found:
            raise SwitchBadAnswer  # a port is its ifName: two of one name cannot be told apart
        bits = 64 if index in wide else 32
        number((wide if bits == 64 else narrow)[index], bits=bits)
        found[if_name] = DiscoveredPort(index, if_name, _speed(high.get(index), low.get(index)), bits)
    return list(found.values())


def _speed(high: ValueType, low: ValueType) -> int | None:
    if high is not None and (mbps := number(high)):
        return mbps
    if low is not None and 0 < (bps := number(low)) < GAUGE_MAX:
        return -(-bps // MBIT)
    return None
