"""How jobs stand beyond their rows: late since when, in whose hands, and whether they may be taken over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, access_server_for
from opsportal.domain.hardware import owners, standing
from opsportal.models import HardwareJob, JobOwner, JobStatus


@dataclass(frozen=True, slots=True)
class Look:
    """One job at one moment. `owner`: who has taken it over. `is_takeable`: late, unknown or failed, and the newest."""

    late_since: dt.datetime | None = None
    owner: JobOwner | None = None
    is_takeable: bool = False


def look_at(unit: Unit, jobs: Sequence[HardwareJob]) -> dict[int, Look]:
    """A look at each of these jobs, by job."""
    late = standing.late_since_of(unit, [job.id or 0 for job in jobs])
    servers = [job.server_id for job in jobs]
    held = {row.job_id: row for row in owners.owners_of(unit, servers).values()}
    newest = set(
        unit.exec(
            select(func.max(col(HardwareJob.id)))
            .where(col(HardwareJob.server_id).in_(servers))
            .group_by(col(HardwareJob.server_id))
        )
    )
    return {
        number: Look(
            late_since=late.get(number),
            owner=held.get(number),
            is_takeable=number in newest
            and (number in late or job.status in (JobStatus.UNKNOWN, JobStatus.FAILED)),
        )
        for job in jobs
        if (number := job.id) is not None
    }


def job_in_hands(unit: Unit, actor: Actor, server_id: int) -> HardwareJob | None:
    """The job of this server that somebody has taken over; none of a former tenant's for a client."""
    access_server_for(actor, unit, server_id)
    row = owners.owner_of(unit, server_id)
    job = unit.get_one(HardwareJob, row.job_id) if row is not None else None
    is_visible = job is not None and (actor.is_staff or job.company_id == actor.company_id)
    return job if is_visible else None


def list_own(unit: Unit, actor: Actor) -> list[HardwareJob]:
    """The jobs that the actor has taken over, the longest first."""
    query = select(HardwareJob).join(JobOwner, col(JobOwner.job_id) == col(HardwareJob.id))
    return list(
        unit.exec(query.where(col(JobOwner.person_id) == actor.person_id).order_by(col(JobOwner.since)))
    )
