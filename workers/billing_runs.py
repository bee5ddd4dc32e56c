"""The nightly runs of billing. Each company is a transaction of its own: one that fails holds nobody up."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import structlog
from sqlmodel import col, or_, select

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar, coverage, forecast, invoices, renewals, runs
from opsportal.models import BillingProfile, DocumentKind, Invoice, InvoiceStatus, RunKind

log = structlog.get_logger("billing_runs")


class _Run:
    """A run's row and its running totals."""

    def __init__(self, kind: RunKind, on_day: dt.date) -> None:
        self.kind = kind
        self.on_day = on_day
        self.companies: set[int] = set()
        self.documents = 0
        self.errors = 0
        self.totals: dict[str, int] = defaultdict(int)
        with unit_of_work() as unit:
            self.id = runs.begin(unit, kind, on_day)

    def count(self, company_id: int, documents: list[tuple[str, int]]) -> None:
        """What was done for one company: currencies and gross amounts."""
        self.companies.add(company_id)
        self.documents += len(documents)
        for currency, total in documents:
            self.totals[currency] += total

    def fail(self, company_id: int, code: str, *, service_id: int | None = None, detail: str = "") -> None:
        self.errors += 1
        with unit_of_work() as unit:
            runs.note_error(unit, self.id, company_id, code=code, service_id=service_id, detail=detail)

    def finish(self) -> None:
        with unit_of_work() as unit:
            runs.finish(
                unit,
                self.id,
                companies=len(self.companies),
                documents=self.documents,
                totals=dict(self.totals),
                errors=self.errors,
            )
        log.info(
            "billing_run",
            kind=self.kind.value,
            day=str(self.on_day),
            documents=self.documents,
            errors=self.errors,
        )


def renew() -> None:
    """The day's renewal run, unless it was done. An interrupted one is done again: it repeats nothing."""
    today = calendar.today()
    with unit_of_work() as unit:
        if runs.is_done(unit, RunKind.RENEWAL, today):
            return
    renew_on(today)


def renew_again(_asked_by: int) -> None:
    """Today's renewal run once more, because finance asked for it."""
    renew_on(calendar.today())


def renew_on(on_day: dt.date) -> None:
    """Invoice what is due on a day, company by company; then let paid periods begin."""
    run = _Run(RunKind.RENEWAL, on_day)
    with unit_of_work() as unit:
        due = renewals.companies_due(unit, on_day)
    for company_id in due:
        try:
            with unit_of_work() as unit:
                planned, issued = renewals.renew_company(unit, company_id, on_day)
        except Exception as failed:  # whatever it is, the next company must not suffer
            log.exception("renewal_failed", company=company_id)
            run.fail(company_id, "fault", detail=type(failed).__name__)
            continue
        run.count(company_id, [(invoice.currency, invoice.total_minor) for invoice in issued])
        for obstacle in planned.obstacles:
            run.fail(company_id, obstacle.code, service_id=obstacle.service_id)
    with unit_of_work() as unit:
        coverage.roll(unit, on_day)
    run.finish()


def pay_due() -> None:
    """Pay from the balance what is due by today, oldest first, for companies that want it so.

    Looks several times a day, because money arrives at any time; a look that finds nothing to pay
    leaves no row.
    """
    today = calendar.today()
    found = _payable(today)
    if not found:
        return
    run: _Run | None = None
    for invoice_id, company_id, currency, total in found:
        try:
            with unit_of_work() as unit:
                is_paid = invoices.pay_automatically(unit, invoice_id)
        except Exception as failed:
            log.exception("auto_pay_failed", invoice=invoice_id)
            run = run or _Run(RunKind.AUTO_PAY, today)
            run.fail(company_id, "fault", detail=type(failed).__name__)
            continue
        if is_paid:
            run = run or _Run(RunKind.AUTO_PAY, today)
            run.count(company_id, [(currency, total)])
    if run is not None:
        run.finish()


def _payable(today: dt.date) -> list[tuple[int, int, str, int]]:
    """Due invoices of companies that pay automatically, as (invoice, company, currency, total)."""
    query = (
        select(Invoice.id, Invoice.company_id, Invoice.currency, Invoice.total_minor)
        .outerjoin(BillingProfile, col(BillingProfile.company_id) == col(Invoice.company_id))
        .where(
            col(Invoice.status) == InvoiceStatus.ISSUED,
            col(Invoice.kind) == DocumentKind.INVOICE,
            col(Invoice.due_on) <= today,
            or_(col(BillingProfile.company_id).is_(None), col(BillingProfile.auto_pay).is_(True)),
        )
        .order_by(col(Invoice.due_on), col(Invoice.id))
    )
    with unit_of_work() as unit:
        return [(i or 0, company, currency, total) for i, company, currency, total in unit.exec(query)]


def record_costs() -> None:
    """Keep today's recurring cost of every company, for tomorrow's comparison. The day's last look counts."""
    with unit_of_work() as unit:
        forecast.record_costs(unit, calendar.today())
