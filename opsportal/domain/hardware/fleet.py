"""Reading the fleet and its jobs, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.models import (
    ACTIVE_JOB,
    Company,
    HardwareJob,
    JobKind,
    JobLog,
    JobStatus,
    JobStep,
    Power,
    Server,
    Service,
)

PAGE = 25


@dataclass(frozen=True)
class FleetRow:
    """A server with the client who rents it and what is being done to it."""

    server: Server
    service: Service | None
    company: Company | None
    active_job: HardwareJob | None


def list_fleet(
    actor: Actor, unit: Unit, *, search: str = "", power: str = "", stock: str = "", page: int = 1
) -> tuple[list[FleetRow], int]:
    """Servers by name, and how many match in all."""
    actor.require(Permission.FLEET_VIEW)
    query = (
        select(Server, Service, Company, HardwareJob)
        .select_from(Server)
        .outerjoin(Service, col(Service.id) == col(Server.service_id))
        .outerjoin(Company, col(Company.id) == col(Service.company_id))
        .outerjoin(
            HardwareJob,
            (col(HardwareJob.server_id) == col(Server.id)) & col(HardwareJob.status).in_(ACTIVE_JOB),
        )
    )
    if power:
        query = query.where(col(Server.power) == power)
    if stock:
        query = query.where(col(Server.stock_status) == stock)
    if search:
        fields = (Server.name, Server.ip, Server.mac, Server.rack, Company.name)
        query = query.where(or_(*(col(f).icontains(search, autoescape=True) for f in fields)))
    total = _count(unit, query)
    rows = unit.exec(query.order_by(col(Server.name)).offset((page - 1) * PAGE).limit(PAGE)).all()
    return [FleetRow(*row) for row in rows], total


def _count(unit: Unit, query: object) -> int:
    counted = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)  # type: ignore[attr-defined]
    return int(unit.scalar(counted) or 0)


def count_power(actor: Actor, unit: Unit) -> dict[str, int]:
    """How many servers are on, off and unknown."""
    actor.require(Permission.FLEET_VIEW)
    counted = dict(unit.execute(select(col(Server.power), func.count()).group_by(col(Server.power))).all())
    return {power.value: counted.get(power.value, 0) for power in Power}


def list_server_jobs(
    actor: Actor, unit: Unit, server_id: int, *, kinds: Sequence[JobKind] = (), limit: int = 10
) -> list[HardwareJob]:
    """A server's newest jobs. A client sees those of the own company only, not a former tenant's."""
    access_server_for(actor, unit, server_id)
    query = select(HardwareJob).where(col(HardwareJob.server_id) == server_id)
    if kinds:
        query = query.where(col(HardwareJob.kind).in_(kinds))
    if not actor.is_staff:
        query = query.where(col(HardwareJob.company_id) == actor.company_id)
    return list(unit.exec(query.order_by(col(HardwareJob.id).desc()).limit(limit)))


def list_company_jobs(actor: Actor, unit: Unit, *, limit: int = 5) -> list[tuple[HardwareJob, Server]]:
    """The newest jobs on the servers of the actor's company."""
    actor.require(Permission.SERVICES_VIEW)
    query = (
        select(HardwareJob, Server)
        .join(Server, col(Server.id) == col(HardwareJob.server_id))
        .where(col(HardwareJob.company_id) == actor.company_id)
        .order_by(col(HardwareJob.id).desc())
        .limit(limit)
    )
    return [(job, server) for job, server in unit.exec(query)]


def steps_of(unit: Unit, job_ids: Sequence[int]) -> dict[int, list[JobStep]]:
    """The steps of several jobs in one query."""
    found: dict[int, list[JobStep]] = {job_id: [] for job_id in job_ids}
    query = select(JobStep).where(col(JobStep.job_id).in_(job_ids)).order_by(col(JobStep.position))
    for step in unit.exec(query):
        found[step.job_id].append(step)
    return found


def log_of(actor: Actor, unit: Unit, job_id: int, *, limit: int = 200) -> list[JobLog]:
    """A job's log lines, for staff only: they name workers and BMC behaviour."""
    actor.require(Permission.JOBS_WATCH)
    return list(
        unit.exec(select(JobLog).where(col(JobLog.job_id) == job_id).order_by(col(JobLog.id)).limit(limit))
    )


def usual_seconds(unit: Unit, kind: JobKind) -> int | None:
    """The median duration of the last hundred successful jobs of this kind; None without history."""
    durations = sorted(
        (job.finished_at - job.started_at).total_seconds()
        for job in unit.exec(
            select(HardwareJob)
            .where(col(HardwareJob.kind) == kind, col(HardwareJob.status) == JobStatus.SUCCEEDED)
            .order_by(col(HardwareJob.id).desc())
            .limit(100)
        )
        if job.finished_at and job.started_at
    )
    return round(durations[len(durations) // 2]) if durations else None
