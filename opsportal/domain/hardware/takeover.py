"""A person takes charge of a job that is late, unknown or failed.

From that moment on no program acts on it: a worker that held the server is fenced off, nothing is retried or
resumed, the boot service hands out no installer, and nobody else may start anything on the server. What the
machine itself is at goes on, and its reports are still believed. The first thing is to ask the machine what is
true; then the person ends the job, asks for the same again where that harms nobody, or hands it back.
"""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_job_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import owners, standing, topics
from opsportal.domain.hardware.claims import ASK_TASK
from opsportal.domain.hardware.hands import has_changed_hands
from opsportal.domain.hardware.power import RETRYABLE, request_power
from opsportal.domain.hardware.questions import QUESTION_TASK
from opsportal.domain.hardware.refusals import (
    JobNotEndable,
    JobNotTakeable,
    JobNotYours,
    JobTakenMeanwhile,
    ReasonMissing,
    TruthNotAsked,
    TruthNotTold,
)
from opsportal.domain.hardware.requests import QUEUE, TASK, end_job
from opsportal.domain.lifecycle import HARDWARE_JOB, move
from opsportal.domain.refusals import JobNotRetryable
from opsportal.models import ACTIVE_JOB, HardwareJob, JobKind, JobLog, JobOwner, JobStatus, Server
from opsportal.models.base import utcnow

BY_HAND = "ended_by_hand"
SEEN_LENGTH = 500
NO_ANSWER_AFTER = dt.timedelta(seconds=60)
"""When no worker has come to ask by then, what the person has seen must do: there may be no worker at all."""
_HELD = (JobStatus.RUNNING, JobStatus.VERIFYING)


def take_over(unit: Unit, actor: Actor, job_id: int, *, from_id: int | None = None) -> JobOwner:
    """Take a job over. `from_id`: who has it as far as the actor knows; of two at once exactly one gets it.

    Refuses a job that is neither late nor unknown nor failed, or not its server's newest, and with
    `JobTakenMeanwhile` when somebody else has it. Then nothing has changed.
    """
    job, server = _locked(unit, actor, job_id)
    assert server.id is not None
    before = owners.owner_of(unit, server.id)
    has_it = before is not None and before.job_id == job_id
    if before is not None and before.person_id not in (actor.person_id, from_id):
        raise JobTakenMeanwhile(actor=before.name)
    if has_it and before is not None and before.person_id == actor.person_id:
        return before
    if not has_it and not _may_be_taken(unit, job, server):
        raise JobNotTakeable
    quiet_at = _fence_off(unit, job, server)
    if before is not None:
        quiet_at = max(quiet_at, before.quiet_at)
        unit.delete(before)
        unit.flush()
    row = JobOwner(
        server_id=server.id, job_id=job_id, person_id=actor.person_id, name=actor.name, quiet_at=quiet_at,
        question_due_at=quiet_at,
    )  # fmt: skip
    unit.add(row)
    unit.enqueue(QUEUE, QUESTION_TASK, job_id)
    whose = before.name if before is not None else ""
    _note(
        unit,
        actor,
        job,
        server,
        "taken_from" if whose else "taken_over",
        f"taken over by {actor.name}",
        whose=whose,
    )
    return row


def _locked(unit: Unit, actor: Actor, job_id: int) -> tuple[HardwareJob, Server]:
    """Lock job and server, in this order everywhere."""
    access_job_for(actor, unit, job_id, permission=Permission.JOBS_MANAGE)
    job = unit.get_one(HardwareJob, job_id, with_for_update=True, populate_existing=True)
    server = unit.get_one(Server, job.server_id, with_for_update=True, populate_existing=True)
    return job, server


def _may_be_taken(unit: Unit, job: HardwareJob, server: Server) -> bool:
    newest = select(HardwareJob.id).where(col(HardwareJob.server_id) == server.id)
    assert job.id is not None
    if unit.exec(newest.order_by(col(HardwareJob.id).desc()).limit(1)).first() != job.id:
        return False  # what came after it has already changed the server
    if has_changed_hands(unit, job, server):
        return False
    is_late = job.id in standing.late_since_of(unit, [job.id])
    return is_late or job.status in (JobStatus.UNKNOWN, JobStatus.FAILED)


def _fence_off(unit: Unit, job: HardwareJob, server: Server) -> dt.datetime:
    """Take the server from whoever holds it for this job. Returns when the last command must have arrived.

    Every command is written down under the fence before it is sent, so there will be no further one. One
    that was written down may still be on its way: no exchange outlasts the lease.
    """
    now = utcnow()
    leased_until = server.lease_expires_at
    if job.status in ACTIVE_JOB:
        server.lease_fence += 1
        server.lease_job_id = server.lease_expires_at = None
    if job.status in _HELD:
        move(unit, HARDWARE_JOB, job, JobStatus.UNKNOWN, reason="taken over")
    job.reconcile_due_at = None
    return leased_until if leased_until is not None and leased_until > now else now


def ask_now(unit: Unit, actor: Actor, job_id: int) -> JobOwner:
    """Have the machine asked again what is true. Reads only."""
    job, _, row = _own(unit, actor, job_id)
    row.question_due_at = max(utcnow(), row.quiet_at)
    unit.enqueue(QUEUE, QUESTION_TASK, job_id)
    unit.add(JobLog(job_id=job_id, line=f"{actor.name} asks how the machine is"))
    unit.changed(*topics.of_job(job))
    return row


