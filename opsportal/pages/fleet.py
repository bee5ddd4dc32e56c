"""Every server of the data centre, and one action for many of them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import inventory_labels as words
from opsportal.components import labels
from opsportal.components.clock import ago
from opsportal.components.elements import button_link, card, link, or_dash, skeleton, status
from opsportal.components.headers import header
from opsportal.components.inventory import BulkBar, SelectAll, SelectBox, confidence, stock_status
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, chips, pages, search_field, table
from opsportal.components.text import t, t_code, tn
from opsportal.pages.frame import framed
from opsportal.state.fleet import FleetState
from opsportal.state.inventory.work import BulkState

_ACTIONS = (
    ("power_on", t("Power on"), False),
    ("power_off", t("Power off"), True),
    ("reboot", t("Reboot"), True),
    ("inspect", t("Inspect"), False),
    ("identify", t("Blink"), False),
)


def _name(row: Any) -> rx.Component:
    return rx.el.div(
        link(row.name, to=f"/servers/{row.id}", class_name="row-link strong"),
        rx.el.small(row.ip, class_name="num"),
    )


def _power(row: Any) -> rx.Component:
    return rx.el.div(
        status(row.power, words=labels.POWER, tones=labels.POWER_TONE, flash=True),
        rx.cond(
            row.bmc_error_code,
            rx.el.small(t("BMC does not answer properly"), class_name="warn-text"),
            rx.cond(row.power_verified_at, rx.el.small(ago(row.power_verified_at))),
        ),
        class_name="beside",
    )


def _job(row: Any) -> rx.Component:
    return or_dash(
        row.job_kind,
        rx.el.div(t_code(row.job_kind, labels.JOB_DOING), rx.el.small(t_code(row.job_status, labels.JOB))),
    )


def _stock(row: Any) -> rx.Component:
    return rx.el.div(
        link(stock_status(row.stock), to=f"/stock/{row.id}", class_name="row-link"),
        rx.cond(
            row.differences > 0,
            rx.el.small(
                tn("{n} part differs", "{n} parts differ", n=row.differences), class_name="warn-text"
            ),
        ),
    )


_COLUMNS = (
    Column(
        rx.el.span(t("Choose"), class_name="visually-hidden"),
        lambda r: SelectBox.create(id=r.id, name=r.name),
    ),
    Column(t("Server"), _name),
    Column(t("Power"), _power),
    Column(t("Stock"), _stock),
    Column(t("Under way"), _job, show="wide"),
    Column(t("Company"), lambda r: or_dash(r.company), show="wide"),
    Column(
        t("Confidence"),
        lambda r: link(confidence(r.confidence), to=f"/stock/{r.id}", class_name="row-link"),
        show="widest",
    ),
    Column(
        rx.fragment(t("Model"), " · ", t("BMC")),
        lambda r: rx.el.div(r.model, rx.el.small(r.bmc, class_name="num")),
        show="widest",
    ),
    Column(t("Place"), lambda r: rx.el.div(r.rack, rx.el.small(r.site)), right=True),
)


def _filters(view: Any) -> rx.Component:
    powers = [
        ("", t("All")),
        ("on", rx.fragment(t("On"), " ", rx.el.span(view.on, class_name="num"))),
        ("off", rx.fragment(t("Off"), " ", rx.el.span(view.off, class_name="num"))),
        ("unknown", rx.fragment(t("Not known"), " ", rx.el.span(view.unknown, class_name="num"))),
    ]
    stocks = [
        ("", t("All")),
        *(
            (code, rx.fragment(t(text), " ", rx.el.span(view.stock[code], class_name="num")))
            for code, text in words.STOCK.items()
        ),
    ]
    return rx.el.div(
        search_field(t("Search by name, address, MAC, rack or company")),
        chips(t("Power"), "power", powers),
        chips(t("Stock"), "stock", stocks),
        class_name="toolbar",
    )


def _bulk() -> rx.Component:
    return BulkBar.create(
        actions=[{"kind": kind, "label": label, "danger": danger} for kind, label, danger in _ACTIONS],
        words=words.BULK,
        bulk=BulkState.bulk,
        on_dry_run=BulkState.dry_run,
        on_carry_out=BulkState.carry_out,
    )


def fleet_page() -> rx.Component:
    """For operators and technicians."""
    view = FleetState.fleet
    nothing = empty(
        t("No server matches"),
        t("Change the filter or the search."),
        link(t("Show all servers"), to="/fleet", class_name="btn"),
    )
    servers = table(
        _COLUMNS,
        view.rows,
        key=lambda r: r.id,
        label=t("Fleet"),
        ready=view.is_ready,
        empty=nothing,
        expected=10,
    )
    return framed(
        page_body(
            top=[
                header(
                    t("Fleet"),
                    sub=rx.cond(
                        view.is_ready, tn("{n} server", "{n} servers", n=view.total), skeleton("sub")
                    ),
                    actions=[
                        button_link(t("Scan a label"), to="/scan"),
                        button_link(t("Take in a machine"), to="/intake"),
                    ],
                ),
                _filters(view),
            ],
            problem_view=FleetState.problem,
            ready=True,
            content=rx.fragment(
                card(
                    rx.cond(
                        view.rows.length() > 0,
                        rx.el.div(SelectAll.create(rows=view.rows), class_name="card-line"),
                    ),
                    servers,
                    pages(view),
                ),
                _bulk(),
            ),
            loading=rx.fragment(),
            retry=FleetState.open,
        )
    )
