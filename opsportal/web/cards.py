"""Handing a card to the gateway, and the bank's confirmation: the secrets for it go to that browser only.

Plain HTTP, as for passwords: a client secret is never in a state, an event or a log. What is asked of the
gateway is asked here, outside any transaction; the web process waits for it no longer than one call takes.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_thread, in_unit
from opsportal.domain.access import Actor, Permission, access_payment_for
from opsportal.domain.payments import cards, handover, topups
from opsportal.domain.payments.gateways import (
    Gateway,
    GatewayRefusedError,
    GatewayUnreachableError,
    IntentStatus,
)
from opsportal.domain.payments.refusals import CardRefused, GatewayAway, NoGateway, NothingToConfirm
from opsportal.domain.refusals import NotFound
from opsportal.integrations import stripe_gateway
from opsportal.models import PaymentStatus, SavedCard
from opsportal.settings import settings
from opsportal.web import limits
from opsportal.web.actors import actor_of
from opsportal.web.json_doors import Body, answering, parse


class Nothing(Body):
    pass


class SetupDone(Body):
    setup: Annotated[str, Field(pattern=r"^seti_[A-Za-z0-9]{1,200}$")]


def _gateway() -> Gateway:
    gateway = stripe_gateway.configured_gateway()
    if gateway is None or not settings().stripe_publishable_key:
        raise NoGateway
    return gateway


async def _payer(request: Request) -> Actor:
    actor = await actor_of(request)
    actor.require(Permission.BILLING_PAY)
    return actor


def _for_browser(client_secret: str) -> Response:
    """What Stripe.js needs: where it is, who we are, and the secret of this one attempt."""
    body = {
        "client_secret": client_secret,
        "publishable_key": settings().stripe_publishable_key,
        "script": settings().stripe_js_url,
    }
    return JSONResponse(body, headers={"cache-control": "no-store"})


async def begin(request: Request) -> Response:
    """Let this browser hand one card over."""
    await parse(request, Nothing)
    actor = await _payer(request)
    await in_thread(limits.count, (limits.CARDS, f"cards:{actor.company_id}"))
    try:
        setup = await in_thread(handover.open_setup, _gateway(), actor)
    except (GatewayUnreachableError, GatewayRefusedError):
        raise GatewayAway from None
    return _for_browser(setup.client_secret)


async def finish(request: Request) -> Response:
    """The browser has handed it over: look at the gateway whether that is so, and keep the card."""
    body = await parse(request, SetupDone)
    actor = await _payer(request)
    setup = await in_unit(cards.find_setup, actor, body.setup)
    if setup is None:
        raise NotFound
    try:
        card = await in_thread(handover.finish_setup, _gateway(), setup.id or 0)
    except GatewayUnreachableError:
        raise GatewayAway from None
    if card is None:
        raise CardRefused
    return JSONResponse({"card": _shown(card)})


def _shown(card: SavedCard) -> dict[str, str | int | None]:
    return {
        "id": card.id,
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
    }


async def action(request: Request) -> Response:
    """What this browser needs to let the card's holder confirm a payment (3-D Secure)."""
    await parse(request, Nothing)
    actor = await _payer(request)
    gateway = _gateway()
    await in_thread(limits.count, (limits.CARDS, f"cards:{actor.company_id}"))
    ref = await in_unit(_waiting, actor, _number(request))
    try:
        intent = await in_thread(gateway.read_intent, ref)
    except (GatewayUnreachableError, GatewayRefusedError):
        raise GatewayAway from None
    if intent.status is not IntentStatus.NEEDS_ACTION:
        await in_unit(topups.go_on, actor, _number(request))
        raise NothingToConfirm
    return _for_browser(intent.client_secret)


def _waiting(unit: Unit, actor: Actor, payment_id: int) -> str:
    payment = access_payment_for(actor, unit, payment_id, permission=Permission.BILLING_PAY)
    if payment.status != PaymentStatus.REQUIRES_ACTION or payment.ref is None or payment.cancel_code:
        raise NothingToConfirm
    return payment.ref


async def go_on(request: Request) -> Response:
    """The bank has been asked: a worker looks at the gateway what it said."""
    await parse(request, Nothing)
    actor = await _payer(request)
    await in_thread(limits.count, (limits.CARDS, f"cards:{actor.company_id}"))
    await in_unit(topups.go_on, actor, _number(request))
    return JSONResponse({})


def _number(request: Request) -> int:
    text = request.path_params["payment_id"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound
    return int(text)


ROUTES = [
    Route("/payments/cards/setup", answering(begin), methods=["POST"]),
    Route("/payments/cards/done", answering(finish), methods=["POST"]),
    Route("/payments/{payment_id}/action", answering(action), methods=["POST"]),
    Route("/payments/{payment_id}/continue", answering(go_on), methods=["POST"]),
]
