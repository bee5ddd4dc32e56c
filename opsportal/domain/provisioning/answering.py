"""New systems that should answer by now: whom to ask, and what an answer means."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.network import main_address
from opsportal.domain.provisioning.milestones import waited_for
from opsportal.domain.provisioning.progress import advance
from opsportal.models import (
    HardwareJob,
    Installation,
    InstallStage,
    JobStatus,
    MilestoneName,
    OperatingSystem,
)

LIMIT = 500


@dataclass(frozen=True, slots=True)
class Asking:
    """A port of a new system that is waited for."""

    job_id: int
    address: str
    port: int


def list_asking(unit: Unit) -> list[Asking]:
    """The systems that have started and whose port is the last milestone."""
    rows = unit.exec(
        select(Installation, OperatingSystem.answers_port)
        .join(HardwareJob, col(HardwareJob.id) == col(Installation.job_id))
        .join(OperatingSystem, col(OperatingSystem.id) == col(Installation.system_id))
        .where(
            col(HardwareJob.status) == JobStatus.WAITING,
            col(Installation.stage) == InstallStage.HANDED_OUT,
            col(OperatingSystem.answers_port).is_not(None),
        )
        .order_by(col(Installation.job_id))
        .limit(LIMIT)
    ).all()
    found = [(row, main_address(unit, row.server_id), port) for row, port in rows]
    return [
        Asking(row.job_id, address, port)
        for row, address, port in found
        if address and port and _is_next(unit, row.job_id)
    ]


def _is_next(unit: Unit, job_id: int) -> bool:
    row = waited_for(unit, job_id)
    return row is not None and row.name == MilestoneName.ANSWERS


def answered(unit: Unit, job_id: int) -> None:
    """The port was open a moment ago; if the job still waits for it, that was all."""
    job = unit.get_one(HardwareJob, job_id, with_for_update=True, populate_existing=True)
    if job.status == JobStatus.WAITING and _is_next(unit, job_id):
        advance(unit, job, MilestoneName.ANSWERS)
