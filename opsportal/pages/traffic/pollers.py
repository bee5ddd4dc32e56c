"""The switches that are polled: who answers, since when not, what to do, and which server is on which port."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels, machine_labels
from opsportal.components import traffic_labels as words
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import button, card, link, or_dash, skeleton, status, tag
from opsportal.components.headers import header
from opsportal.components.machine import ReasonButton
from opsportal.components.states import empty, page_body
from opsportal.components.switches import WriteAccess
from opsportal.components.tables import Column, QueryLink, table
from opsportal.components.text import date, duration, number, rate, t, t_code, tn
from opsportal.domain.traffic.snmp_access import AUTH_PROTOCOLS, PRIV_PROTOCOLS
from opsportal.locale import N_
from opsportal.pages.frame import framed
from opsportal.state.traffic.pollers import PollersState


def _name(row: Any) -> rx.Component:
    return rx.el.div(
        QueryLink.create(row.name, set={"switch": row.id}, class_name="row-link strong"),
        rx.el.small(row.site, " · ", row.host, class_name="num"),
    )


def _status(row: Any) -> rx.Component:
    """How it goes, and when it does not, what to do."""
    return rx.el.div(
        status(row.status, words=labels.POLLER, tones=labels.POLLER_TONE, flash=True),
        rx.cond(
            row.error_code,
            rx.el.small(t_code(row.error_code, labels.SWITCH_ERROR), class_name="advice"),
        ),
        rx.cond(row.failed_since, rx.el.small(ago(row.failed_since, text=N_("First failed {ago}")))),
    )


def _ports(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(number(row.ports), class_name="num"),
        rx.cond(
            row.missing_ports > 0,
            rx.el.small(tn("{n} is missing", "{n} are missing", n=row.missing_ports), class_name="warn-text"),
        ),
    )


def _gaps(row: Any) -> rx.Component:
    return or_dash(
        row.gaps > 0,
        rx.el.div(rx.el.span(number(row.gaps), class_name="num"), rx.el.small(duration(row.gap_s))),
    )


_COLUMNS = (
    Column(t("Switch"), _name),
    Column(t("State"), _status),
    Column(t("Ports"), _ports, right=True, show="wide"),
    Column(t("Gaps in 24 hours"), _gaps, right=True, show="wide"),
    Column(
        t("Poll took"),
        lambda r: or_dash(r.poll_ms != None, rx.el.span(number(r.poll_ms), " ms", class_name="num nowrap")),  # noqa: E711
        right=True,
        show="widest",
    ),
    Column(
        t("Last sample"),
        lambda r: or_dash(r.last_sample_at, ago(r.last_sample_at, class_name="nowrap")),
        right=True,
    ),
)


def _port(p: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(p.name, class_name="strong"),
        rx.cond(p.is_uplink, rx.fragment(" ", tag(t("Uplink"), "info"))),
        rx.cond(p.counter_bits < 64, rx.el.small(t("32-bit counters only"), class_name="warn-text")),
        rx.cond(
            p.outcome_code != "",
            rx.el.small(t_code(p.outcome_code, machine_labels.PORT_OUTCOMES), class_name="warn-text"),
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


_PORT_COLUMNS = (
    Column(t("Port"), _port),
    Column(
        t("Server"),
        lambda p: or_dash(
            p.server_id > 0, link(p.server, to=f"/servers/{p.server_id}?tab=traffic", class_name="row-link")
        ),
    ),
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
    said = rx.el.span(
        t_code(view.write_access, words.WRITE_ACCESS),
        rx.cond(view.write_user, rx.fragment(" ", rx.el.code(view.write_user), " ", view.write_protocols)),
        class_name="sub",
    )
    return rx.el.div(
        said,
        WriteAccess.create(
            label=rx.cond(view.write_access, t("Replace write access"), t("Set write access")),
            title=t("Write access to {name}", name=view.open_name),
            text=t(
                "Only ifAdminStatus of ports with a server behind them is ever written, never of an uplink. "
                "What is entered is sealed and not shown again; it replaces what is on record."
            ),
            switch_id=view.open_id,
            auth_protocols=list(AUTH_PROTOCOLS),
            priv_protocols=list(PRIV_PROTOCOLS),
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
        class_name="row card-line",
    )


def _limit_control(row: Any) -> rx.Component:
    """No switch is set for it: a person says what they have done."""
    return rx.cond(
        row.is_to_lift,
        confirm_button(
            t("Mark as lifted"),
            title=t("Has {service} its full rate again?", service=row.service),
            text=t("Lift the limit on the switch first: the portal cannot do it. It stands in the history."),
            confirm=t("It has its full rate"),
            on_confirm=PollersState.limit_lifted(row.id),
        ),
        confirm_button(
            t("Mark as limited"),
            title=t("Is {service} limited now?", service=row.service),
            text=t(
                "Set the limit on the switch first: the portal cannot do it. The client sees that it is set."
            ),
            confirm=t("It is limited"),
            on_confirm=PollersState.limit_set(row.id),
        ),
    )


_LIMIT_COLUMNS = (
    Column(
        t("Service"),
        lambda r: rx.el.div(
            rx.cond(
                r.server_id > 0,
                link(r.service, to=f"/servers/{r.server_id}?tab=traffic", class_name="row-link strong"),
                rx.el.span(r.service, class_name="strong"),
            ),
            rx.cond(r.server != r.service, rx.el.small(r.server)),
        ),
    ),
    Column(t("Port"), lambda r: or_dash(r.ports, rx.el.span(r.ports, class_name="num"))),
    Column(
        t("To do"),
        lambda r: rx.cond(
            r.is_to_lift,
            tag(t("Lift the limit"), "info"),
            tag(t("Limit to {rate}", rate=rate(r.limit_mbps * 1_000_000)), "warn"),
        ),
    ),
    Column(
        t("Since"),
        lambda r: rx.el.div(ago(r.since), rx.el.small(t("until {when}", when=date(r.until)))),
        show="wide",
    ),
    Column("", _limit_control, right=True),
)


def _limits(view: Any) -> rx.Component:
    title = t("Limits to set by hand")
    return rx.cond(
        view.limits.length() > 0,
        card(table(_LIMIT_COLUMNS, view.limits, key=lambda r: r.id, label=title), title=title),
    )


def _opened(view: Any) -> rx.Component:
    nothing = empty(t("No ports on record"), t("They are put on record when the switch first answers."))
    return rx.cond(
        view.open_id > 0,
        card(
            _write_access(view),
            table(
                _PORT_COLUMNS,
                view.ports,
                key=lambda p: p.id,
                label=t("Ports of {name}", name=view.open_name),
                empty=nothing,
            ),
            title=t("Ports of {name}", name=view.open_name),
            side=QueryLink.create(t("Close"), set={"switch": ""}, class_name="sub"),
        ),
    )


def pollers_page() -> rx.Component:
    """For operators and technicians."""
    view = PollersState.pollers
    nothing = empty(
        t("No switch is polled"), t("Switches that are put on record appear here with their ports.")
    )
    summary = rx.cond(
        view.is_ready,
        rx.fragment(
            tn("{n} switch", "{n} switches", n=view.rows.length()),
            " · ",
            tn("{n} port", "{n} ports", n=view.ports_total),
        ),
        skeleton("sub"),
    )
    beside = rx.cond(
        view.failing > 0,
        tag(tn("{n} does not answer", "{n} do not answer", n=view.failing), "bad"),
        rx.cond(view.rows.length() > 0, tag(t("All answer"), "ok")),
    )
    return framed(
        page_body(
            top=[header(t("Pollers"), sub=summary, beside=beside)],
            problem_view=PollersState.problem,
            ready=True,
            content=rx.fragment(
                _limits(view),
                card(
                    table(
                        _COLUMNS,
                        view.rows,
                        key=lambda r: r.id,
                        label=t("Switches"),
                        ready=view.is_ready,
                        empty=nothing,
                    )
                ),
                _opened(view),
            ),
            loading=rx.fragment(),
            retry=PollersState.open,
        )
    )
