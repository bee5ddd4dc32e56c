"""The operator's clients."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
from pydantic import Field
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_company_for
from opsportal.domain.catalog import services
from opsportal.domain.catalog.services import ServiceFilter
from opsportal.domain.hardware import topics
from opsportal.models import Person
from opsportal.state.billing.companies import COMPANY_MONEY
from opsportal.state.guard import allow
from opsportal.state.services import with_rises
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import CompaniesView, CompanyRowView, CompanyView, PersonView, ProblemView
from opsportal.state.wire import Address, Page, Search, address


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
        wanted = address(self, CompanyAddress)
        company_id = wanted.company_id
        return await show(self, *SHELL, (COMPANY, (company_id, wanted.page)), (COMPANY_MONEY, company_id))


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


def read_company(unit: Unit, actor: Actor, params: tuple[int, int]) -> CompanyView:
    company_id, page = params
    company = access_company_for(actor, unit, company_id)
    found, total = services.list_services(actor, unit, ServiceFilter(company_id=company_id, page=page))
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
        services=with_rises(unit, actor, found, company=company),
        service_total=total,
        page=page,
        pages=max(1, -(-total // services.PAGE)),
    )


def _company_topics(_: Actor, params: tuple[int, int]) -> frozenset[str]:
    company_id = params[0]
    return frozenset(
        {
            f"company:{company_id}:services",
            f"company:{company_id}:people",
            topics.company_servers(company_id),
        }
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
    _company_topics,
    empty=CompanyView(),
)
