"""Sign-in data of servers, and the step-up before it: passwords travel only here, each in an answer of its own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import in_thread, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.accounts import elevation
from opsportal.domain.hardware import details
from opsportal.web import limits
from opsportal.web.actors import actor_of
from opsportal.web.auth import Code, Password
from opsportal.web.json_doors import Body, Handler, answering, parse

# PostgreSQL has no NUL in texts.
_TEXT = r"^[^\x00]*$"
Id = Annotated[int, Field(gt=0, lt=2**63)]


class Confirmation(Body):
    password: Password
    code: Code


class OneSignIn(Body):
    sign_in_id: Id


class SignInData(Body):
    server_id: Id
    sign_in_id: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """0 adds an entry."""
    label: Annotated[str, Field(min_length=1, max_length=details.MAX_LABEL, pattern=r"^[^\x00]*\S[^\x00]*$")]
    username: Annotated[str, Field(max_length=details.MAX_USERNAME, pattern=_TEXT)]
    secret: Annotated[str, Field(min_length=1, max_length=details.MAX_SECRET, pattern=_TEXT)]


async def _limited(request: Request) -> Actor:
    actor = await actor_of(request)
    await in_thread(limits.count, (limits.SENSITIVE, f"sensitive:{actor.person_id}"))
    return actor


async def confirm(request: Request) -> Response:
    """POST /auth/confirm-identity: password and code, for five minutes of secrets in this session."""
    body = await parse(request, Confirmation)
    actor = await _limited(request)
    await in_thread(
        limits.count,
        (limits.SECOND_FACTOR, f"second-factor:{actor.person_id}"),
        (limits.SECOND_FACTOR_HOUR, f"second-factor-hour:{actor.person_id}"),
    )
    until = await in_unit(elevation.elevate, actor, password=body.password, code=body.code.strip())
    return JSONResponse({"until": until.isoformat(timespec="seconds")})


async def reveal(request: Request) -> Response:
    """POST /servers/sign-ins/reveal: one password, written to the trail."""
    body = await parse(request, OneSignIn)
    actor = await actor_of(request)
    await in_thread(limits.count, (limits.REVEAL, f"reveal:{actor.person_id}"))
    return JSONResponse({"secret": await in_unit(details.reveal, actor, body.sign_in_id)})


async def save(request: Request) -> Response:
    """POST /servers/sign-ins/save: add an entry or replace one."""
    body = await parse(request, SignInData)
    actor = await actor_of(request)
    await in_thread(limits.count, (limits.REVEAL, f"reveal:{actor.person_id}"))
    await in_unit(
        details.save_sign_in,
        actor,
        body.server_id,
        label=body.label,
        username=body.username,
        secret=body.secret,
        sign_in_id=body.sign_in_id or None,
    )
    return JSONResponse({})


async def remove(request: Request) -> Response:
    """POST /servers/sign-ins/remove: forget an entry."""
    body = await parse(request, OneSignIn)
    actor = await actor_of(request)
    await in_thread(limits.count, (limits.REVEAL, f"reveal:{actor.person_id}"))
    await in_unit(details.remove_sign_in, actor, body.sign_in_id)
    return JSONResponse({})


_POSTS: dict[str, Handler] = {
    "/auth/confirm-identity": confirm,
    "/servers/sign-ins/reveal": reveal,
    "/servers/sign-ins/save": save,
    "/servers/sign-ins/remove": remove,
}
ROUTES = [Route(path, answering(handler), methods=["POST"]) for path, handler in _POSTS.items()]
