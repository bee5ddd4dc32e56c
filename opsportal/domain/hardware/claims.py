"""A worker's right to touch a server: the lease, its fence, and what may be written under it.

Who may hold it: exactly one job at a time, from `claim` until it ends or `lease_expires_at` passes.
Why a fence: a worker that was frozen and wakes up believes it still holds the lease. Each claim
raises `lease_fence`; every write and, right before it, every command is conditional on the
worker's own fence still being the row's. A stale worker therefore changes nothing and stops.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.hardware import deadlines, owners, topics
from opsportal.domain.hardware.hands import ChangedHands, has_changed_hands
from opsportal.domain.hardware.requests import QUEUE, TASK, end_job
from opsportal.domain.lifecycle import HARDWARE_JOB, move
from opsportal.models import HardwareJob, JobKind, JobLog, JobStatus, JobStep, Power, Server, StepStatus
from opsportal.models.base import utcnow
from opsportal.settings import settings

CHANGED_HANDS = "changed_hands"
ASK_TASK = "reconcile_job"


class LeaseLost(Exception):
    """Another worker or the reconciler has taken this server over. Stop; write nothing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The proof that a worker holds a server for one job."""

    job_id: int
    server_id: int
    fence: int
    kind: JobKind


def lease_end() -> dt.datetime:
    """Until when a lease that is taken or renewed now holds."""
    return utcnow() + dt.timedelta(seconds=settings().lease_s)


def take_lease(unit: Unit, server: Server, job: HardwareJob) -> Claim:
    """Hold the server for a job under a new fence. The caller has locked both and seen that nobody holds it."""
    assert job.id is not None
    assert server.id is not None
    server.lease_fence += 1
    server.lease_job_id = job.id
    server.lease_expires_at = lease_end()
    job.fence = server.lease_fence
    return Claim(job.id, server.id, job.fence, JobKind(job.kind))


def claim(unit: Unit, job_id: int, *, worker: str) -> Claim | None:
    """Begin a queued job. None when it was claimed, cancelled, taken over or has expired in the meantime."""
    job = unit.get(HardwareJob, job_id, with_for_update=True)
    if job is None or job.status != JobStatus.QUEUED or owners.is_owned(unit, job):
        return None
    if job.not_after <= utcnow():
        expire(unit, job)
        return None
    server = unit.get_one(Server, job.server_id, with_for_update=True, populate_existing=True)
    if has_changed_hands(unit, job, server):
        move(unit, HARDWARE_JOB, job, JobStatus.CANCELLED, reason=CHANGED_HANDS)
        end_job(unit, job, outcome_code=CHANGED_HANDS)
        return None
    claimed = take_lease(unit, server, job)
    move(unit, HARDWARE_JOB, job, JobStatus.RUNNING, reason=worker)
    job.started_at, job.worker = utcnow(), worker
    # A worker that goes on for longer is fenced off, lease or not.
    job.deadline_at = job.started_at + deadlines.work_time(claimed.kind)
    unit.add(JobLog(job_id=job_id, line=f"claimed by {worker}, fence {claimed.fence}"))
    unit.changed(*topics.of_job(job))
    return claimed


def expire(unit: Unit, job: HardwareJob) -> None:
    """End a queued job whose click is too long ago. The machine was not touched."""
    move(unit, HARDWARE_JOB, job, JobStatus.EXPIRED, reason="waited too long")
    end_job(unit, job, outcome_code="waited_too_long")


def claim_unknown(unit: Unit, job_id: int, *, worker: str) -> Claim | None:
    """Hold a job whose outcome nobody knows, to ask the BMC. None when it is resolved, held or a person's."""
    job = unit.get(HardwareJob, job_id, with_for_update=True)
    if job is None or job.status != JobStatus.UNKNOWN or owners.is_owned(unit, job):
        return None
    if job.reconcile_due_at is not None and job.reconcile_due_at > utcnow():
        return None  # a second wake-up call for an attempt that has been made
    server = unit.get_one(Server, job.server_id, with_for_update=True)
    if server.lease_expires_at is not None and server.lease_expires_at > utcnow():
        return None
    # Counted here and not at its end, so that attempts which kill their worker come to an end as well.
    job.reconcile_attempts += 1
    unit.add(JobLog(job_id=job_id, line=f"{worker} asks the BMC what really happened"))
    return take_lease(unit, server, job)


def prove(unit: Unit, held: Claim) -> tuple[HardwareJob, Server]:
    """Lock job and server, in this order everywhere, and prove that the claim still holds."""
    job = unit.get_one(HardwareJob, held.job_id, with_for_update=True, populate_existing=True)
    server = unit.get_one(Server, held.server_id, with_for_update=True, populate_existing=True)
    if server.lease_fence != held.fence or server.lease_job_id != held.job_id:
        raise LeaseLost
    if server.lease_expires_at is None or server.lease_expires_at <= utcnow():
        raise LeaseLost
    return job, server


