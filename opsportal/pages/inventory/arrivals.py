"""What is on its way into stock: orders that are expected, and BMCs that answer and are on nobody's record."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import arrival_labels as words
from opsportal.components.clock import ago
from opsportal.components.elements import button_link, card, link, or_dash, status, tag
from opsportal.components.headers import header
from opsportal.components.inventory import ask, field, stock_status
from opsportal.components.states import empty, lines, page_body
from opsportal.components.tables import Column, QueryLink, table
from opsportal.components.text import t, t_code
from opsportal.pages.frame import framed
from opsportal.state.inventory.arrivals import ArrivalsState


def _place(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(row.place, class_name="strong mono"),
        rx.el.small(t_code(row.kind, words.KIND), " ", row.version),
    )


def _says(row: Any) -> rx.Component:
    return rx.el.div(
        or_dash(row.name + row.uuid, row.name),
        rx.cond(row.uuid, rx.el.small(row.uuid, class_name="mono")),
        rx.el.span(
            rx.foreach(row.weak, lambda code: tag(t_code(code, words.WEAK), "warn")), class_name="tags"
        ),
    )


def _take_in(row: Any) -> rx.Component:
    return rx.cond(
        row.server_id > 0,
        link(row.server, to=f"/stock/{row.server_id}"),
        link(t("Take in"), to=row.intake, class_name="btn primary"),
    )


_SEEN = (
    Column(t("Address"), _place),
    Column(t("Says of itself"), _says),
    Column(
        t("Certificate"),
        lambda r: or_dash(r.fingerprint, rx.el.span(r.fingerprint, class_name="mono truncate fingerprint")),
        show="widest",
    ),
    Column(t("On record"), _take_in, right=True),
)


def _search(view: Any) -> rx.Component:
    ports = t("Real BMCs listen on {port}. Several ports: 623, 6230-6239.", port="623")
    return ask(
        t("Search for BMCs"),
        title=t("Search a management network"),
        text=t(
            "A worker knocks at every address: few at a time, without signing in, changing nothing. "
            "Permitted: {networks}",
            networks=view.networks.join(", "),
        ),
        confirm=t("Search"),
        state=ArrivalsState,
        on_done=ArrivalsState.search,
        about="bmc-search",
        kind="primary",
        disabled=(view.sweep.status == "running") | (view.sweep.status == "waiting"),
        fields=[
            field(
                "where", t("Network or range"), initial=view.sweep.where,
                hint=t("Like 10.20.0.0/24 or 10.20.0.5-10.20.0.40."),
            ),
            field(
                "ipmi_ports", t("Ports for IPMI"), optional=True, hint=ports,
                initial=rx.cond(view.sweep.id > 0, view.sweep.ipmi_ports, "623"),
            ),
            field(
                "redfish_ports", t("Ports for Redfish"), optional=True, hint=t("Empty: not asked."),
                initial=rx.cond(view.sweep.id > 0, view.sweep.redfish_ports, "443"),
            ),
        ],
    )  # fmt: skip


def _state(sweep: Any) -> rx.Component:
    return rx.el.div(
        status(sweep.status, words=words.SWEEP, tones=words.SWEEP_TONE, flash=True),
        rx.el.span(
            sweep.where, " · ",
            t("{knocked} of {doors} asked", knocked=sweep.knocked, doors=sweep.doors), " · ",
            sweep.by, " · ", ago(sweep.at),
            class_name="sub",
        ),
        class_name="card-line legend",
    )  # fmt: skip


def _found(view: Any) -> rx.Component:
    nobody = empty(
        t("Nobody answered"),
        t("Check the range, and that workers reach it: UDP 623 for IPMI, TCP 443 for Redfish."),
    )
    is_open = (view.sweep.status == "running") | (view.sweep.status == "waiting")
    return card(
        rx.cond(
            view.sweep.id > 0,
            rx.fragment(
                _state(view.sweep),
                rx.cond(
                    view.sweep.error_code,
                    rx.el.p(t_code(view.sweep.error_code, words.SWEEP_ERROR), class_name="banner warn"),
                ),
                rx.cond(
                    is_open & (view.seen.length() == 0),
                    rx.el.p(t("What answers shows here at once."), class_name="card-line sub"),
                    table(_SEEN, view.seen, key=lambda r: r.id, label=t("Found BMCs"), empty=nobody),
                ),
                rx.cond(
                    view.sweeps.length() > 1,
                    rx.el.nav(
                        rx.foreach(
                            view.sweeps,
                            lambda one: QueryLink.create(
                                one.where, " · ", ago(one.at), set={"search": one.id}, class_name="chip",
                                key=one.id,
                            ),
                        ),
                        class_name="chips card-line",
                        aria_label=t("Earlier searches"),
                    ),
                ),
            ),
            empty(
                t("Never searched"),
                t("Search the management network: what answers and is not on record is taken in with one click."),
            ),
        ),
        title=t("BMCs in the network"),
        side=rx.cond(
            view.seen.length() > 0,
            rx.el.span(
                t("found: {n}", n=view.seen.length()), " · ",
                t("on record: {n}", n=view.known),
                class_name="sub num",
            ),
        ),
    )  # fmt: skip


def _came(one: Any) -> rx.Component:
    return rx.el.small(
        link(one.name, to=f"/stock/{one.id}"),
        " ",
        rx.cond(one.differs, tag(t("Not as ordered"), "warn"), stock_status(one.status, flash=False)),
        key=one.id,
    )


def _arrived(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(
            t("{arrived} of {machines}", arrived=row.arrived, machines=row.machines), class_name="num"
        ),
        rx.foreach(row.came, _came),
    )


_ORDERS = (
    Column(
        t("Order"),
        lambda r: rx.el.div(rx.el.span(r.ref, class_name="strong mono"), rx.el.small(r.by, " · ", ago(r.at))),
    ),
    Column(
        t("Each machine"),
        lambda r: rx.el.div(rx.foreach(r.parts, lambda part: rx.el.small(part, rx.el.br()))),
        show="wide",
    ),
    Column(t("Arrived"), _arrived),
    Column(
        "",
        lambda r: rx.cond(r.arrived < r.machines, link(t("Take in"), to=r.intake, class_name="btn")),
        right=True,
    ),
)


def _enter() -> rx.Component:
    return ask(
        t("Enter an order"),
        title=t("Enter an order of hardware"),
        text=t("Each machine that comes is compared with it, line by line."),
        confirm=t("Save"),
        state=ArrivalsState,
        on_done=ArrivalsState.enter_order,
        about="hardware-order",
        fields=[
            field("ref", t("Number of the order"), max=100),
            field("machines", t("Machines"), "number", initial="1"),
            field(
                "parts", t("Parts of each machine"), "file", max=4_000,
                hint=t(
                    "One line for each kind: 8 dimm 32 GB, or with serial numbers 2 disk 960 GB: K1 K2. Or a CSV "
                    "file: kind, count, model, serial numbers. Kinds: cpu, dimm, disk, nic, psu, controller."
                ),
            ),
        ],
    )  # fmt: skip


def arrivals_page() -> rx.Component:
    """For operators and technicians."""
    view = ArrivalsState.arrivals
    nothing = empty(t("No orders"), t("Enter what was ordered before it comes, by hand or from a file."))
    return framed(
        page_body(
            top=[
                header(
                    t("Arrivals"),
                    crumbs=[(t("Stock"), "/stock")],
                    sub=t("What was ordered, and what answers in the management networks."),
                    actions=[
                        button_link(t("Take in by hand"), to="/intake"),
                        _enter(),
                        _search(view),
                    ],
                )
            ],
            problem_view=ArrivalsState.problem,
            ready=view.is_ready,
            content=rx.el.div(
                _found(view),
                card(
                    table(_ORDERS, view.orders, key=lambda r: r.id, label=t("Orders"), empty=nothing),
                    title=t("Expected"),
                ),
                class_name="stack",
            ),
            loading=card(lines(8)),
            retry=ArrivalsState.open,
        )
    )
