"""Every server of the data centre."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago
from opsportal.components.elements import card, link, or_dash, skeleton, status
from opsportal.components.headers import header
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, chips, pages, search_field, table
from opsportal.components.text import t, t_code, tn
from opsportal.pages.frame import framed
from opsportal.state.fleet import FleetState


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
    )


def _job(row: Any) -> rx.Component:
    return or_dash(
        row.job_kind,
        rx.el.div(t_code(row.job_kind, labels.JOB_DOING), rx.el.small(t_code(row.job_status, labels.JOB))),
    )


_COLUMNS = (
    Column(t("Server"), _name),
    Column(t("Power"), _power),
    Column(t("Under way"), _job, show="wide"),
    Column(t("Company"), lambda r: or_dash(r.company), show="wide"),
    Column(t("Model"), lambda r: r.model, show="widest"),
    Column(t("Place"), lambda r: rx.el.div(r.rack, rx.el.small(r.site)), right=True),
)


def fleet_page() -> rx.Component:
    """For operators and technicians."""
    view = FleetState.fleet
    nothing = empty(
        t("No server matches"),
        t("Change the filter or the search."),
        link(t("Show all servers"), to="/fleet", class_name="btn"),
    )
    powers = [
        ("", t("All")),
        ("on", rx.fragment(t("On"), " ", rx.el.span(view.on, class_name="num"))),
        ("off", rx.fragment(t("Off"), " ", rx.el.span(view.off, class_name="num"))),
        ("unknown", rx.fragment(t("Not known"), " ", rx.el.span(view.unknown, class_name="num"))),
    ]
    return framed(
        page_body(
            top=[
                header(
                    t("Fleet"),
                    sub=rx.cond(
                        view.is_ready, tn("{n} server", "{n} servers", n=view.total), skeleton("sub")
                    ),
                ),
                rx.el.div(
                    search_field(t("Search by name, address, MAC, rack or company")),
                    chips(t("Power"), "power", powers),
                    class_name="toolbar",
                ),
            ],
            problem_view=FleetState.problem,
            ready=True,
            content=card(
                table(
                    _COLUMNS,
                    view.rows,
                    key=lambda r: r.id,
                    label=t("Fleet"),
                    ready=view.is_ready,
                    empty=nothing,
                    expected=10,
                ),
                pages(view),
            ),
            loading=rx.fragment(),
            retry=FleetState.open,
        )
    )
