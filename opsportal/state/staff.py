"""What operators and technicians watch: queues, fleet, companies, audit trail."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field
from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_company_for
from opsportal.domain.audit import trail
from opsportal.domain.catalog import services
from opsportal.domain.catalog.services import ServiceFilter
from opsportal.domain.hardware import fleet, topics
from opsportal.integrations import queue_watch
from opsportal.models import ACTIVE_JOB, JobStatus, Outbox, Person, ScheduledTask
from opsportal.state import rows
from opsportal.state.guard import allow
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import (
    AuditListView,
    CompaniesView,
    CompanyRowView,
    CompanyView,
    FleetRowView,
    FleetView,
    PersonView,
    ProblemView,
    QueuesView,
    QueueView,
    TaskView,
    WorkerView,
    iso,
)
from opsportal.state.wire import Address, Page, Search, address

JobFilter = Literal[
    "", "active", "queued", "running", "verifying", "unknown", "succeeded", "failed", "cancelled", "expired"
]


class QueuesAddress(Address):
    """/queues?status="""

    status: JobFilter = ""


class QueuesState(rx.State):
    """The hardware job queues, live."""

    queues: QueuesView = QueuesView()
    problem: ProblemView = ProblemView()
    status: str = ""

    @allow(Permission.JOBS_WATCH)
    async def open(self) -> Any:
        self.status = address(self, QueuesAddress).status
        return await show(self, *SHELL, (QUEUES, self.status))


class FleetAddress(Page):
    """/fleet?power=&q=&page="""

    power: Literal["", "on", "off", "unknown"] = ""


class FleetState(rx.State):
    """Every server of the data centre."""

    fleet: FleetView = FleetView()
    problem: ProblemView = ProblemView()
    power: str = ""
    q: str = ""

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        wanted = address(self, FleetAddress)
        self.power, self.q = wanted.power, wanted.q
        return await show(self, *SHELL, (FLEET, (wanted.power, wanted.q.strip(), wanted.page)))


class CompaniesAddress(Address):
    q: Search = ""


class CompaniesState(rx.State):
    """The operator's clients."""

    companies: CompaniesView = CompaniesView()
    problem: ProblemView = ProblemView()
    q: str = ""

    @allow(Permission.COMPANIES_VIEW)
    async def open(self) -> Any:
        self.q = address(self, CompaniesAddress).q
        return await show(self, *SHELL, (COMPANIES, self.q.strip()))


class CompanyAddress(Page):
    company_id: Annotated[int, Field(gt=0, lt=2**63)]


class CompanyState(rx.State):
    """One client: people and services."""

    company: CompanyView = CompanyView()
    problem: ProblemView = ProblemView()

    @allow(Permission.COMPANIES_VIEW)
    async def open(self) -> Any:
        return await show(self, *SHELL, (COMPANY, address(self, CompanyAddress).company_id))


class AuditAddress(Address):
    """/audit?before=&tag="""

    before: Annotated[int, Field(ge=0, lt=2**63)] = 0
    tag: Search = ""


class AuditState(rx.State):
    """Who did what, when, from where."""

    trail: AuditListView = AuditListView()
    problem: ProblemView = ProblemView()
    tag: str = ""

    @allow(Permission.AUDIT_VIEW)
    async def open(self) -> Any:
        wanted = address(self, AuditAddress)
        self.tag = wanted.tag
        return await show(self, *SHELL, (TRAIL, (wanted.before, wanted.tag)))


def _statuses(status: str) -> tuple[JobStatus, ...]:
    if status == "active":
        return ACTIVE_JOB
    return (JobStatus(status),) if status else ()


