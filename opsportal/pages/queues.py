"""The hardware job queues, live: what waits, runs, is late, has failed; who works; what comes next."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago, elapsed
from opsportal.components.elements import button, button_link, card, link, or_dash, status
from opsportal.components.headers import header
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, QueryLink, chips, table
from opsportal.components.text import duration, t, t_code, tn
from opsportal.components.timelines import job_status
from opsportal.pages.frame import framed
from opsportal.state.queues import QueuesState
from opsportal.state.server import ServerState


def _counter(label: Any, value: Any, code: str, tone: str) -> rx.Component:
    return QueryLink.create(
        rx.el.small(label),
        rx.el.b(value, class_name=rx.cond(value > 0, f"num {tone}", "num")),
        set={"status": code},
        class_name="tile",
    )


def _counters(view: Any) -> rx.Component:
    """What each status counts; a click shows those jobs."""
    count = view.counts
    return card(
        rx.el.div(
            _counter(t("Waiting"), count["queued"], "queued", ""),
            _counter(t("Running"), count["running"] + count["verifying"], "running", "info-text"),
            _counter(t("Machine at work"), count["waiting"], "waiting", "info-text"),
            _counter(t("Not known"), count["unknown"], "unknown", "warn-text"),
            _counter(t("Failed"), count["failed"], "failed", "bad-text"),
            _counter(t("Done"), count["succeeded"], "succeeded", ""),
            class_name="tiles six",
        ),
        title=t("Hardware jobs"),
        side=rx.cond(
            view.late > 0,
            rx.el.span(tn("{n} job is late", "{n} jobs are late", n=view.late), class_name="tag warn"),
            rx.el.span(t("None is late"), class_name="sub"),
        ),
    )


def _warnings(view: Any) -> rx.Component:
    return rx.fragment(
        rx.foreach(
            view.unattended,
            lambda queue: rx.el.p(
                t(
                    "Nobody works on the queue {queue}: what it holds waits until a worker starts.",
                    queue=queue,
                ),
                class_name="banner bad",
                role="alert",
                key=queue,
            ),
        ),
        rx.cond(
            view.lost > 0,
            rx.el.p(
                tn(
                    "{n} worker has gone silent. What it was at is taken over by another one.",
                    "{n} workers have gone silent. What they were at is taken over by others.",
                    n=view.lost,
                ),
                class_name="banner bad",
                role="alert",
            ),
        ),
        rx.cond(
            view.is_redis_away,
            rx.el.p(
                t(
                    "Redis does not answer. Jobs are kept in the database and start by themselves when it is back."
                ),
                class_name="banner bad",
                role="alert",
            ),
        ),
        rx.cond(
            view.unsent > 0,
            rx.el.p(
                tn(
                    "{n} message waits to be handed to the queue.",
                    "{n} messages wait to be handed to the queue.",
                    n=view.unsent,
                ),
                class_name="banner warn",
            ),
        ),
    )


def _job_cell(job: Any) -> rx.Component:
    return rx.el.div(
        link(job.server, to=f"/servers/{job.server_id}", class_name="row-link strong"),
        rx.el.small(t_code(job.kind, labels.JOB_KIND), " · ", f"#{job.id}", class_name="num"),
        class_name="steady",
    )


def _step_cell(job: Any) -> rx.Component:
    """The step that happens now, or how it ended."""
    now = rx.foreach(
        job.steps,
        lambda step: rx.cond(
            step.status == "running", rx.el.span(t_code(step.name, labels.STEP), key=step.name)
        ),
    )
    return rx.cond(
        job.outcome_code,
        rx.el.span(t_code(job.outcome_code, labels.OUTCOME), class_name="sub clamp"),
        rx.el.span(now),
    )


def _actions(job: Any) -> rx.Component:
    """A machine at work is stopped beside its timeline, where one sees what would be lost."""
    return rx.el.div(
        rx.cond(job.can_cancel, button(t("Cancel"), on_click=ServerState.cancel(job.id))),
        rx.cond(job.can_retry, button(t("Try again"), on_click=ServerState.retry(job.id))),
        rx.cond(job.can_stop, button_link(t("Stop…"), to=f"/servers/{job.server_id}?tab=reinstall")),
        class_name="row port-actions",
    )


_JOB_COLUMNS = (
    Column(t("Server"), _job_cell),
    Column(t("Status"), lambda j: job_status(j, flash=True)),
    Column(t("Now"), _step_cell, show="wide"),
    Column(t("Company"), lambda j: or_dash(j.company), show="widest"),
    Column(
        t("By"),
        lambda j: rx.el.div(j.actor, rx.el.small(ago(j.created_at)), class_name="steady"),
        show="wide",
    ),
    Column(
        t("Took"),
        lambda j: rx.cond(j.started_at, elapsed(j.started_at, until=j.finished_at, class_name="num nowrap")),
        right=True,
        show="wide",
    ),
    Column(rx.el.span(t("Actions"), class_name="visually-hidden"), _actions, right=True),
)


def _worker_cell(worker: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(worker.name, class_name="strong"),
        rx.el.small(worker.queue, rx.cond(worker.job, rx.fragment(" · ", worker.job))),
    )


def _life_cell(worker: Any) -> rx.Component:
    """How busy it was, and in how long a life."""
    return rx.el.div(
        rx.el.span(worker.load_percent, " %", class_name="num"),
        rx.el.small(elapsed(worker.started_at, class_name="num nowrap")),
    )


_WORKER_COLUMNS = (
    Column(t("Worker"), _worker_cell),
    Column(t("State"), lambda w: status(w.state, words=labels.WORKER, tones=labels.WORKER_TONE, flash=True)),
    Column(rx.fragment(t("Load"), " · ", t("Age")), _life_cell, right=True, show="wide"),
    Column(t("Heartbeat"), lambda w: ago(w.heartbeat_at), right=True),
)

_QUEUE_COLUMNS = (
    Column(t("Queue"), lambda q: rx.el.span(q.name, class_name="strong")),
    Column(t("Waiting"), lambda q: rx.el.span(q.waiting, class_name="num"), right=True),
    Column(
        t("Workers"),
        lambda q: rx.el.span(q.workers, class_name=rx.cond(q.workers > 0, "num", "num bad-text")),
        right=True,
    ),
)

_TASK_COLUMNS = (
    Column(
        t("Task"),
        lambda k: rx.el.div(
            rx.el.span(t_code(k.name, labels.TASK), class_name="strong"),
            rx.cond(k.last_error, rx.el.small(k.last_error, class_name="bad-text clamp")),
        ),
    ),
    Column(t("Every"), lambda k: duration(k.every_s), show="wide"),
    Column(t("Last done"), lambda k: ago(k.last_finished_at), right=True),
)


def _machinery(view: Any) -> rx.Component:
    no_worker = empty(t("No worker is running"), t("Jobs wait in the database until one starts."))
    return rx.el.div(
        card(
            table(
                _WORKER_COLUMNS,
                view.workers,
                key=lambda w: w.name,
                label=t("Workers"),
                ready=view.is_ready,
                empty=no_worker,
            ),
            title=t("Workers"),
        ),
        rx.el.div(
            card(
                table(
                    _QUEUE_COLUMNS,
                    view.queues,
                    key=lambda q: q.name,
                    label=t("Queues"),
                    ready=view.is_ready,
                    stacked=False,
                ),
                title=t("Queues"),
            ),
            card(
                table(
                    _TASK_COLUMNS,
                    view.tasks,
                    key=lambda k: k.name,
                    label=t("Schedule"),
                    ready=view.is_ready,
                    expected=3,
                ),
                title=t("Schedule"),
            ),
            class_name="stack",
        ),
        class_name="grid one-one",
    )


def queues_page() -> rx.Component:
    """For operators and technicians."""
    view = QueuesState.queues
    nothing = empty(
        t("No jobs here"), t("What clients and staff ask of servers appears here the moment it is asked for.")
    )
    return framed(
        page_body(
            top=[
                header(t("Queues"), sub=t("Everything on this page renews itself.")),
            ],
            problem_view=QueuesState.problem,
            ready=True,
            content=rx.fragment(
                _warnings(view),
                _counters(view),
                card(
                    chips(
                        t("Kind"),
                        "group",
                        [
                            ("", t("Every kind")),
                            ("power", t("Power")),
                            ("system", t("Systems and disks")),
                            ("network", t("Network")),
                            ("care", t("Care of hardware")),
                        ],
                    ),
                    chips(
                        t("Status"),
                        "status",
                        [
                            ("", t("All")),
                            ("active", t("Under way")),
                            ("waiting", t("Machine at work")),
                            ("failed", t("Failed")),
                            ("expired", t("Expired")),
                            ("cancelled", t("Cancelled")),
                            ("succeeded", t("Done")),
                        ],
                    ),
                    table(
                        _JOB_COLUMNS,
                        view.jobs,
                        key=lambda j: j.id,
                        label=t("Jobs"),
                        ready=view.is_ready,
                        empty=nothing,
                    ),
                ),
                _machinery(view),
            ),
            loading=rx.fragment(),
            retry=QueuesState.open,
        )
    )
