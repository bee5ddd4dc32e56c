"""What the doors share by which staff correct what is on record: who may, which number, and what fields look like."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request

from opsportal.db import in_thread
from opsportal.domain.access import Actor, Permission
from opsportal.domain.refusals import NotFound
from opsportal.web import limits
from opsportal.web.actors import actor_of

Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Number = Annotated[str, Field(pattern=r"^[0-9]{0,9}$")]


async def recorder(request: Request) -> Actor:
    """Who may correct records; each attempt counts, because the domain asks for a raised session."""
    actor = await actor_of(request)
    actor.require(Permission.FLEET_MANAGE)
    await in_thread(limits.count, (limits.REVEAL, f"reveal:{actor.person_id}"))
    return actor


def number_of(request: Request, name: str) -> int:
    """The number in the address. Raises `NotFound` for one that no table holds."""
    number: int = request.path_params[name]
    if not 0 < number < 2**63:
        raise NotFound
    return number
