"""Listing and counting services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_company_for
from opsportal.domain.refusals import BadRequest
from opsportal.models import Company, Family, Plan, Server, Service, ServiceStatus

PAGE = 25
TERMINATION_REQUEST = "termination"
ENDED = (ServiceStatus.TERMINATED, ServiceStatus.CANCELLED)


@dataclass(frozen=True)
class ServiceRow:
    """A service with its plan and, for a server, the machine behind it."""

    service: Service
    plan: Plan
    server: Server | None


@dataclass(frozen=True)
class ServiceFilter:
    """What a list shows. Empty strings and None do not restrict."""

    company_id: int | None = None
    family: str = ""
    status: str = ""
    search: str = ""
    page: int = 1


@dataclass(frozen=True)
class ServiceCounts:
    """The four cards of the dashboard and the counters of the menu. Ended services are not counted."""

    total: int
    active: int
    suspended: int
    termination_requests: int
    families: dict[str, int]


def _scope(actor: Actor, unit: Unit, company_id: int | None) -> int | None:
    """The company whose services may be listed; None means all, for staff only."""
    actor.require(Permission.SERVICES_VIEW)
    if company_id is not None:
        access_company_for(actor, unit, company_id)
        return company_id
    return None if actor.is_staff else actor.company_id


def _matching(query: Any, wanted: ServiceFilter, company_id: int | None) -> Any:
    if company_id is not None:
        query = query.where(col(Service.company_id) == company_id)
    if wanted.family:
        query = query.where(col(Plan.family) == Family(wanted.family))
    if wanted.status == TERMINATION_REQUEST:
        query = query.where(col(Service.termination_requested_on).is_not(None))
    if wanted.status not in ("", TERMINATION_REQUEST):
        query = query.where(col(Service.status) == ServiceStatus(wanted.status))
    elif not wanted.search:
        query = query.where(col(Service.status).not_in(ENDED))
    if wanted.search:
        texts = [
            col(f).icontains(wanted.search, autoescape=True) for f in (Service.name, Plan.name, Service.ip)
        ]
        if wanted.search.isascii() and wanted.search.isdigit() and len(wanted.search) < 19:
            texts.append(col(Service.id) == int(wanted.search))
        query = query.where(or_(*texts))
    return query


def list_services(actor: Actor, unit: Unit, wanted: ServiceFilter) -> tuple[list[ServiceRow], int]:
    """One page of services by name, and how many match in all."""
    known = {*ServiceStatus, TERMINATION_REQUEST, ""}
    if wanted.status not in known or wanted.family not in {*Family, ""} or wanted.page < 1:
        raise BadRequest
    company_id = _scope(actor, unit, wanted.company_id)
    joined = (
        select(Service, Plan, Server)
        .select_from(Service)
        .join(Plan, col(Plan.id) == col(Service.plan_id))
        .outerjoin(Server, col(Server.service_id) == col(Service.id))
    )
    query = _matching(joined, wanted, company_id)
    total = unit.scalar(query.with_only_columns(func.count(), maintain_column_froms=True))
    ordered = query.order_by(col(Service.name), col(Service.id))
    rows = unit.exec(ordered.offset((wanted.page - 1) * PAGE).limit(PAGE)).all()
    return [ServiceRow(*row) for row in rows], int(total or 0)


def count_services(actor: Actor, unit: Unit, *, company_id: int | None = None) -> ServiceCounts:
    """The counters, in two queries."""
    scope = _scope(actor, unit, company_id)
    running = _matching(
        select(Service.status, col(Service.termination_requested_on).is_not(None), Plan.family, func.count())
        .select_from(Service)
        .join(Plan, col(Plan.id) == col(Service.plan_id)),
        ServiceFilter(),
        scope,
    ).group_by(Service.status, col(Service.termination_requested_on).is_not(None), Plan.family)
    rows = unit.execute(running).all()
    families = {family.value: sum(n for _, _, f, n in rows if f == family) for family in Family}
    return ServiceCounts(
        total=sum(n for *_, n in rows),
        active=sum(n for s, _, _, n in rows if s == ServiceStatus.ACTIVE),
        suspended=sum(n for s, _, _, n in rows if s == ServiceStatus.SUSPENDED),
        termination_requests=sum(n for _, asked, _, n in rows if asked),
        families=families,
    )


def list_companies(actor: Actor, unit: Unit, *, search: str = "") -> list[tuple[Company, int, int]]:
    """Companies by name with their number of running services and of suspended ones."""
    actor.require(Permission.COMPANIES_VIEW)
    running = func.count(col(Service.id)).filter(col(Service.status).not_in(ENDED))
    suspended = func.count(col(Service.id)).filter(col(Service.status) == ServiceStatus.SUSPENDED)
    query = (
        select(Company, running, suspended)
        .outerjoin(Service, col(Service.company_id) == col(Company.id))
        .group_by(col(Company.id))
        .order_by(col(Company.name))
        .limit(200)
    )
    if search:
        query = query.where(col(Company.name).icontains(search, autoescape=True))
    return [(company, int(a), int(b)) for company, a, b in unit.exec(query)]
