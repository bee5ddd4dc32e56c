"""Ordering a system for a server. Plain HTTP, as for passwords: the answer carries the new system's, once.

Neither the order nor the answer is ever in a state, an event or a log; how the job goes arrives by the live feed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import in_thread, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.provisioning import orders
from opsportal.domain.provisioning import reinstall as ordering
from opsportal.domain.provisioning.orders import BootOrder, InstallOrder
from opsportal.domain.provisioning.reinstall import Ordered
from opsportal.domain.provisioning.stopping import stop_waiting
from opsportal.domain.refusals import NotFound
from opsportal.models import JobKind
from opsportal.web import limits
from opsportal.web.actors import actor_of
from opsportal.web.json_doors import Body, answering, parse

MOST = 262_144
"""Bytes of an order: its keys and its script, each of which has a limit of its own in the domain."""

USER = "root"
"""Whose password it is: every installer and the rescue system set that of the administrator."""

_Word = Annotated[str, Field(max_length=300)]
_Key = Annotated[str, Field(max_length=2 * orders.KEY_LENGTH)]
_Keys = Annotated[list[_Key], Field(max_length=4 * orders.KEY_LIMIT)]


class Reinstall(Body):
    """As it was typed: the domain says in a sentence what is wrong with it."""

    system: Annotated[int, Field(gt=0, lt=2**63)]
    hostname: _Word
    layout: _Word
    disks: Annotated[list[_Word], Field(max_length=64)]
    ssh_keys: _Keys
    time_zone: _Word
    post_install: Annotated[str, Field(max_length=4 * orders.SCRIPT_LIMIT)]
    confirmation: _Word


class Boot(Body):
    kind: Literal["rescue", "memory_test", "wipe", "boot_disk"]
    confirmation: _Word


class Stop(Body):
    then: Literal["power_off", "boot_disk"]
    confirmation: _Word


async def reinstall(request: Request) -> Response:
    """POST /servers/{id}/reinstall: the order of a new system. Answers {job_id, user, password}."""
    actor = await _orderer(request)
    body = await parse(request, Reinstall, most=MOST)
    order = InstallOrder(
        system_id=body.system,
        hostname=body.hostname,
        layout=body.layout,
        confirmation=body.confirmation,
        disks=body.disks,
        ssh_keys=body.ssh_keys,
        time_zone=body.time_zone,
        post_install=body.post_install,
    )
    return _answer(await in_unit(ordering.request_reinstall, actor, _number(request, "server_id"), order))


async def boot(request: Request) -> Response:
    """POST /servers/{id}/boot: another way to start it. Answers as `reinstall` does."""
    actor = await _orderer(request)
    body = await parse(request, Boot)
    order = BootOrder(confirmation=body.confirmation)
    return _answer(
        await in_unit(
            ordering.request_boot, actor, _number(request, "server_id"), kind=JobKind(body.kind), order=order
        )
    )


async def stop(request: Request) -> Response:
    """POST /jobs/{id}/stop: the end of a job whose machine is at work, and what follows. Answers {job_id}."""
    actor = await _orderer(request)
    body = await parse(request, Stop)
    job = await in_unit(
        stop_waiting,
        actor,
        _number(request, "job_id"),
        then=JobKind(body.then),
        confirmation=body.confirmation,
    )
    return JSONResponse({"job_id": job.id})


async def _orderer(request: Request) -> Actor:
    actor = await actor_of(request)
    actor.require(Permission.SERVER_REINSTALL)
    await in_thread(limits.count, (limits.BOOTS, f"boots:{actor.person_id}"))
    return actor


def _number(request: Request, name: str) -> int:
    number: int = request.path_params[name]
    if not 0 < number < 2**63:
        raise NotFound
    return number


def _answer(ordered: Ordered) -> Response:
    body = {"job_id": ordered.job.id, "user": USER, "password": ordered.password}
    return JSONResponse(body, headers={"cache-control": "no-store"})


ROUTES = [
    Route("/servers/{server_id:int}/reinstall", answering(reinstall), methods=["POST"]),
    Route("/servers/{server_id:int}/boot", answering(boot), methods=["POST"]),
    Route("/jobs/{job_id:int}/stop", answering(stop), methods=["POST"]),
]