def renew(unit: Unit, held: Claim) -> None:
    """Prolong the lease. Raises `LeaseLost` when it is no longer this worker's."""
    _, server = prove(unit, held)
    server.lease_expires_at = lease_end()


def announce_command(unit: Unit, held: Claim, *, command: str, step: str | None = None) -> None:
    """Write down that a command is about to be sent, and prove the right to send it. `step`: begins with it.

    Commit this before the packet leaves: if the worker dies in between, the outcome is `unknown`
    and the BMC will be asked, never guessed. Raises `ChangedHands` when the server is somebody else's.
    """
    job, server = prove(unit, held)
    if has_changed_hands(unit, job, server):
        raise ChangedHands
    if step is not None:
        _begin(unit, job, step)
    if job.status == JobStatus.RUNNING:
        move(unit, HARDWARE_JOB, job, JobStatus.VERIFYING, reason=command)
    job.commands_sent += 1
    server.lease_expires_at = lease_end()
    unit.add(JobLog(job_id=held.job_id, line=f"sending: {command}"))
    unit.changed(*topics.of_job(job))


def begin_step(unit: Unit, held: Claim, name: str) -> None:
    """Mark a step as the one happening now, closing the one before it.

    Going back, because a command had no effect and is sent again, reopens the later step: only
    `phase_done` may say that something was verified.
    """
    job, server = prove(unit, held)
    server.lease_expires_at = lease_end()
    _begin(unit, job, name)


def _begin(unit: Unit, job: HardwareJob, name: str) -> None:
    assert job.id is not None
    steps = list_steps(unit, job.id)
    position = next(step.position for step in steps if step.name == name)
    for step in steps:
        if step.status == StepStatus.RUNNING and step.position < position:
            step.status, step.finished_at = StepStatus.DONE, utcnow()
        elif step.status == StepStatus.RUNNING and step.position > position:
            step.status, step.started_at = StepStatus.WAITING, None
        elif step.name == name and step.status == StepStatus.WAITING:
            step.status, step.started_at = StepStatus.RUNNING, utcnow()
    unit.changed(*topics.of_job(job))


def begin_round(unit: Unit, held: Claim, *, line: str) -> None:
    """A job that does the same several times takes its steps once more; `line` says which time it is."""
    job, server = prove(unit, held)
    server.lease_expires_at = lease_end()
    for step in list_steps(unit, held.job_id):
        step.status, step.note_code = StepStatus.WAITING, None
        step.started_at = step.finished_at = None
    unit.add(JobLog(job_id=held.job_id, line=line))
    unit.changed(*topics.of_job(job))


def skip_step(unit: Unit, held: Claim, name: str, *, note_code: str) -> None:
    """Mark a step as not needed, and why."""
    job, _ = prove(unit, held)
    for step in list_steps(unit, held.job_id):
        if step.name == name and step.status in (StepStatus.WAITING, StepStatus.RUNNING):
            step.status, step.note_code, step.finished_at = StepStatus.SKIPPED, note_code, utcnow()
    unit.changed(*topics.of_job(job))


def list_steps(unit: Unit, job_id: int) -> list[JobStep]:
    """The steps of a job in their order."""
    return list(
        unit.exec(select(JobStep).where(col(JobStep.job_id) == job_id).order_by(col(JobStep.position)))
    )


def record_power(unit: Unit, server: Server, power: Power, *, company_id: int | None) -> None:
    """Keep what a BMC has just said. Announces only a change that a page would show."""
    changed = server.power != power or server.bmc_error_code is not None
    server.power, server.power_verified_at = power, utcnow()
    server.bmc_error_code = server.bmc_failed_at = None
    assert server.id is not None
    unit.changed(topics.server(server.id))
    if changed:
        unit.changed(topics.FLEET, *((topics.company_servers(company_id),) if company_id else ()))


def phase_done(
    unit: Unit, held: Claim, power: Power, *, goes_on: bool = False, ends_job: bool = False
) -> None:
    """A goal was read back: keep the state, and let a job that `goes_on` to a further one run.

    `ends_job`: it was all that was asked for, so the job has succeeded.
    """
    job, server = prove(unit, held)
    record_power(unit, server, power, company_id=job.company_id)
    for step in list_steps(unit, held.job_id):
        if step.status == StepStatus.RUNNING:
            step.status, step.finished_at = StepStatus.DONE, utcnow()
    if job.status == JobStatus.VERIFYING and goes_on:
        move(unit, HARDWARE_JOB, job, JobStatus.RUNNING, reason=f"verified {power}")
    unit.add(JobLog(job_id=held.job_id, line=f"read back: {power}"))
    unit.changed(*topics.of_job(job))
    if ends_job:
        _end(unit, job, server, JobStatus.SUCCEEDED, outcome_code="verified")


def command_done(unit: Unit, held: Claim, *, line: str) -> None:
    """A command other than power is known to have had its effect: the job runs on."""
    job, _ = prove(unit, held)
    if job.status == JobStatus.VERIFYING:
        move(unit, HARDWARE_JOB, job, JobStatus.RUNNING, reason=line)
    unit.add(JobLog(job_id=held.job_id, line=line))
    unit.changed(*topics.of_job(job))