def read_queues(unit: Unit, actor: Actor, status: str) -> QueuesView:
    jobs = fleet.list_jobs(actor, unit, statuses=_statuses(status))
    steps = fleet.steps_of(unit, [job.id for job, _, _ in jobs if job.id and job.status in ACTIVE_JOB])
    active = fleet.list_jobs(actor, unit, statuses=ACTIVE_JOB, limit=1_000)
    unsent = unit.scalar(select(func.count()).select_from(Outbox).where(col(Outbox.sent_at).is_(None)))
    seen = queue_watch.look()
    return QueuesView(
        is_ready=True,
        counts=fleet.count_jobs(actor, unit),
        late=sum(rows.is_late(job) for job, _, _ in active),
        jobs=[
            rows.job_view(job, actor=actor, server=server, company=company, steps=steps.get(job.id or 0, ()))
            for job, server, company in jobs
        ],
        queues=[QueueView(q.name, q.waiting, q.workers) for q in seen.queues],
        workers=[
            WorkerView(w.name, w.queue, w.state, w.job, iso(w.heartbeat_at), iso(w.started_at))
            for w in seen.workers
        ],
        tasks=[
            TaskView(t.name, t.every_s, iso(t.due_at), iso(t.last_finished_at), t.last_error or "")
            for t in unit.exec(select(ScheduledTask).order_by(col(ScheduledTask.name)))
        ],
        unsent=int(unsent or 0),
        is_redis_away=seen.is_away,
    )


def read_fleet(unit: Unit, actor: Actor, params: tuple[str, str, int]) -> FleetView:
    power, search, page = params
    found, total = fleet.list_fleet(actor, unit, search=search, power=power, page=page)
    counts = fleet.count_power(actor, unit)
    return FleetView(
        is_ready=True,
        **counts,
        rows=[
            FleetRowView(
                id=row.server.id or 0,
                name=row.server.name,
                site=row.server.site,
                rack=row.server.rack,
                model=row.server.model,
                ip=row.server.ip or "",
                power=row.server.power,
                power_verified_at=iso(row.server.power_verified_at),
                bmc_error_code=row.server.bmc_error_code or "",
                company=row.company.name if row.company else "",
                job_kind=row.active_job.kind if row.active_job else "",
                job_status=row.active_job.status if row.active_job else "",
            )
            for row in found
        ],
        total=total,
        page=page,
        pages=max(1, -(-total // fleet.PAGE)),
    )


def read_companies(unit: Unit, actor: Actor, search: str) -> CompaniesView:
    listed = services.list_companies(actor, unit, search=search)
    return CompaniesView(
        is_ready=True,
        rows=[
            CompanyRowView(
                company.id or 0, company.name, company.country, company.currency, running, suspended
            )
            for company, running, suspended in listed
        ],
    )


def read_company(unit: Unit, actor: Actor, company_id: int) -> CompanyView:
    company = access_company_for(actor, unit, company_id)
    found, total = services.list_services(actor, unit, ServiceFilter(company_id=company_id))
    people = unit.exec(
        select(Person).where(col(Person.company_id) == company_id).order_by(col(Person.name))
    ).all()
    return CompanyView(
        is_ready=True,
        id=company_id,
        name=company.name,
        country=company.country,
        currency=company.currency,
        people=[
            PersonView(p.id or 0, p.name, p.email, p.locale, p.totp_enabled_at is not None, p.is_active)
            for p in people
        ],
        services=[rows.service_view(r.service, r.plan, r.server, company=company) for r in found],
        service_total=total,
    )


def read_trail(unit: Unit, actor: Actor, params: tuple[int, str]) -> AuditListView:
    before, tag = params
    found = trail.list_events(actor, unit, before=before or None, tag=tag)
    page = found[: trail.PAGE]
    return AuditListView(
        is_ready=True,
        rows=[rows.audit_view(event, with_ip=True) for event in page],
        next_before=(page[-1].id or 0) if len(found) > trail.PAGE else 0,
    )


QUEUES = StateView(
    "queues",
    QueuesState,
    "queues",
    read_queues,
    lambda *_: frozenset({topics.JOBS, "workers"}),
    empty=QueuesView(),
)
FLEET = StateView(
    "fleet",
    FleetState,
    "fleet",
    read_fleet,
    lambda *_: frozenset({topics.FLEET, topics.JOBS}),
    empty=FleetView(),
)
COMPANIES = StateView(
    "companies",
    CompaniesState,
    "companies",
    read_companies,
    lambda *_: frozenset({"companies"}),
    empty=CompaniesView(),
)
COMPANY = StateView(
    "company",
    CompanyState,
    "company",
    read_company,
    lambda _, company_id: frozenset({f"company:{company_id}:services", topics.company_servers(company_id)}),
    empty=CompanyView(),
)
TRAIL = StateView(
    "audit", AuditState, "trail", read_trail, lambda *_: frozenset({"audit"}), empty=AuditListView()
)
