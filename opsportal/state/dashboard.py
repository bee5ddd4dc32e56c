"""The client's first page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.catalog import services
from opsportal.domain.hardware import fleet, topics
from opsportal.state import rows
from opsportal.state.guard import allow, current_actor
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import DashboardView, ProblemView

FIRST_SERVICES = 6


class DashboardState(rx.State):
    """Counters, services and newest jobs of the actor's company."""

    dashboard: DashboardView = DashboardView()
    problem: ProblemView = ProblemView()

    @allow(Permission.OWN_ACCOUNT)
    async def open(self) -> Any:
        """The page loads. Staff have their own first page."""
        if current_actor().is_staff:
            return rx.redirect("/queues")
        return await show(self, *SHELL, (DASHBOARD, None))


def read_dashboard(unit: Unit, actor: Actor, _: Any) -> DashboardView:
    counts = services.count_services(actor, unit)
    listed, _total = services.list_services(actor, unit, services.ServiceFilter())
    # Servers first: they are what a client comes for.
    listed.sort(key=lambda row: (row.plan.family != "server", row.service.name))
    jobs = fleet.list_company_jobs(actor, unit)
    steps = fleet.steps_of(unit, [job.id for job, _ in jobs if job.id])
    return DashboardView(
        is_ready=True,
        total=counts.total,
        active=counts.active,
        suspended=counts.suspended,
        termination_requests=counts.termination_requests,
        services=[rows.service_view(r.service, r.plan, r.server) for r in listed[:FIRST_SERVICES]],
        jobs=[
            rows.job_view(job, actor=actor, server=server, steps=steps[job.id or 0]) for job, server in jobs
        ],
    )


def _topics(actor: Actor, _: Any) -> frozenset[str]:
    company_id = actor.company_id or 0
    return frozenset(
        {
            f"company:{company_id}:services",
            topics.company_jobs(company_id),
            topics.company_servers(company_id),
        }
    )


DASHBOARD = StateView(
    "dashboard", DashboardState, "dashboard", read_dashboard, _topics, empty=DashboardView()
)
