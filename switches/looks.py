"""How many errors each port of a switch has counted: read seldom, beside the counters of traffic."""

from __future__ import annotations

from dataclasses import dataclass

from switches import oids
from switches.agents import Agent
from switches.errors import SwitchBadAnswer
from switches.sessions import TIMEOUT_S, TRIES, conversation
from switches.values import name, number


@dataclass(frozen=True, slots=True)
class PortErrors:
    """ifInErrors and ifOutErrors of a port, since its switch began to count; None where it has no such counter."""

    if_name: str
    in_errors: int | None
    out_errors: int | None


async def read_errors(
    agent: Agent, *, timeout_s: float = TIMEOUT_S, tries: int = TRIES
) -> tuple[PortErrors, ...]:
    """Of every port that has a name. Raises SwitchError."""
    async with conversation(agent, timeout_s=timeout_s, tries=tries) as talk:
        names = await talk.column(oids.IF_NAME) or await talk.column(oids.IF_DESCR)
        received = await talk.column(oids.IF_IN_ERRORS)
        sent = await talk.column(oids.IF_OUT_ERRORS)
    found = {}
    for index, value in names.items():
        if if_name := name(value):
            if if_name in found:
                raise SwitchBadAnswer  # a port is its ifName: two of one name cannot be told apart
            errors = (
                None if (count := one.get(index)) is None else number(count) for one in (received, sent)
            )
            found[if_name] = PortErrors(if_name, *errors)
    return tuple(found.values())
