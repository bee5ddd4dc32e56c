"""Every job that waits has a way out: the sweeps that find them, and how an unknown outcome is resolved."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.hardware.claims import expire, mark_unknown
from opsportal.models import HardwareJob, JobKind, JobStatus, JobStep, Power, Server, StepStatus
from opsportal.models.base import utcnow

MAX_ATTEMPTS = 10
FIRST_DELAY = dt.timedelta(seconds=5)
LONGEST_DELAY = dt.timedelta(seconds=60)
RESUME_WINDOW = dt.timedelta(minutes=5)
"""How long after its start a half-done reboot may still be finished by switching the server on."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the BMC's answer means for a job. `resumes`: the server must still be switched on."""

    status: JobStatus
    outcome_code: str
    resumes: bool = False


def retry_delay(attempts: int) -> dt.timedelta:
    """5, 10, 20, 40, 60, 60 … seconds."""
    return min(FIRST_DELAY * (1 << attempts), LONGEST_DELAY)


def resolve(kind: JobKind, power: Power, *, was_verified_off: bool, may_resume: bool) -> Resolution:
    """What happened, judged only by what the BMC says now and what was read back before."""
    if kind is JobKind.REBOOT:
        if power == Power.ON:
            if was_verified_off:
                return Resolution(JobStatus.SUCCEEDED, "reconciled")
            return Resolution(JobStatus.FAILED, "reboot_uncertain")
        if was_verified_off and may_resume:
            return Resolution(JobStatus.SUCCEEDED, "reconciled", resumes=True)
        return Resolution(JobStatus.FAILED, "reboot_left_off")
    goal = Power.ON if kind is JobKind.POWER_ON else Power.OFF
    if power == goal:
        return Resolution(JobStatus.SUCCEEDED, "reconciled")
    return Resolution(JobStatus.FAILED, "not_carried_out")


def was_verified_off(unit: Unit, job_id: int) -> bool:
    """Whether a reboot's first half was read back before its worker was lost."""
    step = unit.exec(
        select(JobStep).where(col(JobStep.job_id) == job_id, col(JobStep.name) == "verify_off")
    ).first()
    return step is not None and step.status == StepStatus.DONE


def may_resume(job: HardwareJob) -> bool:
    return job.started_at is not None and utcnow() - job.started_at < RESUME_WINDOW


def expire_waiting(unit: Unit) -> int:
    """Expire queued jobs whose click is too long ago. Returns how many."""
    jobs = unit.exec(
        select(HardwareJob)
        .where(col(HardwareJob.status) == JobStatus.QUEUED, col(HardwareJob.not_after) <= utcnow())
        .order_by(col(HardwareJob.id))
        .with_for_update(skip_locked=True)
    ).all()
    for job in jobs:
        expire(unit, job)
    return len(jobs)


def fence_off_dead(unit: Unit) -> int:
    """Mark as unknown every job whose worker let its lease run out. Returns how many."""
    jobs = unit.exec(
        select(HardwareJob)
        .join(Server, col(Server.id) == col(HardwareJob.server_id))
        .where(
            col(HardwareJob.status).in_((JobStatus.RUNNING, JobStatus.VERIFYING)),
            col(Server.lease_expires_at) <= utcnow(),
        )
        .order_by(col(HardwareJob.id))
        .with_for_update(skip_locked=True, of=HardwareJob)
    ).all()
    done = 0
    for job in jobs:
        server = unit.get_one(Server, job.server_id, with_for_update=True, populate_existing=True)
        if server.lease_expires_at is not None and server.lease_expires_at <= utcnow():
            mark_unknown(unit, job, server)
            done += 1
    return done


def wake_unknown(unit: Unit) -> int:
    """Ask again for every unknown job whose time has come. Returns how many."""
    jobs = unit.exec(
        select(HardwareJob)
        .join(Server, col(Server.id) == col(HardwareJob.server_id))
        .where(
            col(HardwareJob.status) == JobStatus.UNKNOWN,
            col(HardwareJob.reconcile_due_at) <= utcnow(),
            (col(Server.lease_expires_at).is_(None)) | (col(Server.lease_expires_at) <= utcnow()),
        )
        .with_for_update(skip_locked=True, of=HardwareJob)
    ).all()
    for job in jobs:
        assert job.id is not None
        job.reconcile_due_at = utcnow() + LONGEST_DELAY
        unit.enqueue("hardware", "reconcile_job", job.id)
    return len(jobs)


def list_waiting(unit: Unit, *, older_than: dt.timedelta) -> list[int]:
    """Queued jobs that should have been picked up by now: perhaps Redis lost their wake-up call."""
    return [
        job_id
        for job_id in unit.exec(
            select(HardwareJob.id).where(
                col(HardwareJob.status) == JobStatus.QUEUED,
                col(HardwareJob.created_at) < utcnow() - older_than,
            )
        )
        if job_id is not None
    ]
