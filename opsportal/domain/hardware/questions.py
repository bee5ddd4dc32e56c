"""Asking a machine how it is on behalf of the person who has taken its job over. Nothing follows by itself."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.hardware import claims, owners, topics
from opsportal.domain.hardware.claims import Claim
from opsportal.domain.hardware.resolutions import Resolution
from opsportal.models import HardwareJob, JobLog, JobStatus, Server
from opsportal.models.base import utcnow

QUESTION_TASK = "job_question"
ANSWERED, UNFINISHED, AT_WORK = "answered", "left_unfinished", "machine_at_work"


def claim_question(unit: Unit, job_id: int, *, worker: str) -> tuple[Claim, JobStatus] | None:
    """Hold the server to ask. None when nobody has the job, nothing is asked, it is too soon or somebody is at it."""
    job = unit.get(HardwareJob, job_id, with_for_update=True)
    if job is None:
        return None
    server = unit.get_one(Server, job.server_id, with_for_update=True, populate_existing=True)
    row = owners.owner_of(unit, job.server_id)
    if row is None or row.job_id != job_id or row.question_due_at is None or row.question_due_at > utcnow():
        return None
    if server.lease_expires_at is not None and server.lease_expires_at > utcnow():
        return None
    unit.add(JobLog(job_id=job_id, line=f"{worker} asks for {row.name}"))
    return claims.take_lease(unit, server, job), JobStatus(job.status)


def answer(unit: Unit, held: Claim, told: str, *, verdict: str = "", line: str) -> None:
    """Keep what was told and give the server back. Raises `LeaseLost` when it was taken over once more."""
    job, server = claims.prove(unit, held)
    claims.release(server)
    row = owners.owner_of(unit, held.server_id)
    if row is not None and row.job_id == held.job_id:
        row.answered_at, row.question_due_at = utcnow(), None
        row.answer, row.verdict = told, verdict or None
    unit.add(JobLog(job_id=held.job_id, line=line))
    unit.changed(*topics.of_job(job))


def verdict_of(resolution: Resolution) -> str:
    """What would follow from an answer, as an outcome."""
    if resolution.resumes:
        return UNFINISHED
    return AT_WORK if resolution.status is JobStatus.WAITING else resolution.outcome_code
