"""The services list and one service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_service_for
from opsportal.domain.catalog import history, services
from opsportal.domain.catalog.services import ServiceFilter, ServiceRow
from opsportal.domain.hardware import topics
from opsportal.models import Company, Plan, Server, ServiceChange
from opsportal.state import rows
from opsportal.state.contracts import CONTRACT, SERVICE_HISTORY, who
from opsportal.state.guard import allow
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView, RiseView, ServiceListView, ServiceView, iso
from opsportal.state.wire import Page, address


class ServicesAddress(Page):
    """/services?family=&status=&q=&page="""

    family: Literal["", "server", "storage", "hosting", "vpn", "domain"] = ""
    status: Literal["", "pending", "active", "suspended", "terminated", "cancelled", "termination"] = ""


class ServiceAddress(Page):
    service_id: Annotated[int, Field(gt=0, lt=2**63)]


class ServicesState(rx.State):
    """What a company has ordered, filtered by the address."""

    listing: ServiceListView = ServiceListView()
    problem: ProblemView = ProblemView()
    family: str = ""
    status: str = ""
    q: str = ""

    @allow(Permission.SERVICES_VIEW)
    async def open(self) -> Any:
        wanted = address(self, ServicesAddress)
        self.family, self.status, self.q = wanted.family, wanted.status, wanted.q
        filtered = ServiceFilter(
            family=wanted.family, status=wanted.status, search=wanted.q.strip(), page=wanted.page
        )
        return await show(self, *SHELL, (LISTING, filtered))


class ServiceState(rx.State):
    """One service. That of a server leads on to the server's own page; the others show what they are."""

    service: ServiceView = ServiceView()
    problem: ProblemView = ProblemView()

    @allow(Permission.SERVICES_VIEW)
    async def open(self) -> Any:
        number = address(self, ServiceAddress).service_id
        about = ("service", number)
        return await show(self, *SHELL, (SERVICE, number), (CONTRACT, about), (SERVICE_HISTORY, about))


def read_listing(unit: Unit, actor: Actor, wanted: ServiceFilter) -> ServiceListView:
    found, total = services.list_services(actor, unit, wanted)
    return ServiceListView(
        is_ready=True,
        rows=with_rises(unit, actor, found),
        total=total,
        page=wanted.page,
        pages=max(1, -(-total // services.PAGE)),
    )


def with_rises(
    unit: Unit, actor: Actor, found: Sequence[ServiceRow], *, company: Company | None = None
) -> list[ServiceView]:
    """Rows of a list; those that cost more than they did lately say so."""
    rises = history.rises(unit, [row.service.id or 0 for row in found])
    return [
        rows.service_view(
            row.service, row.plan, row.server, company=company,
            rise=rise_view(actor, *rises[row.service.id]) if row.service.id in rises else None,
        )
        for row in found
    ]  # fmt: skip


def rise_view(actor: Actor, first: ServiceChange, last: ServiceChange) -> RiseView:
    by, kind = who(actor, last)
    return RiseView(iso(last.at), first.price_before_minor or 0, first.term_before or "", by, kind)


def read_service(unit: Unit, actor: Actor, service_id: int) -> ServiceView:
    service = access_service_for(actor, unit, service_id)
    server = unit.exec(select(Server).where(col(Server.service_id) == service_id)).first()
    return rows.service_view(service, unit.get_one(Plan, service.plan_id), server)


def _topics(actor: Actor, _: Any) -> frozenset[str]:
    company_id = actor.company_id or 0
    return frozenset({f"company:{company_id}:services", topics.company_servers(company_id)})


LISTING = StateView("services", ServicesState, "listing", read_listing, _topics, empty=ServiceListView())
SERVICE = StateView("service", ServiceState, "service", read_service, _topics, empty=ServiceView())
