"""Where a payment gateway calls us: no session, no cookie, only bytes and a signature over them.

Stored and committed before it is answered: an answer of 200 means that the event cannot be lost. What is
said in it is not believed; a worker fetches the object from the gateway itself.
"""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_unit
from opsportal.domain.payments import inbox
from opsportal.domain.refusals import BadRequest, Refusal
from opsportal.integrations import stripe_gateway
from opsportal.models import WebhookResult
from opsportal.settings import settings
from opsportal.web.json_doors import answering

PATH = "/webhooks/stripe"
MAX_EVENT = 262_144
log = structlog.get_logger("webhooks")


class Forged(Refusal):
    code = "forged"
    msgid = "The signature is missing, wrong or too old. Nothing was stored."


async def _body(request: Request) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_EVENT:
            raise BadRequest
    return bytes(raw)


async def stripe(request: Request) -> Response:
    """One event: 200 after it is stored (or was before), 400 for what is not signed or not an event."""
    raw = await _body(request)
    signature = request.headers.get("stripe-signature", "")
    secret = settings().stripe_webhook_secret.get_secret_value()
    try:
        stripe_gateway.verify_webhook(raw, signature, secret)
    except stripe_gateway.WebhookForged:
        await in_unit(_count_forged)
        log.warning("webhook_forged")
        raise Forged from None
    result = await in_unit(inbox.receive, gateway=stripe_gateway.NAME, raw=raw, signature=signature[:500])
    if result is WebhookResult.MALFORMED:
        raise BadRequest
    return JSONResponse({})


def _count_forged(unit: Unit) -> None:
    inbox.count(unit, stripe_gateway.NAME, WebhookResult.FORGED)


ROUTES = [Route(PATH, answering(stripe), methods=["POST"])]
