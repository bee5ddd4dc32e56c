"""One server: what it is, whether it is on, what is being done to it, what was done."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.clock import ago, elapsed
from opsportal.components.confirm import confirm_button, copyable
from opsportal.components.elements import button, card, key_values, link, or_dash, skeleton, status
from opsportal.components.headers import header, tabs
from opsportal.components.states import empty, lines, page_body
from opsportal.components.tables import Column, table
from opsportal.components.text import moment, number, t, t_code
from opsportal.components.timelines import job_status, job_timeline
from opsportal.locale import N_
from opsportal.pages.frame import framed
from opsportal.pages.services import contract, create_ticket, suspension
from opsportal.pages.traffic.tab import traffic_tab
from opsportal.state.server import ServerState
from opsportal.state.shell import ShellState


def _switches(server: Any) -> list[rx.Component]:
    """Power buttons: only what makes sense now, nothing while a job is under way."""
    blocked = server.job.is_active | ~server.can_switch

    def ask(kind: str) -> Any:
        return ServerState.switch(server.id, kind)

    off = confirm_button(
        t("Power off"),
        title=t("Power off {name}?", name=server.name),
        text=t(
            "The server loses power at once, like pulling the cord: programs on it are not asked to finish. Data on its disks stays."
        ),
        confirm=t("Power off"),
        on_confirm=ask("power_off"),
        danger=True,
        kind="danger",
        disabled=blocked,
    )
    reboot = confirm_button(
        t("Reboot"),
        title=t("Reboot {name}?", name=server.name),
        text=t(
            "The server is switched off and on again. Its services are away for some minutes. Data on its disks stays."
        ),
        confirm=t("Reboot"),
        on_confirm=ask("reboot"),
        disabled=blocked,
    )
    on = button(t("Power on"), kind="primary", on_click=ask("power_on"), disabled=blocked)
    return [
        rx.match(
            server.power,
            ("on", rx.fragment(reboot, off)),
            ("off", on),
            rx.fragment(button(t("Power on"), on_click=ask("power_on"), disabled=blocked), reboot, off),
        )
    ]


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
            server.bmc_error_code,
            rx.el.p(t_code(server.bmc_error_code, labels.OUTCOME), class_name="outcome warn"),
        ),
        rx.cond(
            server.job.id > 0,
            job_timeline(server.job, on_cancel=ServerState.cancel, on_retry=ServerState.retry),
            rx.el.p(t("Nothing has been done to this server yet."), class_name="sub"),
        ),
        title=t("Power"),
        side=rx.cond(
            server.job.is_active, rx.el.span(t("Power buttons wait for this job."), class_name="sub")
        ),
    )


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


def _details(server: Any) -> rx.Component:
    staff = ShellState.me.role != "client"
    return rx.el.div(
        _power(server),
        rx.el.div(
            _configuration(server),
            rx.cond(
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
                    title=t("Contract"),
                ),
            ),
            class_name="stack",
        ),
        class_name="grid one-one",
    )


_JOB_COLUMNS = (
    Column(
        t("Job"),
        lambda j: rx.el.div(
            rx.el.span(t_code(j.kind, labels.JOB_KIND), class_name="strong"),
            rx.el.small(f"#{j.id}", class_name="num"),
        ),
    ),
    Column(t("Status"), lambda j: job_status(j, flash=True)),
    Column(
        t("Outcome"),
        lambda j: rx.cond(j.outcome_code, t_code(j.outcome_code, labels.OUTCOME), ""),
        show="wide",
    ),
    Column(t("By"), lambda j: j.actor, show="wide"),
    Column(
        t("Took"),
        lambda j: rx.cond(j.started_at, elapsed(j.started_at, until=j.finished_at)),
        right=True,
        show="wide",
    ),
    Column(t("Asked"), lambda j: ago(j.created_at), right=True),
)

_HISTORY_COLUMNS = (
    Column(t("What"), lambda e: t_code(e.tag, labels.AUDIT)),
    Column(t("By"), lambda e: e.actor),
    Column(t("When"), lambda e: rx.el.span(moment(e.at), class_name="num"), right=True),
)


def _jobs(server: Any) -> rx.Component:
    nothing = empty(t("No jobs yet"), t("Every power action on this server is kept here with its outcome."))
    return card(
        table(_JOB_COLUMNS, server.jobs, key=lambda j: j.id, label=t("Jobs"), empty=nothing),
        rx.cond(
            server.job.log.length() > 0,
            rx.el.details(
                rx.el.summary(t("Log of the newest job")),
                rx.el.pre(
                    rx.foreach(server.job.log, lambda line: rx.el.span(line, "\n")),
                    class_name="log",
                    tab_index=0,
                ),
            ),
        ),
    )


def _history(server: Any) -> rx.Component:
    nothing = empty(t("No history yet"), t("Who did what to this server, and when, is kept here."))
    return card(
        table(_HISTORY_COLUMNS, server.history, key=lambda e: e.id, label=t("History"), empty=nothing)
    )


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
            beside=rx.cond(
                server.service.id > 0,
                status(server.service.status, words=labels.SERVICE, tones=labels.SERVICE_TONE, flash=True),
            ),
            sub=rx.fragment(server.model, " · ", server.ip),
            actions=[create_ticket(server.service.id), *_switches(server)],
        ),
        suspension(server.service),
        tabs(
            t("Parts of this page"),
            [
                ("", t("Details")),
                ("traffic", t("Traffic")),
                ("jobs", t("Jobs")),
                ("history", t("History")),
            ],
        ),
        rx.match(
            ServerState.tab,
            ("traffic", traffic_tab()),
            ("jobs", _jobs(server)),
            ("history", _history(server)),
            _details(server),
        ),
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
