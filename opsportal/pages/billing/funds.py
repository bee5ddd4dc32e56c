"""Adding funds: what is recommended and why, what it costs, and how the payment goes."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.billing import AskButton, FundsForm, payment_timeline, recommendation
from opsportal.components.elements import card, skeleton
from opsportal.components.headers import header
from opsportal.components.states import lines, page_body
from opsportal.components.text import money, t
from opsportal.pages.billing.cards import card_form, confirm_payment
from opsportal.pages.frame import framed
from opsportal.state.billing.funds import FundsState
from opsportal.state.shell import ShellState


def _payment(payment: Any) -> rx.Component:
    return payment_timeline(
        payment, on_cancel=FundsState.cancel, confirm=confirm_payment(payment, FundsState.answer)
    )


def _buffer(view: Any) -> rx.Component:
    """What should be left after the next 30 days."""
    terms = view.recommendation
    return card(
        rx.el.p(
            t("So much should be left after the next 30 days. It is part of the recommended amount."),
            class_name="sub",
        ),
        rx.el.div(
            rx.el.b(money(terms.buffer_minor, view.currency), class_name="num big"),
            AskButton.create(
                label=t("Change"),
                title=t("Comfort buffer"),
                text=t("How much should be left in your balance after the next 30 days? 0 for nothing."),
                confirm=t("Save"),
                about=1,
                owner=ShellState.me.person_id,
                currency=view.currency,
                amount=terms.buffer_minor,
                asks="amount",
                answer=FundsState.answer,
                on_done=lambda draft, about, amount, reason: FundsState.set_buffer(draft, amount),
                class_name="btn",
            ),
            class_name="row spread",
        ),
        title=t("Comfort buffer"),
    )


def _amounts(view: Any) -> rx.Component:
    return rx.fragment(
        t("Balance {amount}", amount=money(view.cash_minor, view.currency)),
        " · ",
        t("Credit {amount}", amount=money(view.credit_minor, view.currency)),
    )


def funds_page() -> rx.Component:
    """For those who pay."""
    view = FundsState.funds
    form = card(
        FundsForm.create(
            card_form(view.can_add_cards),
            owner=ShellState.me.person_id,
            currency=view.currency,
            recommended=view.recommendation.amount_minor,
            balance=view.cash_minor + view.credit_minor,
            cards=view.cards,
            quote=FundsState.quote,
            answer=FundsState.answer,
            on_ask=FundsState.ask,
            on_pay=FundsState.top_up,
            on_remove=FundsState.remove_card,
        ),
        title=t("Amount and card"),
    )
    side = rx.el.div(
        rx.cond(
            view.payments.length() > 0,
            card(rx.el.div(rx.foreach(view.payments, _payment), class_name="payments"), title=t("Payment")),
        ),
        _buffer(view),
        class_name="stack",
    )
    return framed(
        page_body(
            top=[header(t("Add funds"), sub=rx.cond(view.is_ready, _amounts(view), skeleton("sub")))],
            problem_view=FundsState.problem,
            ready=True,
            content=rx.fragment(
                rx.cond(view.is_ready, recommendation(view.recommendation), lines(2)),
                rx.el.div(form, side, class_name="grid funds-grid"),
            ),
            loading=rx.fragment(),
            retry=FundsState.open,
        )
    )
