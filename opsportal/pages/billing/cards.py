"""Adding a card and confirming a payment with one's bank, where a page of money needs it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.cards import CardForm, PaymentAction


def card_form(can_add: Any) -> rx.Component:
    """A new card; the list of saved ones follows by itself."""
    return CardForm.create(configured=can_add)


def confirm_payment(payment: Any, answer: Any) -> rx.Component:
    """The bank's question to the card's holder; asked at once only in the tab that began the payment."""
    return PaymentAction.create(payment_id=payment.id, auto=answer.number == payment.id)
