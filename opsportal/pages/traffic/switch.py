"""The open switch: what is on record about it, what it says, its ports with the servers on them, its cables."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components import traffic_labels as words
from opsportal.components import wiring_labels as wiring
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button, copyable
from opsportal.components.elements import button, card, key_values, link, or_dash, status, tag
from opsportal.components.inventory import field
from opsportal.components.machine import ReasonButton
from opsportal.components.states import empty
from opsportal.components.switches import SwitchRecord, WriteAccess, with_protocols
from opsportal.components.tables import Column, QueryLink, table
from opsportal.components.text import moment, number, rate, t, t_code, tn
from opsportal.domain.hardware import outcome_words
from opsportal.pages.traffic.cables import cable_actions, plug_in, until
from opsportal.state.inventory.wiring import WiringState
from opsportal.state.traffic.pollers import PollersState


def _port(p: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(p.name, class_name="strong"),
        rx.cond(p.is_uplink, rx.fragment(" ", tag(t("Uplink"), "info"))),
        rx.cond(p.counter_bits < 64, rx.el.small(t("32-bit counters only"), class_name="warn-text")),
        rx.cond(
            p.outcome_code != "",
            rx.el.small(t_code(p.outcome_code, outcome_words.PORT_OUTCOME), class_name="warn-text"),
        ),
    )


def _rates(p: Any) -> rx.Component:
    """As the switch counts: in is what the server sent."""
    return or_dash(
        p.in_bps != None,  # noqa: E711
        rx.el.div(
            rx.el.span("↓ ", rate(p.out_bps), class_name="num nowrap"),
            rx.el.small("↑ ", rate(p.in_bps), class_name="num nowrap"),
        ),
    )


def _errors(p: Any) -> rx.Component:
    """Counted by the switch since it began; read every hour, and whenever the port is set."""

    def counted(value: Any) -> Any:
        return rx.cond(value != None, number(value), "–")  # noqa: E711

    return or_dash(
        p.errors_at != "",
        rx.el.div(
            rx.el.span(counted(p.in_errors), " / ", counted(p.out_errors), class_name="num nowrap"),
            rx.el.small(ago(p.errors_at)),
        ),
    )


def _control(p: Any) -> rx.Component:
    down = ReasonButton.create(
        label=t("Take down"),
        title=t("Take port {port} down?", port=p.name),
        text=t("{server} loses its network until the port is taken up again.", server=p.server),
        confirm=t("Take down"),
        reason_label=t("Why? It stands in the history."),
        danger=True,
        on_confirm=lambda reason, _chosen: PollersState.take_down(p.id, reason),
    )
    up = button(t("Take up"), on_click=PollersState.take_up(p.id))
    uplink = rx.cond(
        p.is_uplink,
        confirm_button(
            t("No uplink"),
            title=t("Is {port} no uplink any more?", port=p.name),
            text=t("It may be switched afterwards like any other port with a server behind it."),
            confirm=t("No uplink"),
            on_confirm=PollersState.mark_uplink(p.id, False),
            kind="ghost",
        ),
        button(t("Mark as uplink"), kind="ghost", on_click=PollersState.mark_uplink(p.id, True)),
    )
    return rx.el.div(
        rx.cond(
            p.is_ordered,
            tag(t("Being switched"), "info"),
            rx.fragment(rx.cond(p.may_be_set, rx.cond(p.is_enabled, down, up)), uplink),
        ),
        class_name="row port-actions",
    )


def _server(p: Any) -> rx.Component:
    plug = plug_in(
        field("server", t("Server"), "server", hint=t("Its name, or what is on its label.")),
        title=t("A server on port {port}", port=p.name),
        on_done=WiringState.connect,
        about="cable",
        subject=p.id,
    )
    return rx.cond(
        p.server_id > 0,
        rx.el.div(
            link(p.server, to=f"/servers/{p.server_id}?tab=traffic", class_name="row-link"),
            rx.cond(p.nic, rx.el.small(p.nic, class_name="num")),
            cable_actions(p.id, p.name, p.server),
        ),
        rx.cond(p.is_uplink, or_dash(p.server), rx.el.div(plug, class_name="row port-actions left")),
    )


_PORT_COLUMNS = (
    Column(t("Port"), _port),
    Column(t("Server"), _server),
    Column(
        t("Speed"),
        lambda p: or_dash(p.speed_mbps, rx.el.span(rate(p.speed_mbps * 1_000_000), class_name="num nowrap")),
        right=True,
        show="wide",
    ),
    Column(t("Now"), _rates, right=True, show="wide"),
    Column(t("Errors in / out"), _errors, right=True, show="widest"),
    Column(
        t("Link"), lambda p: status(p.link, words=labels.PORT, tones=labels.PORT_TONE, flash=True), right=True
    ),
    Column(t("Control"), _control, right=True),
)


def _write_access(view: Any) -> rx.Component:
    """What may set ports of this switch. Secrets are entered here and never shown again."""
    return rx.el.span(
        t_code(view.write_access, words.WRITE_ACCESS),
        rx.cond(view.write_user, rx.fragment(" ", rx.el.code(view.write_user), " ", view.write_protocols)),
    )


def _write_actions(view: Any) -> rx.Component:
    return rx.fragment(
        with_protocols(
            WriteAccess,
            label=rx.cond(view.write_access, t("Replace write access"), t("Set write access")),
            title=t("Write access to {name}", name=view.open_name),
            text=t(
                "Only ifAdminStatus of ports with a server behind them is ever written, never of an uplink. "
                "What is entered is sealed and not shown again; it replaces what is on record."
            ),
            switch_id=view.open_id,
            class_name="btn",
        ),
        rx.cond(
            view.write_access,
            confirm_button(
                t("Take write access away"),
                title=t("Take write access to {name} away?", name=view.open_name),
                text=t("No port of it can be set afterwards, and no server on it be blocked."),
                confirm=t("Take write access away"),
                on_confirm=PollersState.forget_write_access(view.open_id),
                kind="ghost",
                danger=True,
            ),
        ),
    )


def _check(view: Any) -> rx.Component:
    """What the switch said when it was asked."""
    one = view.check
    answered = rx.el.div(
        rx.el.p(
            rx.cond(
                one.sys_name,
                tn(
                    "It answers as {name} and shows {n} port.",
                    "It answers as {name} and shows {n} ports.",
                    n=one.ports,
                    name=one.sys_name,
                ),
                tn("It answers and shows {n} port.", "It answers and shows {n} ports.", n=one.ports),
            ),
            " ",
            rx.cond(one.write, rx.el.span(t_code(one.write, {**labels.SWITCH_ERROR, **wiring.WRITE}))),
        ),
        rx.el.small(ago(one.at), class_name="sub"),
        class_name="outcome ok",
        role="status",
    )
    failed = rx.el.div(
        rx.el.p(t_code(one.error_code, wiring.CHECK_ERROR)),
        rx.el.small(ago(one.at), class_name="sub"),
        class_name="outcome bad",
        role="status",
    )
    return rx.match(
        one.status,
        ("asking", rx.el.p(t("The switch is being asked …"), class_name="sub card-line", role="status")),
        ("answered", rx.el.div(answered, class_name="card-line")),
        ("failed", rx.el.div(failed, class_name="card-line")),
        rx.fragment(),
    )


def _service(view: Any) -> rx.Component:
    """Into service or out of it."""
    out = confirm_button(
        t("Take out of service"),
        title=t("Take {name} out of service?", name=view.open_name),
        text=t("It is not asked any more. What was counted on its ports stays."),
        confirm=t("Take out of service"),
        on_confirm=WiringState.take_out_of_service(view.open_id),
        kind="ghost",
        danger=True,
    )
    back = button(
        t("Put back into service"), kind="primary", on_click=WiringState.put_back_into_service(view.open_id)
    )
    return rx.cond(view.switch.is_polled, out, back)


def _record(view: Any) -> rx.Component:
    switch = view.switch
    reads = rx.cond(
        switch.username,
        rx.fragment(
            t("User (SNMPv3)"), " ", rx.el.code(switch.username), " ", switch.auth_protocol,
            rx.cond(switch.priv_protocol, rx.fragment(" / ", switch.priv_protocol)),
        ),
        t("Community (SNMPv2c)"),
    )  # fmt: skip
    return card(
        key_values(
            (t("Site"), switch.site),
            (t("Address"), copyable(f"{switch.host}:{switch.port}")),
            (t("What may read it"), reads),
            (t("What may set ports"), _write_access(view)),
        ),
        _check(view),
        rx.el.div(
            button(
                t("Ask it now"),
                kind="primary",
                on_click=WiringState.ask(view.open_id),
                disabled=(view.check.status == "asking") | ~switch.is_polled,
            ),
            with_protocols(
                SwitchRecord, label=t("Correct the record"), record=switch, class_name="btn", key=view.open_id
            ),
            _write_actions(view),
            _service(view),
            class_name="row card-line",
        ),
        title=rx.cond(switch.is_polled, view.open_name, t("{name} is out of service", name=view.open_name)),
        side=QueryLink.create(t("Close"), set={"switch": ""}, class_name="sub"),
    )


_CABLE_COLUMNS = (
    Column(t("Port"), lambda c: rx.el.span(c.port, class_name="strong")),
    Column(
        t("Server"),
        lambda c: rx.el.div(
            link(c.server, to=f"/stock/{c.server_id}", class_name="row-link"),
            rx.cond(c.nic, rx.el.small(c.nic, class_name="num")),
        ),
    ),
    Column(t("Service"), lambda c: or_dash(c.service), show="wide"),
    Column(t("Since"), lambda c: rx.el.span(moment(c.since), class_name="num"), right=True, show="wide"),
    Column(t("Until"), until, right=True),
)


def opened(view: Any) -> rx.Component:
    """Everything about the switch that is open."""
    nothing = empty(t("No ports on record"), t("They are put on record when the switch first answers."))
    ports, cables = t("Ports of {name}", name=view.open_name), t("Cables of {name}", name=view.open_name)
    return rx.cond(
        view.open_id > 0,
        rx.fragment(
            _record(view),
            card(
                table(_PORT_COLUMNS, view.ports, key=lambda p: p.id, label=ports, empty=nothing), title=ports
            ),
            rx.cond(
                view.cables.length() > 0,
                card(table(_CABLE_COLUMNS, view.cables, key=lambda c: c.id, label=cables), title=cables),
            ),
        ),
    )
