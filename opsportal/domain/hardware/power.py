"""Asking for power: what a click writes. No machine is touched here."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_job_for, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import topics
from opsportal.domain.lifecycle import HARDWARE_JOB, move
from opsportal.domain.refusals import (
    JobNotCancellable,
    JobNotRetryable,
    ServerBusy,
    ServerWithoutBmc,
    ServiceNotActive,
)
from opsportal.models import (
    ACTIVE_JOB,
    Bmc,
    HardwareJob,
    JobKind,
    JobStatus,
    JobStep,
    Server,
    Service,
    ServiceStatus,
    StepStatus,
)
from opsportal.models.base import utcnow
from opsportal.settings import settings

QUEUE = "hardware"
TASK = "hardware_job"
STEPS: dict[JobKind, tuple[str, ...]] = {
    JobKind.POWER_ON: ("read", "switch_on", "verify_on"),
    JobKind.POWER_OFF: ("read", "switch_off", "verify_off"),
    JobKind.REBOOT: ("read", "switch_off", "verify_off", "switch_on", "verify_on"),
}


def request_power(
    unit: Unit, actor: Actor, server_id: int, *, kind: JobKind, retry_of_id: int | None = None
) -> HardwareJob:
    """Write the job, its steps and its wake-up call; a worker does the rest.

    Refuses with `ServerBusy` when any job on this server has not ended: of two people who click
    at once exactly one gets in, because the database allows one active job per server.
    """
    server, service = access_server_for(actor, unit, server_id, permission=Permission.SERVER_POWER)
    _check_switchable(unit, actor, server, service)
    job = HardwareJob(
        server_id=server_id,
        company_id=service.company_id if service else None,
        kind=kind,
        actor_id=actor.person_id,
        actor_name=actor.name,
        not_after=utcnow() + dt.timedelta(seconds=settings().power_patience_s),
        retry_of_id=retry_of_id,
    )
    try:
        with unit.begin_nested():
            unit.add(job)
    except IntegrityError:
        raise _busy(unit, server) from None
    assert job.id is not None
    for position, name in enumerate(STEPS[kind]):
        unit.add(JobStep(job_id=job.id, position=position, name=name))
    unit.enqueue(QUEUE, TASK, job.id)
    trail.record(
        unit, f"server:{kind}_requested", actor=actor, object_kind="server", object_id=server_id,
        object_name=server.name, company_id=job.company_id, job=job.id,
    )  # fmt: skip
    unit.changed(*topics.of_job(job))
    return job


def _check_switchable(unit: Unit, actor: Actor, server: Server, service: Service | None) -> None:
    if unit.get(Bmc, server.id) is None:
        raise ServerWithoutBmc
    if not actor.is_staff and (service is None or service.status != ServiceStatus.ACTIVE):
        raise ServiceNotActive


def _busy(unit: Unit, server: Server) -> ServerBusy:
    holder = unit.exec(
        select(HardwareJob).where(
            col(HardwareJob.server_id) == server.id, col(HardwareJob.status).in_(ACTIVE_JOB)
        )
    ).first()
    return ServerBusy(actor=holder.actor_name if holder else "?", server=server.name)


def cancel_job(unit: Unit, actor: Actor, job_id: int) -> HardwareJob:
    """Take back a job that no worker has begun. A client may cancel the own company's, staff any."""
    access_job_for(actor, unit, job_id, permission=Permission.SERVER_POWER)
    job = unit.get_one(HardwareJob, job_id, with_for_update=True, populate_existing=True)
    if job.status != JobStatus.QUEUED:
        raise JobNotCancellable
    move(unit, HARDWARE_JOB, job, JobStatus.CANCELLED, actor_id=actor.person_id)
    end_job(unit, job, outcome_code="cancelled")
    trail.record(
        unit, "job:cancelled", actor=actor, object_kind="server", object_id=job.server_id,
        company_id=job.company_id, job=job.id,
    )  # fmt: skip
    return job


def retry_job(unit: Unit, actor: Actor, job_id: int) -> HardwareJob:
    """Ask for the same goal again. Safe because a goal that is reached already sends no command."""
    job = access_job_for(actor, unit, job_id, permission=Permission.SERVER_POWER)
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED):
        raise JobNotRetryable
    return request_power(unit, actor, job.server_id, kind=JobKind(job.kind), retry_of_id=job.id)


def end_job(unit: Unit, job: HardwareJob, *, outcome_code: str) -> None:
    """Close the books of a job that has just reached a final status."""
    job.finished_at = utcnow()
    job.outcome_code = outcome_code
    for step in unit.exec(select(JobStep).where(col(JobStep.job_id) == job.id)):
        if step.status == StepStatus.WAITING:
            step.status = StepStatus.SKIPPED
        elif step.status == StepStatus.RUNNING:
            step.finished_at = job.finished_at
            step.status = StepStatus.DONE if job.status == JobStatus.SUCCEEDED else StepStatus.FAILED
    unit.changed(*topics.of_job(job))
