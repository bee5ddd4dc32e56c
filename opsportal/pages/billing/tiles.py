"""The dashboard's tiles of money. States and readers: `opsportal.state.billing.tiles`."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.billing import (
    Delta,
    amount_cell,
    invoice_status,
    new_mark,
    open_totals,
    recommendation,
)
from opsportal.components.elements import Flash, button_link, card, link, skeleton
from opsportal.components.states import empty, lines
from opsportal.components.text import money, t, t_var
from opsportal.state.billing.tiles import CostTileState, InvoicesTileState


def tile_problem(problem: Any) -> rx.Component:
    """Why a tile has nothing to show; the others go on."""
    return rx.el.p(t_var(problem.msgid, {"error_id": problem.error_id}), class_name="refusal", role="alert")


def _span(label: Any, now: Any, before: Any, view: Any) -> rx.Component:
    return rx.el.div(
        rx.el.small(label),
        rx.cond(
            view.is_ready,
            rx.fragment(
                Flash.create(rx.el.b(money(now, view.currency), class_name="num"), of=now),
                rx.cond(
                    view.has_yesterday,
                    Delta.create(now=now, before=before, currency=view.currency),
                    rx.el.span("–", class_name="delta sub"),
                ),
            ),
            skeleton("cell"),
        ),
        class_name="tile",
    )


def cost_tile() -> rx.Component:
    """What running services cost per span of time with yesterday beside it, and how much to add."""
    view, problem = CostTileState.cost, CostTileState.problem
    terms = view.recommendation
    add = rx.cond(
        terms.amount_minor > 0,
        button_link(
            t("Add {amount}", amount=money(terms.amount_minor, terms.currency)),
            to=f"/billing/funds?add={terms.amount_minor}",
            kind="primary",
        ),
    )
    shown = rx.fragment(
        rx.el.div(
            _span(t("Hourly"), view.hour_minor, view.yesterday_hour_minor, view),
            _span(t("Daily"), view.day_minor, view.yesterday_day_minor, view),
            _span(t("Weekly"), view.week_minor, view.yesterday_week_minor, view),
            _span(t("Monthly"), view.month_minor, view.yesterday_month_minor, view),
            _span(t("Yearly"), view.year_minor, view.yesterday_year_minor, view),
            class_name="tiles flat",
        ),
        rx.cond(view.is_ready, recommendation(terms, add), skeleton("two")),
    )
    return card(
        rx.cond(problem.code, tile_problem(problem), shown),
        title=t("Recurring cost"),
        side=rx.el.span(
            rx.cond(
                view.has_yesterday, t("compared with yesterday"), t("from tomorrow on compared with today")
            ),
            class_name="sub",
        ),
        class_name="cost",
    )


def _document(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.span(
                link(row.number, to=f"/billing/invoices/{row.id}", class_name="row-link strong num"),
                new_mark(row),
                class_name="tags",
            ),
            rx.el.small(t_var(row.text_msgid, row.params)),
        ),
        rx.el.span(amount_cell(row), invoice_status(row), class_name="document-end"),
        key=row.id,
    )


def invoices_tile() -> rx.Component:
    """The newest documents, new ones marked; loads, fails and renews itself apart from the rest of its page."""
    view, problem = InvoicesTileState.latest, InvoicesTileState.problem
    shown = rx.cond(
        view.rows.length() > 0,
        rx.fragment(
            rx.el.ul(rx.foreach(view.rows, _document), class_name="list"),
            rx.cond(
                view.open.length() > 0, rx.el.p(open_totals(view), class_name="sub card-note open-totals")
            ),
        ),
        empty(t("No documents yet"), t("Invoices, top-ups and credit notes will be listed here.")),
    )
    return card(
        rx.cond(problem.code, tile_problem(problem), rx.cond(view.is_ready, shown, lines(4, "two"))),
        title=t("Latest invoices"),
        side=link(t("Show all"), to="/billing/invoices?status=all", class_name="sub"),
    )
