"""Reads the power state of the whole fleet and keeps what has changed."""

from __future__ import annotations

import structlog
from sqlmodel import col, select

import bmc
from opsportal.db import Unit, unit_of_work
from opsportal.domain.hardware import claims, refusals_of_bmcs, topics
from opsportal.models import Bmc, BmcRefusal, Power, Server, Service
from opsportal.models.base import utcnow
from workers.hardware import endpoint

log = structlog.get_logger("power_sweep")


def run() -> None:
    """One sweep. A server that a job holds, or took over meanwhile, is left to that job."""
    fences: dict[int, int] = {}
    endpoints: dict[int, bmc.Endpoint] = {}
    refused: dict[int, bmc.BmcError] = {}
    marks: dict[int, str] = {}
    with unit_of_work() as unit:
        rows = unit.exec(
            select(Server, Bmc)
            .join(Bmc, col(Bmc.server_id) == col(Server.id))
            .where(col(Server.lease_job_id).is_(None))
        ).all()
        held_back = refusals_of_bmcs.list_held_back(unit)
    for server, row in rows:
        assert server.id is not None
        fences[server.id] = server.lease_fence
        if server.id in held_back:
            refused[server.id] = bmc.ERRORS[held_back[server.id]]()
            continue
        try:
            endpoints[server.id] = endpoint(row)
            marks[server.id] = refusals_of_bmcs.credentials_mark(row)
        except bmc.BmcError as error:
            refused[server.id] = error
    answers = bmc.sweep_power(endpoints) | refused
    with unit_of_work() as unit:
        _keep(unit, answers, fences)
        _keep_refusals(unit, {number: answers[number] for number in endpoints}, marks)
    silent = sum(isinstance(answer, bmc.BmcError) for answer in answers.values())
    log.info("swept", servers=len(answers), silent=silent)


def _keep_refusals(
    unit: Unit, answers: dict[int, bmc.PowerState | bmc.BmcError], marks: dict[int, str]
) -> None:
    """Count who has refused our credentials, and forget it of who lets us in again."""
    known = set(unit.exec(select(BmcRefusal.server_id)))
    for number, answer in sorted(answers.items()):
        if isinstance(answer, bmc.BmcError):
            if answer.code in refusals_of_bmcs.REFUSALS:
                refusals_of_bmcs.note_refusal(unit, number, answer.code, mark=marks[number])
        elif number in known:
            refusals_of_bmcs.forget_refusal(unit, number)


def _keep(unit: Unit, answers: dict[int, bmc.PowerState | bmc.BmcError], fences: dict[int, int]) -> None:
    rented = select(Server.id, Service.company_id).join(Service, col(Service.id) == col(Server.service_id))
    owners = {row[0]: row[1] for row in unit.exec(rented)}
    query = select(Server).where(col(Server.id).in_(answers)).order_by(col(Server.id)).with_for_update()
    for server in unit.exec(query):
        assert server.id is not None
        if server.lease_fence != fences[server.id] or server.lease_job_id is not None:
            continue  # somebody has acted since we asked: this answer is old
        answer = answers[server.id]
        if isinstance(answer, bmc.BmcError):
            _keep_failure(unit, server, answer, owners.get(server.id))
        else:
            claims.record_power(unit, server, Power(answer.value), company_id=owners.get(server.id))


def _keep_failure(unit: Unit, server: Server, error: bmc.BmcError, company_id: int | None) -> None:
    """One lost answer is UDP; the second in a row means that we do not know."""
    assert server.id is not None
    is_repeated = server.bmc_failed_at is not None
    changed = server.bmc_error_code != error.code or (is_repeated and server.power != Power.UNKNOWN)
    server.bmc_error_code = error.code
    server.bmc_failed_at = server.bmc_failed_at or utcnow()
    if is_repeated:
        server.power = Power.UNKNOWN
    if changed:
        own = (topics.company_servers(company_id),) if company_id else ()
        unit.changed(topics.server(server.id), topics.FLEET, *own)
