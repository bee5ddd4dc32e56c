"""One document: its arithmetic, whose it is, and the ways to pay it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.billing import (
    AskButton,
    CardPayment,
    Rate,
    invoice_status,
    payment_timeline,
)
from opsportal.components.elements import (
    button,
    card,
    download_link,
    key_values,
    link,
    skeleton,
)
from opsportal.components.headers import header
from opsportal.components.states import lines, page_body
from opsportal.components.tables import Column, table
from opsportal.components.text import date, moment, money, number, t, t_code, t_var, tn
from opsportal.pages.billing.cards import card_form, confirm_payment
from opsportal.pages.billing.invoices import pdf_link
from opsportal.pages.frame import framed
from opsportal.state.billing.invoices import InvoiceState
from opsportal.state.shell import ShellState

_CRUMBS = [(t("Invoices"), "/billing/invoices")]


def _line_text(line: Any) -> rx.Component:
    words = t_var(line.text_msgid, line.params)
    return rx.el.div(
        rx.cond(
            line.service_id > 0,
            link(words, to=f"/services/{line.service_id}", class_name="row-link strong"),
            rx.el.span(words, class_name="strong"),
        ),
        rx.cond(
            line.period_start,
            rx.el.small(
                date(line.period_start),
                " – ",
                date(line.period_last),
                " · ",
                tn("{n} day", "{n} days", n=line.days),
            ),
        ),
        rx.cond(
            line.has_samples,
            download_link(
                t("Download its samples"),
                href=f"/services/{line.service_id}/traffic-samples.csv?cycle={line.period_start}",
                class_name="row-link",
            ),
        ),
    )


def _line_sum(line: Any, currency: Any) -> rx.Component:
    """quantity x unit price."""
    n = line.quantity
    quantity = rx.match(
        line.unit,
        ("hour", tn("{n} hour", "{n} hours", n=n)),
        ("month", tn("{n} month", "{n} months", n=n)),
        ("year", tn("{n} year", "{n} years", n=n)),
        number(n),
    )
    return rx.el.span(quantity, " × ", money(line.unit_price_minor, currency), class_name="num nowrap")


def _lines(view: Any) -> rx.Component:
    c = view.currency
    cells = (
        Column(t("Description"), _line_text),
        Column(t("Quantity × price"), lambda line: _line_sum(line, c), right=True, show="wide"),
        Column(t("Tax"), lambda line: Rate.create(bp=line.rate_bp), right=True, show="wide"),
        Column(
            t("Net"), lambda line: rx.el.span(money(line.net_minor, c), class_name="num nowrap"), right=True
        ),
    )
    return rx.fragment(
        table(cells, view.lines, key=lambda line: line.position, label=t("Lines")), _sums(view)
    )


def _sums(view: Any) -> rx.Component:
    c = view.currency

    def tax(group: Any) -> rx.Component:
        return rx.el.div(
            rx.el.dt(
                t("Tax"),
                " ",
                Rate.create(bp=group.rate_bp),
                " ",
                t("of {net}", net=money(group.net_minor, c)),
            ),
            rx.el.dd(money(group.tax_minor, c), class_name="num"),
            key=group.rate_bp,
        )

    return rx.el.div(
        rx.el.dl(
            rx.el.div(rx.el.dt(t("Net")), rx.el.dd(money(view.net_minor, c), class_name="num")),
            rx.foreach(view.taxes, tax),
            rx.el.div(
                rx.el.dt(t("Total")),
                rx.el.dd(money(view.total_minor, c), class_name="num"),
                class_name="total",
            ),
            class_name="sums",
        ),
        rx.cond(view.tax_reason_msgid, rx.el.p(t_var(view.tax_reason_msgid), class_name="sub")),
        rx.cond(view.note_msgid, rx.el.p(t_var(view.note_msgid), class_name="sub")),
        class_name="sums-foot",
    )


def _from_balance(view: Any) -> rx.Component:
    c = view.currency
    return rx.fragment(
        rx.el.dl(
            rx.cond(
                view.use_credit_minor > 0,
                rx.el.div(
                    rx.el.dt(t("From credit")), rx.el.dd(money(view.use_credit_minor, c), class_name="num")
                ),
            ),
            rx.cond(
                view.use_cash_minor > 0,
                rx.el.div(
                    rx.el.dt(t("From the balance")),
                    rx.el.dd(money(view.use_cash_minor, c), class_name="num"),
                ),
            ),
            rx.cond(
                view.missing_minor > 0,
                rx.el.div(
                    rx.el.dt(t("Missing")),
                    rx.el.dd(money(view.missing_minor, c), class_name="num"),
                    class_name="total",
                ),
            ),
            class_name="sums",
        ),
        rx.cond(
            view.is_covered,
            button(
                t("Pay {amount} from the balance", amount=money(view.total_minor, c)),
                kind="primary wide",
                on_click=InvoiceState.pay_from_balance(view.id, view.total_minor, c),
                disabled=view.is_being_paid,
            ),
        ),
    )


def _payment(payment: Any) -> rx.Component:
    return payment_timeline(
        payment, on_cancel=InvoiceState.cancel_payment, confirm=confirm_payment(payment, InvoiceState.answer)
    )


def _pay(view: Any) -> rx.Component:
    """How to pay what is open: from the balance if it covers it, else the rest by card."""
    by_card = rx.cond(
        view.is_covered,
        rx.fragment(),
        rx.cond(
            view.is_being_paid,
            rx.fragment(),
            CardPayment.create(
                card_form(view.can_add_cards),
                owner=ShellState.me.person_id,
                invoice=view.id,
                quote=view.quote,
                cards=view.cards,
                answer=InvoiceState.answer,
                disabled=view.is_being_paid,
                on_pay=InvoiceState.pay_by_card,
            ),
        ),
    )
    return card(_from_balance(view), by_card, title=t("Pay"), class_name="pay")


def _settled(view: Any) -> rx.Component:
    c = view.currency
    return card(
        key_values(
            (t("Paid on"), moment(view.settled_at)),
            (t("From credit"), rx.el.span(money(view.settled_credit_minor, c), class_name="num")),
            (t("From the balance"), rx.el.span(money(view.settled_cash_minor, c), class_name="num")),
        ),
        title=t("Paid"),
    )


def _reference(document: Any, currency: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            link(document.number, to=f"/billing/invoices/{document.id}", class_name="row-link strong num"),
            rx.el.small(date(document.issued_on)),
        ),
        rx.el.span("−", money(document.total_minor, currency), class_name="num"),
        key=document.id,
    )


def _parties(view: Any) -> rx.Component:
    return card(
        key_values(
            (t("Seller"), view.seller),
            (t("Buyer"), view.buyer),
            (t("Tax ID"), rx.cond(view.buyer_tax_id, view.buyer_tax_id, "–")),
            (t("Issued on"), date(view.issued_on)),
            (t("Due on"), date(view.due_on)),
        ),
        title=t("Details"),
    )


def _actions(view: Any) -> list[rx.Component]:
    owner = ShellState.me.person_id
    return [
        rx.cond(
            view.can_void,
            AskButton.create(
                label=t("Cancel the invoice"),
                title=t("Cancel {number}?", number=view.number),
                text=t(
                    "A credit note takes it back. The number stays in the books, and its periods can be invoiced again."
                ),
                confirm=t("Cancel by credit note"),
                about=view.id,
                owner=owner,
                asks="reason",
                danger=True,
                answer=InvoiceState.answer,
                on_done=lambda draft, about, amount, reason: InvoiceState.void(draft, about, reason),
                class_name="btn danger",
            ),
        ),
        rx.cond(
            view.can_refund,
            AskButton.create(
                label=t("Refund"),
                title=t("Refund {number} to the balance", number=view.number),
                text=t("A credit note is issued over this amount, and the client's balance grows by it."),
                confirm=t("Refund"),
                about=view.id,
                owner=owner,
                currency=view.currency,
                amount=view.total_minor - view.credited_minor,
                asks="amount reason",
                answer=InvoiceState.answer,
                on_done=InvoiceState.refund,
                class_name="btn",
            ),
        ),
        pdf_link(view.id, view.number),
    ]


def _heading(view: Any, is_client: Any) -> rx.Component:
    return header(
        view.number,
        crumbs=_CRUMBS,
        beside=invoice_status(view),
        sub=rx.fragment(
            t_code(view.kind, labels.DOCUMENT),
            rx.cond(
                view.corrects.id > 0,
                rx.fragment(
                    " · ",
                    t("Corrects"),
                    " ",
                    link(view.corrects.number, to=f"/billing/invoices/{view.corrects.id}"),
                ),
            ),
            rx.cond(
                is_client,
                "",
                rx.fragment(" · ", link(view.company, to=f"/companies/{view.company_id}")),
            ),
            rx.cond(view.void_reason, rx.fragment(" · ", view.void_reason), ""),
        ),
        actions=_actions(view),
    )


def _side(view: Any, is_client: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(is_client & view.is_payable, _pay(view)),
        rx.cond(
            view.payments.length() > 0,
            card(
                rx.el.div(rx.foreach(view.payments, _payment), class_name="payments"),
                title=t("Card payments"),
            ),
        ),
        rx.cond(view.settled_at, _settled(view)),
        rx.cond(
            view.credit_notes.length() > 0,
            card(
                rx.el.ul(
                    rx.foreach(view.credit_notes, lambda one: _reference(one, view.currency)),
                    class_name="list",
                ),
                title=t("Credit notes"),
            ),
        ),
        _parties(view),
        class_name="stack",
    )


def invoice_page() -> rx.Component:
    """One document."""
    view = InvoiceState.invoice
    is_client = ShellState.me.role == "client"
    what_for = card(_lines(view), title=t("What it is for"))
    return framed(
        page_body(
            problem_view=InvoiceState.problem,
            ready=view.is_ready & (view.id == route_number("invoice_id")),
            content=rx.fragment(
                _heading(view, is_client),
                rx.el.div(what_for, _side(view, is_client), class_name="grid invoice-grid"),
            ),
            loading=rx.fragment(header(skeleton("title"), crumbs=_CRUMBS), card(lines(8))),
            retry=InvoiceState.open,
        )
    )
