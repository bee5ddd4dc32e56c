"""One server: what it is, whether it is on, and what is being done to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission, access_job_for, access_server_for
from opsportal.domain.hardware import fleet, power, topics
from opsportal.domain.hardware.looking import job_in_hands, look_at
from opsportal.domain.hardware.port_orders import in_force
from opsportal.models import Bmc, Company, JobKind, Plan, Server, Service, ServiceStatus
from opsportal.state import rows
from opsportal.state.guard import allow, current_actor
from opsportal.state.server_tabs import LOADS, TabName
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import JobView, ProblemView, ServerView, ServiceView, iso
from opsportal.state.wire import Address, Id, address


class ServerAddress(Address):
    server_id: Annotated[int, Field(gt=0, lt=2**63)]
    tab: TabName = "overview"


class ServerState(rx.State):
    """The server page, for its tenant and for staff."""

    server: ServerView = ServerView()
    problem: ProblemView = ProblemView()
    tab: str = "overview"

    @allow(Permission.SERVER_VIEW)
    async def open(self) -> Any:
        wanted = address(self, ServerAddress)
        self.tab = wanted.tab
        shown = LOADS[wanted.tab](self, wanted.server_id)
        return await show(self, *SHELL, (SERVER, wanted.server_id), *shown)

    @allow(Permission.SERVER_POWER)
    async def switch(
        self, server_id: Id, kind: Literal["power_on", "power_off", "reboot", "shutdown"]
    ) -> None:
        """Ask for a power goal. The job's steps arrive by the live feed."""
        await in_unit(power.request_power, current_actor(), server_id, kind=JobKind(kind))

    @allow(Permission.SERVER_POWER)
    async def cancel(self, job_id: Id) -> None:
        """Take back a job that has not begun."""
        await in_unit(power.cancel_job, current_actor(), job_id)

    @allow(Permission.SERVER_POWER)
    async def retry(self, job_id: Id) -> None:
        """Ask again for what a job did not reach."""
        await in_unit(power.retry_job, current_actor(), job_id)


def read_server(unit: Unit, actor: Actor, server_id: int) -> ServerView:
    server, service = access_server_for(actor, unit, server_id)
    newest = next(iter(fleet.list_server_jobs(actor, unit, server_id, limit=1)), None)
    can_switch = _can_switch(unit, actor, server, service)
    job = _job(unit, actor, newest.id or 0) if newest else JobView()
    return ServerView(
        is_ready=True,
        id=server_id,
        name=server.name,
        model=server.model,
        cpu=server.cpu,
        memory_gb=server.memory_gb,
        disks=server.disks,
        mac=server.mac,
        ip=server.ip or "",
        site=server.site,
        rack=server.rack,
        power=server.power,
        power_verified_at=iso(server.power_verified_at),
        bmc_error_code=server.bmc_error_code or "",
        can_switch=can_switch,
        is_blocked=in_force(unit, server_id) is not None,
        service=_service(unit, service, server),
        job=replace(job, can_retry=job.can_retry and can_switch),
        taken=_taken(unit, actor, server_id),
    )


def _can_switch(unit: Unit, actor: Actor, server: Server, service: Service | None) -> bool:
    is_allowed = actor.is_staff or (service is not None and service.status == ServiceStatus.ACTIVE)
    return is_allowed and unit.get(Bmc, server.id) is not None


def _service(unit: Unit, service: Service | None, server: Server) -> ServiceView:
    if service is None:
        return ServiceView()
    company = unit.get(Company, service.company_id)
    return rows.service_view(service, unit.get_one(Plan, service.plan_id), server, company=company)


def _job(unit: Unit, actor: Actor, job_id: int) -> JobView:
    job = access_job_for(actor, unit, job_id)
    return rows.job_view(
        job,
        actor=actor,
        steps=fleet.steps_of(unit, [job_id])[job_id],
        usual=fleet.usual_seconds(unit, JobKind(job.kind)),
        look=look_at(unit, [job])[job_id],
    )


def _taken(unit: Unit, actor: Actor, server_id: int) -> JobView:
    job = job_in_hands(unit, actor, server_id)
    return rows.job_view(job, actor=actor, look=look_at(unit, [job])[job.id or 0]) if job else JobView()


SERVER = StateView(
    "server",
    ServerState,
    "server",
    read_server,
    lambda _, server_id: frozenset({topics.server(server_id)}),
    is_personal=True,  # whose hands a job is in depends on who looks
    empty=ServerView(),
)
