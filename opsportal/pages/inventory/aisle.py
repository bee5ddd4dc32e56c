"""In the aisle, on a phone: scan a label, see the machine, press. And the labels to print."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels, provisioning_labels
from opsportal.components.clock import ago
from opsportal.components.elements import button, card, key_values, link, or_dash, skeleton, status, tag
from opsportal.components.headers import header
from opsportal.components.inventory import PrintButton, ScanBox, stock_status
from opsportal.components.machine import light
from opsportal.components.provisioning import BootButton, PasswordOnce, QuickReinstall
from opsportal.components.states import empty, lines, page_body
from opsportal.components.tables import QueryLink, pages
from opsportal.components.text import chosen, t, t_var
from opsportal.components.timelines import job_timeline
from opsportal.locale import N_
from opsportal.pages.frame import framed
from opsportal.pages.power import restart, switch_off, switch_on
from opsportal.state.inventory.aisle import AisleState, LabelsState, ScanState
from opsportal.state.inventory.work import StockWorkState
from opsportal.state.server import ServerState


def _scan() -> rx.Component:
    return ScanBox.create(
        label=t("What is on the label"), hint=t("Also a server's name, MAC address or serial number.")
    )


def scan_page() -> rx.Component:
    """Finding a machine by its label."""
    return framed(
        page_body(
            problem_view=ScanState.problem,
            ready=True,
            content=rx.el.div(
                header(t("Scan a label"), sub=t("Find the machine you stand in front of, and act on it.")),
                card(_scan()),
                class_name="aisle",
            ),
            loading=rx.fragment(),
            retry=ScanState.open,
        )
    )


def _power(view: Any, blocked: Any) -> rx.Component:
    off, reboot, on = switch_off(view, blocked), restart(view, blocked), switch_on(view, blocked)
    return rx.match(
        view.power,
        ("on", rx.fragment(reboot, off)),
        ("off", on),
        rx.fragment(on, reboot, off),
    )


def _reinstall(view: Any) -> rx.Component:
    return QuickReinstall.create(
        server=view.id,
        name=view.name,
        systems=view.systems,
        disks=view.disks,
        layouts=provisioning_labels.LAYOUT,
        disabled=view.blocked != "",
    )


def _wipe(view: Any) -> rx.Component:
    return rx.cond(
        view.can_wipe,
        BootButton.create(
            t(
                "Restarts and erases every disk. All data and the system on it are lost for good; nothing is installed instead."
            ),
            server=view.id,
            kind="wipe",
            label=t("Wipe…"),
            title=t("Wipe the disks of {name}?", name=view.name),
            confirm=t("Erase everything"),
            phrase=view.name,
            disabled=view.blocked != "",
            danger=True,
        ),
    )


def _why_not(view: Any) -> rx.Component:
    """Why the buttons wait, said where they are."""
    why = t_var(
        chosen(view.blocked, provisioning_labels.BLOCKED, otherwise=view.blocked), view.blocked_params
    )
    return rx.cond(view.blocked != "", rx.el.p(why, class_name="card-line sub"))


def _buttons(view: Any) -> rx.Component:
    blocked = view.job.is_active | ~view.has_bmc | (view.blocked != "")
    return rx.el.div(
        button(
            t("Blink the light"),
            kind="primary",
            on_click=StockWorkState.identify(view.id),
            disabled=(view.light == "asking") | ~view.has_bmc,
        ),
        button(t("Check the parts"), on_click=StockWorkState.inspect(view.id), disabled=blocked),
        _power(view, blocked),
        _reinstall(view),
        _wipe(view),
        link(t("Stock and evidence"), to=f"/stock/{view.id}", class_name="btn"),
        link(t("Server page"), to=f"/servers/{view.id}", class_name="btn"),
        class_name="thumbs",
    )


def aisle_page() -> rx.Component:
    """A machine for somebody who stands in front of it."""
    view = AisleState.aisle
    content = rx.el.div(
        header(
            view.name,
            crumbs=[(t("Scan a label"), "/scan")],
            beside=rx.fragment(stock_status(view.stock), rx.cond(view.is_blocked, tag(t("Blocked"), "warn"))),
            sub=rx.fragment(view.label, " · ", view.model),
        ),
        card(
            rx.el.p(or_dash(view.rack), class_name="card-line aisle-place"),
            key_values(
                (t("Site"), or_dash(view.site)),
                (t("Switch port"), or_dash(view.port, rx.fragment(view.switch, " · ", view.port))),
                (
                    t("Power"),
                    rx.fragment(
                        status(view.power, words=labels.POWER, tones=labels.POWER_TONE, flash=True),
                        " ",
                        rx.cond(
                            view.power_verified_at,
                            ago(view.power_verified_at, text=N_("Verified {ago}"), class_name="sub"),
                        ),
                    ),
                ),
                (t("Client"), or_dash(view.company)),
            ),
            light(view),
            _why_not(view),
            _buttons(view),
        ),
        PasswordOnce.create(job=view.job.id),
        card(
            rx.cond(
                view.job.id > 0,
                job_timeline(view.job, on_cancel=ServerState.cancel, on_retry=ServerState.retry),
                rx.el.p(t("Nothing has been done to this server yet."), class_name="card-line sub"),
            ),
            title=t("Newest job"),
            side=rx.cond(
                view.job.id > 0,
                link(t("More choices and the serial log"), to=f"/servers/{view.id}?tab=reinstall"),
                link(t("More choices"), to=f"/servers/{view.id}?tab=reinstall"),
            ),
        ),
        card(_scan(), title=t("Scan the next one")),
        class_name="aisle stack",
    )
    return framed(
        page_body(
            problem_view=AisleState.problem,
            ready=view.is_ready,
            content=content,
            loading=rx.el.div(header(skeleton("title")), card(lines(6)), class_name="aisle"),
            retry=AisleState.open,
        )
    )


def _label(one: Any) -> rx.Component:
    return rx.el.div(
        rx.el.svg(
            rx.el.path(d=one.path),
            view_box=f"0 0 {one.size} {one.size}",
            role="img",
            aria_label=t("QR code of {name}", name=one.label),
            custom_attrs={"shapeRendering": "crispEdges"},
        ),
        rx.el.div(rx.el.b(one.label), rx.el.span(one.name), rx.el.span(one.place)),
        class_name="label",
        key=one.id,
    )


def labels_page() -> rx.Component:
    """Labels to print and stick on machines."""
    view = LabelsState.labels
    racks = rx.el.nav(
        QueryLink.create(t("All"), set={"rack": ""}, class_name="chip"),
        rx.foreach(
            view.racks,
            lambda one: QueryLink.create(
                one.label, set={"rack": one.value}, class_name="chip", key=one.value
            ),
        ),
        class_name="chips no-print",
        aria_label=t("Racks"),
    )
    return framed(
        page_body(
            top=[
                header(
                    t("Labels"),
                    sub=t(
                        "Each code opens the machine's page on a phone. A label stays when the machine moves."
                    ),
                    actions=[PrintButton.create(t("Print"), class_name="btn primary")],
                ),
            ],
            problem_view=LabelsState.problem,
            ready=view.is_ready,
            content=rx.el.div(
                racks,
                rx.cond(
                    view.labels.length() > 0,
                    rx.el.div(rx.foreach(view.labels, _label), class_name="labels"),
                    card(empty(t("No labels"), t("There is no server in this rack."))),
                ),
                rx.el.div(pages(view), class_name="no-print"),
                class_name="stack",
            ),
            loading=card(lines(8)),
            retry=LabelsState.open,
        )
    )
