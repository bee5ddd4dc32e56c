"""How a job stands for those who watch the queues: one word each, and since when it is late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, case, func, literal, null
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.hardware import deadlines, owners
from opsportal.models import (
    ACTIVE_JOB,
    HardwareJob,
    JobKind,
    JobStatus,
    JobStep,
    Milestone,
    Server,
    StepStatus,
)
from opsportal.models.base import utcnow

LATE_QUEUED = dt.timedelta(seconds=10)
"""A healthy queue begins a job sooner."""
_AT_WORK = (JobStatus.RUNNING, JobStatus.VERIFYING)


class Standing(StrEnum):
    """Every job has exactly one: the first in this order that is true of it."""

    TAKEN = "taken"
    LATE = "late"
    WAITS = "waits"
    RUNS = "runs"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


OPEN = (Standing.TAKEN, Standing.LATE, Standing.WAITS, Standing.RUNS, Standing.UNKNOWN)
"""What has not ended, or is in somebody's hands."""
BY_STATUS = {
    JobStatus.QUEUED: Standing.WAITS,
    JobStatus.RUNNING: Standing.RUNS,
    JobStatus.VERIFYING: Standing.RUNS,
    JobStatus.WAITING: Standing.RUNS,
    JobStatus.UNKNOWN: Standing.UNKNOWN,
    JobStatus.FAILED: Standing.FAILED,
    JobStatus.SUCCEEDED: Standing.DONE,
    JobStatus.CANCELLED: Standing.CANCELLED,
    JobStatus.EXPIRED: Standing.EXPIRED,
}


def late_since() -> ColumnElement[dt.datetime | None]:
    """For queries over HardwareJob: from when on the job is late; null when nothing can make it so.

    A waiting job: no worker has begun it. A running one: its worker is silent, a step hangs, or it is past its
    deadline. A machine at work: it has not passed its next milestone in time.
    """
    status = col(HardwareJob.status)
    deadline = col(HardwareJob.deadline_at)
    return case(
        (status == JobStatus.QUEUED, col(HardwareJob.created_at) + LATE_QUEUED),
        (status.in_(_AT_WORK), func.least(deadline, _silent_since(), _hangs_since())),
        (status == JobStatus.WAITING, func.least(deadline, _milestone_late_at())),
        else_=null(),
    )


def _silent_since() -> ColumnElement[dt.datetime | None]:
    """When the lease of the worker ran out, or runs out."""
    held = (
        select(col(Server.lease_expires_at))
        .where(col(Server.id) == col(HardwareJob.server_id), col(Server.lease_job_id) == col(HardwareJob.id))
        .correlate(HardwareJob)
    )
    return func.coalesce(held.scalar_subquery(), col(HardwareJob.started_at))


def _hangs_since() -> ColumnElement[dt.datetime | None]:
    """When the step that happens now has taken as long as one may."""
    step = (
        select(func.min(col(JobStep.started_at)))
        .where(col(JobStep.job_id) == col(HardwareJob.id), col(JobStep.status) == StepStatus.RUNNING)
        .correlate(HardwareJob)
    )
    allowed = case(
        *((col(HardwareJob.kind) == kind, literal(deadlines.step_time(kind))) for kind in deadlines.EXTRA_S),
        else_=literal(deadlines.step_time(JobKind.POWER_ON)),
    )
    return step.scalar_subquery() + allowed


def _milestone_late_at() -> ColumnElement[dt.datetime | None]:
    late = (
        select(func.min(col(Milestone.late_at)))
        .where(col(Milestone.job_id) == col(HardwareJob.id), col(Milestone.reached_at).is_(None))
        .correlate(HardwareJob)
    )
    return late.scalar_subquery()


def standing() -> ColumnElement[str]:
    """For queries over HardwareJob: the word for how each job stands now."""
    status = col(HardwareJob.status)
    return case(
        (owners.has_owner(), Standing.TAKEN.value),
        (status.in_(ACTIVE_JOB) & (late_since() <= utcnow()), Standing.LATE.value),
        *((status == one, word.value) for one, word in BY_STATUS.items()),
        else_="",
    )


def late_since_of(unit: Unit, job_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """Those of these jobs that are late, and since when."""
    since = late_since()
    query = select(HardwareJob.id, since).where(
        col(HardwareJob.id).in_(job_ids), col(HardwareJob.status).in_(ACTIVE_JOB), since <= utcnow()
    )
    return {number: at for number, at in unit.exec(query) if number is not None and at is not None}
