"""Taking in a machine: plain HTTP, because its BMC's password must be in no event, no state and no log."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.inventory import intake
from opsportal.domain.inventory.intake import Arrival
from opsportal.web.actors import actor_of
from opsportal.web.json_doors import Body, answering, parse

_Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
_Number = Annotated[str, Field(pattern=r"^[0-9]{0,9}$")]


class ArrivalBody(Body):
    """A form's fields: all texts; numbers may be empty."""

    name: _Line
    mac: _Line
    bmc_host: _Line
    bmc_user: Annotated[str, Field(max_length=64, pattern=r"^[\x20-\x7e]*$")]
    bmc_password: Annotated[str, Field(max_length=64, pattern=r"^[\x20-\x7e]*$")]
    bmc_port: _Number = "623"
    driver: _Line = "ipmi"
    certificate: _Line = ""
    model: _Line = ""
    order_ref: _Line = ""
    expected: Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")] = ""
    rack_id: _Number = ""
    bottom_u: _Number = ""
    units: _Number = "1"


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


ROUTES = [Route("/inventory/arrivals", answering(arrive), methods=["POST"])]
