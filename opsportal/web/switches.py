"""Switches on record, and what may write to them: plain HTTP, because their secrets must be in no event, state or log."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.inventory import switch_checks, switch_records
from opsportal.domain.inventory.switch_records import SwitchRecord
from opsportal.domain.traffic import write_access
from opsportal.domain.traffic.snmp_access import SnmpAccess
from opsportal.web.json_doors import Body, answering, parse
from opsportal.web.records import Line, Number, number_of, recorder

_Secret = Annotated[str, Field(max_length=200, pattern=r"^[\x20-\x7e]*$")]


class AccessBody(Body):
    """A form's fields, all texts. A community, or a user."""

    community: _Secret = ""
    username: _Secret = ""
    auth_protocol: Literal["", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"] = ""
    auth_password: _Secret = ""
    priv_protocol: Literal["", "des", "aes128", "aes192", "aes256"] = ""
    priv_password: _Secret = ""

    def access(self) -> SnmpAccess:
        return SnmpAccess(**{name: getattr(self, name) for name in AccessBody.model_fields})


class SwitchBody(AccessBody):
    name: Line
    site: Line
    host: Line
    port: Number = "161"

    def record(self) -> SwitchRecord:
        return SwitchRecord(self.name, self.site, self.host, int(self.port or 0), self.access())


async def add(request: Request) -> Response:
    """POST /switches: put a switch on record and have it asked at once."""
    actor = await recorder(request)
    body = await parse(request, SwitchBody)
    return JSONResponse({"switch_id": await in_unit(_add, actor, body.record())})


def _add(unit: Unit, actor: Actor, new: SwitchRecord) -> int:
    number = switch_records.add(unit, actor, new).id or 0
    switch_checks.ask(unit, actor, number)
    return number


async def correct(request: Request) -> Response:
    """POST /switches/{switch_id}: record what a switch has now, and have it asked with that."""
    actor = await recorder(request)
    number = number_of(request, "switch_id")
    body = await parse(request, SwitchBody)
    return JSONResponse({"changed": await in_unit(_correct, actor, number, body.record())})


def _correct(unit: Unit, actor: Actor, switch_id: int, new: SwitchRecord) -> list[str]:
    changed = switch_records.correct(unit, actor, switch_id, new)
    if not changed:
        return changed
    if unit.get_one(switch_records.Switch, switch_id).is_polled:
        switch_checks.ask(unit, actor, switch_id, is_new_record=True)
    else:
        switch_checks.forget(unit, switch_id)
    return changed


async def set_write_access(request: Request) -> Response:
    """POST /switches/{switch_id}/write-access: keep what may set this switch's ports."""
    actor = await recorder(request)
    number = number_of(request, "switch_id")
    body = await parse(request, AccessBody)
    await in_unit(write_access.set_write_access, actor, number, body.access())
    return JSONResponse({})


ROUTES = [
    Route("/switches", answering(add), methods=["POST"]),
    Route("/switches/{switch_id:int}", answering(correct), methods=["POST"]),
    Route("/switches/{switch_id:int}/write-access", answering(set_write_access), methods=["POST"]),
]
