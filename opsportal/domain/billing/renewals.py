"""Invoicing the next period of running services: planned purely, dry or real, once per (service, period).

What a run would do is computed by the same function that the run uses, so a dry run cannot differ.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.billing import calendar, coverage, invoices, ledger, periods, topics
from opsportal.domain.billing.documents import NewLine, tax_groups
from opsportal.domain.billing.refusals import NoTaxRate
from opsportal.domain.billing.taxes import decide_invoice_tax
from opsportal.locale import N_
from opsportal.models import Company, Invoice, Plan, Service, ServiceCharge, ServiceStatus, Term
from opsportal.settings import settings

LINE = N_("{plan}: {name}")
MAX_LINES = 500
"""More services of one company falling due at once than anybody rents: rather a person looks."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """One service's next period, as it is to be charged."""

    service: Service
    plan: Plan
    period_start: dt.date
    period_end: dt.date
    due_on: dt.date
    quantity: int

    @property
    def net_minor(self) -> int:
        return self.quantity * self.service.price_minor


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A service that cannot be renewed by itself: a person must look."""

    service_id: int
    service_name: str
    code: str


@dataclass(frozen=True, slots=True)
class PlannedInvoice:
    """What one invoice of a run will hold."""

    due_on: dt.date
    renewals: tuple[Renewal, ...]
    net_minor: int
    tax_minor: int

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, slots=True)
class CompanyPlan:
    """What a run will do for one company."""

    company: Company
    invoices: tuple[PlannedInvoice, ...]
    free: tuple[Renewal, ...]
    obstacles: tuple[Obstacle, ...]


def companies_due(unit: Unit, on_day: dt.date) -> list[int]:
    """The companies that have something to renew on a day."""
    query = select(Service.company_id).where(*_is_due(on_day)).distinct()
    return sorted(unit.exec(query))


def plan_all(unit: Unit, on_day: dt.date) -> list[CompanyPlan]:
    """The dry run: what a run on this day would do, for every company. Writes nothing."""
    query = (
        select(Service, Plan, Company)
        .join(Plan, col(Plan.id) == col(Service.plan_id))
        .join(Company, col(Company.id) == col(Service.company_id))
        .where(*_is_due(on_day))
        .order_by(col(Company.name), col(Company.id), col(Service.id))
    )
    plans = []
    for _, group in groupby(unit.exec(query).all(), key=lambda row: row[2].id):
        rows = list(group)
        plans.append(_planned(unit, rows[0][2], [(service, plan) for service, plan, _ in rows], on_day))
    return plans


def renew_company(unit: Unit, company_id: int, on_day: dt.date) -> tuple[CompanyPlan, list[Invoice]]:
    """Invoice everything of one company that is due on a day. Run twice, it finds nothing the second time."""
    company = unit.get_one(Company, company_id)
    ledger.lock(unit, company_id, company.currency)
    query = (
        select(Service, Plan)
        .join(Plan, col(Plan.id) == col(Service.plan_id))
        .where(col(Service.company_id) == company_id, *_is_due(on_day))
        .order_by(col(Service.id))
        .with_for_update(of=Service)
        .execution_options(populate_existing=True)
    )
    planned = _planned(unit, company, unit.exec(query).all(), on_day)
    _advance_free(unit, planned.free)
    return planned, [_issue(unit, company, one) for one in planned.invoices]


def _is_due(on_day: dt.date) -> tuple[ColumnElement[bool], ...]:
    """Running services whose charged time ends within the days that an invoice comes ahead."""
    horizon = on_day + dt.timedelta(days=settings().invoice_days_ahead)
    charged = func.coalesce(col(Service.charged_through), col(Service.period_end))
    ends = col(Service.termination_requested_on)
    return (
        col(Service.status) == ServiceStatus.ACTIVE,
        charged <= horizon,
        or_(ends.is_(None), ends > charged),
    )


def _planned(
    unit: Unit, company: Company, services: Iterable[tuple[Service, Plan]], on_day: dt.date
) -> CompanyPlan:
    renewals: list[Renewal] = []
    obstacles: list[Obstacle] = []
    for service, plan in services:
        code = _obstacle(company, service, on_day)
        if code:
            obstacles.append(Obstacle(service.id or 0, service.name, code))
        else:
            renewals += _renewals(service, plan, on_day)
    if len(renewals) > MAX_LINES:
        obstacles += [Obstacle(one.service.id or 0, one.service.name, "too_many") for one in renewals]
        renewals = []
    priced = sorted((one for one in renewals if one.net_minor), key=lambda one: one.due_on)
    try:
        rate = decide_invoice_tax(unit, company, calendar.today()).rate_bp if priced else 0
    except NoTaxRate as unknown:  # one company's, and no reason to show nothing of the others
        obstacles += [Obstacle(one.service.id or 0, one.service.name, unknown.code) for one in priced]
        rate, priced = 0, []
    grouped = [tuple(group) for _, group in groupby(priced, key=lambda one: one.due_on)]
    return CompanyPlan(
        company=company,
        invoices=tuple(_totalled(group, rate) for group in grouped),
        free=tuple(one for one in renewals if not one.net_minor),
        obstacles=tuple(obstacles),
    )


def _obstacle(company: Company, service: Service, on_day: dt.date) -> str:
    """Why a service must not be renewed by itself; empty if it may."""
    period = periods.next_period(service)
    assert period is not None
    if service.currency != company.currency:
        return "other_currency"
    # A period that has passed altogether was not used: charging it would surprise, skipping it is a gift.
    return "far_behind" if period[1] <= on_day else ""


def _renewals(service: Service, plan: Plan, on_day: dt.date) -> list[Renewal]:
    """Every period that begins by the horizon: after a short one the next may be due as well.

    So a run reaches an end, and a second one on the same day finds nothing.
    """
    found: list[Renewal] = []
    start, term, anchor = periods.charged_until(service), Term(service.term), periods.anchor_of(service)
    last = on_day + dt.timedelta(days=settings().invoice_days_ahead)
    ends = service.termination_requested_on or dt.date.max
    while start is not None and start <= last and start < ends:
        end = periods.next_boundary(start, term=term, anchor_day=anchor)
        quantity = periods.quantity(term, start, end)
        found.append(Renewal(service, plan, start, end, due_on=max(start, on_day), quantity=quantity))
        start = end
    return found


def _totalled(group: tuple[Renewal, ...], rate_bp: int) -> PlannedInvoice:
    taxes = tax_groups([_line(one) for one in group], rate_bp)
    net, tax = sum(one.net_minor for one in taxes), sum(one.tax_minor for one in taxes)
    return PlannedInvoice(group[0].due_on, group, net, tax)


def _line(one: Renewal) -> NewLine:
    return NewLine(
        LINE,
        one.service.price_minor,
        {"plan": one.plan.name, "name": one.service.name},
        quantity=one.quantity,
        unit=one.service.term,
        service_id=one.service.id,
        period_start=one.period_start,
        period_end=one.period_end,
    )


def _issue(unit: Unit, company: Company, planned: PlannedInvoice) -> Invoice:
    invoice = invoices.issue_invoice(
        unit,
        company=company,
        lines=[_line(one) for one in planned.renewals],
        due_on=planned.due_on,
        currency=company.currency,
    )
    _charge(unit, planned.renewals, invoice.id)
    return invoice


def _charge(unit: Unit, renewals: Sequence[Renewal], invoice_id: int | None) -> None:
    """Write the periods down. One that is charged already stops the whole company: the database refuses it."""
    unit.execute(
        insert(ServiceCharge),
        [
            {
                "service_id": one.service.id,
                "company_id": one.service.company_id,
                "invoice_id": invoice_id,
                "period_start": one.period_start,
                "period_end": one.period_end,
                "price_minor": one.net_minor,
            }
            for one in renewals
        ],
    )
    # The anchor is kept from the first charge on: the end of a short month would forget it.
    ends = [
        {
            "id": one.service.id,
            "charged_through": one.period_end,
            "anchor_day": periods.anchor_of(one.service),
        }
        for one in renewals
    ]
    unit.execute(update(Service), ends)


def _advance_free(unit: Unit, free: Sequence[Renewal]) -> None:
    """What costs nothing runs on without an invoice."""
    if not free:
        return
    _charge(unit, free, None)
    for one in free:
        coverage.cover(one.service, one.period_start, one.period_end)
        unit.add(one.service)
        unit.changed(topics.services(one.service.company_id))
    unit.flush()
