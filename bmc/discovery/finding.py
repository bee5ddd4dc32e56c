"""Knocking at several doors at once, politely: few at a time, one after the other within those."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bmc.discovery import presence, service_root

PATIENCE_S = 3.0
"""How long a door may take to answer. Within it a question that may have been lost is put three times."""
PACE_S = 0.01
"""Between two doors: 100 packets a second are no flood, and no switch takes them for one."""

Fact = str | int | bool | list[str]


@dataclass(frozen=True, slots=True)
class Door:
    """An address and a port, and what is asked for there."""

    kind: Literal["ipmi", "redfish"]
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Found:
    """What answered there as a BMC does. `facts` are texts of bounded length, numbers and yes or no."""

    door: Door
    facts: dict[str, Fact] = field(default_factory=dict)
    fingerprint: str = ""


def knock(
    doors: Sequence[Door], *, patience_s: float = PATIENCE_S, pace_s: float = PACE_S
) -> list[Found | None]:
    """Ask at every door at once, and return what each said; None: nothing that a BMC would say.

    The caller bounds their number. Ends within `patience_s` and the time to begin. Never raises for what is answered.
    """
    return asyncio.run(_knock(doors, patience_s, pace_s))


async def _knock(doors: Sequence[Door], patience_s: float, pace_s: float) -> list[Found | None]:
    asked = []
    for door in doors:
        asked.append(asyncio.create_task(_ask(door, patience_s)))
        await asyncio.sleep(pace_s)
    return list(await asyncio.gather(*asked))


async def _ask(door: Door, patience_s: float) -> Found | None:
    if door.kind == "ipmi":
        facts = await presence.ask(door.host, door.port, patience_s=patience_s)
        return None if facts is None else Found(door, facts)
    root = await service_root.ask(door.host, door.port, patience_s=patience_s)
    return None if root is None else Found(door, root.facts, root.fingerprint)
