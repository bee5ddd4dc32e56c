"""The hardware jobs as their watchers choose them: by how they stand, by kind and by server; and how many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import owners, standing
from opsportal.domain.hardware.standing import Standing
from opsportal.models import ACTIVE_JOB, Company, HardwareJob, JobKind, JobStatus, Server

LIMIT = 50
SERVERS = 100
ENDED = {Standing.FAILED, Standing.DONE, Standing.CANCELLED, Standing.EXPIRED}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be seen: `standings` (none: all), `kinds` (none: all), and a server by its name or a part of it."""

    standings: Sequence[Standing] = ()
    kinds: Sequence[JobKind] = ()
    server: str = ""


def list_jobs(actor: Actor, unit: Unit, choice: Choice) -> list[tuple[HardwareJob, Server, Company | None]]:
    """The chosen jobs, the newest first."""
    actor.require(Permission.JOBS_WATCH)
    query = (
        select(HardwareJob, Server, Company)
        .select_from(HardwareJob)
        .join(Server, col(Server.id) == col(HardwareJob.server_id))
        .outerjoin(Company, col(Company.id) == col(HardwareJob.company_id))
        .where(*_narrowed(choice))
        .order_by(col(HardwareJob.id).desc())
        .limit(LIMIT)
    )
    if choice.standings:
        query = query.where(standing.standing().in_([one.value for one in choice.standings]))
    if not set(choice.standings) & ENDED and choice.standings:
        query = query.where(_is_open())  # (what has ended is most of the table)
    return [(job, server, company) for job, server, company in unit.exec(query)]


def count_jobs(actor: Actor, unit: Unit, choice: Choice) -> dict[Standing, int]:
    """How many of the jobs of these kinds and servers stand how; `choice.standings` does not narrow that."""
    actor.require(Permission.JOBS_WATCH)
    word = standing.standing()
    opened = select(word, func.count()).where(_is_open(), *_narrowed(choice)).group_by(word)
    ended = (
        select(col(HardwareJob.status), func.count())
        .where(~_is_open(), *_narrowed(choice))
        .group_by(col(HardwareJob.status))
    )
    counts = dict.fromkeys(Standing, 0)
    for name, number in unit.exec(opened):
        counts[Standing(name)] += number
    for status, number in unit.exec(ended):
        counts[standing.BY_STATUS[JobStatus(status)]] += number
    return counts


def count_by_server(actor: Actor, unit: Unit, choice: Choice) -> list[tuple[Server, dict[Standing, int]]]:
    """The same for each server on which a job is open, or whose newest job has failed; by name."""
    actor.require(Permission.JOBS_WATCH)
    newest = select(func.max(col(HardwareJob.id))).group_by(col(HardwareJob.server_id)).correlate(None)
    is_failed = (col(HardwareJob.id).in_(newest)) & (standing.standing() == Standing.FAILED.value)
    query = (
        select(Server, standing.standing())
        .join(HardwareJob, col(HardwareJob.server_id) == col(Server.id))
        .where(_is_open() | is_failed, *_narrowed(choice))
        .order_by(col(Server.name))
        .limit(SERVERS)
    )
    found: dict[int, tuple[Server, dict[Standing, int]]] = {}
    for server, name in unit.exec(query):
        counts = found.setdefault(server.id or 0, (server, defaultdict(int)))[1]
        counts[Standing(name)] += 1
    return list(found.values())


def _is_open() -> ColumnElement[bool]:
    return col(HardwareJob.status).in_(ACTIVE_JOB) | owners.has_owner()


def _narrowed(choice: Choice) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if choice.kinds:
        wanted.append(col(HardwareJob.kind).in_(choice.kinds))
    if choice.server:
        # Whose name it is goes before those of which it is a part: "web-1" is not "web-10", too.
        is_it = col(Server.name) == choice.server
        exact = select(Server.id).where(is_it).correlate(None)
        named = select(Server.id).where(
            is_it | ~exact.exists() & col(Server.name).icontains(choice.server, autoescape=True)
        )
        wanted.append(col(HardwareJob.server_id).in_(named.correlate(None)))
    return wanted
