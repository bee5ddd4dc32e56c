"""Which periods of a service are charged and paid: what paying and cancelling an invoice do to services."""

from __future__ import annotations

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.billing import calendar, topics
from opsportal.domain.lifecycle import SERVICE, move
from opsportal.models import (
    Invoice,
    InvoiceStatus,
    Service,
    ServiceCharge,
    ServiceStatus,
    SuspensionReason,
)


def extend(unit: Unit, invoice_id: int) -> None:
    """Let the services of an invoice that was just paid run on to the end of what it charged.

    One that is suspended for payment runs again, unless another of its invoices is overdue.
    """
    for charge in _charges(unit, invoice_id):
        service = _locked(unit, charge.service_id)
        cover(service, charge)
        if service.suspension_reason == SuspensionReason.PAYMENT and not _is_overdue(unit, service):
            service.suspension_reason = None
            move(unit, SERVICE, service, ServiceStatus.ACTIVE, reason="paid")
        unit.add(service)
        unit.changed(topics.services(service.company_id))


def cover(service: Service, charge: ServiceCharge) -> None:
    """Write a paid charge into the service's own period."""
    if service.period_end is None or charge.period_end > service.period_end:
        service.period_end = charge.period_end
    if service.period_start is None or service.period_start < charge.period_start <= calendar.today():
        service.period_start = charge.period_start


def release(unit: Unit, invoice_id: int) -> None:
    """Free the periods of an invoice that was cancelled: they may be charged again."""
    for charge in _charges(unit, invoice_id):
        charge.released_at = calendar.now()
        service = _locked(unit, charge.service_id)
        if service.charged_through is None or service.charged_through > charge.period_start:
            service.charged_through = charge.period_start
        unit.add(service)
    unit.flush()


def _charges(unit: Unit, invoice_id: int) -> list[ServiceCharge]:
    query = select(ServiceCharge).where(col(ServiceCharge.invoice_id) == invoice_id)
    open_only = query.where(col(ServiceCharge.released_at).is_(None))
    return list(unit.exec(open_only.order_by(col(ServiceCharge.service_id), col(ServiceCharge.period_start))))


def _locked(unit: Unit, service_id: int) -> Service:
    return unit.get_one(Service, service_id, with_for_update=True, populate_existing=True)


def _is_overdue(unit: Unit, service: Service) -> bool:
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
