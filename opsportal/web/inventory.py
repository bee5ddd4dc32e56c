"""Taking in a machine, correcting the records of its BMC and its screen: plain HTTP, because their passwords must be in
no event, no state and no log."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.inventory import bmc_records, intake, screen_records, search
from opsportal.domain.inventory.bmc_records import Correction
from opsportal.domain.inventory.intake import Arrival
from opsportal.domain.inventory.screen_records import ScreenRecord
from opsportal.domain.inventory.search import Hit
from opsportal.domain.refusals import BadRequest
from opsportal.web.actors import actor_of
from opsportal.web.json_doors import Body, answering, parse
from opsportal.web.records import Line, Number, number_of, recorder

_SignIn = Annotated[str, Field(max_length=64, pattern=r"^[\x20-\x7e]*$")]


class ArrivalBody(Body):
    """A form's fields: all texts; numbers may be empty."""

    name: Line
    mac: Line
    bmc_host: Line
    bmc_user: _SignIn
    bmc_password: _SignIn
    bmc_port: Number = "623"
    driver: Line = "ipmi"
    certificate: Line = ""
    model: Line = ""
    order_ref: Line = ""
    expected: Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")] = ""
    rack_id: Number = ""
    bottom_u: Number = ""
    units: Number = "1"


class CorrectionBody(Body):
    """A form's fields: all texts."""

    host: Line
    port: Number
    username: _SignIn
    password: _SignIn = ""
    cipher_suite: Number = "3"
    certificate: Line = ""


class ScreenBody(Body):
    """A form's fields: all texts."""

    host: Line
    port: Number
    asks: Literal["password", "nothing"]
    password: _SignIn = ""


async def arrive(request: Request) -> Response:
    """Write down a machine that has arrived and begin its intake."""
    actor = await actor_of(request)
    actor.require(Permission.STOCK_MANAGE)
    body = await parse(request, ArrivalBody)
    numbers = {"bmc_port", "rack_id", "bottom_u", "units"}
    fields = body.model_dump()
    if body.certificate:
        fields["driver"] = "redfish"
    usual = "443" if fields["driver"] == "redfish" else "623"
    fields["bmc_port"] = usual if body.bmc_port in ("", "623") else body.bmc_port
    arrival = Arrival(**{key: int(value or 0) if key in numbers else value for key, value in fields.items()})
    server_id = await in_unit(_take_in, actor, arrival)
    return JSONResponse({"server_id": server_id})


def _take_in(unit: Unit, actor: Actor, arrival: Arrival) -> int:
    return intake.take_in(unit, actor, arrival).id or 0


async def correct(request: Request) -> Response:
    """POST /inventory/machines/{server_id}/bmc: record what a server's BMC has now."""
    actor = await recorder(request)
    number = number_of(request, "server_id")
    body = await parse(request, CorrectionBody)
    fields = body.model_dump() | {"port": int(body.port or 0), "cipher_suite": int(body.cipher_suite or 0)}
    changed = await in_unit(bmc_records.correct, actor, number, Correction(**fields))
    return JSONResponse({"changed": changed})


async def set_screen(request: Request) -> Response:
    """POST /inventory/machines/{server_id}/screen: record where a server's screen is."""
    actor = await recorder(request)
    number = number_of(request, "server_id")
    body = await parse(request, ScreenBody)
    new = ScreenRecord(body.host, int(body.port or 0), body.password, asks_password=body.asks == "password")
    return JSONResponse({"changed": await in_unit(screen_records.correct, actor, number, new)})


async def find(request: Request) -> Response:
    """GET /inventory/find.json?q=: servers and ports whose names begin so, for forms that ask for one."""
    actor = await actor_of(request)
    actor.require(Permission.FLEET_MANAGE)
    typed = request.query_params.get("q", "")
    if len(typed) > 100 or "\x00" in typed:
        raise BadRequest
    hits = await in_unit(_find, actor, typed)
    found = [{"kind": hit.kind, "label": hit.label, "detail": hit.detail} for hit in hits]
    return JSONResponse({"hits": found})


def _find(unit: Unit, actor: Actor, typed: str) -> list[Hit]:
    return [hit for hit in search.find(actor, unit, typed) if hit.kind in ("server", "port")]


ROUTES = [
    Route("/inventory/find.json", answering(find), methods=["GET"]),
    Route("/inventory/arrivals", answering(arrive), methods=["POST"]),
    Route("/inventory/machines/{server_id:int}/bmc", answering(correct), methods=["POST"]),
    Route("/inventory/machines/{server_id:int}/screen", answering(set_screen), methods=["POST"]),
]
