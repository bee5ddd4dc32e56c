"""An installation on its way: armed by a worker, advanced by its machine, ended by either."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.hardware.claims import Claim, end_waiting, wait_for_machine
from opsportal.domain.hardware.resolutions import Asked, Resolution
from opsportal.domain.lifecycle import INSTALLATION, move
from opsportal.domain.provisioning import milestones
from opsportal.models import (
    HardwareJob,
    Installation,
    InstallStage,
    JobStatus,
    MilestoneName,
)
from opsportal.models.base import utcnow

VERIFIED = "verified"


def arm(unit: Unit, job_id: int) -> None:
    """From now on the boot service answers with the installer. Repeating it is harmless."""
    row = unit.get_one(Installation, job_id, with_for_update=True, populate_existing=True)
    if row.stage == InstallStage.PREPARED:
        move(unit, INSTALLATION, row, InstallStage.ARMED)
        row.armed_at = utcnow()


def disarm(unit: Unit, job_id: int) -> bool:
    """Take the installer back before the server is switched off (again). False when its machine was seen.

    A worker that takes over from a lost one cannot know whether the server is already on its way. From
    here on nothing can be handed out; and when something was, the server must be left alone.
    """
    unit.get_one(HardwareJob, job_id, with_for_update=True, populate_existing=True)
    row = unit.get_one(Installation, job_id, with_for_update=True, populate_existing=True)
    if row.stage not in (InstallStage.PREPARED, InstallStage.ARMED) or _was_seen(unit, job_id):
        return False
    if row.stage == InstallStage.ARMED:
        move(unit, INSTALLATION, row, InstallStage.PREPARED)
    return True


def hand_out(unit: Unit, installation: Installation) -> None:
    """The installer has its configuration: the next start of this server is from its own disk."""
    if installation.stage == InstallStage.ARMED:
        move(unit, INSTALLATION, installation, InstallStage.HANDED_OUT)
        installation.handed_out_at = utcnow()


def advance(unit: Unit, job: HardwareJob, name: MilestoneName) -> None:
    """The machine has passed a milestone; the last one ends the job, unless a worker still holds it.

    The caller holds the job's row lock.
    """
    assert job.id is not None
    if not milestones.reach(unit, job, name):
        return
    if milestones.is_complete(unit, job.id) and job.status == JobStatus.WAITING:
        end_waiting(unit, job, JobStatus.SUCCEEDED, outcome_code=VERIFIED)


def give_up(unit: Unit, job: HardwareJob, installation: Installation, outcome_code: str) -> None:
    """The machine says that it has failed. A worker that still holds the job finds it written down."""
    if job.status == JobStatus.WAITING:
        end_waiting(unit, job, JobStatus.FAILED, outcome_code=outcome_code)
        return
    installation.outcome_code, installation.password_hash = outcome_code, None
    move(unit, INSTALLATION, installation, InstallStage.ENDED, reason=outcome_code)
    installation.ended_at = utcnow()


def leave_to_machine(unit: Unit, held: Claim) -> str | None:
    """The worker's last act: leave the server to its installer, with the next milestone's limit as way out.

    When the machine was faster and has ended already, the outcome is returned and nothing is left to it.
    """
    unit.get_one(HardwareJob, held.job_id, with_for_update=True, populate_existing=True)
    ended = outcome(unit, held.job_id)
    if ended is None:
        wait_for_machine(unit, held, milestones.next_limit(unit, held.job_id) or utcnow())
    return ended


def outcome(unit: Unit, job_id: int) -> str | None:
    """How an installation has ended as far as its machine is concerned; None while it is under way."""
    row = unit.get_one(Installation, job_id, populate_existing=True)
    if row.stage == InstallStage.ENDED:
        return row.outcome_code or "interrupted"
    return VERIFIED if milestones.is_complete(unit, job_id) else None


def overdue(unit: Unit, job: HardwareJob) -> None:
    """A milestone's limit has passed: the job has failed with what is likely wrong as its outcome."""
    assert job.id is not None
    row = milestones.waited_for(unit, job.id)
    limit = milestones.next_limit(unit, job.id)
    if row is None or limit is None:
        end_waiting(unit, job, JobStatus.SUCCEEDED, outcome_code=VERIFIED)
        return
    if limit > utcnow():
        job.deadline_at = limit
        return
    diagnosis = milestones.diagnosis_of(unit, row)
    row.late_at, row.diagnosis = row.late_at or utcnow(), diagnosis
    end_waiting(
        unit, job, JobStatus.FAILED, outcome_code=diagnosis, line=f"{row.name} was not passed in time"
    )


def judge(unit: Unit, asked: Asked) -> Resolution:
    """What is to be done with an installation whose worker was lost, by what its machine has done meanwhile.

    Nothing is repeated once the machine has been seen: then it is at work, and its milestones end the
    wait. Before that nothing was lost, so everything may be begun again.
    """
    assert asked.job.id is not None
    ended = outcome(unit, asked.job.id)
    if ended is not None:
        return Resolution(JobStatus.SUCCEEDED if ended == VERIFIED else JobStatus.FAILED, ended)
    installation = unit.get_one(Installation, asked.job.id)
    if installation.stage == InstallStage.HANDED_OUT or _was_seen(unit, asked.job.id):
        until = milestones.next_limit(unit, asked.job.id) or utcnow()
        return Resolution(JobStatus.WAITING, "", until=until)
    if asked.may_resume:
        return Resolution(JobStatus.SUCCEEDED, VERIFIED, resumes=True)
    return Resolution(JobStatus.FAILED, "interrupted")


def _was_seen(unit: Unit, job_id: int) -> bool:
    rows = milestones.milestones_of(unit, job_id)
    return any(row.reached_at and row.name != MilestoneName.POWER_CYCLED for row in rows)
