"""The hardware job queues, for those who watch them."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx
from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import fleet, topics
from opsportal.domain.provisioning.timelines import late_jobs
from opsportal.integrations import queue_watch
from opsportal.integrations.queue_watch import Seen, SeenWorker
from opsportal.models import ACTIVE_JOB, JobKind, JobStatus, Outbox, ScheduledTask
from opsportal.state import rows
from opsportal.state.guard import allow
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView, QueuesView, QueueView, TaskView, WorkerView, iso
from opsportal.state.wire import Address, address

JobFilter = Literal[
    "",
    "active",
    "queued",
    "running",
    "verifying",
    "waiting",
    "unknown",
    "succeeded",
    "failed",
    "cancelled",
    "expired",
]
GroupName = Literal["", "power", "system", "network", "care"]
GROUPS: dict[str, tuple[JobKind, ...]] = {
    "power": (JobKind.POWER_ON, JobKind.POWER_OFF, JobKind.REBOOT, JobKind.SHUTDOWN),
    "system": (
        JobKind.REINSTALL,
        JobKind.RESCUE,
        JobKind.MEMORY_TEST,
        JobKind.WIPE,
        JobKind.BOOT_DISK,
    ),
    "network": (JobKind.BLOCK, JobKind.UNBLOCK),
    "care": (
        JobKind.INSPECT,
        JobKind.ROTATE_CREDENTIALS,
        JobKind.CLEAN,
        JobKind.BURN_IN,
        JobKind.LOAD_TEST,
    ),
}
"""What the page lets one choose together. Every kind is in one group."""
LOST = "lost"
"""The state of a worker that no longer says anything, whatever it said last."""


class QueuesAddress(Address):
    """/queues?status=&group="""

    status: JobFilter = ""
    group: GroupName = ""


class QueuesState(rx.State):
    """The hardware job queues, live."""

    queues: QueuesView = QueuesView()
    problem: ProblemView = ProblemView()
    status: str = ""

    @allow(Permission.JOBS_WATCH)
    async def open(self) -> Any:
        wanted = address(self, QueuesAddress)
        self.status = wanted.status
        return await show(self, *SHELL, (QUEUES, (wanted.status, wanted.group)))


def _statuses(status: str) -> tuple[JobStatus, ...]:
    if status == "active":
        return ACTIVE_JOB
    if status == "running":
        return (JobStatus.RUNNING, JobStatus.VERIFYING)
    return (JobStatus(status),) if status else ()


def read_queues(unit: Unit, actor: Actor, chosen: tuple[str, str], seen: Seen) -> QueuesView:
    status, group = chosen
    jobs = fleet.list_jobs(actor, unit, statuses=_statuses(status), kinds=GROUPS.get(group, ()))
    steps = fleet.steps_of(unit, [job.id for job, _, _ in jobs if job.id and job.status in ACTIVE_JOB])
    active = fleet.list_jobs(actor, unit, statuses=ACTIVE_JOB, limit=1_000)
    late = late_jobs(unit, [job.id or 0 for job, _, _ in active])
    unsent = unit.scalar(select(func.count()).select_from(Outbox).where(col(Outbox.sent_at).is_(None)))
    return QueuesView(
        is_ready=True,
        counts=fleet.count_jobs(actor, unit),
        late=sum(rows.is_late(job, milestone=job.id in late) for job, _, _ in active),
        jobs=[
            rows.job_view(
                job,
                actor=actor,
                server=server,
                company=company,
                steps=steps.get(job.id or 0, ()),
                milestone_late=job.id in late,
            )
            for job, server, company in jobs
        ],
        queues=[QueueView(q.name, q.waiting, q.workers) for q in seen.queues],
        workers=[_worker_view(worker) for worker in seen.workers],
        tasks=[
            TaskView(t.name, t.every_s, iso(t.due_at), iso(t.last_finished_at), t.last_error or "")
            for t in unit.exec(select(ScheduledTask).order_by(col(ScheduledTask.name)))
        ],
        lost=sum(not worker.is_alive for worker in seen.workers),
        unattended=[queue.name for queue in seen.queues if queue.workers == 0],
        unsent=int(unsent or 0),
        is_redis_away=seen.is_away,
    )


def _worker_view(worker: SeenWorker) -> WorkerView:
    return WorkerView(
        name=worker.name,
        queue=worker.queue,
        state=worker.state if worker.is_alive else LOST,
        job=worker.job,
        heartbeat_at=iso(worker.heartbeat_at),
        started_at=iso(worker.started_at),
        load_percent=worker.load_percent,
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
