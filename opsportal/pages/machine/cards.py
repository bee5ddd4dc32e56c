"""Health, block and description of one server, as cards of its overview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components import machine_labels as words
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import button, card, key_values, or_dash, status, tag
from opsportal.components.graphs import Line, sparkline
from opsportal.components.machine import Description, ReasonButton, SignIns, light
from opsportal.components.states import lines, part
from opsportal.components.text import moment, number, t, t_code, tn
from opsportal.locale import N_
from opsportal.state.machine.cards import BlockState, DetailsState, HealthState
from opsportal.state.shell import ShellState

_WHY = {**labels.OUTCOME, **words.PARTIAL}
"""Why a part of an answer is missing, or all of it."""


def _sensor(one: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.span(one.name, class_name="strong"),
            rx.el.small(t_code(one.kind, words.SENSOR_KIND)),
            class_name="sensor-name",
        ),
        rx.el.span(
            rx.cond(
                one.states.length() > 0,
                rx.foreach(
                    one.states, lambda code: rx.el.span(t_code(code, words.EVENT), class_name="sensor-state")
                ),
                rx.el.span(one.value, class_name="num"),
            ),
            class_name="sensor-value",
        ),
        status(one.health, words=words.HEALTH, tones=words.HEALTH_TONE),
        key=one.name,
    )


def _event(one: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.span(t_code(one.code, words.EVENT), class_name="strong"),
            rx.cond(one.sensor != "", rx.el.small(one.sensor)),
            rx.cond(one.detail != "", rx.el.small(one.detail, class_name="mono")),
            class_name="sensor-name",
        ),
        rx.el.span(rx.cond(one.at != "", moment(one.at), t("no clock")), class_name="sensor-value num sub"),
        rx.cond(
            one.is_over,
            tag(t("Over"), "mute"),
            status(one.severity, words=words.SEVERITY, tones=words.SEVERITY_TONE),
        ),
        key=one.key,
    )


def _rest(rows: Any, show: Any, singular: str, plural: str) -> rx.Component:
    return rx.cond(
        rows.length() > 0,
        rx.el.details(
            rx.el.summary(tn(singular, plural, n=rows.length())),
            rx.el.ul(rx.foreach(rows, show), class_name="sensor-list"),
        ),
    )


def _partial(code: Any) -> rx.Component:
    return rx.cond(code != "", rx.el.p(t_code(code, _WHY), class_name="sub"))


def _history(view: Any, key: str, values: Any, label: Any, tone: str) -> rx.Component:
    """The looks before this one as a small line from the first to the last: the times between them differ."""
    line = Line(key, label, values, tone)
    ends = rx.el.small(
        rx.el.span(moment(view.looks_since)), rx.el.span(moment(view.asked_at)), class_name="line-ends num"
    )
    return rx.cond(values.length() > 2, rx.fragment(sparkline([line], label=label, fitted=True), ends))


def _figures(view: Any) -> rx.Component:
    return key_values(
        (
            t("Power draw"),
            or_dash(
                view.watts > 0,
                rx.fragment(
                    rx.el.span(number(view.watts), " W", class_name="num"),
                    _history(view, "watts", view.watts_line, t("Power draw in the last looks"), "in"),
                    rx.cond(
                        view.samples > 1,
                        rx.el.small(
                            t(
                                "{low}–{high} W in the last {n} looks",
                                low=number(view.watts_low),
                                high=number(view.watts_high),
                                n=number(view.samples),
                            )
                        ),
                    ),
                ),
            ),
        ),
        (
            t("Hottest sensor"),
            or_dash(
                view.hottest != "",
                rx.fragment(
                    rx.el.span(view.hottest, class_name="num"),
                    _history(view, "hottest", view.hot_line, t("Hottest sensor in the last looks"), "out"),
                ),
            ),
        ),
    )


def _heard(view: Any) -> rx.Component:
    return rx.fragment(
        _figures(view),
        rx.el.h3(t("Sensors")),
        rx.cond(
            (view.sensors.length() == 0) & (view.more_sensors.length() == 0) & (view.sensors_code == ""),
            rx.el.p(t("This machine has no sensors that it tells about."), class_name="sub"),
            rx.el.ul(rx.foreach(view.sensors, _sensor), class_name="sensor-list"),
        ),
        _rest(view.more_sensors, _sensor, "{n} more sensor", "{n} more sensors"),
        _partial(view.sensors_code),
        rx.el.h3(t("Event log")),
        rx.cond(
            (view.events.length() == 0) & (view.events_code == ""),
            rx.el.p(t("The log is empty."), class_name="sub"),
            rx.el.ul(rx.foreach(view.events, _event), class_name="sensor-list"),
        ),
        _rest(view.more_events, _event, "{n} older event", "{n} older events"),
        _partial(view.events_code),
    )


def health_card(server: Any) -> rx.Component:
    """Sensors, power draw and event log as they were last told, when that was, and a button to ask again."""
    view = HealthState.health
    staff = ShellState.me.role != "client"
    blink = rx.cond(
        staff,
        button(
            t("Blink the light"),
            on_click=HealthState.blink(view.server_id),
            disabled=(view.light == "asking") | ~view.has_bmc,
        ),
    )
    ask = button(
        rx.cond(view.is_asking, t("Asking…"), rx.cond(view.asked_at != "", t("Ask again"), t("Ask now"))),
        on_click=HealthState.ask(view.server_id),
        disabled=view.is_asking | ~view.has_bmc,
    )
    never = rx.el.p(
        rx.cond(
            view.has_bmc,
            t("Nobody has asked this machine about its health yet. It takes a few seconds."),
            t("This server has no management controller on record, so it cannot be asked."),
        ),
        class_name="sub",
    )
    body = rx.fragment(
        rx.cond(
            view.asked_at != "",
            rx.el.div(
                rx.cond(
                    view.worst != "",
                    status(view.worst, words=words.HEALTH, tones=words.HEALTH_TONE, flash=True),
                ),
                ago(view.asked_at, text=N_("Asked {ago}"), class_name="sub"),
                class_name="state-now",
            ),
        ),
        rx.cond(
            view.error_code != "",
            rx.el.p(
                t_code(view.error_code, _WHY),
                " ",
                rx.cond(view.asked_at != "", t("What follows is from before."), ""),
                class_name="outcome warn",
            ),
        ),
        rx.cond(view.asked_at != "", _heard(view), never),
        light(view),
        rx.el.div(ask, blink, class_name="row card-actions"),
    )
    return card(
        part(HealthState.problem, ready=view.is_ready, content=body, loading=lines(5)),
        title=t("Health"),
        class_name="machine-card machine-health",
    )


def _plan(view: Any, what: Mapping[str, str], nothing: Any) -> rx.Component:
    """Each port with what will become of it. `what`: by the code of why it will not; `nothing`: without a port."""

    def planned(one: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(t("Port {port} of {switch}", port=one.port, switch=one.switch), class_name="strong"),
            " ",
            t_code(one.refusal, what),
            key=one.key,
        )

    return rx.cond(
        view.plan.length() > 0,
        rx.el.ul(rx.foreach(view.plan, planned), class_name="plan-list"),
        rx.el.p(nothing, class_name="sub"),
    )


def _down(view: Any) -> rx.Component:
    return _plan(view, words.PLANNED, t("No switch port is on record for this server."))


def _blocked(view: Any, server: Any) -> rx.Component:
    return rx.fragment(
        rx.el.div(
            tag(t("Blocked"), "warn"),
            ago(view.since, text=N_("Since {ago}"), class_name="sub"),
            class_name="state-now",
        ),
        key_values(
            (t("Reason"), view.reason),
            (t("By"), rx.cond(view.is_by_staff, t("Our staff"), view.by)),
            (t("Power"), rx.cond(view.is_with_power, t("switched off as well"), t("left as it was"))),
        ),
        rx.cond(
            view.may_lift,
            rx.el.div(
                confirm_button(
                    t("Unblock"),
                    _plan(view, words.PLANNED_UP, t("No port of it is to be taken up; the block only ends.")),
                    title=t("Unblock this server?"),
                    text=t("Its switch ports are taken up again and read back. The power stays as it is."),
                    confirm=t("Unblock"),
                    on_confirm=BlockState.let_back(view.server_id),
                    kind="primary",
                    disabled=view.is_busy | server.taken.hands.is_other,
                ),
                class_name="row card-actions",
            ),
            rx.el.p(t("Open a ticket to have this lifted."), class_name="sub"),
        ),
    )


def _open(view: Any, server: Any) -> rx.Component:
    return rx.fragment(
        rx.el.p(
            t(
                "Cuts the server off at its own switch ports. It keeps running, nothing of the contract changes, and you can undo it."
            ),
            class_name="sub",
        ),
        rx.el.div(
            ReasonButton.create(
                _down(view),
                label=t("Block"),
                title=t("Block this server?"),
                text=t("What will happen, and nothing else:"),
                confirm=t("Block"),
                reason_label=t("Why? Whoever looks at this server sees it."),
                option=rx.cond(view.has_bmc, t("Switch the power off as well"), ""),
                danger=True,
                disabled=~view.is_possible | ~view.may_block | view.is_busy | server.taken.hands.is_other,
                on_confirm=lambda reason, chosen: BlockState.cut_off(view.server_id, reason, chosen),
            ),
            class_name="row card-actions",
        ),
        rx.cond(~view.is_possible, _down(view)),
    )


def block_card(server: Any) -> rx.Component:
    """Whether the server is cut off the network, why, and the way in and out."""
    view = BlockState.block
    body = rx.cond(view.is_blocked, _blocked(view, server), _open(view, server))
    return card(
        part(BlockState.problem, ready=view.is_ready, content=body, loading=lines(2)),
        title=t("Network access"),
        class_name="machine-card",
    )


def details_card(server: Any) -> rx.Component:
    """The description, and what there is to sign in with."""
    view = DetailsState.details
    body = rx.fragment(
        Description.create(
            text=view.description,
            editable=True,
            on_save=lambda text: DetailsState.describe(view.server_id, text),
        ),
        rx.el.h3(t("Sign-in data")),
        SignIns.create(
            entries=view.sign_ins, server_id=view.server_id, has_second_factor=view.has_second_factor
        ),
    )
    return card(
        part(DetailsState.problem, ready=view.is_ready, content=body, loading=lines(3)),
        title=t("Description"),
        class_name="machine-card",
        side=rx.cond(
            view.updated_at != "",
            ago(view.updated_at, text=N_("Changed {ago}"), class_name="sub"),
        ),
    )
