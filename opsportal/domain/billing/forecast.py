"""What the running services cost, and how much to add so that the next 30 days are paid."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_company_for
from opsportal.domain.billing import calendar, ledger, periods
from opsportal.domain.billing.money import exponent, rounded, rounded_up
from opsportal.domain.billing.profiles import profile_of
from opsportal.domain.billing.taxes import decide_invoice_tax, tax_of
from opsportal.models import (
    Company,
    CostSnapshot,
    DocumentKind,
    Invoice,
    InvoiceStatus,
    Service,
    ServiceStatus,
    Term,
)

HORIZON_DAYS = 30
HOURS_A_YEAR = 365 * 24
STEP_MAJOR = 10
"""Recommended amounts are round: the next ten of the currency."""


@dataclass(frozen=True, slots=True)
class RecurringCost:
    """What running services cost per span of time, all from the exact yearly sum, rounded half up.

    A year has 12 months, 365 days and 8,760 hours. `yesterday_*` is None until a day was recorded.
    """

    currency: str
    hour_minor: int
    day_minor: int
    week_minor: int
    month_minor: int
    year_minor: int
    yesterday_hour_minor: int | None
    yesterday_day_minor: int | None
    yesterday_week_minor: int | None
    yesterday_month_minor: int | None
    yesterday_year_minor: int | None
    services: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The arithmetic of the recommended top-up, term by term.

    need = renewals + their tax + open invoices + comfort buffer - cash - credit; the amount is the need
    rounded up to the next `step`, or zero. Renewals have a tax here only if the operator takes it on the
    invoice; else it comes on top of the amount, once.
    """

    currency: str
    horizon_on: dt.date
    renewals_minor: int
    renewals_tax_minor: int
    open_invoices_minor: int
    buffer_minor: int
    cash_minor: int
    credit_minor: int
    need_minor: int
    step_minor: int
    amount_minor: int


def recurring_cost(actor: Actor, unit: Unit, *, company_id: int | None = None) -> RecurringCost:
    """What a company's running services cost: a client's own, or for staff the one named."""
    company = _company(actor, unit, company_id)
    assert company.id is not None
    year, count = _yearly(unit, company.id, company.currency)
    yesterday = unit.get(
        CostSnapshot, (company.id, calendar.today() - dt.timedelta(days=1), company.currency)
    )
    before = yesterday.year_minor if yesterday else None
    return RecurringCost(
        currency=company.currency,
        hour_minor=rounded(year, HOURS_A_YEAR),
        day_minor=rounded(year, 365),
        week_minor=rounded(year * 7, 365),
        month_minor=rounded(year, 12),
        year_minor=year,
        yesterday_hour_minor=None if before is None else rounded(before, HOURS_A_YEAR),
        yesterday_day_minor=None if before is None else rounded(before, 365),
        yesterday_week_minor=None if before is None else rounded(before * 7, 365),
        yesterday_month_minor=None if before is None else rounded(before, 12),
        yesterday_year_minor=before,
        services=count,
    )


def recommended_topup(actor: Actor, unit: Unit, *, company_id: int | None = None) -> Recommendation:
    """How much to add so that all that falls due within 30 days is paid and the comfort buffer stays."""
    company = _company(actor, unit, company_id)
    assert company.id is not None
    horizon = calendar.today() + dt.timedelta(days=HORIZON_DAYS)
    have = ledger.balances(unit, company.id, company.currency)
    renewals = _renewals_until(unit, company, horizon)
    owed = _open_invoices(unit, company)
    buffer = profile_of(unit, company.id).comfort_buffer_minor
    tax = tax_of(renewals, decide_invoice_tax(unit, company, calendar.today()).rate_bp)
    need = renewals + tax + owed + buffer - have.total_minor
    step = STEP_MAJOR * 10 ** exponent(company.currency)
    return Recommendation(
        currency=company.currency,
        horizon_on=horizon,
        renewals_minor=renewals,
        renewals_tax_minor=tax,
        open_invoices_minor=owed,
        buffer_minor=buffer,
        cash_minor=have.cash_minor,
        credit_minor=have.credit_minor,
        need_minor=need,
        step_minor=step,
        amount_minor=rounded_up(need, step) if need > 0 else 0,
    )


def record_costs(unit: Unit, on_day: dt.date) -> int:
    """Keep what every company's running services cost on a day. Again on the same day: the latest counts."""
    yearly = (
        select(Service.company_id, Service.currency, func.sum(_A_YEAR))
        .where(_is_recurring(on_day))
        .group_by(col(Service.company_id), col(Service.currency))
    )
    companies = unit.exec(select(Company.id, Company.currency)).all()
    costs = {(company_id, currency): int(cost) for company_id, currency, cost in unit.exec(yearly)}
    rows = [
        {"company_id": i, "on_day": on_day, "currency": c, "year_minor": costs.get((i or 0, c), 0)}
        for i, c in companies
    ]
    if rows:
        made = insert(CostSnapshot).values(rows)
        unit.execute(
            made.on_conflict_do_update(
                index_elements=["company_id", "on_day", "currency"],
                set_={"year_minor": made.excluded.year_minor},
            )
        )
    return len(rows)


_A_YEAR = case(
    (col(Service.term) == Term.MONTH, col(Service.price_minor) * 12),
    (col(Service.term) == Term.HOUR, col(Service.price_minor) * HOURS_A_YEAR),
    else_=col(Service.price_minor),
)


def _is_recurring(day: dt.date) -> Any:
    """Running, and not to be ended by this day."""
    asked = col(Service.termination_requested_on)
    return (col(Service.status) == ServiceStatus.ACTIVE) & or_(asked.is_(None), asked > day)


def _company(actor: Actor, unit: Unit, company_id: int | None) -> Company:
    actor.require(Permission.BILLING_VIEW)
    return access_company_for(actor, unit, actor.company_id or 0 if company_id is None else company_id)


def _yearly(unit: Unit, company_id: int, currency: str) -> tuple[int, int]:
    query = select(func.coalesce(func.sum(_A_YEAR), 0), func.count()).where(
        col(Service.company_id) == company_id,
        col(Service.currency) == currency,
        _is_recurring(calendar.today()),
    )
    total, count = unit.exec(query).one()
    return int(total), int(count)


def _renewals_until(unit: Unit, company: Company, horizon: dt.date) -> int:
    """Net of every period that begins before the horizon and is not invoiced yet."""
    running = select(Service).where(
        col(Service.company_id) == company.id,
        col(Service.currency) == company.currency,
        _is_recurring(calendar.today()),
    )
    return sum(_cost_until(service, horizon) for service in unit.exec(running))


def _cost_until(service: Service, horizon: dt.date) -> int:
    start, total = periods.charged_until(service), 0
    term, anchor = Term(service.term), periods.anchor_of(service)
    while start is not None and start < min(horizon, service.termination_requested_on or horizon):
        end = periods.next_boundary(start, term=term, anchor_day=anchor)
        total += service.price_minor * periods.quantity(term, start, end)
        start = end
    return total


def _open_invoices(unit: Unit, company: Company) -> int:
    query = select(func.coalesce(func.sum(Invoice.total_minor), 0)).where(
        col(Invoice.company_id) == company.id,
        col(Invoice.currency) == company.currency,
        col(Invoice.status) == InvoiceStatus.ISSUED,
        col(Invoice.kind) == DocumentKind.INVOICE,
    )
    return int(unit.exec(query).one())
