"""Every job that waits has a way out: the sweeps that find them, and how an unknown outcome is resolved.

What a person has taken over is left to that person by all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.hardware import letters, owners
from opsportal.domain.hardware.claims import ASK_TASK, begin_again, end_waiting, expire, mark_unknown
from opsportal.domain.hardware.questions import QUESTION_TASK
from opsportal.domain.hardware.requests import QUEUE, TASK, end_job
from opsportal.domain.hardware.resolutions import Asked, Resolution
from opsportal.domain.lifecycle import HARDWARE_JOB, move
from opsportal.domain.provisioning import progress as installing
from opsportal.models import (
    HardwareJob,
    Installation,
    JobKind,
    JobOwner,
    JobStatus,
    JobStep,
    Outbox,
    Power,
    Server,
    StepStatus,
)
from opsportal.models.base import utcnow

MAX_ATTEMPTS = 10
FIRST_DELAY = dt.timedelta(seconds=5)
LONGEST_DELAY = dt.timedelta(seconds=60)
RESUME_WINDOW = dt.timedelta(minutes=5)
"""How long after its start a half-done reboot may still be finished by switching the server on."""


def retry_delay(attempts: int) -> dt.timedelta:
    """5, 10, 20, 40, 60, 60 … seconds."""
    return min(FIRST_DELAY * (1 << attempts), LONGEST_DELAY)


def resolve(kind: JobKind, power: Power, *, was_verified_off: bool, may_resume: bool) -> Resolution:
    """What happened to power, judged only by what the BMC says now and what was read back before."""
    if kind in (JobKind.REBOOT, JobKind.BOOT_DISK):
        if power == Power.ON:
            if was_verified_off:
                return Resolution(JobStatus.SUCCEEDED, "reconciled")
            return Resolution(JobStatus.FAILED, "reboot_uncertain")
        if may_resume:
            return Resolution(JobStatus.SUCCEEDED, "reconciled", resumes=True)
        return Resolution(JobStatus.FAILED, "reboot_left_off")
    goal = Power.ON if kind is JobKind.POWER_ON else Power.OFF
    if power == goal:
        return Resolution(JobStatus.SUCCEEDED, "reconciled")
    return Resolution(JobStatus.FAILED, "not_carried_out")


def _by_power(unit: Unit, asked: Asked) -> Resolution:
    return resolve(
        JobKind(asked.job.kind),
        asked.power,
        was_verified_off=asked.was_verified_off,
        may_resume=asked.may_resume,
    )


def _by_shutdown(unit: Unit, asked: Asked) -> Resolution:
    """Off is off, by itself or not. A server still on was asked already: it loses its power, if that is recent."""
    if asked.power == Power.OFF:
        return Resolution(JobStatus.SUCCEEDED, "reconciled")
    if asked.may_resume:
        return Resolution(JobStatus.SUCCEEDED, "reconciled", resumes=True)
    return Resolution(JobStatus.FAILED, "not_carried_out")


def _interrupted(unit: Unit, asked: Asked) -> Resolution:
    """Of a kind without a rule of its own it is only known that it did not come to its end."""
    return Resolution(JobStatus.FAILED, f"{asked.job.kind}_interrupted")


RULES: dict[JobKind, Callable[[Unit, Asked], Resolution]] = {
    JobKind.POWER_ON: _by_power,
    JobKind.POWER_OFF: _by_power,
    JobKind.REBOOT: _by_power,
    JobKind.SHUTDOWN: _by_shutdown,
    JobKind.BOOT_DISK: _by_power,
    JobKind.REINSTALL: installing.judge,
    JobKind.RESCUE: installing.judge,
    JobKind.MEMORY_TEST: installing.judge,
    JobKind.WIPE: installing.judge,
    JobKind.LOAD_TEST: installing.judge,
}
"""How the outcome of each kind is judged once the BMC has said whether the server is on.

A resolution that `resumes` lets the worker that asked carry the job on first (`workers/hardware`)."""


def judge(unit: Unit, job_id: int, power: Power) -> Resolution:
    """What the BMC's answer means for one job."""
    job = unit.get_one(HardwareJob, job_id)
    asked = Asked(job, power, was_verified_off(unit, job_id), may_resume(job))
    return RULES.get(JobKind(job.kind), _interrupted)(unit, asked)


def _machine_silent(unit: Unit, job: HardwareJob) -> None:
    end_waiting(unit, job, JobStatus.FAILED, outcome_code="machine_silent")


OVERDUE: dict[JobKind, Callable[[Unit, HardwareJob], None]] = {
    JobKind.REINSTALL: installing.overdue,
    JobKind.RESCUE: installing.overdue,
    JobKind.MEMORY_TEST: installing.overdue,
    JobKind.WIPE: installing.overdue,
    JobKind.LOAD_TEST: installing.overdue,
}
"""What happens to a waiting job whose deadline has passed; unless listed it fails as `machine_silent`."""


def end_overdue(unit: Unit) -> int:
    """Deal with every waiting job whose machine did not report in time. Returns how many."""
    jobs = _due(unit, JobStatus.WAITING, col(HardwareJob.deadline_at))
    for job in jobs:
        OVERDUE.get(JobKind(job.kind), _machine_silent)(unit, job)
    return len(jobs)


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
    jobs = _due(unit, JobStatus.QUEUED, col(HardwareJob.not_after))
    for job in jobs:
        expire(unit, job)
    return len(jobs)


