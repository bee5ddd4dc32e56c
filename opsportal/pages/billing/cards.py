"""Handing over a card and confirming a payment with one's bank, where a page needs it."""

from __future__ import annotations

from typing import Any

import reflex as rx


def card_form() -> rx.Component:
    """Adding a card."""
    return rx.fragment()


def confirm_payment(payment: Any) -> rx.Component:
    """The bank wants to hear from the card's holder."""
    return rx.fragment()
