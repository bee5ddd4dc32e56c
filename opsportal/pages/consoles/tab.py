"""The console tab: the panel, and who had a console lately."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import console_labels
from opsportal.components.addresses import route_number
from opsportal.components.clock import ago, elapsed
from opsportal.components.consoles import ConsolePanel, TemporaryAccess
from opsportal.components.elements import card, tag
from opsportal.components.states import empty, lines, part
from opsportal.components.tables import Column, table
from opsportal.components.text import t, t_code, t_var
from opsportal.state.consoles.tab import ConsoleState
from opsportal.state.shell import ShellState

_VISIT_COLUMNS = (
    Column(
        t("Console"),
        lambda v: rx.el.div(
            rx.el.span(t_code(v.kind, console_labels.CONSOLE_KIND), class_name="strong"),
            rx.cond(v.is_writer & (v.ended_at == ""), rx.fragment(" ", tag(t("typing"), "info"))),
        ),
    ),
    Column(t("By"), lambda v: rx.fragment(v.person, rx.cond(v.is_staff, rx.fragment(" · ", t("support"))))),
    Column(
        t("Ended"),
        lambda v: rx.cond(
            v.end_reason, t_code(v.end_reason, console_labels.CONSOLE_END), tag(t("Open now"), "ok")
        ),
        show="wide",
    ),
    Column(t("Lasted"), lambda v: elapsed(v.opened_at, until=v.ended_at), right=True, show="wide"),
    Column(t("Opened"), lambda v: ago(v.opened_at), right=True),
)


def _visits(view: Any) -> rx.Component:
    nothing = empty(t("No console yet"), t("Who opened a console of this server, and when, is kept here."))
    return card(
        table(_VISIT_COLUMNS, view.visits, key=lambda v: v.id, label=t("Latest consoles"), empty=nothing),
        title=t("Latest consoles"),
    )


def _access(view: Any) -> rx.Component:
    return card(
        TemporaryAccess.create(
            server=view.server_id,
            rows=view.accesses,
            problem=view.access_msgid,
            is_staff=ShellState.me.role != "client",
            has_second_factor=ShellState.me.has_second_factor,
        ),
        title=t("Temporary access"),
    )


def console_tab() -> rx.Component:
    """A server's consoles, for its tenant and for staff."""
    view = ConsoleState.consoles
    return part(
        problem_view=ConsoleState.problem,
        ready=view.is_ready & (view.server_id == route_number("server_id")),
        content=rx.fragment(
            card(
                ConsolePanel.create(
                    server=view.server_id,
                    has_screen=view.has_screen,
                    no_serial=rx.cond(view.serial_msgid, t_var(view.serial_msgid), ""),
                    problem=rx.cond(view.problem_msgid, t_var(view.problem_msgid), ""),
                )
            ),
            rx.cond(
                view.could_have_screen,
                rx.el.p(
                    t(
                        "This kind of management controller serves its screen by VNC. Put that on record, as the "
                        "runbook says: then the screen opens here."
                    ),
                    class_name="banner info",
                ),
            ),
            rx.cond(view.offers_access, _access(view)),
            _visits(view),
        ),
        loading=rx.fragment(card(lines(5)), card(lines(4))),
    )
