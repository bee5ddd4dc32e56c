"""Nightly runs as the operator sees them: what tonight's will do, what past ones did."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.billing import calendar, renewals, topics
from opsportal.domain.billing.renewals import CompanyPlan
from opsportal.models import BillingRun, BillingRunError, Company, RunKind, Service

QUEUE = "billing"
TASK = "renewal_run"
PAGE = 30
SHOWN_COMPANIES = 200


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the next renewal run will do. `totals`: gross per currency; `plans`: the first companies by name."""

    on_day: dt.date
    companies: int
    invoices: int
    services: int
    totals: dict[str, int]
    obstacles: int
    plans: list[CompanyPlan]


@dataclass(frozen=True, slots=True)
class RunErrorRow:
    """One thing that a run could not do, with the names of whom it concerns."""

    error: BillingRunError
    company: Company
    service: Service | None


def dry_run(actor: Actor, unit: Unit) -> DryRun:
    """Tonight's renewal run, with totals and obstacles; nothing is written."""
    actor.require(Permission.BILLING_MANAGE)
    today = calendar.today()
    on_day = today + dt.timedelta(days=1) if is_done(unit, RunKind.RENEWAL, today) else today
    plans = renewals.plan_all(unit, on_day)
    totals: dict[str, int] = defaultdict(int)
    for plan in plans:
        for invoice in plan.invoices:
            totals[plan.company.currency] += invoice.total_minor
    return DryRun(
        on_day=on_day,
        companies=len(plans),
        invoices=sum(len(plan.invoices) for plan in plans),
        services=sum(len(invoice.renewals) for plan in plans for invoice in plan.invoices),
        totals=dict(totals),
        obstacles=sum(len(plan.obstacles) for plan in plans),
        plans=plans[:SHOWN_COMPANIES],
    )


def request_run(unit: Unit, actor: Actor) -> None:
    """Let today's renewal run go once more, for what has become due since the night. It repeats nothing."""
    actor.require(Permission.BILLING_MANAGE)
    unit.enqueue(QUEUE, TASK, actor.person_id)
    trail.record(
        unit, "billing_run:requested", actor=actor, object_kind="billing_run", object_id=None,
        object_name=str(calendar.today()),
    )  # fmt: skip


def list_runs(actor: Actor, unit: Unit, *, before: int | None = None) -> list[BillingRun]:
    """Past runs, newest first. One without an end was interrupted; the next one finishes its work."""
    actor.require(Permission.BILLING_MANAGE)
    query = select(BillingRun).order_by(col(BillingRun.id).desc()).limit(PAGE)
    if before is not None:
        query = query.where(col(BillingRun.id) < before)
    return list(unit.exec(query))


def list_run_errors(actor: Actor, unit: Unit, run_ids: list[int]) -> list[RunErrorRow]:
    """What these runs could not do."""
    actor.require(Permission.BILLING_MANAGE)
    query = (
        select(BillingRunError, Company, Service)
        .join(Company, col(Company.id) == col(BillingRunError.company_id))
        .outerjoin(Service, col(Service.id) == col(BillingRunError.service_id))
        .where(col(BillingRunError.run_id).in_(run_ids))
        .order_by(col(BillingRunError.id).desc())
        .limit(500)
    )
    return [RunErrorRow(*row) for row in unit.exec(query)]


def is_done(unit: Unit, kind: RunKind, on_day: dt.date) -> bool:
    """Whether a run of this kind has finished for a day."""
    query = select(BillingRun.id).where(
        col(BillingRun.kind) == kind,
        col(BillingRun.on_day) == on_day,
        col(BillingRun.finished_at).is_not(None),
    )
    return unit.exec(query.limit(1)).first() is not None


def begin(unit: Unit, kind: RunKind, on_day: dt.date) -> int:
    """Write down that a run has begun."""
    run = BillingRun(kind=kind, on_day=on_day, started_at=calendar.now())
    unit.add(run)
    unit.flush()
    unit.changed(topics.RUNS)
    assert run.id is not None
    return run.id


def note_error(
    unit: Unit, run_id: int, company_id: int, *, code: str, service_id: int | None = None, detail: str = ""
) -> None:
    """Write down what a run could not do for one company."""
    row = BillingRunError(
        run_id=run_id, company_id=company_id, service_id=service_id, code=code, detail=detail[:200]
    )
    unit.add(row)


def finish(
    unit: Unit, run_id: int, *, companies: int, documents: int, totals: dict[str, int], errors: int
) -> None:
    """Close the books of a run."""
    run = unit.get_one(BillingRun, run_id)
    run.finished_at = calendar.now()
    run.companies, run.documents, run.totals, run.errors = companies, documents, totals, errors
    unit.add(run)
    unit.changed(topics.RUNS)
