"""Reading documents: lists by page, one in detail, what is open, what is new."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as plain_select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_company_for, access_invoice_for
from opsportal.domain.billing import calendar, documents, topics
from opsportal.domain.refusals import BadRequest
from opsportal.models import (
    Company,
    DocumentKind,
    Invoice,
    InvoiceLine,
    InvoicesSeen,
    InvoiceStatus,
    InvoiceTax,
    Plan,
    Service,
    Settlement,
)

PAGE = 25


class PaymentState(StrEnum):
    """What a client reads. Derived from status and day, never stored."""

    PAID = "paid"
    PENDING = "pending"
    OVERDUE = "overdue"
    VOID = "void"
    REFUNDED = "refunded"


@dataclass(frozen=True)
class InvoiceFilter:
    """What a list shows. Empty strings and None do not restrict.

    `status`: "", "unpaid" (pending or overdue), "overdue", "paid" or "void". `kind`: "" or a
    document's. `before`: documents older than this id (the `next_before` of the page before).
    """

    company_id: int | None = None
    status: str = ""
    kind: str = ""
    service_id: int | None = None
    search: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """A document in a list."""

    invoice: Invoice
    company: Company
    state: PaymentState
    is_new: bool


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """Newest first. `next_before` is None on the last page."""

    rows: list[InvoiceRow]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class InvoiceDetail:
    """A document with everything that is printed on it, and how it was paid or corrected."""

    invoice: Invoice
    company: Company
    state: PaymentState
    lines: list[InvoiceLine]
    taxes: list[InvoiceTax]
    settlement: Settlement | None
    credit_notes: list[Invoice]
    corrects: Invoice | None


@dataclass(frozen=True, slots=True)
class OpenTotal:
    """What is unpaid in one currency, and how much of that is overdue."""

    currency: str
    count: int
    total_minor: int
    overdue_count: int
    overdue_minor: int


def payment_state(invoice: Invoice, today: dt.date) -> PaymentState:
    """The word for a document on a day. It is overdue from the day after the due day."""
    if invoice.status == InvoiceStatus.VOID:
        return PaymentState.VOID
    if invoice.status == InvoiceStatus.PAID:
        is_back = invoice.total_minor > 0 and invoice.credited_minor == invoice.total_minor
        return PaymentState.REFUNDED if is_back else PaymentState.PAID
    return PaymentState.OVERDUE if invoice.due_on < today else PaymentState.PENDING


def list_invoices(actor: Actor, unit: Unit, wanted: InvoiceFilter) -> InvoicePage:
    """One page of documents, newest first; as fast for a long history as for a short one."""
    if wanted.status not in _STATUS or wanted.kind not in ("", *DocumentKind):
        raise BadRequest
    scope = _scope(actor, unit, wanted.company_id)
    query = _matching(_visible(scope), wanted).join(Company, col(Company.id) == col(Invoice.company_id))
    if wanted.before is not None:
        query = query.where(col(Invoice.id) < wanted.before)
    found = unit.exec(query.order_by(col(Invoice.id).desc()).limit(PAGE + 1)).all()
    today, seen = calendar.today(), _seen(actor, unit)
    rows = [
        InvoiceRow(invoice, company, payment_state(invoice, today), (invoice.id or 0) > seen)
        for invoice, company in found[:PAGE]
    ]
    return InvoicePage(rows, rows[-1].invoice.id if len(found) > PAGE else None)


def get_invoice(actor: Actor, unit: Unit, invoice_id: int) -> InvoiceDetail:
    """One document whole. Raises `NotFound` for another company's."""
    return detail_of(unit, access_invoice_for(actor, unit, invoice_id))


def detail_of(unit: Unit, invoice: Invoice) -> InvoiceDetail:
    """A document whole, for rules that have authorised already."""
    invoice_id = invoice.id or 0
    notes = select(Invoice).where(col(Invoice.credits_id) == invoice_id).order_by(col(Invoice.id))
    return InvoiceDetail(
        invoice=invoice,
        company=unit.get_one(Company, invoice.company_id),
        state=payment_state(invoice, calendar.today()),
        lines=documents.lines_of(unit, invoice_id),
        taxes=documents.taxes_of(unit, invoice_id),
        settlement=unit.get(Settlement, invoice_id),
        credit_notes=list(unit.exec(notes)),
        corrects=unit.get(Invoice, invoice.credits_id) if invoice.credits_id else None,
    )


