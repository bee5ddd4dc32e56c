"""The switches that are polled: who answers, since when not, what to do, and which server is on which port."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import card, link, or_dash, skeleton, status, tag
from opsportal.components.headers import header
from opsportal.components.states import empty, page_body
from opsportal.components.switches import SwitchRecord, with_protocols
from opsportal.components.tables import Column, QueryLink, table
from opsportal.components.text import date, duration, number, rate, t, t_code, tn
from opsportal.locale import N_
from opsportal.pages.frame import framed
from opsportal.pages.traffic.switch import opened
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


def _out_of_service(view: Any) -> rx.Component:
    title = t("Out of service")
    columns = (
        Column(
            t("Switch"),
            lambda r: QueryLink.create(r.name, set={"switch": r.id}, class_name="row-link strong"),
        ),
        Column(t("Site"), lambda r: r.site),
        Column(t("Address"), lambda r: rx.el.span(r.host, class_name="num"), right=True),
    )
    return rx.cond(
        view.out_of_service.length() > 0,
        card(table(columns, view.out_of_service, key=lambda r: r.id, label=title), title=title),
    )


def _add() -> rx.Component:
    return with_protocols(SwitchRecord, label=t("Add a switch"), record={}, class_name="btn primary")


def pollers_page() -> rx.Component:
    """For operators and technicians."""
    view = PollersState.pollers
    nothing = empty(
        t("No switch is polled"), t("Add the first one: its ports appear when it answers."), _add()
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
            top=[header(t("Switches"), sub=summary, beside=beside, actions=[_add()])],
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
                opened(view),
                _out_of_service(view),
            ),
            loading=rx.fragment(),
            retry=PollersState.open,
        )
    )
