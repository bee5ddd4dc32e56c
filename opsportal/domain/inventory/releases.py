"""What a returned machine gives back, and what the wipe system has said about its disks."""

from __future__ import annotations

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.inventory import cleanings, parts
from opsportal.domain.network import addresses
from opsportal.models import (
    CleaningStep,
    CleaningStepName,
    EvidenceResult,
    HardwareJob,
    Installation,
    JobKind,
    JobStatus,
    PartKind,
    Server,
)

WIPED = "wipe_system"


def release_addresses(unit: Unit, job_id: int, server_id: int) -> None:
    """Take back every address, ask for the removal of its names, and say so as evidence."""
    released = addresses.release_server(unit, None, server_id)
    unit.flush()
    server = unit.get_one(Server, server_id, with_for_update=True, populate_existing=True)
    if server.ip is not None:
        server.ip = None  # written down before there were addresses on record
        released += 1
    cleanings.witness(
        unit, job_id, CleaningStepName.ADDRESSES, result=EvidenceResult.GOOD, method="released",
        facts={"released": released},
    )  # fmt: skip


def take_in_wipes(unit: Unit, job_id: int, server_id: int) -> int:
    """Evidence for every disk that a wipe job of this cleaning has erased; returns how many.

    A disk that is only known by its place counts where the machine's disks are not on record either.
    """
    cleaning = cleanings.find_cleaning(unit, server_id)
    if cleaning is None or cleaning.finished_at is not None or cleaning.id is None:
        return 0
    query = (
        select(Installation)
        .join(HardwareJob, col(HardwareJob.id) == col(Installation.job_id))
        .where(
            col(HardwareJob.server_id) == server_id,
            col(HardwareJob.kind) == JobKind.WIPE,
            col(HardwareJob.status) == JobStatus.SUCCEEDED,
            col(HardwareJob.started_at) >= cleaning.started_at,
        )
        .order_by(col(HardwareJob.id))
    )
    wiped = {name: wipe.job_id for wipe in unit.exec(query) for name in wipe.disks or [""]}
    steps = unit.exec(
        select(CleaningStep.subject).where(
            col(CleaningStep.cleaning_id) == cleaning.id, col(CleaningStep.name) == CleaningStepName.DISK
        )
    ).all()
    done = {state.step.subject for state in cleanings.states_of(unit, cleaning.id) if state.is_good}
    called = _names(unit, server_id)
    taken = 0
    for subject in steps:
        names = called.get(subject, [subject])
        by = next((wiped[name] for name in names if name in wiped), None) if subject else _by_place(wiped)
        if by is None or subject in done:
            continue
        cleanings.witness(
            unit, by, CleaningStepName.DISK, result=EvidenceResult.GOOD, method=WIPED, subject=subject,
            facts={"asked by job": job_id},
        )  # fmt: skip
        taken += 1
    return taken


def _names(unit: Unit, server_id: int) -> dict[str, list[str]]:
    """A wipe names a disk by its WWN where it has one, a cleaning by its serial number: both are its names."""
    return {
        cleanings.disk_subject(part): [name for name in (part.wwn, part.serial) if name]
        for part in parts.parts_of(unit, server_id)
        if part.kind == PartKind.DISK
    }


def _by_place(wiped: dict[str, int]) -> int | None:
    """The wipe of disks that nobody knows by name."""
    return next((job for name, job in wiped.items() if name.isdigit() or not name), None)
