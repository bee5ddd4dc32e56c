"""How far a machine has come on its own: milestones, when each is late and what is then likely wrong."""

from __future__ import annotations

import datetime as dt
import statistics
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.hardware import topics
from opsportal.domain.provisioning import leases
from opsportal.models import (
    Diagnosis,
    HardwareJob,
    Installation,
    JobKind,
    JobStatus,
    Milestone,
    MilestoneName,
    Power,
    Server,
)
from opsportal.models.base import utcnow
from opsportal.settings import settings

HISTORY = 30


@dataclass(frozen=True, slots=True)
class Expected:
    """Of one milestone, in seconds after the one before: usual without history, late, given up."""

    usual_s: int
    late_s: int
    limit_s: int
    diagnosis: Diagnosis


# Real servers test their memory for minutes before they ask the network; installers fetch half a gigabyte.
EXPECTED: dict[MilestoneName, Expected] = {
    MilestoneName.POWER_CYCLED: Expected(5, 60, 300, Diagnosis.NO_POWER),
    MilestoneName.NETWORK_BOOT: Expected(90, 240, 900, Diagnosis.NO_NETWORK_BOOT),
    MilestoneName.KERNEL_FETCHED: Expected(5, 60, 300, Diagnosis.NO_KERNEL),
    MilestoneName.INSTALLER_STARTED: Expected(45, 180, 900, Diagnosis.KERNEL_SILENT),
    MilestoneName.DISK_PREPARED: Expected(30, 180, 900, Diagnosis.DISK_NOT_READY),
    MilestoneName.SYSTEM_WRITTEN: Expected(240, 900, 3_600, Diagnosis.WRITING_STUCK),
    MilestoneName.FIRST_BOOT: Expected(120, 420, 1_200, Diagnosis.NO_FIRST_BOOT),
    MilestoneName.ANSWERS: Expected(15, 90, 600, Diagnosis.NOT_ANSWERING),
    MilestoneName.LOAD_PASSED: Expected(120, 600, 1_800, Diagnosis.LOAD_STUCK),
}
WIPING = Expected(3_600, 6 * 3_600, 48 * 3_600, Diagnosis.DISK_NOT_READY)
"""A disk of 20 TB takes a day and a half to overwrite."""

_START = (MilestoneName.POWER_CYCLED, MilestoneName.NETWORK_BOOT, MilestoneName.KERNEL_FETCHED)
PLANS: dict[JobKind, tuple[MilestoneName, ...]] = {
    JobKind.REINSTALL: tuple(name for name in MilestoneName if name is not MilestoneName.LOAD_PASSED),
    JobKind.RESCUE: (*_START, MilestoneName.INSTALLER_STARTED, MilestoneName.ANSWERS),
    JobKind.MEMORY_TEST: _START,
    JobKind.WIPE: (*_START, MilestoneName.INSTALLER_STARTED, MilestoneName.DISK_PREPARED),
    JobKind.LOAD_TEST: (*_START, MilestoneName.INSTALLER_STARTED, MilestoneName.LOAD_PASSED),
}
"""What a machine passes for each kind of job that boots it from the network."""


def write_plan(unit: Unit, job: HardwareJob, *, system_id: int) -> None:
    """Write down what the machine has to pass, and what that has taken in the past."""
    assert job.id is not None
    kind = JobKind(job.kind)
    usual = usual_times(unit, system_id)
    for position, name in enumerate(PLANS[kind]):
        is_wiping = kind is JobKind.WIPE and name is MilestoneName.DISK_PREPARED
        expected = WIPING if is_wiping else EXPECTED[name]
        loaded_s = settings().burn_in_minutes * 60 if name is MilestoneName.LOAD_PASSED else 0
        usual_s = usual.get(name, expected.usual_s + loaded_s)
        unit.add(
            Milestone(
                job_id=job.id,
                position=position,
                name=name,
                usual_s=usual_s,
                late_s=_scaled(max(expected.late_s + loaded_s, 2 * usual_s)),
                limit_s=_scaled(max(expected.limit_s + loaded_s, 4 * usual_s)),
            )
        )


def _scaled(seconds: int) -> int:
    return max(1, round(seconds * settings().boot_time_scale))


def usual_times(unit: Unit, system_id: int) -> dict[MilestoneName, int]:
    """The median time to each milestone in the last successful installations of a system."""
    recent = (
        select(HardwareJob.id)
        .join(Installation, col(Installation.job_id) == col(HardwareJob.id))
        .where(col(Installation.system_id) == system_id, col(HardwareJob.status) == JobStatus.SUCCEEDED)
        .order_by(col(HardwareJob.id).desc())
        .limit(HISTORY)
    )
    rows = unit.exec(
        select(Milestone)
        .where(col(Milestone.job_id).in_(recent))
        .order_by(col(Milestone.job_id), col(Milestone.position))
    )
    taken: dict[MilestoneName, list[float]] = {}
    before: Milestone | None = None
    for row in rows:
        if before and before.job_id == row.job_id and before.reached_at and row.reached_at:
            seconds = (row.reached_at - before.reached_at).total_seconds()
            taken.setdefault(MilestoneName(row.name), []).append(seconds)
        before = row
    return {name: max(1, round(statistics.median(seconds))) for name, seconds in taken.items()}


