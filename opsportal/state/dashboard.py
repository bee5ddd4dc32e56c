"""The client's first page: tiles that load, fail and renew themselves apart from each other."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.catalog import services
from opsportal.domain.hardware import fleet, topics
from opsportal.domain.hardware.looking import look_at
from opsportal.state import rows
from opsportal.state.billing.tiles import COST, LATEST_INVOICES
from opsportal.state.guard import allow, current_actor
from opsportal.state.services import with_rises
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.support.tiles import OPEN_TICKETS
from opsportal.state.traffic.tiles import TRAFFIC_TODAY
from opsportal.state.views import DashboardView, NewestJobsView, ProblemView

FIRST_SERVICES = 6


class DashboardState(rx.State):
    """The page, and its tile of services. Each other tile has a State of its own."""

    dashboard: DashboardView = DashboardView()
    services_problem: ProblemView = ProblemView()
    problem: ProblemView = ProblemView()

    @allow(Permission.OWN_ACCOUNT)
    async def open(self) -> Any:
        """The page loads. Staff have another first page, to which this one leads them."""
        self.problem = ProblemView()  # no view of it would take back what once went wrong
        if current_actor().is_staff:
            return await show(self, *SHELL)
        return await show(
            self,
            *SHELL,
            (DASHBOARD, None),
            (COST, None),
            (LATEST_INVOICES, None),
            (NEWEST_JOBS, None),
            (OPEN_TICKETS, None),
            (TRAFFIC_TODAY, None),
        )


class NewestJobsState(rx.State):
    """What was done to the company's servers lately."""

    newest: NewestJobsView = NewestJobsView()
    problem: ProblemView = ProblemView()


def read_dashboard(unit: Unit, actor: Actor, _: Any) -> DashboardView:
    counts = services.count_services(actor, unit)
    listed, _total = services.list_services(actor, unit, services.ServiceFilter())
    # Servers first: they are what a client comes for.
    listed.sort(key=lambda row: (row.plan.family != "server", row.service.name))
    return DashboardView(
        is_ready=True,
        total=counts.total,
        active=counts.active,
        suspended=counts.suspended,
        termination_requests=counts.termination_requests,
        services=with_rises(unit, actor, listed[:FIRST_SERVICES]),
    )


def read_jobs(unit: Unit, actor: Actor, _: Any) -> NewestJobsView:
    actor.require(Permission.SERVER_VIEW)
    jobs = fleet.list_company_jobs(actor, unit)
    steps = fleet.steps_of(unit, [job.id for job, _ in jobs if job.id])
    looks = look_at(unit, [job for job, _ in jobs])
    return NewestJobsView(
        is_ready=True,
        jobs=[
            rows.job_view(job, actor=actor, server=server, steps=steps[job.id or 0], look=looks[job.id or 0])
            for job, server in jobs
        ],
    )


def _topics(actor: Actor, _: Any) -> frozenset[str]:
    company_id = actor.company_id or 0
    return frozenset({f"company:{company_id}:services", topics.company_servers(company_id)})


DASHBOARD = StateView(
    "dashboard",
    DashboardState,
    "dashboard",
    read_dashboard,
    _topics,
    problem_var="services_problem",
    empty=DashboardView(),
)
NEWEST_JOBS = StateView(
    "newest_jobs",
    NewestJobsState,
    "newest",
    read_jobs,
    lambda actor, _: frozenset({topics.company_jobs(actor.company_id or 0)}),
    empty=NewestJobsView(),
)