def open_total(actor: Actor, unit: Unit, *, company_id: int | None = None) -> list[OpenTotal]:
    """What is unpaid, per currency: of a client's own company; for staff of one or of all."""
    scope = _scope(actor, unit, company_id)
    late = col(Invoice.due_on) < calendar.today()
    query: Any = (
        plain_select(
            col(Invoice.currency),
            func.count(),
            func.sum(Invoice.total_minor),
            func.count().filter(late),
            func.coalesce(func.sum(Invoice.total_minor).filter(late), 0),
        )
        .where(col(Invoice.status) == InvoiceStatus.ISSUED)
        .group_by(col(Invoice.currency))
        .order_by(col(Invoice.currency))
    )
    if scope is not None:
        query = query.where(col(Invoice.company_id) == scope)
    return [OpenTotal(currency, *map(int, numbers)) for currency, *numbers in unit.execute(query)]


def count_new(actor: Actor, unit: Unit) -> int:
    """How many invoices the actor's company got since the actor last looked, up to 100."""
    if actor.company_id is None:
        return 0
    newer = (
        select(Invoice.id)
        .where(
            col(Invoice.company_id) == actor.company_id,
            col(Invoice.id) > _seen(actor, unit),
            col(Invoice.status) != InvoiceStatus.DRAFT,
            col(Invoice.kind) == DocumentKind.INVOICE,
        )
        .limit(100)
    )
    return len(unit.exec(newer).all())


def newest_id(actor: Actor, unit: Unit) -> int:
    """The newest document of the actor's company, 0 for none: up to here a look at the list has seen all."""
    query = select(func.max(Invoice.id)).where(col(Invoice.company_id) == actor.company_id)
    return int(unit.exec(query).one() or 0)


def mark_seen(actor: Actor, unit: Unit, invoice_id: int) -> None:
    """Remember that the actor has seen the documents up to this one. Never goes back."""
    actor.require(Permission.BILLING_VIEW)
    made = insert(InvoicesSeen).values(person_id=actor.person_id, invoice_id=invoice_id)
    latest = func.greatest(col(InvoicesSeen.invoice_id), invoice_id)
    unit.execute(made.on_conflict_do_update(index_elements=["person_id"], set_={"invoice_id": latest}))
    if actor.company_id is not None:
        unit.changed(topics.invoices(actor.company_id))


_STATUS = ("", "unpaid", "overdue", "paid", "void")


def _scope(actor: Actor, unit: Unit, company_id: int | None) -> int | None:
    """The company whose documents may be read; None means all, for staff only."""
    actor.require(Permission.BILLING_VIEW)
    if company_id is not None:
        access_company_for(actor, unit, company_id)
        return company_id
    return None if actor.is_staff else actor.company_id


def _visible(company_id: int | None) -> Any:
    query = select(Invoice, Company)
    if company_id is not None:
        query = query.where(col(Invoice.company_id) == company_id)
    return query


def _matching(query: Any, wanted: InvoiceFilter) -> Any:
    status = col(Invoice.status)
    if wanted.status in ("unpaid", "overdue"):
        query = query.where(status == InvoiceStatus.ISSUED)
    elif wanted.status:
        query = query.where(status == InvoiceStatus(wanted.status))
    else:
        query = query.where(status != InvoiceStatus.DRAFT)
    if wanted.status == "overdue":
        query = query.where(col(Invoice.due_on) < calendar.today())
    if wanted.kind:
        query = query.where(col(Invoice.kind) == DocumentKind(wanted.kind))
    if wanted.service_id is not None:
        of_service = select(InvoiceLine.invoice_id).where(col(InvoiceLine.service_id) == wanted.service_id)
        query = query.where(col(Invoice.id).in_(of_service))
    return _searched(query, wanted.search.strip()) if wanted.search.strip() else query


def _searched(query: Any, text: str) -> Any:
    """By number, by the company, or by what the lines are about: a service's name or plan."""
    about = (
        select(InvoiceLine.invoice_id)
        .join(Service, col(Service.id) == col(InvoiceLine.service_id))
        .join(Plan, col(Plan.id) == col(Service.plan_id))
        .where(or_(col(Service.name).icontains(text, autoescape=True), col(Plan.name).icontains(text, autoescape=True)))
    )  # fmt: skip
    return query.where(
        or_(
            col(Invoice.number).icontains(text, autoescape=True),
            col(Company.name).icontains(text, autoescape=True),
            col(Invoice.id).in_(about),
        )
    )


def _seen(actor: Actor, unit: Unit) -> int:
    row = unit.get(InvoicesSeen, actor.person_id)
    return row.invoice_id if row else 0
