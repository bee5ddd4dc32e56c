"""The hardware job queues, for those who watch them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import reflex as rx
from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import fleet, queues, topics
from opsportal.domain.hardware.looking import list_own, look_at
from opsportal.domain.hardware.queues import Choice
from opsportal.domain.hardware.standing import LATE_QUEUED, OPEN, Standing
from opsportal.integrations import queue_watch
from opsportal.integrations.queue_watch import Seen, SeenQueue, SeenWorker
from opsportal.models import ACTIVE_JOB, Company, HardwareJob, JobKind, Outbox, ScheduledTask, Server
from opsportal.models.base import utcnow
from opsportal.state import rows
from opsportal.state.guard import allow
from opsportal.state.queue_views import (
    CallView,
    QueuesView,
    QueueView,
    ServerQueueView,
    TaskView,
    WorkerView,
)
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import JobView, ProblemView, iso
from opsportal.state.wire import Address, Search, address

HARDWARE = "hardware"
OPEN_OR_FAILED = (*OPEN, Standing.FAILED)
StateName = Literal[
    "", "open", "waits", "runs", "late", "unknown", "failed", "taken", "done", "cancelled", "expired"
]
QueueName = Literal["", "hardware", "poll", "billing", "mail", "default"]
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


class Chosen(NamedTuple):
    """What of the queues somebody looks at: how jobs stand, their kind, one queue, one server, and in which order."""

    state: str = ""
    group: str = ""
    queue: str = ""
    server: str = ""
    by: str = ""


class QueuesAddress(Address):
    """/queues?state=&group=&queue=&server=&by="""

    state: StateName = ""
    group: GroupName = ""
    queue: QueueName = ""
    server: Search = ""
    by: Literal["", "server"] = ""


class QueuesState(rx.State):
    """The hardware job queues, live."""

    queues: QueuesView = QueuesView()
    problem: ProblemView = ProblemView()
    by: str = ""
    queue: str = ""

    @allow(Permission.JOBS_WATCH)
    async def open(self) -> Any:
        wanted = address(self, QueuesAddress)
        self.by, self.queue = wanted.by, wanted.queue
        chosen = Chosen(wanted.state, wanted.group, wanted.queue, wanted.server.strip(), wanted.by)
        return await show(self, *SHELL, (QUEUES, chosen))


def _standings(state: str) -> tuple[Standing, ...]:
    if state == "open":
        return OPEN
    return (Standing(state),) if state else ()


def read_queues(unit: Unit, actor: Actor, chosen: Chosen, seen: Seen) -> QueuesView:
    choice = Choice(_standings(chosen.state), GROUPS.get(chosen.group, ()), chosen.server)
    counts = queues.count_jobs(actor, unit, choice)
    is_ours = chosen.queue in ("", HARDWARE)
    by_server = queues.count_by_server(actor, unit, choice) if chosen.by == "server" and is_ours else []
    unsent = unit.scalar(select(func.count()).select_from(Outbox).where(col(Outbox.sent_at).is_(None)))
    return QueuesView(
        is_ready=True,
        counts=_counts(counts),
        jobs=_jobs(unit, actor, queues.list_jobs(actor, unit, choice)) if is_ours and not chosen.by else [],
        mine=_mine(unit, actor),
        servers=[
            ServerQueueView(server.id or 0, server.name, {word.value: found[word] for word in OPEN_OR_FAILED})
            for server, found in by_server
        ],
        calls=_calls(seen, chosen.queue),
        queues=[_queue_view(queue, seen.workers) for queue in seen.queues],
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


def _counts(counts: dict[Standing, int]) -> dict[str, int]:
    summed = {"": sum(counts.values()), "open": sum(counts[word] for word in OPEN)}
    return summed | {word.value: number for word, number in counts.items()}


def _jobs(
    unit: Unit, actor: Actor, found: Sequence[tuple[HardwareJob, Server, Company | None]]
) -> list[JobView]:
    steps = fleet.steps_of(unit, [job.id for job, _, _ in found if job.id and job.status in ACTIVE_JOB])
    looks = look_at(unit, [job for job, _, _ in found])
    return [
        rows.job_view(
            job,
            actor=actor,
            server=server,
            company=company,
            steps=steps.get(job.id or 0, ()),
            look=looks[job.id or 0],
        )
        for job, server, company in found
    ]


def _mine(unit: Unit, actor: Actor) -> list[JobView]:
    own = list_own(unit, actor)
    return _jobs(unit, actor, [(job, unit.get_one(Server, job.server_id), None) for job in own])


def _calls(seen: Seen, queue: str) -> list[CallView]:
    """What is on the chosen queue: what its workers are at, what waits, what has failed lately."""
    chosen = next((one for one in seen.queues if one.name == queue), None)
    if chosen is None:
        return []
    running = [worker.job for worker in seen.workers if worker.queue == queue and worker.job]
    return [
        *(CallView(name, "runs", _scheduled(name)) for name in running),
        *(CallView(name, "waits", _scheduled(name)) for name in chosen.calls),
        *(CallView(name, "failed", _scheduled(name)) for name in chosen.failures),
    ]


def _scheduled(call: str) -> str:
    """The scheduled task that a call of this name is for: the clock names them. Empty for any other call."""
    mark, _, rest = call.partition("-")
    return rest.rpartition("-")[0] if mark == "scheduled" else ""


def _queue_view(queue: SeenQueue, workers: Sequence[SeenWorker]) -> QueueView:
    is_late = queue.oldest_at is not None and utcnow() - queue.oldest_at > LATE_QUEUED
    return QueueView(
        queue.name,
        queue.waiting,
        queue.workers,
        running=sum(one.is_alive and one.queue == queue.name and bool(one.job) for one in workers),
        failed=queue.failed,
        late_since=iso(queue.oldest_at + LATE_QUEUED) if queue.oldest_at and is_late else "",
    )


def _worker_view(worker: SeenWorker) -> WorkerView:
    return WorkerView(
        name=worker.name,
        queue=worker.queue,
        state=worker.state if worker.is_alive else LOST,
        job=_scheduled(worker.job) or worker.job,
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
    is_personal=True,  # whose hands a job is in depends on who looks
    empty=QueuesView(),
    look=queue_watch.look,
)
