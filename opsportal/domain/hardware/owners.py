"""Who has taken a job over. While somebody has, no program acts on it and nobody else on its server."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.hardware.refusals import ServerTakenOver
from opsportal.models import HardwareJob, JobOwner, JobStatus, Server


def owner_of(unit: Unit, server_id: int) -> JobOwner | None:
    """Who has taken over a job on this server, if anybody has."""
    return unit.get(JobOwner, server_id, populate_existing=True)


def owners_of(unit: Unit, server_ids: Sequence[int]) -> dict[int, JobOwner]:
    """The same for several servers, by server."""
    query = select(JobOwner).where(col(JobOwner.server_id).in_(server_ids))
    return {row.server_id: row for row in unit.exec(query)}


def has_owner() -> ColumnElement[bool]:
    """For queries over HardwareJob: whether the job is a person's at present."""
    return exists().where(col(JobOwner.job_id) == col(HardwareJob.id)).correlate(HardwareJob)


def is_owned(unit: Unit, job: HardwareJob) -> bool:
    """Whether a person has taken this job over. To rely on the answer, hold the job's row lock."""
    row = owner_of(unit, job.server_id)
    return row is not None and row.job_id == job.id


def obstacle(unit: Unit, actor: Actor, server: Server) -> ServerTakenOver | None:
    """Why the actor may start nothing on this server: somebody else has taken a job on it over."""
    assert server.id is not None
    row = owner_of(unit, server.id)
    if row is None or row.person_id == actor.person_id:
        return None
    return ServerTakenOver(actor=row.name, server=server.name)


def require_free(unit: Unit, actor: Actor, server: Server) -> None:
    """Refuse with `ServerTakenOver` unless the server is free or the actor's own to look after.

    Whoever writes a job for the server asks after writing it: its reference locks the server's row, so
    that a take-over at the same moment is either seen here or sees the job.
    """
    refusal = obstacle(unit, actor, server)
    if refusal is not None:
        raise refusal


def require_nobody(unit: Unit, server: Server) -> None:
    """Refuse while anybody has a job of this server in hands: it is not handed on meanwhile."""
    row = owner_of(unit, server.id or 0)
    if row is not None:
        raise ServerTakenOver(actor=row.name, server=server.name)


def let_go(unit: Unit, job: HardwareJob) -> None:
    """A job that has ended well, or was taken back, needs nobody. One that has failed stays with who has it."""
    row = owner_of(unit, job.server_id)
    if row is not None and row.job_id == job.id and job.status != JobStatus.FAILED:
        unit.delete(row)
