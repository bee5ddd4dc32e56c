"""The hardware job queues, for those who watch them."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx
from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import fleet, topics
from opsportal.integrations import queue_watch
from opsportal.integrations.queue_watch import Seen
from opsportal.models import ACTIVE_JOB, JobStatus, Outbox, ScheduledTask
from opsportal.state import rows
from opsportal.state.guard import allow
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView, QueuesView, QueueView, TaskView, WorkerView, iso
from opsportal.state.wire import Address, address

JobFilter = Literal[
    "", "active", "queued", "running", "verifying", "unknown", "succeeded", "failed", "cancelled", "expired"
]


class QueuesAddress(Address):
    """/queues?status="""

    status: JobFilter = ""


class QueuesState(rx.State):
    """The hardware job queues, live."""

    queues: QueuesView = QueuesView()
    problem: ProblemView = ProblemView()
    status: str = ""

    @allow(Permission.JOBS_WATCH)
    async def open(self) -> Any:
        self.status = address(self, QueuesAddress).status
        return await show(self, *SHELL, (QUEUES, self.status))


def _statuses(status: str) -> tuple[JobStatus, ...]:
    if status == "active":
        return ACTIVE_JOB
    return (JobStatus(status),) if status else ()


def read_queues(unit: Unit, actor: Actor, status: str, seen: Seen) -> QueuesView:
    jobs = fleet.list_jobs(actor, unit, statuses=_statuses(status))
    steps = fleet.steps_of(unit, [job.id for job, _, _ in jobs if job.id and job.status in ACTIVE_JOB])
    active = fleet.list_jobs(actor, unit, statuses=ACTIVE_JOB, limit=1_000)
    unsent = unit.scalar(select(func.count()).select_from(Outbox).where(col(Outbox.sent_at).is_(None)))
    return QueuesView(
        is_ready=True,
        counts=fleet.count_jobs(actor, unit),
        late=sum(rows.is_late(job) for job, _, _ in active),
        jobs=[
            rows.job_view(job, actor=actor, server=server, company=company, steps=steps.get(job.id or 0, ()))
            for job, server, company in jobs
        ],
        queues=[QueueView(q.name, q.waiting, q.workers) for q in seen.queues],
        workers=[
            WorkerView(w.name, w.queue, w.state, w.job, iso(w.heartbeat_at), iso(w.started_at))
            for w in seen.workers
        ],
        tasks=[
            TaskView(t.name, t.every_s, iso(t.due_at), iso(t.last_finished_at), t.last_error or "")
            for t in unit.exec(select(ScheduledTask).order_by(col(ScheduledTask.name)))
        ],
        unsent=int(unsent or 0),
        is_redis_away=seen.is_away,
    )


QUEUES = StateView(
    "queues",
    QueuesState,
    "queues",
    read_queues,
    lambda *_: frozenset({topics.JOBS, "workers"}),
    empty=QueuesView(),
    look=queue_watch.look,
)
