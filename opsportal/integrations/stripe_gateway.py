"""Stripe behind the portal's `Gateway` protocol, by Stripe's own SDK.

Two steps for one payment: an intent that is made without being confirmed moves no money, so a lost reply
costs nothing; only then it is confirmed, and a lost reply to that is answered by reading it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import stripe

from opsportal.domain.payments.gateways import (
    CardFacts,
    Gateway,
    GatewayRefund,
    GatewayRefusedError,
    GatewayUnreachableError,
    Intent,
    IntentStatus,
    RefundSeen,
    Setup,
    SetupStatus,
)
from opsportal.settings import settings

NAME = "stripe"
TIMEOUT_S = 20.0
"""For one call. A confirmation may make Stripe wait for the card's bank."""
TOLERANCE_S = 300
"""How old a webhook's signature may be (Stripe's own default)."""
_PAGE = 100
_EXPAND = {"expand": ["latest_charge.balance_transaction"]}

# Where Stripe's smallest unit is not ISO 4217's: (multiply by, divide by). https://docs.stripe.com/currencies
_UNITS = {"ISK": (100, 1), "UGX": (100, 1), "MGA": (1, 100)}
_THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})

_INTENTS = {
    "requires_payment_method": IntentStatus.REFUSED,
    "requires_confirmation": IntentStatus.READY,
    "requires_action": IntentStatus.NEEDS_ACTION,
    "processing": IntentStatus.PROCESSING,
    "requires_capture": IntentStatus.PROCESSING,
    "succeeded": IntentStatus.SUCCEEDED,
    "canceled": IntentStatus.CANCELLED,
}
_SETUPS = {"succeeded": SetupStatus.SUCCEEDED, "canceled": SetupStatus.ENDED}
_REFUNDS = {
    "succeeded": RefundSeen.SUCCEEDED,
    "failed": RefundSeen.FAILED,
    "canceled": RefundSeen.FAILED,
}

R = TypeVar("R")


class WebhookForged(Exception):
    """The signature is missing, wrong or too old, or there is no secret to check it with."""


def verify_webhook(raw: bytes, header: str, secret: str) -> None:
    """Return when Stripe has signed exactly these bytes lately. Raises `WebhookForged`.

    Without a secret everything is refused: an empty key would let anybody sign.
    """
    if not secret.strip():
        raise WebhookForged
    try:
        stripe.WebhookSignature.verify_header(raw, header, secret, TOLERANCE_S)
    except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError):
        raise WebhookForged from None


def to_gateway(amount_minor: int, currency: str) -> int:
    """ISO minor units as Stripe counts. Raises `GatewayRefusedError` for what it cannot charge exactly."""
    times, parts = _UNITS.get(currency, (1, 1))
    is_inexact = currency in _THREE_DECIMALS and amount_minor % 10
    if amount_minor % parts or is_inexact:
        raise GatewayRefusedError("amount_not_chargeable")
    return amount_minor * times // parts


def from_gateway(amount: int, currency: str) -> int:
    """Stripe's amount in ISO minor units; what is not whole there stays visible as a difference."""
    times, parts = _UNITS.get(currency, (1, 1))
    return amount * parts // times


@functools.cache
def configured_gateway() -> Gateway | None:
    """The gateway of this installation, or None when there is no secret key."""
    config = settings()
    key = config.stripe_secret_key.get_secret_value()
    return StripeGateway(key, config.stripe_api_url) if key else None


def _answered(call: Callable[..., R]) -> Callable[..., R]:
    """Sort what can go wrong into the two kinds that matter: no answer, or a no."""

    @functools.wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> R:
        try:
            return call(*args, **kwargs)
        except (stripe.CardError, stripe.InvalidRequestError) as refused:
            # 409: another call with this key is still at work, or the object is locked. Not an answer.
            if refused.http_status == 409 or refused.code in ("lock_timeout", "idempotency_key_in_use"):
                raise GatewayUnreachableError(refused.code) from None
            raise GatewayRefusedError(_reason(refused), refused.user_message or "") from None
        except stripe.IdempotencyError as misuse:
            if misuse.http_status == 409:
                raise GatewayUnreachableError("idempotency_key_in_use") from None
            raise GatewayRefusedError("idempotency", misuse.user_message or "") from None
        except stripe.StripeError as failed:
            raise GatewayUnreachableError(type(failed).__name__) from None

    return wrapped


