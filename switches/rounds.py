"""Many switches at once, from code that knows nothing of event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import uvloop

from switches.agents import Agent
from switches.discovery import Discovery, discover
from switches.errors import SwitchError
from switches.looks import PortErrors, read_errors
from switches.polling import PollAnswer, PollRequest, poll
from switches.sessions import TIMEOUT_S, TRIES

AT_ONCE = 64
"""Switches that are asked at the same time."""

Q = TypeVar("Q")
A = TypeVar("A")


def poll_switches(
    requests: Mapping[int, PollRequest], *, timeout_s: float = TIMEOUT_S, tries: int = TRIES
) -> dict[int, PollAnswer | SwitchError]:
    """Read all ports of all switches. A switch's answer is whole or an error, never half of it."""
    return _each(requests, lambda request: poll(request, timeout_s=timeout_s, tries=tries))


def discover_switches(
    agents: Mapping[int, Agent], *, timeout_s: float = TIMEOUT_S, tries: int = TRIES
) -> dict[int, Discovery | SwitchError]:
    """Walk the interface tables of several switches."""
    return _each(agents, lambda agent: discover(agent, timeout_s=timeout_s, tries=tries))


def read_port_errors(
    agents: Mapping[int, Agent], *, timeout_s: float = TIMEOUT_S, tries: int = TRIES
) -> dict[int, tuple[PortErrors, ...] | SwitchError]:
    """What the ports of several switches have counted as errors."""
    return _each(agents, lambda agent: read_errors(agent, timeout_s=timeout_s, tries=tries))


def _each(questions: Mapping[int, Q], ask: Callable[[Q], Awaitable[A]]) -> dict[int, A | SwitchError]:
    async def everything() -> dict[int, A | SwitchError]:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(question: Q) -> A | SwitchError:
            async with places:
                try:
                    return await ask(question)
                except SwitchError as error:
                    return error

        answers = await asyncio.gather(*(one(question) for question in questions.values()))
        return dict(zip(questions, answers, strict=True))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(everything())
