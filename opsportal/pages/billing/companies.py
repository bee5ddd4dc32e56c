"""A client's money on the operator's page of that client. State: `opsportal.state.billing.companies`."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.billing import (
    AskButton,
    about_text,
    amount_cell,
    invoice_status,
    number_cell,
    payment_status,
)
from opsportal.components.clock import ago
from opsportal.components.elements import Flash, button, card, link
from opsportal.components.states import empty, lines
from opsportal.components.tables import Column, table
from opsportal.components.text import money, t, t_code, t_var, tn
from opsportal.pages.billing import transactions
from opsportal.state.billing.companies import CompanyMoneyState
from opsportal.state.shell import ShellState

_INVOICES = (
    Column(t("Number"), number_cell),
    Column(t("For"), about_text, show="wide"),
    Column(t("Status"), invoice_status),
    Column(t("Total"), amount_cell, right=True),
)


def _figure(label: Any, minor: Any, currency: Any) -> rx.Component:
    return rx.el.div(
        rx.el.small(label),
        Flash.create(rx.el.b(money(minor, currency), class_name="num"), of=minor),
        class_name="tile",
    )


def _open(view: Any) -> rx.Component:
    return rx.foreach(
        view.open,
        lambda one: rx.el.div(
            rx.el.small(tn("{n} open invoice", "{n} open invoices", n=one.count)),
            rx.el.b(
                money(one.total_minor, one.currency),
                class_name=rx.cond(one.overdue_count > 0, "num bad-text", "num"),
            ),
            class_name="tile",
            key=one.currency,
        ),
    )


def _flag(flag: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(
            t_code(flag.kind, labels.FLAG),
            " ",
            link(flag.invoice_number, to=f"/billing/invoices/{flag.invoice_id}"),
            " · ",
            ago(flag.at),
        ),
        button(t("Seen to"), on_click=CompanyMoneyState.clear_flag(flag.id)),
        class_name="banner warn row spread",
        key=flag.id,
    )


def _payment(payment: Any) -> rx.Component:
    refund = AskButton.create(
        label=t("Refund to the card"),
        title=t("Refund to {card}", card=payment.card),
        text=t(
            "The amount includes its tax. It is set aside now and booked when the card processor has paid it out."
        ),
        confirm=t("Refund"),
        about=payment.id,
        owner=ShellState.me.person_id,
        currency=payment.currency,
        amount=payment.refundable_minor,
        asks="amount reason",
        answer=CompanyMoneyState.answer,
        on_done=CompanyMoneyState.refund,
        class_name="btn",
    )
    return rx.el.li(
        rx.el.span(
            rx.el.span(
                money(payment.gross_minor, payment.currency), " · ", payment.card, class_name="strong num"
            ),
            rx.el.small(
                payment.actor,
                " · ",
                ago(payment.created_at),
                rx.cond(payment.reason_msgid, rx.fragment(" · ", t_var(payment.reason_msgid)), ""),
                rx.cond(payment.problem_msgid, rx.fragment(" · ", t_var(payment.problem_msgid)), ""),
            ),
        ),
        rx.el.span(
            payment_status(payment),
            rx.cond(payment.refundable_minor > 0, refund),
            rx.cond(
                payment.problem_msgid,
                button(t("Ask again"), on_click=CompanyMoneyState.ask_again(payment.id)),
            ),
            class_name="tags end",
        ),
        key=payment.id,
    )


def _balance(view: Any) -> rx.Component:
    grant = AskButton.create(
        label=t("Grant credit"),
        title=t("Grant credit"),
        text=t("Credit is spent before the client's own money and is never paid out."),
        confirm=t("Grant credit"),
        about=view.company_id,
        owner=ShellState.me.person_id,
        currency=view.currency,
        amount=-1,
        asks="amount reason",
        answer=CompanyMoneyState.answer,
        on_done=CompanyMoneyState.grant,
        class_name="btn",
    )
    return card(
        rx.el.div(
            _figure(t("Balance"), view.cash_minor, view.currency),
            _figure(t("Credit"), view.credit_minor, view.currency),
            _figure(t("Recurring cost per month"), view.month_minor, view.currency),
            _open(view),
            class_name="tiles flat",
        ),
        title=t("Money"),
        side=grant,
    )


def company_money() -> rx.Component:
    """Balance with what can be done about it, latest documents, movements and card payments."""
    view, problem = CompanyMoneyState.money, CompanyMoneyState.problem
    shown = rx.fragment(
        rx.foreach(view.flags, _flag),
        _balance(view),
        card(
            table(
                _INVOICES,
                view.invoices,
                key=lambda r: r.id,
                label=t("Latest documents"),
                empty=empty(
                    t("No documents yet"), t("Invoices, top-ups and credit notes will be listed here.")
                ),
            ),
            title=t("Latest documents"),
        ),
        card(
            table(
                transactions.columns(staff=False),
                view.transactions,
                key=lambda r: r.key,
                label=t("Latest movements"),
                empty=empty(
                    t("Nothing has moved yet"), t("What comes in and what is paid will be listed here.")
                ),
            ),
            title=t("Latest movements"),
        ),
        rx.cond(
            view.payments.length() > 0,
            card(rx.el.ul(rx.foreach(view.payments, _payment), class_name="list"), title=t("Card payments")),
        ),
    )
    return rx.cond(
        problem.code,
        card(
            rx.el.p(t_var(problem.msgid, {"error_id": problem.error_id}), class_name="refusal", role="alert"),
            title=t("Money"),
        ),
        rx.cond(view.is_ready, shown, card(lines(4), title=t("Money"))),
    )
