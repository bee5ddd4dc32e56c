"""What the portal asks of a payment gateway, whichever it is.

Amounts are ISO 4217 minor units with the currency in capitals; the adapter turns them into what its
gateway wants. No method may be called while a database transaction is open. Every method that changes
something takes a key: calling again with the same key does nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class IntentStatus(StrEnum):
    """How far the gateway is with one payment."""

    READY = "ready"
    """Known, not confirmed: no money moves until we confirm."""
    NEEDS_ACTION = "needs_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    """The card was declined. Whoever holds the client secret could try again, so it must be cancelled."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Intent:
    """One payment as the gateway sees it now."""

    ref: str
    status: IntentStatus
    amount_minor: int
    received_minor: int
    currency: str
    payment_id: int | None = None
    """What we wrote into it when we made it; None for a payment that is not ours."""
    fee_minor: int = 0
    reason_code: str = ""
    reason_text: str = ""
    created_at: dt.datetime | None = None
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class CardFacts:
    """All that we ever learn about a card."""

    ref: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


class SetupStatus(StrEnum):
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Setup:
    """One attempt of a browser to hand a card to the gateway."""

    ref: str
    status: SetupStatus
    customer_ref: str
    card: CardFacts | None = None
    reason_code: str = ""
    client_secret: str = field(default="", repr=False)


class RefundSeen(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class GatewayRefund:
    """One refund as the gateway sees it."""

    ref: str
    status: RefundSeen
    amount_minor: int
    currency: str
    refund_id: int | None = None
    reason_code: str = ""
    intent_ref: str = ""
    """The payment that it gives back."""


class GatewayUnreachableError(Exception):
    """No usable answer: nobody knows whether the call took effect. Ask, or call again with the same key."""


class GatewayRefusedError(Exception):
    """The gateway understood and declined: the call had no effect."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class Gateway(Protocol):
    """Every method raises `GatewayUnreachableError` or `GatewayRefusedError`, nothing else on purpose."""

    name: str

    def create_customer(self, *, key: str, name: str, company_id: int) -> str: ...

    def begin_setup(self, *, key: str, customer_ref: str) -> Setup: ...

    def read_setup(self, ref: str) -> Setup: ...

    def keep_card(self, card_ref: str, *, customer_ref: str) -> None:
        """Tie a card to its customer, so that it can be charged again."""

    def forget_card(self, card_ref: str) -> None:
        """Make a card unusable for us. Forgetting one that is gone already is fine."""

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
        """Announce a payment. It moves no money before it is confirmed."""

    def confirm_intent(self, ref: str, *, key: str) -> Intent:
        """Charge the card. A declined card is an answer, not an error."""

    def read_intent(self, ref: str) -> Intent: ...

    def cancel_intent(self, ref: str, *, key: str) -> Intent:
        """End an intent, so that it can never take money. One that has succeeded stays so: look at the answer."""

    def refund(
        self, *, key: str, refund_id: int, intent_ref: str, amount_minor: int, currency: str
    ) -> GatewayRefund: ...

    def read_refund(self, ref: str) -> GatewayRefund: ...

    def list_intents(self, *, since: dt.datetime) -> Iterator[Intent]:
        """All payments that were made since then, newest first."""

    def list_refunds(self, *, since: dt.datetime) -> Iterator[GatewayRefund]:
        """All refunds since then, newest first."""
