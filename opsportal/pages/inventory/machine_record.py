"""What is on record about a machine: its place, its BMC, its screen, and the switch ports that it is on."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.confirm import confirm_button, copyable
from opsportal.components.elements import button, card, key_values, link, or_dash, tag
from opsportal.components.inventory import BmcRecord, ScreenRecord, field
from opsportal.components.machine import light
from opsportal.components.states import empty
from opsportal.components.tables import Column, table
from opsportal.components.text import moment, t
from opsportal.pages.traffic.cables import cable_actions, plug_in, until
from opsportal.state.inventory.wiring import WiringState
from opsportal.state.inventory.work import StockWorkState
from opsportal.state.shell import ShellState


def record(view: Any) -> rx.Component:
    return card(
        key_values(*_lines(view)),
        rx.cond(
            view.is_rotating,
            rx.el.p(
                t("A new password was begun and not yet proved. Ask for it again: the kept one is used."),
                class_name="banner warn",
            ),
        ),
        _actions(view),
        rx.cond(view.bmc_host, rx.el.div(_bmc_form(view), class_name="card-line")),
        rx.el.div(_screen_form(view), class_name="card-line"),
        rx.el.div(light(view), class_name="card-line"),
        title=t("On record"),
    )


def _lines(view: Any) -> list[tuple[Any, Any]]:
    label = rx.fragment(copyable(view.label), " ", link(t("Print"), to=f"/labels?server={view.id}"))
    place = rx.cond(
        view.rack_id > 0,
        link(view.site, " · ", view.rack, to=f"/racks/{view.rack_id}"),
        rx.fragment(view.site, " · ", view.rack),
    )
    user = rx.fragment(view.bmc_user, " ", rx.cond(view.is_default_user, tag(t("factory name"), "warn")))
    return [
        (t("Label"), label),
        (t("Place"), or_dash(view.rack, place)),
        (t("BMC"), or_dash(view.bmc_host, copyable(view.bmc_host))),
        (t("BMC user"), or_dash(view.bmc_user, user)),
        (
            t("Screen"),
            or_dash(view.screen.port > 0, copyable(f"{view.screen.host}:{view.screen.port}")),
        ),
        (t("Client"), or_dash(view.company)),
    ]


def _actions(view: Any) -> rx.Component:
    rotate = confirm_button(
        t("New BMC password"),
        title=t("Give the BMC of {name} a new password?", name=view.name),
        text=t("A random one is kept first, then sent, then proved by signing in. Nobody sees it."),
        confirm=t("New BMC password"),
        on_confirm=StockWorkState.rotate(view.id),
        disabled=view.job.is_active | (view.bmc_host == ""),
    )
    return rx.el.div(
        button(
            t("Inspect"),
            on_click=StockWorkState.inspect(view.id),
            disabled=view.job.is_active | (view.bmc_host == ""),
        ),
        rotate,
        button(
            t("Blink"),
            on_click=StockWorkState.identify(view.id),
            disabled=(view.light == "asking") | (view.bmc_host == ""),
        ),
        class_name="card-line legend",
    )


def _bmc_form(view: Any) -> rx.Component:
    return BmcRecord.create(
        key=f"bmc-{view.id}",
        server=view.id,
        record=view.bmc,
        disabled=view.job.is_active,
        has_second_factor=ShellState.me.has_second_factor,
    )


def _screen_form(view: Any) -> rx.Component:
    """Where the screen is; without one on record, and without a guide to the BMC's page, there is none."""
    return rx.el.div(
        ScreenRecord.create(
            key=f"screen-{view.id}-{view.screen.port}-{view.screen.is_locked}",
            server=view.id,
            record=view.screen,
            has_second_factor=ShellState.me.has_second_factor,
        ),
        rx.cond(
            view.screen.port > 0,
            confirm_button(
                t("Remove the screen"),
                title=t("Remove the screen of {name}?", name=view.name),
                text=t("Only the record changes: it does not open in the browser any more."),
                confirm=t("Remove the screen"),
                on_confirm=WiringState.remove_screen(view.id),
                kind="ghost",
            ),
        ),
        class_name="legend",
    )


def _port(cable: Any) -> rx.Component:
    return rx.el.div(
        link(
            cable.switch,
            " ",
            cable.port,
            to=f"/pollers?switch={cable.switch_id}",
            class_name="row-link strong",
        ),
        rx.cond(cable.nic, rx.el.small(cable.nic, class_name="num")),
        rx.cond(cable.until, "", cable_actions(cable.port_id, f"{cable.switch} {cable.port}", cable.server)),
    )


_COLUMNS = (
    Column(t("Switch port"), _port),
    Column(
        t("Since"),
        lambda c: rx.el.div(
            rx.el.span(moment(c.since), class_name="num"),
            rx.cond(c.service, rx.el.small(c.service)),
        ),
        right=True,
    ),
    Column(t("Until"), until, right=True),
)


def cables(view: Any) -> rx.Component:
    title = t("Cables")
    nothing = empty(
        t("No cable on record"), t("Its traffic is not counted, and it cannot be blocked at its port.")
    )
    return card(
        table(_COLUMNS, view.cables, key=lambda c: c.id, label=title, empty=nothing),
        title=title,
        side=plug_in(
            field(
                "port", t("Switch port"), "port", max=100, hint=t("Switch and port, such as sw-01 ge-0/0/7.")
            ),
            title=t("Plug {name} into a port", name=view.name),
            on_done=WiringState.plug_in,
            about="plug-in",
            subject=view.id,
        ),
    )
