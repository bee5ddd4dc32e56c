"""The hardware job queues, live: what waits, runs, is late, has failed; who works; what comes next."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago, elapsed
from opsportal.components.elements import button, button_link, card, link, or_dash, status
from opsportal.components.headers import header
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, QueryLink, chips, search_field, table
from opsportal.components.text import duration, t, t_code, tn
from opsportal.components.timelines import job_status
from opsportal.locale import N_
from opsportal.pages.frame import framed
from opsportal.pages.hands import own_job, take_button, who_has_it
from opsportal.state.queues import QueuesState
from opsportal.state.server import ServerState


def _warnings(view: Any) -> rx.Component:
    return rx.fragment(
        rx.foreach(
            view.unattended,
            lambda queue: rx.el.p(
                t(
                    "Nobody works on the queue {queue}: what it holds waits until a worker starts.",
                    queue=t_code(queue, labels.QUEUE),
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


def _status_cell(job: Any) -> rx.Component:
    """How it stands, and since when it is late or in somebody's hands."""
    late = rx.cond(
        job.late_since, rx.el.small(ago(job.late_since, text=N_("Due {ago}"), class_name="nowrap"))
    )
    return rx.el.div(job_status(job, flash=True), rx.cond(job.hands.name, who_has_it(job.hands), late))


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
    """A machine at work is stopped beside its timeline, where one sees what would be lost; mine is above the list."""
    return rx.el.div(
        rx.cond(job.can_cancel, button(t("Cancel"), on_click=ServerState.cancel(job.id))),
        rx.cond(job.can_retry, button(t("Try again"), on_click=ServerState.retry(job.id))),
        rx.cond(job.can_stop, button_link(t("Stop…"), to=f"/servers/{job.server_id}?tab=reinstall")),
        take_button(job),
        class_name="row port-actions",
    )


_JOB_COLUMNS = (
    Column(t("Server"), _job_cell),
    Column(t("Status"), _status_cell),
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
        show="widest",
    ),
    Column(rx.el.span(t("Actions"), class_name="visually-hidden"), _actions, right=True),
)


def _number(standing: str, tone: str = "") -> Any:
    """A column's cell: how many of a server's jobs stand so; it leads to them."""

    def cell(server: Any) -> rx.Component:
        number = server.counts[standing]
        return rx.cond(
            number > 0,
            QueryLink.create(
                number,
                set={"by": "", "state": standing, "server": server.name},
                class_name=f"num link {tone}",
            ),
            rx.el.span("–", class_name="sub"),
        )

    return cell


_SERVER_COLUMNS = (
    Column(
        t("Server"),
        lambda s: link(s.name, to=f"/servers/{s.id}", class_name="row-link strong"),
    ),
    Column(t_code("waits", labels.STANDING), _number("waits"), right=True, show="wide"),
    Column(t_code("runs", labels.STANDING), _number("runs"), right=True, show="wide"),
    Column(t_code("late", labels.STANDING), _number("late", "warn-text"), right=True),
    Column(t_code("unknown", labels.STANDING), _number("unknown", "warn-text"), right=True),
    Column(t_code("failed", labels.STANDING), _number("failed", "bad-text"), right=True),
    Column(t_code("taken", labels.STANDING), _number("taken"), right=True, show="wide"),
)
_CALL_COLUMNS = (
    Column(
        t("Call"),
        lambda c: rx.el.div(
            rx.cond(c.task, rx.el.span(t_code(c.task, labels.TASK), class_name="strong")),
            rx.el.small(c.name, class_name="mono"),
        ),
    ),
    Column(t("Status"), lambda c: status(c.state, words=labels.CALL, tones=labels.CALL_TONE), right=True),
)


def _worker_cell(worker: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(worker.name, class_name="strong"),
        rx.el.small(
            t_code(worker.queue, labels.QUEUE),
            rx.cond(worker.job, rx.fragment(" · ", t_code(worker.job, labels.TASK))),
        ),
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
    Column(
        t("Queue"),
        lambda q: QueryLink.create(
            t_code(q.name, labels.QUEUE), set={"queue": q.name}, class_name="link strong"
        ),
    ),
    Column(
        t("Waiting"),
        lambda q: rx.el.div(
            rx.el.span(q.waiting, class_name=rx.cond(q.late_since, "num warn-text", "num")),
            rx.cond(q.late_since, rx.el.small(ago(q.late_since, text=N_("Due {ago}")))),
        ),
        right=True,
    ),
    Column(t("Running"), lambda q: rx.el.span(q.running, class_name="num"), right=True),
    Column(
        t("Failed"),
        lambda q: rx.el.span(q.failed, class_name=rx.cond(q.failed > 0, "num bad-text", "num")),
        right=True,
    ),
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
    Column(t("Last done"), lambda k: ago(k.last_finished_at, class_name="nowrap"), right=True),
)