def _reason(error: stripe.StripeError) -> str:
    """The most exact code there is: the bank's reason before the general one."""
    details = error.json_body.get("error", {}) if isinstance(error.json_body, dict) else {}
    if error.http_status == 404:
        return "resource_missing"
    return str(details.get("decline_code") or details.get("code") or "gateway_refused")


class StripeGateway:
    """Stripe, or what speaks like it at another address."""

    name = NAME

    def __init__(self, secret_key: str, api_url: str = "") -> None:
        stripe.enable_telemetry = False
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_url.rstrip("/")} if api_url else None,
            http_client=stripe.RequestsClient(timeout=(5.0, TIMEOUT_S)),
            # Retries are ours: they are bounded, written down, and survive this process.
            max_network_retries=0,
        )

    @_answered
    def create_customer(self, *, key: str, name: str, company_id: int) -> str:
        made = self._client.v1.customers.create(
            {"name": name, "metadata": {"portal_company": str(company_id)}}, {"idempotency_key": key}
        )
        return made.id

    @_answered
    def begin_setup(self, *, key: str, customer_ref: str) -> Setup:
        made = self._client.v1.setup_intents.create(
            {"customer": customer_ref, "usage": "off_session", "allowed_payment_method_types": ["card"]},
            {"idempotency_key": key},
        )
        return _setup(made.to_dict(), None)

    @_answered
    def read_setup(self, ref: str) -> Setup:
        seen = self._client.v1.setup_intents.retrieve(ref).to_dict()
        card_ref = _id(seen.get("payment_method"))
        card = self._client.v1.payment_methods.retrieve(card_ref).to_dict() if card_ref else None
        return _setup(seen, card)

    @_answered
    def keep_card(self, card_ref: str, *, customer_ref: str) -> None:
        card = self._client.v1.payment_methods.retrieve(card_ref).to_dict()
        if not _id(card.get("customer")):
            self._client.v1.payment_methods.attach(card_ref, {"customer": customer_ref})
        elif _id(card["customer"]) != customer_ref:
            raise GatewayRefusedError("card_of_another_customer")

    def forget_card(self, card_ref: str) -> None:
        try:
            self._detach(card_ref)
        except GatewayRefusedError:  # it is not there, or no longer ours: that is what was wanted
            return

    @_answered
    def _detach(self, card_ref: str) -> None:
        self._client.v1.payment_methods.detach(card_ref)

    @_answered
    def create_intent(
        self,
        *,
        key: str,
        payment_id: int,
        amount_minor: int,
        currency: str,
        customer_ref: str,
        card_ref: str,
    ) -> Intent:
        made = self._client.v1.payment_intents.create(
            {
                "amount": to_gateway(amount_minor, currency),
                "currency": currency.lower(),
                "customer": customer_ref,
                "payment_method": card_ref,
                # Since API version 2026-09-30 the only way to say so; it also keeps redirects away.
                "allowed_payment_method_types": ["card"],
                "metadata": {"portal_payment": str(payment_id)},
            },
            {"idempotency_key": key},
        )
        return _intent(made.to_dict())

    def confirm_intent(self, ref: str, *, key: str) -> Intent:
        with contextlib.suppress(
            GatewayRefusedError
        ):  # declined, or confirmed already: the intent says which
            self._confirm(ref, key=key)
        return self.read_intent(ref)

    @_answered
    def _confirm(self, ref: str, *, key: str) -> None:
        self._client.v1.payment_intents.confirm(ref, {}, {"idempotency_key": key})

    @_answered
    def read_intent(self, ref: str) -> Intent:
        return _intent(self._client.v1.payment_intents.retrieve(ref, _EXPAND).to_dict())  # type: ignore[arg-type]

    def cancel_intent(self, ref: str, *, key: str) -> Intent:
        with contextlib.suppress(GatewayRefusedError):  # it has ended already, one way or the other
            self._cancel(ref, key=key)
        return self.read_intent(ref)

    @_answered
    def _cancel(self, ref: str, *, key: str) -> None:
        self._client.v1.payment_intents.cancel(ref, {}, {"idempotency_key": key})

    @_answered
    def refund(
        self, *, key: str, refund_id: int, intent_ref: str, amount_minor: int, currency: str
    ) -> GatewayRefund:
        made = self._client.v1.refunds.create(
            {
                "payment_intent": intent_ref,
                "amount": to_gateway(amount_minor, currency),
                "metadata": {"portal_refund": str(refund_id)},
            },
            {"idempotency_key": key},
        )
        return _refund(made.to_dict())

    @_answered
    def read_refund(self, ref: str) -> GatewayRefund:
        return _refund(self._client.v1.refunds.retrieve(ref).to_dict())

    def list_intents(self, *, since: dt.datetime) -> Iterator[Intent]:
        return self._pages(self._client.v1.payment_intents.list, _intent, since)

    def list_refunds(self, *, since: dt.datetime) -> Iterator[GatewayRefund]:
        return self._pages(self._client.v1.refunds.list, _refund, since)

    def _pages(self, listing: Any, read: Callable[[dict[str, Any]], R], since: dt.datetime) -> Iterator[R]:
        after: dict[str, str] = {}
        while True:
            page = _answered(listing)({"limit": _PAGE, "created": {"gte": int(since.timestamp())}, **after})
            found = [one.to_dict() for one in page.data]
            yield from map(read, found)
            if not page.has_more or not found:
                return
            after = {"starting_after": found[-1]["id"]}


