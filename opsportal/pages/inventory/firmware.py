"""Firmware that machines of a model are to have: what a cleaning compares with."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import card, link, or_dash, skeleton
from opsportal.components.headers import header
from opsportal.components.inventory import ask, field
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, table
from opsportal.components.text import t, tn
from opsportal.pages.frame import framed
from opsportal.state.inventory.firmware import FirmwareState


def _component(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(row.model, class_name="strong"), rx.el.small(row.component, class_name="mono")
    )


def _approved(row: Any) -> rx.Component:
    return rx.el.span(row.by, " · ", ago(row.at), class_name="sub")


def _withdraw(row: Any) -> rx.Component:
    return confirm_button(
        t("Withdraw"),
        title=t("Withdraw version {version}?", version=row.version),
        text=t("Machines of this model go to a person until a version is approved again."),
        confirm=t("Withdraw"),
        on_confirm=FirmwareState.withdraw(row.id),
        kind="ghost",
    )


_COLUMNS = (
    Column(t("Model and component"), _component),
    Column(t("Approved version"), lambda row: rx.el.span(row.version, class_name="mono")),
    Column(t("Approved by"), _approved, show="wide"),
    Column(t("Record"), _withdraw, right=True),
)


def _approve(view: Any) -> rx.Component:
    return ask(
        t("Approve a version"),
        state=FirmwareState,
        on_done=FirmwareState.approve,
        about="firmware",
        kind="primary",
        text=t("A version that was approved before for the same component is replaced."),
        fields=[
            field("model", t("Model"), "words", options=view.models),
            field(
                "component", t("Component"), initial="BMC", max=60,
                hint=t("BMC, BIOS, or what the BMC calls it, as in a machine's list of parts."),
            ),
            field("version", t("Version"), max=60, hint=t("Exactly as the BMC tells it.")),
        ],
    )  # fmt: skip


def _deviation(one: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            link(one.server, to=f"/stock/{one.server_id}", class_name="strong"),
            rx.el.small(or_dash(one.model)),
            rx.foreach(one.facts, lambda fact: rx.el.small(fact, class_name="mono")),
        ),
        key=one.server_id,
    )


def _deviations(view: Any) -> rx.Component:
    """Machines that wait: approved, the version passes the next time evidence is gathered."""
    return rx.cond(
        view.deviations.length() > 0,
        card(
            rx.el.p(
                t(
                    "Update their firmware, or approve what they have. Then gather evidence again on the machine's page; "
                    "or a person enters it there."
                ),
                class_name="card-line sub",
            ),
            rx.el.ul(rx.foreach(view.deviations, _deviation), class_name="list"),
            title=t("Other than approved"),
            side=rx.el.span(view.deviations.length(), class_name="sub num"),
        ),
    )


def firmware_page() -> rx.Component:
    """For operators and technicians."""
    view = FirmwareState.firmware
    nothing = empty(
        t("No version is approved yet"),
        t("Until one is, each machine that is cleaned goes to a person with the versions that it told."),
    )
    return framed(
        page_body(
            top=[
                header(
                    t("Approved firmware"),
                    crumbs=[(t("Stock"), "/stock")],
                    sub=rx.cond(
                        view.is_ready,
                        tn("{n} version", "{n} versions", n=view.rows.length()),
                        skeleton("sub"),
                    ),
                    actions=[_approve(view)],
                )
            ],
            problem_view=FirmwareState.problem,
            ready=True,
            content=rx.el.div(
                _deviations(view),
                card(
                    table(
                        _COLUMNS,
                        view.rows,
                        key=lambda row: row.id,
                        label=t("Approved firmware"),
                        ready=view.is_ready,
                        empty=nothing,
                        expected=5,
                    )
                ),
                class_name="stack",
            ),
            loading=rx.fragment(),
            retry=FirmwareState.open,
        )
    )
