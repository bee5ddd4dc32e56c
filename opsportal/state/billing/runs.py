"""Tonight's renewal run as it would go, the nightly runs that were, and where the gateway disagrees."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.billing import runs, topics
from opsportal.domain.billing.renewals import CompanyPlan
from opsportal.domain.billing.runs import RunErrorRow
from opsportal.domain.payments import differences
from opsportal.domain.payments import topics as payment_topics
from opsportal.models import BillingRun, GatewayDifference
from opsportal.state.billing import rows
from opsportal.state.billing.run_views import (
    DifferenceView,
    GatewayView,
    ObstacleView,
    PlannedView,
    RunErrorView,
    RunsView,
    RunView,
)
from opsportal.state.guard import allow, current_actor
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView, iso, iso_day


class RunsState(rx.State):
    """The page of nightly runs."""

    runs: RunsView = RunsView()
    problem: ProblemView = ProblemView()
    gateway: GatewayView = GatewayView()
    gateway_problem: ProblemView = ProblemView()

    @allow(Permission.BILLING_MANAGE)
    async def open(self) -> Any:
        return await show(self, *SHELL, (RUNS, None), (GATEWAY, None))

    @allow(Permission.BILLING_MANAGE)
    async def run_again(self) -> None:
        """Invoice now what has become due since last night's run."""
        await in_unit(runs.request_run, current_actor())


def read_runs(unit: Unit, actor: Actor, _: Any) -> RunsView:
    tonight = runs.dry_run(actor, unit)
    past = runs.list_runs(actor, unit)
    errors = runs.list_run_errors(actor, unit, [run.id for run in past if run.id and run.errors])
    return RunsView(
        is_ready=True,
        on_day=iso_day(tonight.on_day),
        companies=tonight.companies,
        invoices=tonight.invoices,
        services=tonight.services,
        obstacles=tonight.obstacles,
        totals=rows.amounts(tonight.totals),
        plans=[_planned(plan) for plan in tonight.plans],
        runs=[_run(run) for run in past],
        errors=[_error(row) for row in errors],
    )


def _planned(plan: CompanyPlan) -> PlannedView:
    return PlannedView(
        company_id=plan.company.id or 0,
        company=plan.company.name,
        currency=plan.company.currency,
        invoices=len(plan.invoices),
        services=sum(len(invoice.renewals) for invoice in plan.invoices),
        first_due_on=iso_day(min((invoice.due_on for invoice in plan.invoices), default=None)),
        total_minor=sum(invoice.total_minor for invoice in plan.invoices),
        obstacles=[ObstacleView(one.service_id, one.service_name, one.code) for one in plan.obstacles],
    )


def _run(run: BillingRun) -> RunView:
    return RunView(
        id=run.id or 0,
        kind=run.kind,
        on_day=iso_day(run.on_day),
        started_at=iso(run.started_at),
        finished_at=iso(run.finished_at),
        companies=run.companies,
        documents=run.documents,
        errors=run.errors,
        totals=rows.amounts(run.totals),
    )


def _error(row: RunErrorRow) -> RunErrorView:
    return RunErrorView(
        id=row.error.id or 0,
        run_id=row.error.run_id,
        company_id=row.company.id or 0,
        company=row.company.name,
        service_id=row.service.id or 0 if row.service else 0,
        service=row.service.name if row.service else "",
        code=row.error.code,
        detail=row.error.detail,
    )


def read_gateway(unit: Unit, actor: Actor, _: Any) -> GatewayView:
    check = differences.last_check(actor, unit)
    return GatewayView(
        is_ready=True,
        checked_at=iso(check.finished_at) if check else "",
        compared=check.compared if check else 0,
        problem_code=check.problem_code if check else "",
        differences=[_difference(one) for one in differences.list_open(actor, unit)],
    )


def _difference(one: GatewayDifference) -> DifferenceView:
    return DifferenceView(
        id=one.id or 0,
        kind=one.kind,
        object_ref=one.object_ref,
        payment_id=one.payment_id or 0,
        ours_minor=one.ours_minor,
        ours_currency=one.ours_currency,
        theirs_minor=one.theirs_minor,
        theirs_currency=one.theirs_currency,
        found_at=iso(one.found_at),
    )


RUNS = StateView(
    "runs",
    RunsState,
    "runs",
    read_runs,
    lambda *_: frozenset({topics.RUNS}),
    empty=RunsView(),
)
GATEWAY = StateView(
    "gateway",
    RunsState,
    "gateway",
    read_gateway,
    lambda *_: frozenset({payment_topics.STAFF}),
    problem_var="gateway_problem",
    empty=GatewayView(),
)