def milestones_of(unit: Unit, job_id: int) -> list[Milestone]:
    """The milestones of a job in their order."""
    return list(
        unit.exec(select(Milestone).where(col(Milestone.job_id) == job_id).order_by(col(Milestone.position)))
    )


def next_limit(unit: Unit, job_id: int) -> dt.datetime | None:
    """When the milestone that comes next will have failed; None when all are passed."""
    rows = milestones_of(unit, job_id)
    for row in rows:
        if row.reached_at is None:
            return _begun(rows, row) + dt.timedelta(seconds=row.limit_s)
    return None


def _begun(rows: list[Milestone], row: Milestone) -> dt.datetime:
    """Since when a milestone is waited for."""
    reached = [one.reached_at for one in rows if one.position < row.position and one.reached_at]
    return max(reached) if reached else utcnow()


def reach(unit: Unit, job: HardwareJob, name: MilestoneName) -> bool:
    """The machine has passed a milestone, and so all before it: a report may have been lost on the way.

    Returns whether that is news. The caller holds the job's row lock.
    """
    assert job.id is not None
    rows = milestones_of(unit, job.id)
    row = next((one for one in rows if one.name == name), None)
    if row is None or row.reached_at is not None:
        return False
    now = utcnow()
    for one in rows:
        if one.position <= row.position and one.reached_at is None:
            one.reached_at = now
    if job.status == JobStatus.WAITING:
        job.deadline_at = next_limit(unit, job.id) or now
    unit.changed(*topics.of_job(job), topics.job(job.id))
    return True


def is_complete(unit: Unit, job_id: int) -> bool:
    """Whether the machine has passed everything."""
    return all(row.reached_at is not None for row in milestones_of(unit, job_id))


def mark_late(unit: Unit) -> int:
    """Write the diagnosis next to every milestone that is late now, or whose machine is off. Returns how many are new.

    What is found out later replaces it, and a machine that is on again in time is no longer late.
    """
    jobs = unit.exec(
        select(HardwareJob)
        .where(
            col(HardwareJob.status) == JobStatus.WAITING,
            col(HardwareJob.kind).in_([kind.value for kind in PLANS]),
        )
        .order_by(col(HardwareJob.id))
        .with_for_update(skip_locked=True)
    ).all()
    return sum(_mark_late(unit, job) for job in jobs)


def _mark_late(unit: Unit, job: HardwareJob) -> bool:
    assert job.id is not None
    rows = milestones_of(unit, job.id)
    row = next((one for one in rows if one.reached_at is None), None)
    if row is None:
        return False
    is_due = _begun(rows, row) + dt.timedelta(seconds=row.late_s) <= utcnow()
    diagnosis = diagnosis_of(unit, row) if is_due or _is_seen_off(unit, row) else None
    if row.diagnosis == diagnosis:
        return False
    row.late_at, row.diagnosis = (row.late_at or utcnow()) if diagnosis else None, diagnosis
    unit.changed(*topics.of_job(job), topics.job(job.id))
    return diagnosis is not None


def diagnosis_of(unit: Unit, row: Milestone) -> Diagnosis:
    """What is likely wrong when a milestone is not passed, by what is known of its machine now."""
    name = MilestoneName(row.name)
    if _is_seen_off(unit, row):
        return Diagnosis.NO_POWER
    if name is not MilestoneName.NETWORK_BOOT:
        return EXPECTED[name].diagnosis
    if leases.first_given(unit, [row.job_id]):
        return Diagnosis.NO_BOOT_SCRIPT
    is_told = leases.are_told_of(unit, _server(unit, row))
    return Diagnosis.NO_DHCP_REQUEST if is_told else EXPECTED[name].diagnosis


def _is_seen_off(unit: Unit, row: Milestone) -> bool:
    """Whether its BMC has said that the machine is off since this milestone is waited for: it cannot come by itself."""
    server = _server(unit, row)
    if server.power != Power.OFF or server.power_verified_at is None:
        return False
    return server.power_verified_at > _begun(milestones_of(unit, row.job_id), row)


def _server(unit: Unit, row: Milestone) -> Server:
    return unit.get_one(Server, unit.get_one(Installation, row.job_id).server_id)


def waited_for(unit: Unit, job_id: int) -> Milestone | None:
    """The first milestone that was not passed."""
    return next((row for row in milestones_of(unit, job_id) if row.reached_at is None), None)
