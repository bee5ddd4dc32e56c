"""The door for the boot network's DHCP server: no session, only a signature with BOOT_NETWORK_KEY over the bytes.

Signed, not merely accompanied by a password: it comes by plain HTTP through a network where machines of clients
start.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import ipaddress
import re
import time
from enum import StrEnum
from typing import Annotated

import structlog
from pydantic import Field, ValidationError, field_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import in_thread, in_unit
from opsportal.domain.provisioning import dhcp
from opsportal.domain.provisioning.machines import clean_mac
from opsportal.domain.refusals import BadRequest
from opsportal.models import Asker
from opsportal.settings import settings
from opsportal.web import limits
from opsportal.web.gate import BOOT_NETWORK_PATH, BROWSER_KEY
from opsportal.web.json_doors import Body, answering
from opsportal.web.webhooks import Forged

MAX_BODY = 512
OLDEST_S = 300
"""How old a message may be: the clocks of two hosts and a queue lie between."""
LONGEST_S = 7 * 24 * 3_600
SIGNATURE = "x-opsportal-signature"
_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
log = structlog.get_logger("boot")


class Event(StrEnum):
    """What dnsmasq calls its script for (dnsmasq(8), --dhcp-script)."""

    ADD = "add"
    OLD = "old"
    DEL = "del"


class Told(Body):
    event: Annotated[Event, Field(strict=False)]
    mac: Annotated[str, Field(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]
    address: Annotated[str, Field(max_length=15)]
    seconds: Annotated[int, Field(ge=0, le=LONGEST_S)]
    asker: Annotated[Asker, Field(strict=False)]

    @field_validator("address")
    @classmethod
    def _address(cls, value: str) -> str:
        return str(ipaddress.IPv4Address(value))


def _signed_at(raw: bytes, signature: str) -> dt.datetime | None:
    """When this was signed, by the boot host's clock; None for what is not signed, or too long ago."""
    key = settings().boot_network_key.get_secret_value()
    found = _SIGNATURE.fullmatch(signature)
    if not key or found is None or abs(time.time() - int(found[1])) > OLDEST_S:
        return None
    right = hmac.digest(key.encode(), found[1].encode() + b"." + raw, hashlib.sha256).hex()
    return dt.datetime.fromtimestamp(int(found[1]), dt.UTC) if hmac.compare_digest(right, found[2]) else None


async def _body(request: Request) -> bytes:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise BadRequest
    return raw


async def told(request: Request) -> Response:
    """One thing that dnsmasq did."""
    await in_thread(limits.count, *limits.of_machine(request.scope[BROWSER_KEY]))
    raw = await _body(request)
    at = _signed_at(raw, request.headers.get(SIGNATURE, ""))
    if at is None:
        log.warning("boot_network_forged")
        raise Forged
    try:
        what = Told.model_validate_json(raw)
    except ValidationError:
        raise BadRequest from None
    known = {"mac": clean_mac(what.mac), "address": what.address, "at": at}
    if what.event is Event.DEL:
        await in_unit(dhcp.taken_back, **known)
    else:
        await in_unit(dhcp.given, **known, seconds=what.seconds, asker=what.asker)
    return JSONResponse({})


ROUTES = [Route(BOOT_NETWORK_PATH, answering(told), methods=["POST"])]
