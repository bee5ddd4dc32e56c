"""A company's renewals on a day that stands still."""

from __future__ import annotations

import datetime as dt
from typing import Any

from opsportal.db import unit_of_work
from opsportal.domain.billing import renewals
from opsportal.domain.billing.renewals import CompanyPlan
from opsportal.models import Company, Invoice, Service
from tests.builders import make_service
from tests.integration.billing.money import ask

D = dt.date
TODAY = D(2027, 2, 20)


def renewed_service(company: Company, end: D, **changes: Any) -> Service:
    start = end - dt.timedelta(days=28)
    return make_service(company, **({"period_start": start, "period_end": end} | changes))


def renew(company: Company, day: D = TODAY) -> tuple[CompanyPlan, list[Invoice]]:
    with unit_of_work() as unit:
        return renewals.renew_company(unit, company.id or 0, day)


def reread(service: Service) -> Service:
    with unit_of_work() as unit:
        return unit.get_one(Service, service.id)


def lines_of(invoice: Invoice) -> list[tuple[Any, ...]]:
    query = """SELECT params->>'name', period_start, period_end, quantity, unit, net_minor FROM invoice_line
               WHERE invoice_id = :id ORDER BY position"""
    return ask(query, id=invoice.id)
