"""Every movement of money, failed payments with their reason."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.billing import company_column, older
from opsportal.components.elements import card as surface
from opsportal.components.elements import link, or_dash, status
from opsportal.components.headers import header
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, chips, table
from opsportal.components.text import moment, money, t, t_var
from opsportal.pages.frame import framed
from opsportal.state.billing.transactions import TransactionsState
from opsportal.state.shell import ShellState


def what_cell(row: Any) -> rx.Component:
    """The word for it, and what it was about or why it failed."""
    return rx.el.div(
        status(row.kind, words=labels.TRANSACTION, tones=labels.TRANSACTION_TONE),
        rx.cond(
            row.reason_msgid,
            rx.el.small(t_var(row.reason_msgid), class_name="reason"),
            rx.cond(row.memo, rx.el.small(row.memo, class_name="reason")),
        ),
    )


def document_cell(row: Any) -> rx.Component:
    return or_dash(
        row.invoice_number,
        link(row.invoice_number, to=f"/billing/invoices/{row.invoice_id}", class_name="row-link num nowrap"),
    )


def _signed(minor: Any, currency: Any) -> rx.Component:
    return rx.cond(
        minor == 0,
        rx.el.span("–", class_name="faint", aria_hidden="true"),
        rx.el.span(
            rx.cond(minor > 0, "+", ""),
            money(minor, currency),
            class_name=rx.cond(minor > 0, "num nowrap ok-text", "num nowrap"),
        ),
    )


def when_cell(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(moment(row.at), class_name="num nowrap"), rx.cond(row.actor, rx.el.small(row.actor))
    )


def gross_cell(row: Any) -> rx.Component:
    """What the card was charged or given back, with the tax in it."""
    return rx.el.div(
        rx.cond(
            row.gross_minor == 0,
            rx.el.span("–", class_name="faint", aria_hidden="true"),
            rx.el.span(money(row.gross_minor, row.currency), class_name="num nowrap"),
        ),
        rx.cond(
            (row.tax_minor != 0) & (row.gross_minor != 0),
            rx.el.small(t("tax {amount}", amount=money(row.tax_minor, row.currency)), class_name="nowrap"),
        ),
    )


def columns(*, staff: bool) -> tuple[Column, ...]:
    """Of a list of movements; for staff with whose they are."""
    return (
        Column(t("What"), what_cell),
        *((company_column(),) if staff else ()),
        Column(t("When"), when_cell),
        Column(t("Document"), document_cell, show="wide"),
        Column(t("Card"), gross_cell, right=True, show="wide"),
        Column(t("Balance"), lambda r: _signed(r.balance_minor, r.currency), right=True),
    )


def _list(*, staff: bool) -> rx.Component:
    view = TransactionsState.listing
    return table(
        columns(staff=staff),
        view.rows,
        key=lambda r: r.key,
        label=t("Transactions"),
        ready=view.is_ready,
        empty=empty(
            t("Nothing has moved yet"),
            t("Top-ups, payments, refunds and failed payments with their reason will be listed here."),
        ),
    )


def transactions_page() -> rx.Component:
    """A client's own movements; for staff those of all companies."""
    view = TransactionsState.listing
    return framed(
        page_body(
            top=[
                header(
                    t("Transactions"),
                    sub=t("What came in, what was paid, what went back, and what failed and why."),
                ),
                rx.el.div(
                    chips(
                        t("Kind"),
                        "kind",
                        [
                            ("", t("All")),
                            ("topups", t("Added")),
                            ("payments", t("Paid")),
                            ("refunds", t("Refunds")),
                            ("failed", t("Failed")),
                        ],
                    ),
                    class_name="toolbar",
                ),
            ],
            problem_view=TransactionsState.problem,
            ready=True,
            content=surface(
                rx.cond(ShellState.me.role == "client", _list(staff=False), _list(staff=True)),
                older(view.next_before, is_first=TransactionsState.before == ""),
            ),
            loading=rx.fragment(),
            retry=TransactionsState.open,
        )
    )
