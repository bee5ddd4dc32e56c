"""A machine's burn-in: a run under load, then power cycles; what is known about each while the other runs."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.inventory import cleanings, work
from opsportal.domain.refusals import Refusal
from opsportal.models import (
    Cleaning,
    CleaningStepName,
    EvidenceResult,
    HardwareJob,
    Installation,
    JobKind,
    JobStatus,
    Person,
    Role,
    Server,
    StockStatus,
)

LOADED = "loaded"
_FAULT = "installer_load_"


def open_cleaning_of(unit: Unit, server_id: int) -> Cleaning | None:
    """The machine's cleaning that has not ended."""
    found = cleanings.find_cleaning(unit, server_id)
    return found if found is not None and found.finished_at is None else None


def note_events(unit: Unit, server_id: int, critical: Iterable[int] | None) -> None:
    """Keep which critical events the BMC's log has before the machine is loaded. None: it has no log."""
    cleaning = open_cleaning_of(unit, server_id)
    if cleaning is not None:
        cleaning.events_before = None if critical is None else sorted(critical)
        unit.add(cleaning)


def events_before(unit: Unit, server_id: int) -> set[int] | None:
    """What `note_events` has kept for the cleaning that is open."""
    cleaning = open_cleaning_of(unit, server_id)
    return set(cleaning.events_before) if cleaning and cleaning.events_before is not None else None


def passed_load(unit: Unit, server_id: int) -> HardwareJob | None:
    """The newest run under load of the cleaning that is open, if the machine has passed it."""
    cleaning = open_cleaning_of(unit, server_id)
    if cleaning is None:
        return None
    query = (
        select(HardwareJob)
        .where(
            col(HardwareJob.server_id) == server_id,
            col(HardwareJob.kind) == JobKind.LOAD_TEST,
            col(HardwareJob.started_at) >= cleaning.started_at,
        )
        .order_by(col(HardwareJob.id).desc())
        .limit(1)
    )
    job = unit.exec(query).first()
    return job if job is not None and _has_passed(job) else None


def go_on(unit: Unit, job_id: int) -> HardwareJob | None:
    """After a run under load: a fault that the machine has reported is evidence; passed, the power cycles follow.

    They are asked for in the name of who asked for the burn-in, while that person still may. A run that has never
    begun proves nothing: its job says why it failed, and a person asks again.
    """
    job = unit.get_one(HardwareJob, job_id)
    server = unit.get_one(Server, job.server_id, with_for_update=True, populate_existing=True)
    is_open = (
        server.stock_status == StockStatus.CLEANING and open_cleaning_of(unit, job.server_id) is not None
    )
    if not is_open or _has_gone_on(unit, job):
        return None
    outcome = unit.get_one(Installation, job_id).outcome_code or ""
    if job.status == JobStatus.FAILED and outcome.startswith(_FAULT):
        cleanings.witness(
            unit, job_id, CleaningStepName.BURN_IN, result=EvidenceResult.BAD, method=LOADED,
            facts={"run under load": outcome.removeprefix(_FAULT)},
        )  # fmt: skip
        return None
    person = unit.get(Person, job.actor_id)
    if not _has_passed(job) or person is None or not person.is_active or person.id is None:
        return None
    actor = Actor(person.id, 0, Role(person.role), person.company_id, person.name)
    if not actor.may(Permission.STOCK_MANAGE):
        return None
    try:
        return work.power_cycles(unit, actor, job.server_id)
    except Refusal:  # somebody was quicker with something else: the page offers the burn-in again
        return None


def _has_passed(job: HardwareJob) -> bool:
    """By its machine's own word: what a person has ended by hand proves no load."""
    return job.status == JobStatus.SUCCEEDED and job.ended_by is None


def _has_gone_on(unit: Unit, job: HardwareJob) -> bool:
    later = select(HardwareJob.id).where(
        col(HardwareJob.server_id) == job.server_id,
        col(HardwareJob.id) > job.id,
        col(HardwareJob.kind) == JobKind.BURN_IN,
    )
    return unit.exec(later).first() is not None
