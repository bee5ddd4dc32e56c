"""What an earlier reinstall ordered, to fill the form with. By plain HTTP: keys and a script are in no state."""

from __future__ import annotations

import dataclasses

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.provisioning.earlier import EarlierOrder, earlier_order
from opsportal.domain.refusals import NotFound
from opsportal.web.actors import actor_of
from opsportal.web.json_doors import answering


async def read(request: Request) -> Response:
    """GET /jobs/{id}/order.json: system, layout, disks, host name, keys, zone and script; never a password."""
    actor = await actor_of(request)
    number: int = request.path_params["job_id"]
    if not 0 < number < 2**63:
        raise NotFound
    order = await in_unit(_read, actor, number)
    return JSONResponse(dataclasses.asdict(order), headers={"cache-control": "no-store"})


def _read(unit: Unit, actor: Actor, job_id: int) -> EarlierOrder:
    return earlier_order(actor, unit, job_id)


ROUTES = [Route("/jobs/{job_id:int}/order.json", answering(read), methods=["GET"])]