def _machinery(view: Any) -> rx.Component:
    no_worker = empty(t("No worker is running"), t("Jobs wait in the database until one starts."))
    workers = card(
        table(
            _WORKER_COLUMNS,
            view.workers,
            key=lambda w: w.name,
            label=t("Workers"),
            ready=view.is_ready,
            empty=no_worker,
        ),
        title=t("Workers"),
    )
    queues = card(
        table(
            _QUEUE_COLUMNS,
            view.queues,
            key=lambda q: q.name,
            label=t("Queues"),
            ready=view.is_ready,
            stacked=False,
        ),
        title=t("Queues"),
    )
    schedule = card(
        table(
            _TASK_COLUMNS,
            view.tasks,
            key=lambda k: k.name,
            label=t("Schedule"),
            ready=view.is_ready,
            expected=3,
        ),
        title=t("Schedule"),
    )
    return rx.el.div(rx.el.div(queues, workers, class_name="stack"), schedule, class_name="grid one-one")


def _state_chips(view: Any) -> rx.Component:
    """How jobs stand, each with how many there are; chips are links, so what is chosen can be shared."""
    return rx.el.nav(
        *(
            QueryLink.create(
                t_code(code, labels.STANDING),
                " ",
                rx.cond(view.is_ready, rx.el.span(view.counts[code], class_name="num count")),
                set={"state": code, "by": ""},
                class_name=f"chip {_TONES.get(code, '')}".strip(),
            )
            for code in labels.STANDING
        ),
        class_name="chips",
        aria_label=t("Status"),
    )


_TONES = {"late": "warned", "unknown": "warned", "failed": "alarmed"}


def _filters(view: Any) -> rx.Component:
    return rx.fragment(
        chips(
            t("Queue"),
            "queue",
            [("" if name == "hardware" else name, t(words)) for name, words in labels.QUEUE.items()],
        ),
        rx.cond(
            _IS_HARDWARE,
            rx.fragment(
                _state_chips(view),
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
                rx.el.div(
                    search_field(t("Search by server"), param="server"),
                    chips(t("Grouping"), "by", [("", t("Jobs")), ("server", t("Per server"))]),
                    class_name="toolbar",
                ),
            ),
        ),
    )


_IS_HARDWARE = (QueuesState.queue == "") | (QueuesState.queue == "hardware")


def _list(view: Any) -> rx.Component:
    nothing = empty(
        t("No jobs here"), t("What clients and staff ask of servers appears here the moment it is asked for.")
    )
    jobs = table(
        _JOB_COLUMNS, view.jobs, key=lambda j: j.id, label=t("Jobs"), ready=view.is_ready, empty=nothing
    )
    servers = table(
        _SERVER_COLUMNS,
        view.servers,
        key=lambda s: s.id,
        label=t("Jobs per server"),
        ready=view.is_ready,
        stacked=False,
        empty=empty(t("No server has open jobs"), t("One appears here with its first.")),
    )
    calls = table(
        _CALL_COLUMNS,
        view.calls,
        key=lambda c: c.name,
        label=t("Calls"),
        ready=view.is_ready,
        stacked=False,
        empty=empty(t("This queue is empty"), t("What is put on it is begun at once.")),
    )
    return rx.cond(_IS_HARDWARE, rx.cond(QueuesState.by == "server", servers, jobs), calls)


def _mine(view: Any) -> rx.Component:
    return rx.cond(
        view.mine.length() > 0,
        card(rx.foreach(view.mine, own_job), title=t("In your hands"), class_name="in-hands"),
    )


def queues_page() -> rx.Component:
    """For operators and technicians."""
    view = QueuesState.queues
    return framed(
        page_body(
            top=[
                header(t("Queues"), sub=t("Everything on this page renews itself.")),
            ],
            problem_view=QueuesState.problem,
            ready=True,
            content=rx.fragment(
                _warnings(view),
                _mine(view),
                card(_filters(view), _list(view), title=t("Jobs")),
                _machinery(view),
            ),
            loading=rx.fragment(),
            retry=QueuesState.open,
        )
    )
