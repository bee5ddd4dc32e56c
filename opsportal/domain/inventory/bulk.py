"""One action for many servers: first what would happen to each and why not, then each by a job of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.hardware import identify, owners, power
from opsportal.domain.inventory import work
from opsportal.domain.inventory.refusals import SelectionTooLarge
from opsportal.domain.refusals import BadRequest, Refusal
from opsportal.models import ACTIVE_JOB, Bmc, Company, HardwareJob, JobKind, Power, Server, Service

LIMIT = 100


class Action(StrEnum):
    """What can be done to many servers at once: jobs that have an end, and the light, which is none."""

    POWER_ON = JobKind.POWER_ON
    POWER_OFF = JobKind.POWER_OFF
    REBOOT = JobKind.REBOOT
    INSPECT = JobKind.INSPECT
    IDENTIFY = "identify"


PERMISSIONS: dict[Action, Permission] = {
    Action.POWER_ON: Permission.SERVER_POWER,
    Action.POWER_OFF: Permission.SERVER_POWER,
    Action.REBOOT: Permission.SERVER_POWER,
    Action.INSPECT: Permission.FLEET_MANAGE,
    Action.IDENTIFY: Permission.SERVER_IDENTIFY,
}
WORDS = {
    Action.POWER_ON: "will_power_on",
    Action.POWER_OFF: "will_power_off",
    Action.REBOOT: "will_reboot",
    Action.INSPECT: "will_inspect",
    Action.IDENTIFY: "will_identify",
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
    """What became of one server: a job (none for the light), or the code of the refusal."""

    server_id: int
    job_id: int = 0
    code: str = ""

    @property
    def is_asked(self) -> bool:
        return not self.code


def _checked(actor: Actor, kind: Action, server_ids: Sequence[int]) -> list[int]:
    actor.require(Permission.FLEET_VIEW)
    if kind not in PERMISSIONS:
        raise BadRequest
    actor.require(PERMISSIONS[kind])
    chosen = sorted(set(server_ids))
    if len(chosen) > LIMIT:
        raise SelectionTooLarge(limit=LIMIT)
    return chosen


def dry_run(actor: Actor, unit: Unit, *, kind: Action, server_ids: Sequence[int]) -> list[Plan]:
    """What would happen to each chosen server now, by name. Changes nothing."""
    chosen = _checked(actor, kind, server_ids)
    found = [access_server_for(actor, unit, number, permission=PERMISSIONS[kind]) for number in chosen]
    plans = _plans(unit, actor, kind, [(server, service) for server, service in found])
    return sorted(plans, key=lambda plan: plan.server)


def _plans(
    unit: Unit, actor: Actor, kind: Action, found: Sequence[tuple[Server, Service | None]]
) -> list[Plan]:
    numbers = [server.id for server, _ in found]
    bmcs = set(unit.exec(select(Bmc.server_id).where(col(Bmc.server_id).in_(numbers))))
    active = select(HardwareJob).where(
        col(HardwareJob.server_id).in_(numbers), col(HardwareJob.status).in_(ACTIVE_JOB)
    )
    jobs = {job.server_id: job.actor_name for job in unit.exec(active)}
    taken = owners.owners_of(unit, [number for number in numbers if number])
    jobs |= {number: row.name for number, row in taken.items() if row.person_id != actor.person_id}
    companies = {service.company_id for _, service in found if service}
    names = {c.id: c.name for c in unit.exec(select(Company).where(col(Company.id).in_(companies)))}
    return [
        _plan(kind, server, names.get(service.company_id, "") if service else "", server.id in bmcs,
              jobs.get(server.id or 0))
        for server, service in found
    ]  # fmt: skip


def _plan(kind: Action, server: Server, company: str, has_bmc: bool, holder: str | None) -> Plan:
    number = server.id or 0
    if not has_bmc:
        return Plan(number, server.name, False, "no_bmc", company)
    if holder is not None and kind is not Action.IDENTIFY:
        return Plan(number, server.name, False, "busy", company, holder or "")
    idle = {(Action.POWER_ON, Power.ON): "is_on", (Action.POWER_OFF, Power.OFF): "is_off"}
    if code := idle.get((kind, Power(server.power))):
        return Plan(number, server.name, False, code, company)
    return Plan(number, server.name, True, WORDS[kind], company)


def carry_out(actor: Actor, *, kind: Action, server_ids: Sequence[int]) -> list[Done]:
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


def _carry_out_one(actor: Actor, kind: Action, server_id: int) -> Done:
    try:
        with unit_of_work() as unit:
            job = _request(unit, actor, kind, server_id)
    except Refusal as refusal:
        return Done(server_id, code=refusal.code)
    return Done(server_id, job_id=(job.id or 0) if job else 0)


def _request(unit: Unit, actor: Actor, kind: Action, server_id: int) -> HardwareJob | None:
    if kind is Action.IDENTIFY:
        identify.ask(unit, actor, server_id)
        return None
    if kind is Action.INSPECT:
        return work.inspect(unit, actor, server_id)
    return power.request_power(unit, actor, server_id, kind=JobKind(kind.value))
