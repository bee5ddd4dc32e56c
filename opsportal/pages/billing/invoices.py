"""Documents: the list of invoices and credit notes."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.billing import (
    SeenAfter,
    about_text,
    amount_cell,
    company_column,
    invoice_status,
    number_cell,
    older,
    open_totals,
)
from opsportal.components.elements import (
    button_link,
    card,
    download_link,
    link,
    skeleton,
)
from opsportal.components.headers import header
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, chips, search_field, table
from opsportal.components.text import date, t
from opsportal.pages.frame import framed
from opsportal.state.billing.invoices import InvoicesState
from opsportal.state.shell import ShellState


def _pay_cell(row: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(row.is_payable, button_link(t("Pay"), to=f"/billing/invoices/{row.id}", kind="primary")),
        pdf_link(row.id, row.number, short=True),
        class_name="row end",
    )


def pdf_link(invoice_id: Any, number: Any, *, short: bool = False) -> rx.Component:
    """The download of a document: a plain address, so that the browser saves it."""
    return download_link(
        t("PDF") if short else t("Download PDF"),
        rx.el.span(" ", number, class_name="visually-hidden"),
        href=f"/documents/invoices/{invoice_id}.pdf",
    )


def due_cell(row: Any) -> rx.Component:
    return rx.cond(
        (row.state == "pending") | (row.state == "overdue"),
        rx.el.span(date(row.due_on), class_name="num nowrap"),
        rx.el.span("–", class_name="faint", aria_hidden="true"),
    )


def columns(*, staff: bool) -> tuple[Column, ...]:
    """Of a list of documents; for staff with whose they are."""
    about = Column(t("For"), about_text, show="wide")
    return (
        Column(t("Number"), number_cell),
        *((company_column(),) if staff else ()),
        about,
        Column(t("Status"), invoice_status),
        Column(t("Due"), due_cell, show="wide"),
        Column(t("Total"), amount_cell, right=True),
        Column(rx.el.span(t("Actions"), class_name="visually-hidden"), _pay_cell, right=True, show="wide"),
    )


def _nothing() -> rx.Component:
    return rx.cond(
        InvoicesState.q != "",
        empty(
            t("No document matches"),
            t("Search by number, service or plan, or look at all documents."),
            link(t("Show all"), to="/billing/invoices?status=all", class_name="btn"),
        ),
        rx.cond(
            InvoicesState.status == "",
            empty(
                t("Nothing is unpaid"),
                t("New invoices appear here the moment they are issued, 14 days before they are due."),
                link(t("Show all"), to="/billing/invoices?status=all", class_name="btn"),
            ),
            empty(t("No documents yet"), t("Invoices, top-ups and credit notes will be listed here.")),
        ),
    )


def _list(*, staff: bool) -> rx.Component:
    view = InvoicesState.listing
    return table(
        columns(staff=staff),
        view.rows,
        key=lambda r: r.id,
        label=t("Invoices"),
        ready=view.is_ready,
        empty=_nothing(),
    )


def invoices_page() -> rx.Component:
    """Unpaid documents first; all, paid and overdue by one click."""
    view = InvoicesState.listing
    is_client = ShellState.me.role == "client"
    total = rx.el.span(open_totals(view), class_name="open-totals")
    return framed(
        page_body(
            top=[
                header(
                    t("Invoices"),
                    sub=rx.cond(
                        view.is_ready,
                        rx.cond(view.open.length() > 0, total, t("Nothing is open.")),
                        skeleton("sub"),
                    ),
                    actions=[rx.cond(is_client, button_link(t("Add funds"), to="/billing/funds"))],
                ),
                rx.el.div(
                    search_field(t("Search by number, service or plan")),
                    chips(
                        t("Status"),
                        "status",
                        [
                            ("", t("Unpaid")),
                            ("overdue", t("Overdue")),
                            ("paid", t("Paid")),
                            ("void", t("Cancelled")),
                            ("all", t("All")),
                        ],
                    ),
                    class_name="toolbar",
                ),
            ],
            problem_view=InvoicesState.problem,
            ready=True,
            content=rx.fragment(
                card(
                    rx.cond(is_client, _list(staff=False), _list(staff=True)),
                    older(view.next_before, is_first=InvoicesState.before == 0),
                ),
                rx.cond(
                    is_client,
                    SeenAfter.create(
                        newest=view.newest,
                        has_new=ShellState.strip.new > 0,
                        on_seen=InvoicesState.seen,
                    ),
                ),
            ),
            loading=rx.fragment(),
            retry=InvoicesState.open,
        )
    )
