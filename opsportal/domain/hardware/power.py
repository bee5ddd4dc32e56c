"""Asking for power: what a click writes. No machine is touched here."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_job_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import cut_off, owners
from opsportal.domain.hardware.refusals import BlockedByStaff
from opsportal.domain.hardware.requests import end_job, request_job
from opsportal.domain.lifecycle import HARDWARE_JOB, move
from opsportal.domain.refusals import JobNotCancellable, JobNotRetryable
from opsportal.models import HardwareJob, JobKind, JobStatus, Server

STEPS: dict[JobKind, tuple[str, ...]] = {
    JobKind.POWER_ON: ("read", "switch_on", "verify_on"),
    JobKind.POWER_OFF: ("read", "switch_off", "verify_off"),
    JobKind.REBOOT: ("read", "switch_off", "verify_off", "switch_on", "verify_on"),
    JobKind.SHUTDOWN: ("ask_off", "wait_off", "read", "switch_off", "verify_off"),
}
RETRYABLE = frozenset(STEPS)
"""Kinds that may be asked for again by one click: goals, which harm nobody when they are reached already."""


def request_power(
    unit: Unit, actor: Actor, server_id: int, *, kind: JobKind, retry_of_id: int | None = None
) -> HardwareJob:
    """Write a job for a power goal; see `requests.request_job` for who gets in."""
    return request_job(
        unit,
        actor,
        server_id,
        kind=kind,
        permission=Permission.SERVER_POWER,
        steps=STEPS[kind],
        retry_of_id=retry_of_id,
    )


def cancel_job(unit: Unit, actor: Actor, job_id: int) -> HardwareJob:
    """Take back a job that no worker has begun. A client may cancel the own company's, staff any.

    Not what staff, or the plan, has ordered against the client: a block would otherwise be lifted before it is there.
    """
    access_job_for(actor, unit, job_id, permission=Permission.SERVER_POWER)
    job = unit.get_one(HardwareJob, job_id, with_for_update=True, populate_existing=True)
    if job.status != JobStatus.QUEUED:
        raise JobNotCancellable
    owners.require_free(unit, actor, unit.get_one(Server, job.server_id))
    blocking = cut_off.block_of(unit, job_id)
    if blocking is not None and blocking.is_by_staff and not actor.is_staff:
        raise BlockedByStaff(reason=blocking.reason)
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
    is_ended = job.status in (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED)
    if not is_ended or JobKind(job.kind) not in RETRYABLE:
        raise JobNotRetryable
    return request_power(unit, actor, job.server_id, kind=JobKind(job.kind), retry_of_id=job.id)