def note_step(unit: Unit, held: Claim, name: str, *, note_code: str, status: StepStatus) -> None:
    """End a step as done or failed, and keep why."""
    job, _ = prove(unit, held)
    for step in list_steps(unit, held.job_id):
        if step.name == name and step.status == StepStatus.RUNNING:
            step.status, step.note_code, step.finished_at = status, note_code or None, utcnow()
    unit.changed(*topics.of_job(job))


def write_line(unit: Unit, held: Claim, line: str) -> None:
    """A line for the job's log. Raises `LeaseLost` when the server is no longer this worker's."""
    prove(unit, held)
    unit.add(JobLog(job_id=held.job_id, line=line))


def wait_for_machine(unit: Unit, held: Claim, until: dt.datetime) -> None:
    """Leave the server to itself, e.g. to an installer: no worker is held, the server stays busy.

    The lease is given back and its fence raised, so that the worker can do nothing more. The job's
    deadline is the way out if the machine says nothing.
    """
    job, server = prove(unit, held)
    move(unit, HARDWARE_JOB, job, JobStatus.WAITING, reason="the machine is at work")
    job.deadline_at = until
    server.lease_fence += 1
    release(server)
    unit.changed(*topics.of_job(job))


def end_waiting(
    unit: Unit, job: HardwareJob, status: JobStatus, *, outcome_code: str, line: str = ""
) -> None:
    """End a job whose machine has reported, or has not in time. The caller holds the job's row lock."""
    move(unit, HARDWARE_JOB, job, status, reason=outcome_code)
    assert job.id is not None
    if line:
        unit.add(JobLog(job_id=job.id, line=line))
    end_job(unit, job, outcome_code=outcome_code)


def finish(unit: Unit, held: Claim, status: JobStatus, *, outcome_code: str, line: str = "") -> None:
    """End the job and give the lease back."""
    job, server = prove(unit, held)
    if line:
        unit.add(JobLog(job_id=held.job_id, line=line))
    _end(unit, job, server, status, outcome_code=outcome_code)


def _end(unit: Unit, job: HardwareJob, server: Server, status: JobStatus, *, outcome_code: str) -> None:
    move(unit, HARDWARE_JOB, job, status, reason=outcome_code)
    end_job(unit, job, outcome_code=outcome_code)
    release(server)


def leave_unknown(unit: Unit, held: Claim, *, line: str) -> None:
    """The command may or may not have worked: hand the job to the reconciler."""
    job, server = prove(unit, held)
    unit.add(JobLog(job_id=held.job_id, line=line))
    mark_unknown(unit, job, server)


def begin_again(unit: Unit, job: HardwareJob, server: Server) -> None:
    """Fence off a worker that was lost before it sent anything, and let another one begin.

    Safe because every command is written down before it is sent: none written, none sent, and the
    lost worker's fence no longer allows one. A click that is too long ago expires instead.
    """
    is_late = job.not_after <= utcnow()
    server.lease_fence += 1
    release(server)
    assert job.id is not None
    unit.add(JobLog(job_id=job.id, line=f"{job.worker} was lost before it sent a command"))
    if is_late:
        expire(unit, job)
        return
    move(unit, HARDWARE_JOB, job, JobStatus.QUEUED, reason="worker lost before any command")
    job.started_at = job.deadline_at = job.worker = None
    for step in list_steps(unit, job.id):
        step.status, step.started_at, step.finished_at, step.note_code = StepStatus.WAITING, None, None, None
    unit.enqueue(QUEUE, TASK, job.id)
    unit.changed(*topics.of_job(job))


def mark_unknown(unit: Unit, job: HardwareJob, server: Server) -> None:
    """Fence off whoever held the server and let the reconciler ask its BMC."""
    move(unit, HARDWARE_JOB, job, JobStatus.UNKNOWN)
    server.lease_fence += 1
    release(server)
    job.reconcile_due_at = utcnow()
    assert job.id is not None
    unit.enqueue(QUEUE, ASK_TASK, job.id)
    unit.changed(*topics.of_job(job))


def postpone(unit: Unit, held: Claim, *, line: str, delay: dt.timedelta) -> None:
    """The BMC did not answer the reconciler: try again later."""
    job, server = prove(unit, held)
    job.reconcile_due_at = utcnow() + delay
    unit.add(JobLog(job_id=held.job_id, line=line))
    release(server)
    unit.changed(*topics.of_job(job))


def release(server: Server) -> None:
    """Give the server back. The caller has locked it, and holds it."""
    server.lease_job_id = server.lease_expires_at = None


def keep_power(unit: Unit, held: Claim, power: Power) -> None:
    """Keep what the BMC has told the reconciler."""
    job, server = prove(unit, held)
    record_power(unit, server, power, company_id=job.company_id)
