"""Money on pages: forms that ask the portal for figures, payments as timelines, documents in lists."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago, elapsed
from opsportal.components.elements import Flash, button, link, status, tag
from opsportal.components.tables import Column, QueryLink
from opsportal.components.text import date, money, t, t_code, t_var, tn

_CLICK = rx.event.passthrough_event_spec


class FundsForm(rx.Component):
    """The form of the page that adds funds."""

    library = "$/portal/billing"
    tag = "FundsForm"

    owner: rx.Var[int]
    currency: rx.Var[str]
    recommended: rx.Var[int]
    balance: rx.Var[int]
    cards: rx.Var[list[Any]]
    quote: rx.Var[Any]
    answer: rx.Var[Any]

    on_ask: rx.EventHandler[_CLICK(str, str)]
    on_pay: rx.EventHandler[_CLICK(str, str, int, str, int)]
    on_remove: rx.EventHandler[_CLICK(int)]


class CardPayment(rx.Component):
    """Paying what the balance lacks for an invoice."""

    library = "$/portal/billing"
    tag = "CardPayment"

    owner: rx.Var[int]
    invoice: rx.Var[int]
    quote: rx.Var[Any]
    cards: rx.Var[list[Any]]
    answer: rx.Var[Any]
    disabled: rx.Var[bool]

    on_pay: rx.EventHandler[_CLICK(str, int, int, str, int)]


class AskButton(rx.Component):
    """A button that asks for an amount and a reason before something is done about an object."""

    library = "$/portal/billing"
    tag = "AskButton"

    label: rx.Var[str]
    title: rx.Var[str]
    text: rx.Var[str]
    confirm: rx.Var[str]
    about: rx.Var[int]
    owner: rx.Var[int]
    currency: rx.Var[str]
    amount: rx.Var[int]
    asks: rx.Var[str]
    danger: rx.Var[bool]
    answer: rx.Var[Any]

    on_done: rx.EventHandler[_CLICK(str, int, str, str)]


class SeenAfter(rx.Component):
    """Says that a list was looked at."""

    library = "$/portal/billing"
    tag = "SeenAfter"

    newest: rx.Var[int]
    has_new: rx.Var[bool]

    on_seen: rx.EventHandler[_CLICK(int)]


class Delta(rx.Component):
    """How a figure has moved since yesterday."""

    library = "$/portal/billing"
    tag = "Delta"

    now: rx.Var[int]
    before: rx.Var[int]
    currency: rx.Var[str]


class Rate(rx.Component):
    """A tax rate."""

    library = "$/portal/billing"
    tag = "Rate"

    bp: rx.Var[int]


def invoice_status(row: Any, *, flash: bool = True) -> rx.Component:
    """Paid, pending or overdue (checklist 0.21: exactly these words), and under it by how many days."""
    word = rx.el.span(
        status(row.state, words=labels.INVOICE, tones=labels.INVOICE_TONE),
        rx.cond(
            row.late_days > 0,
            rx.el.small(tn("by {n} day", "by {n} days", n=row.late_days), class_name="nowrap"),
        ),
    )
    return Flash.create(word, of=row.state, class_name="flash-round") if flash else word


def new_mark(row: Any) -> rx.Component:
    return rx.cond(row.is_new, tag(t("New"), "info"))


def about_text(row: Any) -> rx.Component:
    """The first line of a document, when it begins, and how many more lines there are."""
    return rx.el.div(
        rx.el.span(t_var(row.text_msgid, row.params)),
        rx.cond(
            (row.more > 0) | (row.period_start != ""),
            rx.el.small(
                rx.cond(row.period_start, t("from {date}", date=date(row.period_start)), ""),
                rx.cond((row.more > 0) & (row.period_start != ""), " · ", ""),
                rx.cond(row.more > 0, tn("and {n} more", "and {n} more", n=row.more), ""),
            ),
        ),
    )


def number_cell(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(
            link(row.number, to=f"/billing/invoices/{row.id}", class_name="row-link strong num nowrap"),
            new_mark(row),
            class_name="tags",
        ),
        rx.el.small(
            rx.cond(row.kind == "invoice", "", rx.fragment(t_code(row.kind, labels.DOCUMENT), " · ")),
            date(row.issued_on),
        ),
    )


def amount_cell(row: Any) -> rx.Component:
    return rx.el.span(
        rx.cond(row.kind == "credit_note", "−", ""),
        money(row.total_minor, row.currency),
        class_name="num nowrap",
    )


def company_column() -> Column:
    return Column(
        t("Company"), lambda r: link(r.company, to=f"/companies/{r.company_id}", class_name="row-link")
    )


def older(next_before: Any, *, is_first: Any) -> rx.Component:
    """To the next page of a list that is read from the newest on, and back to its beginning."""
    return rx.cond(
        (next_before != 0) & (next_before != "") | ~is_first,
        rx.el.nav(
            rx.cond(is_first, "", QueryLink.create(t("Newest"), set={"before": ""}, class_name="btn")),
            rx.cond(
                (next_before != 0) & (next_before != ""),
                QueryLink.create(t("Older"), set={"before": next_before}, class_name="btn"),
            ),
            class_name="pages",
            aria_label=t("Pages"),
        ),
    )


def open_totals(view: Any) -> rx.Component:
    """What is open, one line a currency."""
    return rx.foreach(
        view.open,
        lambda one: rx.el.span(
            t("Open in total {amount}", amount=money(one.total_minor, one.currency)),
            rx.cond(
                one.overdue_count > 0,
                rx.fragment(
                    " · ",
                    rx.el.span(
                        t("overdue {amount}", amount=money(one.overdue_minor, one.currency)),
                        class_name="bad-text",
                    ),
                ),
            ),
            key=one.currency,
            class_name="num",
        ),
    )


def arithmetic(terms: Any) -> rx.Component:
    """How the recommended amount comes about, term by term."""
    c = terms.currency

    def term(sign: str, words: Any, minor: Any, *, always: bool = False) -> rx.Component:
        whole = rx.el.span(f"{sign} " if sign else "", words, " ", money(minor, c), class_name="term")
        shown = rx.fragment(" ", whole)  # a line may end between two terms, never within one
        return shown if always else rx.cond(minor > 0, shown)

    return rx.el.span(
        term("", t("renewals until {date}", date=date(terms.horizon_on)), terms.renewals_minor, always=True),
        term("+", t("open invoices"), terms.open_invoices_minor),
        term("+", t("comfort buffer"), terms.buffer_minor),
        term("−", t("balance"), terms.cash_minor),
        term("−", t("credit"), terms.credit_minor),
        class_name="arithmetic num",
    )


def recommendation(terms: Any, action: Any = None) -> rx.Component:
    """The banner with the recommended amount and its arithmetic."""
    return rx.el.div(
        rx.el.p(
            rx.cond(
                terms.amount_minor > 0,
                rx.fragment(
                    t("Recommended to add"),
                    " ",
                    rx.el.b(money(terms.amount_minor, terms.currency), class_name="num"),
                    " = ",
                    arithmetic(terms),
                    t(", rounded up"),
                ),
                rx.fragment(
                    rx.el.b(t("Nothing to add now.")),
                    " ",
                    t("Your balance covers it:"),
                    " ",
                    arithmetic(terms),
                ),
            )
        ),
        action or rx.fragment(),
        class_name="recommendation",
    )


def payment_status(payment: Any) -> rx.Component:
    return status(payment.status, words=labels.PAYMENT, tones=labels.PAYMENT_TONE, flash=True)


def _step(step: Any) -> rx.Component:
    word = rx.match(
        step.status,
        ("done", t("done")),
        ("running", t("happening now")),
        ("failed", t("failed")),
        ("skipped", t("not needed")),
        t("still to come"),
    )
    return rx.el.li(
        rx.el.span(
            t_code(step.name, labels.PAYMENT_STEP), rx.el.span(", ", word, class_name="visually-hidden")
        ),
        rx.cond(step.started_at, elapsed(step.started_at, until=step.finished_at)),
        class_name=step.status,
        key=step.name,
    )


def payment_timeline(payment: Any, *, on_cancel: Any, confirm: Any = None) -> rx.Component:
    """A card payment, step by step; `confirm` is shown while the card's bank waits for its holder."""
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.el.h3(money(payment.gross_minor, payment.currency), " · ", payment.card),
                rx.el.p(
                    t("Started by {actor}", actor=payment.actor),
                    " · ",
                    ago(payment.created_at),
                    class_name="sub",
                ),
            ),
            payment_status(payment),
            class_name="job-head",
        ),
        rx.el.ol(rx.foreach(payment.steps, _step), class_name="steps"),
        rx.cond(
            payment.reason_msgid,
            rx.el.p(
                t_var(payment.reason_msgid),
                class_name=rx.cond(payment.status == "failed", "outcome bad", "outcome mute"),
            ),
        ),
        rx.cond(payment.problem_msgid, rx.el.p(t_var(payment.problem_msgid), class_name="outcome warn")),
        rx.cond(
            payment.is_kept_in_balance,
            rx.el.p(
                t(
                    "The invoice was settled in another way meanwhile. The money is in your balance; our finance"
                    " desk has been told."
                ),
                class_name="outcome warn",
            ),
        ),
        rx.el.div(
            rx.cond(payment.needs_action, confirm or rx.fragment()),
            rx.cond(payment.can_cancel, button(t("Cancel the payment"), on_click=on_cancel(payment.id))),
            class_name="row",
        ),
        class_name="job payment",
        aria_live="polite",
        key=payment.id,
    )
