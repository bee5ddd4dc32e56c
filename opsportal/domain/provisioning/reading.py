"""What pages show of installations. Never a token, a password or a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, access_job_for, access_server_for
from opsportal.domain.provisioning.milestones import milestones_of
from opsportal.models import HardwareJob, Installation, InstallEvent, Milestone, OperatingSystem


@dataclass(frozen=True)
class InstallationRow:
    """One network boot of a server, with what its machine has passed."""

    job: HardwareJob
    installation: Installation
    system: OperatingSystem
    milestones: Sequence[Milestone]

    @property
    def usual_s(self) -> int:
        """How long it usually takes from beginning to end, in seconds."""
        return sum(milestone.usual_s for milestone in self.milestones)


def list_installations(actor: Actor, unit: Unit, server_id: int, *, limit: int = 5) -> list[InstallationRow]:
    """A server's newest installations. A client sees those of the own company only."""
    access_server_for(actor, unit, server_id)
    query = (
        select(Installation, HardwareJob, OperatingSystem)
        .join(HardwareJob, col(HardwareJob.id) == col(Installation.job_id))
        .join(OperatingSystem, col(OperatingSystem.id) == col(Installation.system_id))
        .where(col(Installation.server_id) == server_id)
    )
    if not actor.is_staff:
        query = query.where(col(HardwareJob.company_id) == actor.company_id)
    rows = unit.exec(query.order_by(col(Installation.job_id).desc()).limit(limit)).all()
    return [
        InstallationRow(job, installation, system, milestones_of(unit, installation.job_id))
        for installation, job, system in rows
    ]


def find_installation(actor: Actor, unit: Unit, job_id: int) -> InstallationRow | None:
    """The installation of a job; None for a job of another kind. Raises `NotFound` for a foreign job."""
    job = access_job_for(actor, unit, job_id)
    installation = unit.get(Installation, job_id)
    if installation is None:
        return None
    system = unit.get_one(OperatingSystem, installation.system_id)
    return InstallationRow(job, installation, system, milestones_of(unit, job_id))


def events_of(actor: Actor, unit: Unit, job_id: int, *, limit: int = 100) -> list[InstallEvent]:
    """What the machine fetched and reported, in order."""
    access_job_for(actor, unit, job_id)
    query = select(InstallEvent).where(col(InstallEvent.job_id) == job_id)
    return list(unit.exec(query.order_by(col(InstallEvent.id)).limit(limit)))