def hand_back(unit: Unit, actor: Actor, job_id: int) -> HardwareJob:
    """Leave the job to the workers again: what has not ended goes on by the usual rules, limits included."""
    job, server, row = _own(unit, actor, job_id)
    unit.delete(row)
    if job.status == JobStatus.QUEUED:
        unit.enqueue(QUEUE, TASK, job_id)
    elif job.status == JobStatus.UNKNOWN:
        job.reconcile_attempts, job.reconcile_due_at = 0, max(utcnow(), row.quiet_at)
        unit.enqueue(QUEUE, ASK_TASK, job_id)
    _note(unit, actor, job, server, "handed_back", f"handed back by {actor.name}")
    return job


def end_by_hand(unit: Unit, actor: Actor, job_id: int, *, is_done: bool, seen: str) -> HardwareJob:
    """End the job as done or as failed, by what the person has seen, and free its server.

    A job that has failed already stays so; what was found is kept with it. Refuses without words, with
    `TruthNotAsked` while a command may be on its way or the machine has not been asked, and with
    `TruthNotTold` as done where nobody knows and the machine has not answered.
    """
    words = seen.strip()[:SEEN_LENGTH]
    if not words:
        raise ReasonMissing
    job, server, row = _own(unit, actor, job_id)
    _require_truth(job, row)
    if job.status == JobStatus.QUEUED:
        raise JobNotEndable
    if is_done and not may_be_done(job, row):
        raise TruthNotTold
    _end(unit, actor, job, row, is_done=is_done, seen=words)
    ending = "done" if is_done and job.status == JobStatus.SUCCEEDED else "failed"
    _note(
        unit, actor, job, server, f"ended_{ending}", f"ended as {ending} by {actor.name}: {words}", seen=words
    )
    return job


def retry(unit: Unit, actor: Actor, job_id: int) -> HardwareJob:
    """End the job as failed and ask for the same goal again, which sends no command if it is reached already.

    Refuses kinds that are no such goal, and before the truth was asked: never a second command into the blue.
    """
    job, server, row = _own(unit, actor, job_id)
    if not is_retryable(job):
        raise JobNotRetryable
    _require_truth(job, row)
    _end(unit, actor, job, row, is_done=False, seen="")
    unit.flush()
    again = request_power(unit, actor, job.server_id, kind=JobKind(job.kind), retry_of_id=job_id)
    _note(unit, actor, job, server, "retried", f"asked for again by {actor.name} as #{again.id}")
    return again


def is_retryable(job: HardwareJob) -> bool:
    """Whether asking for the same again harms nobody."""
    is_under_way = job.status in (JobStatus.QUEUED, JobStatus.WAITING)
    return JobKind(job.kind) in RETRYABLE and not is_under_way


def _own(unit: Unit, actor: Actor, job_id: int) -> tuple[HardwareJob, Server, JobOwner]:
    job, server = _locked(unit, actor, job_id)
    row = owners.owner_of(unit, job.server_id)
    if row is None or row.job_id != job_id or row.person_id != actor.person_id:
        raise JobNotYours
    return job, server, row


def may_settle(job: HardwareJob, row: JobOwner) -> bool:
    """Whether the machine was asked since the job was taken over, where a command may have been sent."""
    if job.status != JobStatus.UNKNOWN:
        return utcnow() >= row.quiet_at
    waited_for_nobody = utcnow() >= row.quiet_at + NO_ANSWER_AFTER
    return row.answered_at is not None or waited_for_nobody


def may_be_done(job: HardwareJob, row: JobOwner) -> bool:
    """Whether it may be ended as done: an unknown outcome only once the machine itself has told how it is."""
    return job.status != JobStatus.UNKNOWN or row.verdict is not None


def _require_truth(job: HardwareJob, row: JobOwner) -> None:
    if not may_settle(job, row):
        raise TruthNotAsked


def _end(unit: Unit, actor: Actor, job: HardwareJob, row: JobOwner, *, is_done: bool, seen: str) -> None:
    unit.delete(row)
    unit.flush()
    job.ended_by, job.end_note = actor.name, seen or None
    if job.status not in ACTIVE_JOB:
        return
    status = JobStatus.SUCCEEDED if is_done else JobStatus.FAILED
    move(unit, HARDWARE_JOB, job, status, reason=BY_HAND, actor_id=actor.person_id)
    end_job(unit, job, outcome_code=BY_HAND)


def _note(
    unit: Unit,
    actor: Actor,
    job: HardwareJob,
    server: Server,
    what: str,
    line: str,
    *,
    whose: str = "",
    seen: str = "",
) -> None:
    """Write it to the job's log and to the audit trail, and show it. `whose`: from whom it was taken."""
    assert job.id is not None
    unit.add(JobLog(job_id=job.id, line=line))
    trail.record(
        unit, f"job:{what}", actor=actor, object_kind="server", object_id=job.server_id, object_name=server.name,
        company_id=job.company_id, job=job.id, whose=whose, seen=seen,
    )  # fmt: skip
    unit.changed(*topics.of_job(job), topics.job(job.id))
