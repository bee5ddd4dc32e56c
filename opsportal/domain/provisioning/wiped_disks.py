"""What the wipe system says of each disk: kept as reported, for the evidence of a cleaning."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, func, select

from opsportal.db import Unit
from opsportal.domain.hardware import topics
from opsportal.domain.provisioning.machines import Machine, write_event
from opsportal.domain.provisioning.progress import hand_out
from opsportal.domain.provisioning.refusals import BootRefused
from opsportal.models import JobKind, WipedDisk, WipeMethod, WipeOutcome, WipeTrouble

MOST = 128
"""More disks than any server of ours has."""


@dataclass(frozen=True, slots=True)
class ToldDisk:
    """One disk as the wipe system has told it; texts are short and plain, which its door has checked."""

    device: str
    serial: str
    wwn: str
    model: str
    size: int
    outcome: WipeOutcome
    method: WipeMethod | None
    trouble: WipeTrouble | None
    seconds: int
    verified: int


def keep(unit: Unit, machine: Machine, told: ToldDisk) -> None:
    """Write a disk down. Told again it changes nothing: the answer may have been lost. Raises `BootRefused`."""
    is_proved = told.method is not None and told.verified > 0
    if machine.job.kind != JobKind.WIPE or (told.outcome is WipeOutcome.ERASED and not is_proved):
        raise BootRefused
    job_id = machine.installation.job_id
    known = select(WipedDisk.device).where(col(WipedDisk.job_id) == job_id)
    if told.device in unit.exec(known).all():
        return
    if (unit.scalar(select(func.count()).select_from(known.subquery())) or 0) >= MOST:
        raise BootRefused
    hand_out(unit, machine.installation)
    unit.add(
        WipedDisk(
            job_id=job_id, device=told.device, serial=told.serial, wwn=told.wwn, model=told.model,
            size_bytes=told.size, outcome=told.outcome, method=told.method or "", trouble=told.trouble or "",
            seconds=told.seconds, verified=told.verified,
        )
    )  # fmt: skip
    write_event(unit, machine, "disk_wiped", f"{told.device} {told.outcome} {told.method or ''}".strip())
    unit.changed(topics.job(job_id), topics.server(machine.installation.server_id))


def list_disks(unit: Unit, job_id: int) -> list[WipedDisk]:
    """The disks of a wipe, by device; the caller has authorised access to its server."""
    query = select(WipedDisk).where(col(WipedDisk.job_id) == job_id)
    return list(unit.exec(query.order_by(col(WipedDisk.device))))
