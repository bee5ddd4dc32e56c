"""A job's serial log, in pieces: text that a machine printed, so it is handed out as JSON and never as a page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.consoles import serial_logs
from opsportal.domain.consoles.serial_logs import SerialText
from opsportal.domain.refusals import BadRequest, NotFound
from opsportal.web.actors import actor_of
from opsportal.web.json_doors import answering

_MOST_DIGITS = 9


async def read(request: Request) -> Response:
    """GET /jobs/{id}/serial.json?after=N: what came after piece N. Answers {text, position, is_cut, has_more}."""
    actor = await actor_of(request)
    number: int = request.path_params["job_id"]
    if not 0 < number < 2**63:
        raise NotFound
    after = request.query_params.get("after", "0")
    if not after.isascii() or not after.isdecimal() or len(after) > _MOST_DIGITS:
        raise BadRequest
    log = await in_unit(_read, actor, number, int(after))
    body = {"text": log.text, "position": log.position, "is_cut": log.is_cut, "has_more": log.has_more}
    return JSONResponse(body, headers={"cache-control": "no-store"})


def _read(unit: Unit, actor: Actor, job_id: int, after: int) -> SerialText:
    return serial_logs.read(actor, unit, job_id, after)


ROUTES = [Route("/jobs/{job_id:int}/serial.json", answering(read), methods=["GET"])]