def _id(reference: Any) -> str:
    """An object's id, whether it came as an id or as a whole."""
    return str(reference["id"]) if isinstance(reference, dict) else str(reference or "")


def _number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else None


def _intent(seen: dict[str, Any]) -> Intent:
    currency = str(seen["currency"]).upper()
    status = _INTENTS.get(seen["status"], IntentStatus.PROCESSING)
    failure = seen.get("last_payment_error") or {}
    # Not every implementation tells `amount_received`; of a succeeded intent it is the amount.
    received = seen.get("amount_received") or (seen["amount"] if status is IntentStatus.SUCCEEDED else 0)
    return Intent(
        ref=seen["id"],
        status=status,
        amount_minor=from_gateway(seen["amount"], currency),
        received_minor=from_gateway(received, currency),
        currency=currency,
        payment_id=_number((seen.get("metadata") or {}).get("portal_payment")),
        fee_minor=_fee(seen, currency),
        reason_code=str(failure.get("decline_code") or failure.get("code") or ""),
        reason_text=str(failure.get("message") or "")[:500],
        created_at=dt.datetime.fromtimestamp(seen["created"], dt.UTC),
        client_secret=str(seen.get("client_secret") or ""),
    )


def _fee(seen: dict[str, Any], currency: str) -> int:
    """What Stripe kept, where it is known and in the currency of the payment."""
    charge = seen.get("latest_charge")
    movement = charge.get("balance_transaction") if isinstance(charge, dict) else None
    if not isinstance(movement, dict) or str(movement.get("currency", "")).upper() != currency:
        return 0
    return from_gateway(int(movement.get("fee") or 0), currency)


def _setup(seen: dict[str, Any], card: dict[str, Any] | None) -> Setup:
    facts = (card or {}).get("card")
    return Setup(
        ref=seen["id"],
        status=_SETUPS.get(seen["status"], SetupStatus.WAITING),
        customer_ref=_id(seen.get("customer")),
        card=CardFacts(
            ref=card["id"],
            brand=str(facts["brand"])[:20],
            last4=str(facts["last4"])[-4:],
            exp_month=int(facts["exp_month"]),
            exp_year=int(facts["exp_year"]),
        )
        if card and facts
        else None,
        reason_code=str((seen.get("last_setup_error") or {}).get("code") or ""),
        client_secret=str(seen.get("client_secret") or ""),
    )


def _refund(seen: dict[str, Any]) -> GatewayRefund:
    currency = str(seen["currency"]).upper()
    return GatewayRefund(
        ref=seen["id"],
        status=_REFUNDS.get(seen["status"], RefundSeen.PENDING),
        amount_minor=from_gateway(seen["amount"], currency),
        currency=currency,
        refund_id=_number((seen.get("metadata") or {}).get("portal_refund")),
        reason_code=str(seen.get("failure_reason") or ""),
        intent_ref=_id(seen.get("payment_intent")),
    )


def can_enter_cards() -> bool:
    """Whether this installation takes cards: both keys are there."""
    return bool(gateway_origins()[0])


def gateway_origins() -> tuple[str, str]:
    """Where Stripe.js comes from and where it talks to, as origins for the content security policy.

    Empty where no card can be entered: without keys, nobody else's script may run in our pages.
    """
    config = settings()
    if not config.stripe_secret_key.get_secret_value() or not config.stripe_publishable_key:
        return "", ""
    return _origin(config.stripe_js_url), _origin(config.stripe_api_url or stripe.DEFAULT_API_BASE)


@functools.lru_cache(maxsize=8)
def _origin(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
