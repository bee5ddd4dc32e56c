"""One server: what it is, whether it is on, and what is being done to it; the rest is on its tabs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.elements import card, skeleton, status, tag
from opsportal.components.headers import header, tabs
from opsportal.components.states import lines, page_body
from opsportal.components.text import t
from opsportal.pages.frame import framed
from opsportal.pages.hands import taken_banner
from opsportal.pages.power import restart, shut_down, switch_off, switch_on
from opsportal.pages.server_tabs import FIRST, TABS
from opsportal.pages.services import create_ticket, suspension
from opsportal.state.server import ServerState
from opsportal.state.shell import ShellState


def _switches(server: Any) -> list[rx.Component]:
    """Power buttons: only what makes sense now, nothing while a job is under way."""
    blocked = server.job.is_active | ~server.can_switch | server.taken.hands.is_other

    off, reboot = switch_off(server, blocked), restart(server, blocked)
    return [
        rx.match(
            server.power,
            ("on", rx.fragment(shut_down(server, blocked), reboot, off)),
            ("off", switch_on(server, blocked, kind="primary")),
            rx.fragment(switch_on(server, blocked), reboot, off),
        )
    ]


def _loading() -> rx.Component:
    return rx.fragment(
        header(skeleton("title"), crumbs=[(t("Services"), "/services")]),
        rx.el.div(card(lines(7)), card(lines(7)), class_name="grid one-one"),
    )


def server_page() -> rx.Component:
    """A server for its tenant, a technician or an operator."""
    server = ServerState.server
    client = ShellState.me.role == "client"
    body = rx.fragment(
        header(
            server.name,
            crumbs=[
                (
                    rx.cond(client, t("Servers"), t("Fleet")),
                    rx.cond(client, "/services?family=server", "/fleet"),
                )
            ],
            beside=rx.fragment(
                rx.cond(
                    server.service.id > 0,
                    status(
                        server.service.status, words=labels.SERVICE, tones=labels.SERVICE_TONE, flash=True
                    ),
                ),
                rx.cond(server.is_blocked, tag(t("Blocked"), "warn")),
            ),
            sub=rx.fragment(server.model, " · ", server.ip),
            actions=[create_ticket(server.service.id), *_switches(server)],
        ),
        suspension(server.service),
        taken_banner(server.taken),
        tabs(t("Parts of this page"), [("" if tab is FIRST else tab.name, tab.words) for tab in TABS]),
        rx.match(ServerState.tab, *((tab.name, tab.content()) for tab in TABS[1:]), FIRST.content()),
    )
    return framed(
        page_body(
            problem_view=ServerState.problem,
            ready=server.is_ready & (server.id == route_number("server_id")),
            content=body,
            loading=_loading(),
            retry=ServerState.open,
        )
    )
