"""What a ticket about an order knows from the start: the facts that support would have to ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_service_for
from opsportal.models import (
    DocumentKind,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    Plan,
    Server,
    Service,
    ServiceStatus,
)

ENDED = (ServiceStatus.TERMINATED, ServiceStatus.CANCELLED)


@dataclass(frozen=True)
class OrderChoice:
    """An order in the list of those that a ticket can be about."""

    service_id: int
    name: str
    family: str
    status: str


@dataclass(frozen=True)
class OrderFacts:
    """An order as it is now. `power` is empty for anything but a server; times are ISO 8601 in UTC."""

    service_id: int
    name: str
    plan: str
    family: str
    status: str
    ip: str = ""
    server_id: int | None = None
    server_name: str = ""
    power: str = ""
    power_verified_at: str = ""
    invoice_number: str = ""
    invoice_open_minor: int = 0
    invoice_currency: str = ""
    invoice_due_on: str = ""

    def as_json(self) -> dict[str, Any]:
        """What is kept with the ticket."""
        return {name: value for name, value in vars(self).items() if value not in ("", None, 0)}


def order_facts(actor: Actor, unit: Unit, service_id: int) -> OrderFacts:
    """The facts of an order of the actor's company. Raises `NotFound`."""
    actor.require(Permission.TICKETS_USE)
    service = access_service_for(actor, unit, service_id)
    plan = unit.get_one(Plan, service.plan_id)
    server = unit.exec(select(Server).where(col(Server.service_id) == service_id)).first()
    seen_at = server.power_verified_at if server else None
    return OrderFacts(
        service_id=service_id,
        name=service.name,
        plan=plan.name,
        family=plan.family,
        status=service.status,
        ip=service.ip or (server.ip if server else None) or "",
        server_id=server.id if server else None,
        server_name=server.name if server else "",
        power=server.power if server else "",
        power_verified_at=seen_at.isoformat() if seen_at else "",
        **_open_invoice(unit, service_id),
    )


def _open_invoice(unit: Unit, service_id: int) -> dict[str, Any]:
    """The unpaid invoice about an order that is due first."""
    query = (
        select(Invoice)
        .join(InvoiceLine, col(InvoiceLine.invoice_id) == col(Invoice.id))
        .where(
            col(InvoiceLine.service_id) == service_id,
            col(Invoice.status) == InvoiceStatus.ISSUED,
            col(Invoice.kind) == DocumentKind.INVOICE,
        )
        .order_by(col(Invoice.due_on), col(Invoice.id))
        .limit(1)
    )
    invoice = unit.exec(query).first()
    if invoice is None:
        return {}
    return {
        "invoice_number": invoice.number or "",
        "invoice_open_minor": invoice.total_minor - invoice.credited_minor,
        "invoice_currency": invoice.currency,
        "invoice_due_on": invoice.due_on.isoformat(),
    }


def list_orders(actor: Actor, unit: Unit) -> list[OrderChoice]:
    """The orders of the actor's company that have not ended, by name."""
    actor.require(Permission.TICKETS_USE)
    query = (
        select(Service, Plan.family)
        .join(Plan, col(Plan.id) == col(Service.plan_id))
        .where(col(Service.company_id) == actor.company_id, col(Service.status).not_in(ENDED))
        .order_by(col(Service.name), col(Service.id))
        .limit(500)
    )
    return [
        OrderChoice(service.id or 0, service.name, family, service.status)
        for service, family in unit.exec(query)
    ]
