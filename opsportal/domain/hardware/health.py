"""What a server's BMC says about its health: asked for, kept, shown with when it was asked. Asking changes nothing
on the machine, so it needs no lease and waits for no job."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.hardware.refusals import HealthJustAsked, OtherHealthAsked
from opsportal.domain.refusals import ServerWithoutBmc
from opsportal.models import Bmc, Company, HealthSample, Server, ServerHealth, Service
from opsportal.models.base import utcnow

QUEUE, TASK = "hardware", "server_health"
ASKING_LIMIT = dt.timedelta(seconds=90)
"""Longer than an answer may take: afterwards whoever asked was lost, and the button is there again."""
PAUSE = dt.timedelta(seconds=30)
KEEP_SAMPLES = 200
SHOWN_EVENTS = 50


def topic(server_id: int) -> str:
    """The live topic of a server's health."""
    return f"server:{server_id}:sensors"


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What a worker heard. Codes say why a part is missing."""

    error_code: str | None = None
    sensors: list[dict[str, Any]] = field(default_factory=list)
    sensors_code: str | None = None
    watts: int | None = None
    average_watts: int | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    events_total: int = 0
    events_code: str | None = None


def ask(unit: Unit, actor: Actor, server_id: int) -> None:
    """Have a worker ask the BMC now. While somebody asks already this does nothing.

    A slow BMC holds a worker for most of a minute, which others wait for: a company asks one machine at a time, and
    none again before `PAUSE` is over.
    """
    access_server_for(actor, unit, server_id, permission=Permission.SERVER_VIEW)
    if unit.get(Bmc, server_id) is None:
        raise ServerWithoutBmc
    if not actor.is_staff:
        _queue_up(unit, actor)
    unit.get_one(Server, server_id, with_for_update=True)
    row = unit.get(ServerHealth, server_id, populate_existing=True) or ServerHealth(server_id=server_id)
    if is_asking(row):
        return
    if not actor.is_staff:
        _check_turn(unit, actor, row)
    row.asking_since = utcnow()
    unit.add(row)
    unit.enqueue(QUEUE, TASK, server_id)
    unit.changed(topic(server_id))


def _queue_up(unit: Unit, actor: Actor) -> None:
    """Before any server's row, and as tickets do: whatever else is written of the company need not wait for it."""
    query = select(Company.id).where(col(Company.id) == actor.company_id)
    unit.exec(query.with_for_update(key_share=True))


def _check_turn(unit: Unit, actor: Actor, row: ServerHealth) -> None:
    asked = (
        select(Server.name)
        .join(ServerHealth, col(ServerHealth.server_id) == col(Server.id))
        .join(Service, col(Service.id) == col(Server.service_id))
        .where(
            col(Service.company_id) == actor.company_id,
            col(ServerHealth.asking_since) > utcnow() - ASKING_LIMIT,
        )
    )
    if (other := unit.exec(asked).first()) is not None:
        raise OtherHealthAsked(server=other)
    if row.asked_at is not None and row.asked_at > utcnow() - PAUSE:
        raise HealthJustAsked(seconds=int(PAUSE.total_seconds()))


def is_asking(row: ServerHealth) -> bool:
    """Whether somebody is waiting for the BMC's answer."""
    return row.asking_since is not None and row.asking_since > utcnow() - ASKING_LIMIT


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard last, and the samples before it, oldest first."""

    last: ServerHealth | None
    events: list[dict[str, Any]]
    events_total: int
    samples: list[HealthSample]


def read(unit: Unit, actor: Actor, server_id: int) -> Heard:
    """A client hears nothing of the time before the machine was theirs: neither figures nor events."""
    server, _ = access_server_for(actor, unit, server_id)
    row = unit.get(ServerHealth, server_id)
    newest = select(HealthSample).where(col(HealthSample.server_id) == server_id)
    since = None if actor.is_staff else server.let_at
    if since is not None:
        newest = newest.where(col(HealthSample.at) >= since)
    newest = newest.order_by(col(HealthSample.id).desc()).limit(KEEP_SAMPLES)
    samples = list(reversed(unit.exec(newest).all()))
    if row is None or since is None:
        return Heard(row, row.events if row else [], row.events_total if row else 0, samples)
    if row.asked_at is None or row.asked_at < since:
        row = ServerHealth(server_id=server_id, asking_since=row.asking_since, error_code=row.error_code)
    # By the BMC's own clock: an event without a time is not known to be of this tenancy.
    events = [one for one in row.events if one["at"] and dt.datetime.fromisoformat(one["at"]) >= since]
    return Heard(row, events, len(events), samples)


def record(unit: Unit, server_id: int, report: HealthReport) -> None:
    """Keep what was heard. An answer that failed altogether leaves what was known before."""
    row = unit.get(ServerHealth, server_id) or ServerHealth(server_id=server_id)
    row.asking_since, row.error_code = None, report.error_code
    if report.error_code is None:
        row.asked_at = utcnow()
        row.sensors, row.sensors_code = report.sensors, report.sensors_code
        row.watts, row.average_watts = report.watts, report.average_watts
        row.events, row.events_total = report.events[:SHOWN_EVENTS], report.events_total
        row.events_code = report.events_code
        _sample(unit, server_id, report)
    unit.add(row)
    unit.changed(topic(server_id))


def _sample(unit: Unit, server_id: int, report: HealthReport) -> None:
    hottest = max(
        (one["value"] for one in report.sensors if one["kind"] == "temperature" and one["value"] is not None),
        default=None,
    )
    if hottest is None and report.watts is None:
        return
    unit.add(HealthSample(server_id=server_id, watts=report.watts, hottest_c=hottest))
    unit.flush()
    kept = (
        select(HealthSample.id)
        .where(col(HealthSample.server_id) == server_id)
        .order_by(col(HealthSample.id).desc())
        .limit(KEEP_SAMPLES)
    )
    old = delete(HealthSample).where(
        col(HealthSample.server_id) == server_id, col(HealthSample.id).not_in(kept.scalar_subquery())
    )
    unit.execute(old)
