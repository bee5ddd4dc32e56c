"""Reading what was put on a server, how far it has come, and when each part of it happened."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.hardware import fleet
from opsportal.domain.hardware.looking import Look, look_at
from opsportal.domain.provisioning import leases
from opsportal.models import (
    HardwareJob,
    Installation,
    JobKind,
    JobStep,
    Milestone,
    OperatingSystem,
)

KINDS = (
    JobKind.REINSTALL,
    JobKind.RESCUE,
    JobKind.MEMORY_TEST,
    JobKind.WIPE,
    JobKind.LOAD_TEST,
    JobKind.BOOT_DISK,
)
"""What the Reinstall tab is about. Booting from disk needs no installation."""


@dataclass(frozen=True)
class Timeline:
    """A job with its steps and, where a network boot belongs to it, the points that the machine passes."""

    job: HardwareJob
    steps: Sequence[JobStep] = ()
    installation: Installation | None = None
    system: OperatingSystem | None = None
    milestones: Sequence[Milestone] = ()
    address_at: dt.datetime | None = None
    """When the machine was given an address, where a DHCP server has told so."""
    look: Look = field(default_factory=Look)

    @property
    def usual_s(self) -> int:
        """Seconds that the whole usually takes; 0 where nothing is known."""
        return sum(milestone.usual_s for milestone in self.milestones)


def list_timelines(actor: Actor, unit: Unit, server_id: int, *, limit: int = 8) -> list[Timeline]:
    """The newest first. A client sees those of the own company only, not a former tenant's."""
    jobs = fleet.list_server_jobs(actor, unit, server_id, kinds=KINDS, limit=limit)
    numbers = [job.id or 0 for job in jobs]
    query = (
        select(Installation, OperatingSystem)
        .join(OperatingSystem, col(OperatingSystem.id) == col(Installation.system_id))
        .where(col(Installation.job_id).in_(numbers))
    )
    installed = {installation.job_id: (installation, system) for installation, system in unit.exec(query)}
    steps = fleet.steps_of(unit, numbers)
    passed = _milestones(unit, numbers)
    looks, given = look_at(unit, jobs), leases.first_given(unit, list(installed))
    return [
        replace(
            _timeline(job, steps, installed, passed),
            look=looks[job.id or 0],
            address_at=given.get(job.id or 0),
        )
        for job in jobs
    ]


def _timeline(
    job: HardwareJob,
    steps: Mapping[int, Sequence[JobStep]],
    installed: Mapping[int, tuple[Installation, OperatingSystem]],
    passed: Mapping[int, Sequence[Milestone]],
) -> Timeline:
    number = job.id or 0
    installation, system = installed.get(number, (None, None))
    return Timeline(job, steps[number], installation, system, passed.get(number, ()))


def _milestones(unit: Unit, job_ids: Sequence[int]) -> dict[int, list[Milestone]]:
    found: dict[int, list[Milestone]] = defaultdict(list)
    query = select(Milestone).where(col(Milestone.job_id).in_(job_ids)).order_by(col(Milestone.position))
    for milestone in unit.exec(query):
        found[milestone.job_id].append(milestone)
    return found
