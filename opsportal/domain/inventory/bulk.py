"""One action for many servers: first what would happen to each and why not, then each by a job of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.hardware import power
from opsportal.domain.hardware.requests import request_job
from opsportal.domain.inventory import work
from opsportal.domain.inventory.refusals import SelectionTooLarge
from opsportal.domain.refusals import BadRequest, Refusal
from opsportal.models import ACTIVE_JOB, Bmc, Company, HardwareJob, JobKind, Power, Server, Service

LIMIT = 100
PERMISSIONS: dict[JobKind, Permission] = {
    JobKind.POWER_ON: Permission.SERVER_POWER,
    JobKind.POWER_OFF: Permission.SERVER_POWER,
    JobKind.REBOOT: Permission.SERVER_POWER,
    JobKind.INSPECT: Permission.FLEET_MANAGE,
    JobKind.IDENTIFY: Permission.SERVER_IDENTIFY,
}
WORDS = {
    JobKind.POWER_ON: "will_power_on",
    JobKind.POWER_OFF: "will_power_off",
    JobKind.REBOOT: "will_reboot",
    JobKind.INSPECT: "will_inspect",
    JobKind.IDENTIFY: "will_identify",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen to one server, or why nothing will. `code` is worded by the page."""

    server_id: int
    server: str
    happens: bool
    code: str
    company: str = ""
    """Who rents it, and will notice."""
    holder: str = ""
    """Whose job is under way on it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one server: a job, or the code of the refusal."""

    server_id: int
    job_id: int = 0
    code: str = ""


def _checked(actor: Actor, kind: JobKind, server_ids: Sequence[int]) -> list[int]:
    actor.require(Permission.FLEET_VIEW)
    if kind not in PERMISSIONS:
        raise BadRequest
    actor.require(PERMISSIONS[kind])
    chosen = sorted(set(server_ids))
    if len(chosen) > LIMIT:
        raise SelectionTooLarge(limit=LIMIT)
    return chosen


def dry_run(actor: Actor, unit: Unit, *, kind: JobKind, server_ids: Sequence[int]) -> list[Plan]:
    """What would happen to each chosen server now, by name. Changes nothing."""
    chosen = _checked(actor, kind, server_ids)
    found = [access_server_for(actor, unit, number, permission=PERMISSIONS[kind]) for number in chosen]
    plans = _plans(unit, kind, [(server, service) for server, service in found])
    return sorted(plans, key=lambda plan: plan.server)


def _plans(unit: Unit, kind: JobKind, found: Sequence[tuple[Server, Service | None]]) -> list[Plan]:
    numbers = [server.id for server, _ in found]
    bmcs = set(unit.exec(select(Bmc.server_id).where(col(Bmc.server_id).in_(numbers))))
    active = select(HardwareJob).where(
        col(HardwareJob.server_id).in_(numbers), col(HardwareJob.status).in_(ACTIVE_JOB)
    )
    jobs = {job.server_id: job for job in unit.exec(active)}
    companies = {service.company_id for _, service in found if service}
    names = {c.id: c.name for c in unit.exec(select(Company).where(col(Company.id).in_(companies)))}
    return [
        _plan(kind, server, names.get(service.company_id, "") if service else "", server.id in bmcs,
              jobs.get(server.id or 0))
        for server, service in found
    ]  # fmt: skip


def _plan(kind: JobKind, server: Server, company: str, has_bmc: bool, job: HardwareJob | None) -> Plan:
    number, holder = server.id or 0, job.actor_name if job else ""
    if not has_bmc:
        return Plan(number, server.name, False, "no_bmc", company)
    if job is not None:
        return Plan(number, server.name, False, "busy", company, holder)
    idle = {(JobKind.POWER_ON, Power.ON): "is_on", (JobKind.POWER_OFF, Power.OFF): "is_off"}
    if code := idle.get((kind, Power(server.power))):
        return Plan(number, server.name, False, code, company)
    return Plan(number, server.name, True, WORDS[kind], company)


def carry_out(actor: Actor, *, kind: JobKind, server_ids: Sequence[int]) -> list[Done]:
    """Ask for a job on each server that the dry run includes now, each in a transaction of its own.

    What one refuses stops no other; a server that got busy since the dry run is left out and says so.
    """
    chosen = _checked(actor, kind, server_ids)
    with unit_of_work() as unit:
        plans = dry_run(actor, unit, kind=kind, server_ids=chosen)
    return [
        _carry_out_one(actor, kind, plan.server_id) if plan.happens else Done(plan.server_id, code=plan.code)
        for plan in plans
    ]


def _carry_out_one(actor: Actor, kind: JobKind, server_id: int) -> Done:
    try:
        with unit_of_work() as unit:
            job = _request(unit, actor, kind, server_id)
    except Refusal as refusal:
        return Done(server_id, code=refusal.code)
    return Done(server_id, job_id=job.id or 0)


def _request(unit: Unit, actor: Actor, kind: JobKind, server_id: int) -> HardwareJob:
    if kind is JobKind.INSPECT:
        return work.inspect(unit, actor, server_id)
    if kind is JobKind.IDENTIFY:
        return request_identify(unit, actor, server_id)
    return power.request_power(unit, actor, server_id, kind=kind)


def request_identify(unit: Unit, actor: Actor, server_id: int) -> HardwareJob:
    """Let the machine's identify light blink, so that it is found in the aisle."""
    return request_job(
        unit,
        actor,
        server_id,
        kind=JobKind.IDENTIFY,
        permission=Permission.SERVER_IDENTIFY,
        steps=("identify",),
    )
