"""What may write to a switch: plain HTTP, because its secrets must be in no event, no state and no log."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.refusals import NotFound
from opsportal.domain.traffic import write_access
from opsportal.domain.traffic.write_access import WriteAccess
from opsportal.web.actors import actor_of
from opsportal.web.json_doors import Body, answering, parse

_Secret = Annotated[str, Field(max_length=200, pattern=r"^[\x20-\x7e]*$")]


class WriteAccessBody(Body):
    """A form's fields, all texts. A community, or a user."""

    community: _Secret = ""
    username: _Secret = ""
    auth_protocol: Literal["", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"] = ""
    auth_password: _Secret = ""
    priv_protocol: Literal["", "des", "aes128", "aes192", "aes256"] = ""
    priv_password: _Secret = ""


async def set_write_access(request: Request) -> Response:
    """Keep what may set this switch's ports."""
    actor = await actor_of(request)
    actor.require(Permission.FLEET_MANAGE)
    number: int = request.path_params["switch_id"]
    if not 0 < number < 2**63:
        raise NotFound
    body = await parse(request, WriteAccessBody)
    await in_unit(_set, actor, number, WriteAccess(**body.model_dump()))
    return JSONResponse({})


def _set(unit: Unit, actor: Actor, switch_id: int, new: WriteAccess) -> None:
    write_access.set_write_access(unit, actor, switch_id, new)


ROUTES = [Route("/switches/{switch_id:int}/write-access", answering(set_write_access), methods=["POST"])]
