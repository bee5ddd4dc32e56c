"""The history of a server: its jobs, the log of the first for staff, and who did what when."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.clock import ago, elapsed
from opsportal.components.elements import card
from opsportal.components.states import empty, lines, part
from opsportal.components.tables import Column, table
from opsportal.components.text import moment, t, t_code
from opsportal.components.timelines import job_status
from opsportal.pages.contracts import history_card
from opsportal.pages.hands import in_queues, who_has_it
from opsportal.state.server import ServerState
from opsportal.state.server_history import ServerHistoryState


def _outcome_cell(job: Any) -> rx.Component:
    """How it ended; of one that was ended by hand, by whom and what was seen."""
    return rx.el.div(
        rx.cond(job.outcome_code, t_code(job.outcome_code, labels.OUTCOME), ""),
        rx.cond(job.end_note, rx.el.small(f"{job.ended_by}: {job.end_note}")),
    )


_JOB_COLUMNS = (
    Column(
        t("Job"),
        lambda j: rx.el.div(
            rx.el.span(t_code(j.kind, labels.JOB_KIND), class_name="strong"),
            rx.el.small(f"#{j.id}", class_name="num"),
        ),
    ),
    Column(t("Status"), lambda j: rx.el.div(job_status(j, flash=True), who_has_it(j.hands))),
    Column(t("Outcome"), _outcome_cell, show="wide"),
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


def _jobs(view: Any) -> rx.Component:
    nothing = empty(
        t("No jobs yet"), t("Everything that is done to this server is kept here with its outcome.")
    )
    return card(
        table(_JOB_COLUMNS, view.jobs, key=lambda j: j.id, label=t("Jobs"), empty=nothing),
        rx.cond(
            view.log.length() > 0,
            rx.el.details(
                rx.el.summary(
                    rx.cond(
                        view.job_id > 0,
                        t("Log of job {number}", number=f"#{view.job_id}"),
                        t("Log of the newest job"),
                    )
                ),
                rx.el.pre(
                    rx.foreach(view.log, lambda line: rx.el.span(line, "\n")), class_name="log", tab_index=0
                ),
            ),
        ),
        title=t("Jobs"),
        side=in_queues(ServerState.server.name),
    )


def _events(view: Any) -> rx.Component:
    nothing = empty(t("No history yet"), t("Who did what to this server, and when, is kept here."))
    return card(
        table(
            _HISTORY_COLUMNS,
            view.events,
            key=lambda e: e.id,
            label=t("History"),
            empty=nothing,
        ),
        title=t("Who did what"),
    )


def history_tab() -> rx.Component:
    """Everything below the tabs."""
    view = ServerHistoryState.history
    is_ours = view.is_ready & (view.server_id == route_number("server_id"))
    return part(
        ServerHistoryState.problem,
        ready=is_ours,
        content=rx.fragment(_jobs(view), history_card(), _events(view)),
        loading=rx.fragment(card(lines(6), title=t("Jobs")), card(lines(6), title=t("Who did what"))),
    )
