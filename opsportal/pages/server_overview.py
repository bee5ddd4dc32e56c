"""The first tab of a server: power and what is being done, its configuration, its contract.

A card of yours is one line in LEFT or RIGHT; what it shows is loaded by `overview` in state/server_tabs.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago
from opsportal.components.confirm import copyable
from opsportal.components.elements import card, key_values, link, or_dash, status
from opsportal.components.text import number, t, t_code
from opsportal.components.timelines import job_timeline
from opsportal.locale import N_
from opsportal.pages.contracts import contract_actions
from opsportal.pages.hands import in_queues, take_button
from opsportal.pages.machine.cards import block_card, details_card, health_card
from opsportal.pages.services import contract
from opsportal.state.server import ServerState
from opsportal.state.shell import ShellState


def _power(server: Any) -> rx.Component:
    return card(
        rx.el.div(
            status(server.power, words=labels.POWER, tones=labels.POWER_TONE, flash=True),
            rx.cond(
                server.power_verified_at,
                ago(server.power_verified_at, text=N_("Verified {ago}"), class_name="sub"),
                rx.el.span(t("Never verified"), class_name="sub"),
            ),
            class_name="power-now",
        ),
        rx.cond(
            (server.bmc_error_code != "") & (server.bmc_error_code != server.job.outcome_code),
            rx.el.p(t_code(server.bmc_error_code, labels.OUTCOME), class_name="outcome warn"),
        ),
        rx.cond(
            server.job.id > 0,
            job_timeline(
                server.job, on_cancel=ServerState.cancel, on_retry=ServerState.retry, more=_take(server)
            ),
            rx.el.p(t("Nothing has been done to this server yet."), class_name="sub"),
        ),
        title=t("Power"),
        side=rx.el.div(
            rx.cond(
                server.job.is_active, rx.el.span(t("Power buttons wait for this job."), class_name="sub")
            ),
            in_queues(server.name),
            class_name="row",
        ),
    )


def _take(server: Any) -> rx.Component:
    """A job that is in somebody's hands already has its buttons above the tabs."""
    return rx.cond(server.job.hands.name, rx.fragment(), take_button(server.job))


def _configuration(server: Any) -> rx.Component:
    return card(
        key_values(
            (t("Model"), server.model),
            (t("Processor"), server.cpu),
            (t("Memory"), rx.fragment(number(server.memory_gb), " GB")),
            (t("Disks"), server.disks),
            (t("IP address"), or_dash(server.ip, copyable(server.ip))),
            (t("MAC address"), copyable(server.mac)),
            (t("Place"), rx.fragment(server.site, " · ", server.rack)),
        ),
        title=t("Configuration"),
    )


def _contract(server: Any) -> rx.Component:
    staff = ShellState.me.role != "client"
    return rx.cond(
        server.service.id > 0,
        card(
            rx.cond(
                staff & (server.service.company != ""),
                rx.el.p(
                    link(server.service.company, to=f"/companies/{server.service.company_id}"),
                    class_name="card-line",
                ),
            ),
            contract(server.service),
            contract_actions(),
            title=t("Contract"),
        ),
    )


Card = Callable[[Any], rx.Component]
LEFT: tuple[Card, ...] = (_power, health_card, block_card)
RIGHT: tuple[Card, ...] = (_configuration, _contract, details_card)
"""Each is called with the Var of `ServerState.server`."""


def overview_tab() -> rx.Component:
    """Everything that is worth a look at once."""
    server = ServerState.server
    return rx.el.div(
        *(rx.el.div(*(show(server) for show in column), class_name="stack") for column in (LEFT, RIGHT)),
        class_name="grid one-one",
    )