def _due(unit: Unit, status: JobStatus, until: Any) -> list[HardwareJob]:
    """Jobs in a status whose time is over, locked; none that a person has in hands or that another works on."""
    jobs = unit.exec(
        select(HardwareJob)
        .where(col(HardwareJob.status) == status, until <= utcnow())
        .where(~owners.has_owner())
        .order_by(col(HardwareJob.id))
        .with_for_update(skip_locked=True)
    ).all()
    return [job for job in jobs if not owners.is_owned(unit, job)]


def fence_off_dead(unit: Unit) -> int:
    """Take every job from a worker that let its lease run out or does not come to an end. Returns how many.

    A job for which no command was written down yet may begin again; any other is unknown.
    """
    jobs = unit.exec(
        select(HardwareJob)
        .join(Server, col(Server.id) == col(HardwareJob.server_id))
        .where(
            col(HardwareJob.status).in_((JobStatus.RUNNING, JobStatus.VERIFYING)),
            col(Server.lease_expires_at).is_(None)
            | (col(Server.lease_expires_at) <= utcnow())
            | col(Server.lease_job_id).is_distinct_from(col(HardwareJob.id))
            | (col(HardwareJob.deadline_at) <= utcnow()),
        )
        .order_by(col(HardwareJob.id))
        .with_for_update(skip_locked=True, of=HardwareJob)
    ).all()
    done = 0
    for job in jobs:
        server = unit.get_one(Server, job.server_id, with_for_update=True, populate_existing=True)
        if _is_held(job, server):
            continue
        if job.commands_sent:
            mark_unknown(unit, job, server)
        else:
            begin_again(unit, job, server)
        done += 1
    return done


def _is_held(job: HardwareJob, server: Server) -> bool:
    """Whether a worker holds the server for this job, in time."""
    now = utcnow()
    is_leased = server.lease_expires_at is not None and server.lease_expires_at > now
    is_in_time = job.deadline_at is not None and job.deadline_at > now
    return is_leased and is_in_time and server.lease_job_id == job.id


def wake_unknown(unit: Unit) -> int:
    """Ask again for every unknown job whose time has come. Returns how many."""
    jobs = unit.exec(
        select(HardwareJob)
        .where(col(HardwareJob.status) == JobStatus.UNKNOWN, col(HardwareJob.reconcile_due_at) <= utcnow())
        .where(~owners.has_owner())
        .order_by(col(HardwareJob.id))
        .with_for_update(skip_locked=True, of=HardwareJob)
    ).all()
    woken = 0
    for job in jobs:
        assert job.id is not None
        server = unit.get_one(Server, job.server_id, with_for_update=True, populate_existing=True)
        if server.lease_expires_at is not None and server.lease_expires_at > utcnow():
            continue  # somebody is asking
        if owners.is_owned(unit, job):
            continue
        if job.reconcile_attempts >= MAX_ATTEMPTS:
            move(unit, HARDWARE_JOB, job, JobStatus.FAILED, reason="never_answered")
            end_job(unit, job, outcome_code="never_answered")
            if unit.get(Installation, job.id) is None:  # of a network boot the desk is told whenever it fails
                letters.tell_of_silence(unit, job, server)
            server.lease_fence += 1
            server.lease_job_id = server.lease_expires_at = None
        elif not _has_call(unit, ASK_TASK, job.id, job.reconcile_due_at):
            unit.enqueue(QUEUE, ASK_TASK, job.id)
            woken += 1
    return woken


def _has_call(unit: Unit, task: str, job_id: int, due_at: dt.datetime | None) -> bool:
    """Whether a wake-up call was written for this attempt. Lost ones are replaced by `list_waiting`."""
    calls = select(Outbox.id).where(
        col(Outbox.task) == task, col(Outbox.ref) == job_id, col(Outbox.created_at) >= due_at
    )
    return unit.exec(calls.limit(1)).first() is not None


def wake_questions(unit: Unit) -> int:
    """Have every question asked whose time has come: those of people who have taken a job over. Returns how many."""
    due = unit.exec(select(JobOwner).where(col(JobOwner.question_due_at) <= utcnow())).all()
    woken = [one for one in due if not _has_call(unit, QUESTION_TASK, one.job_id, one.question_due_at)]
    for one in woken:
        unit.enqueue(QUEUE, QUESTION_TASK, one.job_id)
    return len(woken)


def list_waiting(unit: Unit, *, older_than: dt.timedelta) -> list[tuple[str, int]]:
    """Task and id of the jobs that should have been picked up by now: perhaps Redis lost their call."""
    before = utcnow() - older_than
    queued = select(HardwareJob.id).where(
        col(HardwareJob.status) == JobStatus.QUEUED,
        col(HardwareJob.created_at) < before,
        ~owners.has_owner(),
    )
    unknown = (
        select(HardwareJob.id)
        .join(Server, col(Server.id) == col(HardwareJob.server_id))
        .where(
            col(HardwareJob.status) == JobStatus.UNKNOWN,
            col(HardwareJob.reconcile_due_at) < before,
            ~owners.has_owner(),
            col(Server.lease_expires_at).is_(None) | (col(Server.lease_expires_at) <= utcnow()),
        )
    )
    questions = select(JobOwner.job_id).where(col(JobOwner.question_due_at) < before)
    wanted = ((TASK, queued), (ASK_TASK, unknown), (QUESTION_TASK, questions))
    found = [(task, job_id) for task, query in wanted for job_id in unit.exec(query)]
    return [(task, job_id) for task, job_id in found if job_id is not None]
