"""Which periods of a service are charged and paid: what paying and cancelling an invoice do to services."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, text
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.billing import calendar, topics
from opsportal.domain.catalog import holds
from opsportal.models import (
    Invoice,
    InvoiceStatus,
    Service,
    ServiceCharge,
    SuspensionReason,
)


def extend(unit: Unit, invoice_id: int) -> None:
    """Let the services of an invoice that was just paid run on to the end of what it charged.

    One that is suspended as unpaid is so no longer, unless another of its invoices is overdue. A suspension for
    policy goes on.
    """
    for charge in _charges(unit, invoice_id):
        service = _locked(unit, charge.service_id)
        cover(service, charge.period_start, charge.period_end)
        unit.add(service)
        if SuspensionReason.PAYMENT in holds.reasons_of(service) and not is_overdue(unit, service):
            holds.release(unit, service, SuspensionReason.PAYMENT, actor=None)
        unit.changed(topics.services(service.company_id))


def cover(service: Service, start: dt.date, end: dt.date) -> None:
    """Write a period that is paid for into the service. It becomes the current one when its day has come."""
    if service.period_end is None or end > service.period_end:
        service.period_end = end
    if service.period_start is None or service.period_start < start <= calendar.today():
        service.period_start = start


# Rows that somebody holds are left for the next time: this must not wait in a circle with those who pay.
_ROLL = text("""
    WITH begun AS (
        SELECT s.id, max(c.period_start) AS period_start
        FROM service_charge c
        JOIN service s ON s.id = c.service_id
        LEFT JOIN invoice i ON i.id = c.invoice_id
        WHERE c.released_at IS NULL AND (i.id IS NULL OR i.status = 'paid')
            AND c.period_start <= :day AND c.period_end > :day AND s.period_start < c.period_start
        GROUP BY s.id
    ), free AS (SELECT id FROM service WHERE id IN (SELECT id FROM begun) FOR UPDATE SKIP LOCKED)
    UPDATE service SET period_start = begun.period_start
    FROM begun JOIN free ON free.id = begun.id WHERE service.id = begun.id
""")


def roll(unit: Unit, on_day: dt.date) -> None:
    """Let periods that were paid ahead become the current ones on their first day."""
    unit.execute(_ROLL, {"day": on_day})


def release(unit: Unit, invoice_id: int) -> None:
    """Free the periods of an invoice that was cancelled: they are charged again, unless later ones are charged.

    Going back to before a charged period would charge that one twice: the database refuses it, and with it
    every renewal of the company.
    """
    for charge in _charges(unit, invoice_id):
        charge.released_at = calendar.now()
        service = _locked(unit, charge.service_id)
        unit.flush()
        rest = [day for day in (_last_charged(unit, service), service.period_end) if day]
        service.charged_through = max(rest, default=charge.period_start)
        unit.add(service)
    unit.flush()


def _last_charged(unit: Unit, service: Service) -> dt.date | None:
    """Where the last period ends that is charged and not released."""
    ends = select(func.max(ServiceCharge.period_end)).where(
        col(ServiceCharge.service_id) == service.id, col(ServiceCharge.released_at).is_(None)
    )
    return unit.exec(ends).one()


def _charges(unit: Unit, invoice_id: int) -> list[ServiceCharge]:
    query = select(ServiceCharge).where(col(ServiceCharge.invoice_id) == invoice_id)
    open_only = query.where(col(ServiceCharge.released_at).is_(None))
    return list(unit.exec(open_only.order_by(col(ServiceCharge.service_id), col(ServiceCharge.period_start))))


def _locked(unit: Unit, service_id: int) -> Service:
    return unit.get_one(Service, service_id, with_for_update=True, populate_existing=True)


def is_overdue(unit: Unit, service: Service) -> bool:
    """Whether an unpaid invoice charges a period of this service and its day has passed."""
    late = (
        select(Invoice.id)
        .join(ServiceCharge, col(ServiceCharge.invoice_id) == col(Invoice.id))
        .where(
            col(ServiceCharge.service_id) == service.id,
            col(ServiceCharge.released_at).is_(None),
            col(Invoice.status) == InvoiceStatus.ISSUED,
            col(Invoice.due_on) < calendar.today(),
        )
    )
    return unit.exec(late).first() is not None
