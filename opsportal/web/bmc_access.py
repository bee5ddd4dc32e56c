"""Temporary access to BMCs' own pages. Link, user and password travel only here, once, in an answer of its own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import in_thread, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.consoles import bmc_access
from opsportal.web import limits
from opsportal.web.actors import actor_of
from opsportal.web.details import Id
from opsportal.web.json_doors import Body, Handler, answering, parse


class OneServer(Body):
    server_id: Id


class OneAccess(Body):
    access_id: Id


async def _counted(request: Request) -> Actor:
    actor = await actor_of(request)
    await in_thread(limits.count, (limits.CONSOLES, f"consoles:{actor.person_id}"))
    return actor


async def ask(request: Request) -> Response:
    """POST /servers/bmc-access/ask: have a temporary user made."""
    body = await parse(request, OneServer)
    actor = await _counted(request)
    await in_unit(bmc_access.request_access, actor, body.server_id)
    return JSONResponse({})


async def show(request: Request) -> Response:
    """POST /servers/bmc-access/show: where to go and how to sign in, once, written to the trail."""
    body = await parse(request, OneAccess)
    actor = await _counted(request)
    shown = await in_unit(bmc_access.show_access, actor, body.access_id)
    return JSONResponse({"url": shown.url, "username": shown.username, "password": shown.password})


async def leave(request: Request) -> Response:
    """POST /servers/bmc-access/leave: have it removed."""
    body = await parse(request, OneAccess)
    actor = await _counted(request)
    await in_unit(bmc_access.leave_access, actor, body.access_id)
    return JSONResponse({})


async def settle(request: Request) -> Response:
    """POST /servers/bmc-access/settle: staff have removed one by hand."""
    body = await parse(request, OneAccess)
    actor = await _counted(request)
    await in_unit(bmc_access.settle_access, actor, body.access_id)
    return JSONResponse({})


_POSTS: dict[str, Handler] = {
    "/servers/bmc-access/ask": ask,
    "/servers/bmc-access/show": show,
    "/servers/bmc-access/leave": leave,
    "/servers/bmc-access/settle": settle,
}
ROUTES = [Route(path, answering(handler), methods=["POST"]) for path, handler in _POSTS.items()]
