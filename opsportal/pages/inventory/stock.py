"""Stock: machines on their way back, broken ones, and those that can be let."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import inventory_labels as words
from opsportal.components.clock import ago
from opsportal.components.elements import button_link, card, link, or_dash
from opsportal.components.headers import header
from opsportal.components.inventory import confidence, stock_status, why_faulty
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, QueryLink, table
from opsportal.components.text import t
from opsportal.locale import N_
from opsportal.pages.frame import framed
from opsportal.state.inventory.stock import StockState

_SHOWN = ("faulty", "quarantined", "cleaning", "verified", "available")


def _tile(view: Any, code: str) -> rx.Component:
    count = view.counts[code]
    tone = {"faulty": "bad-text", "available": "ok-text"}.get(code, "warn-text")
    return QueryLink.create(
        rx.el.small(t(words.STOCK[code])),
        rx.el.b(count, class_name=rx.cond(count > 0, f"num {tone}", "num")),
        set={"status": code},
        class_name="tile",
    )


def _name(row: Any) -> rx.Component:
    return rx.el.div(
        link(row.name, to=f"/stock/{row.id}", class_name="row-link strong"),
        rx.el.small(row.label, " · ", row.model),
    )


def _state(row: Any) -> rx.Component:
    return rx.el.div(
        stock_status(row.status),
        rx.cond(row.since, rx.el.small(ago(row.since))),
        rx.cond(row.reason & (row.status == "faulty"), rx.el.small(why_faulty(row), class_name="bad-text")),
        rx.cond(
            row.silent_since, ago(row.silent_since, text=N_("BMC fell silent {ago}"), class_name="warn-text")
        ),
    )


def _progress(row: Any) -> rx.Component:
    return or_dash(row.needed > 0, t("{done} of {needed} steps", done=row.done, needed=row.needed))


_COLUMNS = (
    Column(t("Server"), _name),
    Column(t("State"), _state),
    Column(t("Evidence"), _progress),
    Column(t("Confidence"), lambda r: confidence(r.confidence), show="wide"),
    Column(t("Place"), lambda r: or_dash(r.place), right=True, show="wide"),
)


def stock_page() -> rx.Component:
    """For operators and technicians."""
    view = StockState.stock
    nothing = empty(
        t("Nothing waits here"),
        t("Machines that come back from clients, and new ones, appear here until they can be let."),
        link(t("Show available servers"), to="/stock?status=available", class_name="btn"),
    )
    return framed(
        page_body(
            top=[
                header(
                    t("Stock"),
                    sub=t("From a client's hands back to stock: nothing is let before everything is proved."),
                    actions=[
                        button_link(t("Approved firmware"), to="/firmware"),
                        button_link(t("Arrivals"), to="/arrivals"),
                        button_link(t("Take in a machine"), to="/intake", kind="primary"),
                    ],
                ),
            ],
            problem_view=StockState.problem,
            ready=True,
            content=rx.el.div(
                rx.cond(
                    view.is_ready,
                    card(rx.el.div(*(_tile(view, code) for code in _SHOWN), class_name="tiles")),
                ),
                card(
                    table(
                        _COLUMNS,
                        view.rows,
                        key=lambda r: r.id,
                        label=t("Stock"),
                        ready=view.is_ready,
                        empty=nothing,
                    ),
                    title=rx.cond(view.status, t("Servers"), t("On their way to stock")),
                    side=rx.cond(
                        view.status, QueryLink.create(t("Close"), set={"status": ""}, class_name="sub")
                    ),
                ),
                class_name="stack",
            ),
            loading=rx.fragment(),
            retry=StockState.open,
        )
    )
