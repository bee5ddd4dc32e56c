"""Taking in a machine, correcting the record of its BMC: plain HTTP, because a BMC's password must be in no event,
no state and no log."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_thread, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.inventory import bmc_records, intake
from opsportal.domain.inventory.bmc_records import Correction
from opsportal.domain.inventory.intake import Arrival
from opsportal.domain.refusals import NotFound
from opsportal.web import limits
from opsportal.web.actors import actor_of
from opsportal.web.json_doors import Body, answering, parse

_Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
_Number = Annotated[str, Field(pattern=r"^[0-9]{0,9}$")]

_SignIn = Annotated[str, Field(max_length=64, pattern=r"^[\x20-\x7e]*$")]


class ArrivalBody(Body):
    """A form's fields: all texts; numbers may be empty."""

    name: _Line
    mac: _Line
    bmc_host: _Line
    bmc_user: _SignIn
    bmc_password: _SignIn
    bmc_port: _Number = "623"
    driver: _Line = "ipmi"
    certificate: _Line = ""
    model: _Line = ""
    order_ref: _Line = ""
    expected: Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")] = ""
    rack_id: _Number = ""
    bottom_u: _Number = ""
    units: _Number = "1"


class CorrectionBody(Body):
    """A form's fields: all texts."""

    host: _Line
    port: _Number
    username: _SignIn
    password: _SignIn = ""
    cipher_suite: _Number = "3"
    certificate: _Line = ""


async def arrive(request: Request) -> Response:
    """Write down a machine that has arrived and begin its intake."""
    actor = await actor_of(request)
    actor.require(Permission.STOCK_MANAGE)
    body = await parse(request, ArrivalBody)
    numbers = {"bmc_port", "rack_id", "bottom_u", "units"}
    fields = body.model_dump()
    if body.certificate:
        fields["driver"] = "redfish"
        fields["bmc_port"] = body.bmc_port if body.bmc_port not in ("", "623") else "443"
    arrival = Arrival(**{key: int(value or 0) if key in numbers else value for key, value in fields.items()})
    server_id = await in_unit(_take_in, actor, arrival)
    return JSONResponse({"server_id": server_id})


def _take_in(unit: Unit, actor: Actor, arrival: Arrival) -> int:
    return intake.take_in(unit, actor, arrival).id or 0


async def correct(request: Request) -> Response:
    """POST /inventory/machines/{server_id}/bmc: record what a server's BMC has now."""
    actor = await actor_of(request)
    actor.require(Permission.FLEET_MANAGE)
    number: int = request.path_params["server_id"]
    if not 0 < number < 2**63:
        raise NotFound
    body = await parse(request, CorrectionBody)
    await in_thread(limits.count, (limits.REVEAL, f"reveal:{actor.person_id}"))
    fields = body.model_dump() | {"port": int(body.port or 0), "cipher_suite": int(body.cipher_suite or 0)}
    changed = await in_unit(bmc_records.correct, actor, number, Correction(**fields))
    return JSONResponse({"changed": changed})


ROUTES = [
    Route("/inventory/arrivals", answering(arrive), methods=["POST"]),
    Route("/inventory/machines/{server_id:int}/bmc", answering(correct), methods=["POST"]),
]
