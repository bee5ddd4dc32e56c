"""Asking for anything to be done to a server: what a click writes. No machine is touched here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import cut_off, owners, topics
from opsportal.domain.provisioning.closing import close_installation
from opsportal.domain.refusals import Refusal, ServerBusy, ServerWithoutBmc, ServiceNotActive
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


def request_job(
    unit: Unit,
    actor: Actor,
    server_id: int,
    *,
    kind: JobKind,
    permission: Permission,
    steps: Sequence[str],
    patience_s: int | None = None,
    retry_of_id: int | None = None,
    needs_bmc: bool = True,
) -> HardwareJob:
    """Write the job, its steps and its wake-up call; a worker does the rest.

    `patience_s`: for how long the click may wait for a worker before it has lost its meaning.
    `needs_bmc`: False for what only a switch is asked to do.
    Refuses with `ServerBusy` when any job on this server has not ended: of two people who click
    at once exactly one gets in, because the database allows one active job per server. And with
    `ServerTakenOver` while somebody else has a job of this server in hands.
    """
    server, service = access_server_for(actor, unit, server_id, permission=permission)
    _check_usable(unit, actor, server, service, needs_bmc=needs_bmc)
    patience = dt.timedelta(seconds=patience_s or settings().power_patience_s)
    job = HardwareJob(
        server_id=server_id,
        company_id=service.company_id if service else None,
        kind=kind,
        actor_id=actor.person_id,
        actor_name=actor.name,
        not_after=utcnow() + patience,
        retry_of_id=retry_of_id,
    )
    try:
        with unit.begin_nested():
            unit.add(job)
            unit.flush()
            owners.require_free(unit, actor, server)
    except IntegrityError:
        raise _busy(unit, actor, server) from None
    assert job.id is not None
    for position, name in enumerate(steps):
        unit.add(JobStep(job_id=job.id, position=position, name=name))
    unit.enqueue(QUEUE, TASK, job.id)
    trail.record(
        unit, f"server:{kind}_requested", actor=actor, object_kind="server", object_id=server_id,
        object_name=server.name, company_id=job.company_id, job=job.id,
    )  # fmt: skip
    unit.changed(*topics.of_job(job))
    return job


def find_obstacle(unit: Unit, actor: Actor, server_id: int) -> Refusal | None:
    """Why nothing can be asked of this server now, for a page to say it before somebody tries."""
    server, service = access_server_for(actor, unit, server_id)
    try:
        _check_usable(unit, actor, server, service)
    except (ServerWithoutBmc, ServiceNotActive) as refusal:
        return refusal
    if taken := owners.obstacle(unit, actor, server):
        return taken
    holder = _find_holder(unit, server)
    return _locked_by(unit, server, holder) if holder else None


def _check_usable(
    unit: Unit, actor: Actor, server: Server, service: Service | None, *, needs_bmc: bool = True
) -> None:
    if needs_bmc and unit.get(Bmc, server.id) is None:
        raise ServerWithoutBmc
    if not actor.is_staff and (service is None or service.status != ServiceStatus.ACTIVE):
        raise ServiceNotActive


def _busy(unit: Unit, actor: Actor, server: Server) -> ServerBusy:
    if taken := owners.obstacle(unit, actor, server):
        return taken
    holder = _find_holder(unit, server)
    return _locked_by(unit, server, holder)


def _locked_by(unit: Unit, server: Server, holder: HardwareJob | None) -> ServerBusy:
    """Which job it is and how far it has come; dashes for one that has ended since."""
    if holder is None:
        return ServerBusy(server=server.name, actor="–", job="–", step="–", steps="–")
    query = select(JobStep.status).where(col(JobStep.job_id) == holder.id)
    states = unit.exec(query.order_by(col(JobStep.position))).all()
    begun = sum(state != StepStatus.WAITING for state in states)
    return ServerBusy(
        server=server.name, actor=holder.actor_name, job=holder.id or 0, step=max(1, begun), steps=len(states)
    )


def _find_holder(unit: Unit, server: Server) -> HardwareJob | None:
    return unit.exec(
        select(HardwareJob).where(
            col(HardwareJob.server_id) == server.id, col(HardwareJob.status).in_(ACTIVE_JOB)
        )
    ).first()


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
    close_installation(unit, job, outcome_code=outcome_code)
    cut_off.note_end(unit, job)
    owners.let_go(unit, job)
    unit.changed(*topics.of_job(job))
