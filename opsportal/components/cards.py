"""Entering a card, and the bank's question about a payment. Numbers and secrets stay out of Reflex.

On a page of billing:

    CardForm.create(configured=BillingState.cards.is_configured, on_done=BillingState.card_saved)
    rx.cond(payment.status == "requires_action", PaymentAction.create(payment_id=payment.id, auto=True))

`CardForm` is a button *Add a card* that opens the gateway's fields in place; `on_done` gets the id of the card
that was saved (the list of cards moves by itself: topic `company:{id}:cards`). It says in one sentence when no
gateway is configured. `PaymentAction` lets the card's holder confirm a payment (3-D Secure); what came of it
arrives by the topic `company:{id}:payments`, so `on_done` is optional there.
"""

from __future__ import annotations

from typing import Any

import reflex as rx


def _one_id(number: rx.Var[int]) -> list[rx.Var[Any]]:
    return [number]


class CardForm(rx.Component):
    """A new card, from the browser to the gateway."""

    library = "$/portal/cards"
    tag = "CardForm"

    configured: rx.Var[bool]
    """Whether this installation has a gateway (`stripe_gateway.can_enter_cards()`)."""
    on_done: rx.EventHandler[_one_id]
    """Receives the id of the saved card."""


class PaymentAction(rx.Component):
    """The bank's question about one payment."""

    library = "$/portal/cards"
    tag = "PaymentAction"

    payment_id: rx.Var[int]
    auto: rx.Var[bool]
    """Ask at once: on the page where the payment was begun."""
    on_done: rx.EventHandler[_one_id]
    """Receives the payment's id when the bank has answered."""
