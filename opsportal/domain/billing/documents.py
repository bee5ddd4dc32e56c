"""Issuing documents: snapshot, lines, tax groups and number in one transaction."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.billing import calendar, numbering, topics
from opsportal.domain.billing.taxes import TaxDecision, tax_of
from opsportal.domain.lifecycle import INVOICE, move
from opsportal.models import (
    BillingProfile,
    Company,
    DocumentKind,
    Invoice,
    InvoiceLine,
    InvoicePdf,
    InvoiceStatus,
    InvoiceTax,
)
from opsportal.settings import settings


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to be issued. Net = quantity x unit price. `tax_rate_bp` None: the document's rate."""

    text_msgid: str
    unit_price_minor: int
    params: dict[str, Any] = field(default_factory=dict)
    quantity: int = 1
    unit: str = "piece"
    service_id: int | None = None
    period_start: dt.date | None = None
    period_end: dt.date | None = None
    tax_rate_bp: int | None = None

    @property
    def net_minor(self) -> int:
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """All lines of one rate, with the tax on their sum."""

    rate_bp: int
    net_minor: int
    tax_minor: int


def tax_groups(lines: Sequence[NewLine], rate_bp: int) -> list[TaxGroup]:
    """Tax per rate, on the sum of the lines' nets and not line by line (EN 16931, BR-CO-17)."""
    nets: dict[int, int] = defaultdict(int)
    for line in lines:
        nets[rate_bp if line.tax_rate_bp is None else line.tax_rate_bp] += line.net_minor
    return [TaxGroup(rate, net, tax_of(net, rate)) for rate, net in sorted(nets.items())]


def issue(
    unit: Unit,
    *,
    company: Company,
    kind: DocumentKind,
    lines: Sequence[NewLine],
    currency: str,
    tax: TaxDecision,
    groups: Sequence[TaxGroup] | None = None,
    due_on: dt.date | None = None,
    note_msgid: str = "",
    credits_id: int | None = None,
    actor_id: int | None = None,
) -> Invoice:
    """Write a document whole and give it its number. The caller holds the gate of the company's money.

    `groups` are given only where the tax was fixed before, as when a document is credited.
    """
    assert company.id is not None
    groups = tax_groups(lines, tax.rate_bp) if groups is None else groups
    day = calendar.today()
    invoice = Invoice(
        company_id=company.id,
        kind=kind,
        currency=currency,
        net_minor=sum(group.net_minor for group in groups),
        tax_minor=sum(group.tax_minor for group in groups),
        total_minor=sum(group.net_minor + group.tax_minor for group in groups),
        tax_scheme=tax.scheme,
        tax_reason_msgid=tax.reason_msgid,
        note_msgid=note_msgid,
        issued_on=day,
        due_on=max(due_on or day, day),
        credits_id=credits_id,
        seller=_seller(),
        buyer=_buyer(unit, company),
        locale=company.locale,
        created_at=calendar.now(),
    )
    unit.add(invoice)
    unit.flush()
    assert invoice.id is not None
    _write_parts(unit, invoice.id, lines, groups, tax.rate_bp)
    unit.add(InvoicePdf(invoice_id=invoice.id))  # a worker fills it after commit
    number = numbering.next_number(unit, kind, day.year)
    invoice.number, invoice.series_year, invoice.series_number = number.text, number.year, number.number
    invoice.issued_at = calendar.now()
    move(unit, INVOICE, invoice, InvoiceStatus.ISSUED, actor_id=actor_id)
    unit.flush()
    unit.changed(topics.INVOICES, topics.invoices(company.id))
    return invoice


def mark_paid(unit: Unit, invoice: Invoice, *, actor_id: int | None = None) -> None:
    """Take an issued document to its end, at the billing clock's now."""
    invoice.paid_at = calendar.now()
    move(unit, INVOICE, invoice, InvoiceStatus.PAID, actor_id=actor_id)
    unit.flush()
    unit.changed(topics.INVOICES, topics.invoices(invoice.company_id))


def lines_of(unit: Unit, invoice_id: int) -> list[InvoiceLine]:
    """A document's lines in their order."""
    query = select(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice_id)
    return list(unit.exec(query.order_by(col(InvoiceLine.position))))


def taxes_of(unit: Unit, invoice_id: int) -> list[InvoiceTax]:
    """A document's tax groups by rate."""
    query = select(InvoiceTax).where(col(InvoiceTax.invoice_id) == invoice_id)
    return list(unit.exec(query.order_by(col(InvoiceTax.rate_bp))))


def _write_parts(
    unit: Unit, invoice_id: int, lines: Sequence[NewLine], groups: Sequence[TaxGroup], rate_bp: int
) -> None:
    unit.execute(
        insert(InvoiceLine),
        [
            {
                "invoice_id": invoice_id,
                "position": position,
                "service_id": line.service_id,
                "text_msgid": line.text_msgid,
                "params": line.params,
                "period_start": line.period_start,
                "period_end": line.period_end,
                "quantity": line.quantity,
                "unit": line.unit,
                "unit_price_minor": line.unit_price_minor,
                "net_minor": line.net_minor,
                "tax_rate_bp": rate_bp if line.tax_rate_bp is None else line.tax_rate_bp,
            }
            for position, line in enumerate(lines, start=1)
        ],
    )
    unit.execute(
        insert(InvoiceTax),
        [
            {
                "invoice_id": invoice_id,
                "rate_bp": group.rate_bp,
                "net_minor": group.net_minor,
                "tax_minor": group.tax_minor,
            }
            for group in groups
        ],
    )


def _seller() -> dict[str, str]:
    ours = settings()
    return {
        "name": ours.seller_name,
        "address": ours.seller_address,
        "country": ours.seller_country,
        "tax_id": ours.seller_tax_id,
        "email": ours.seller_email,
    }


def _buyer(unit: Unit, company: Company) -> dict[str, Any]:
    profile = unit.get(BillingProfile, company.id) or BillingProfile(company_id=company.id or 0)
    return {
        "name": profile.legal_name or company.name,
        "street": profile.street,
        "city": profile.city,
        "postcode": profile.postcode,
        "country": company.country,
        "tax_id": profile.tax_id,
        "tax_id_status": str(profile.tax_id_status),
        "is_business": profile.is_business,
        "email": profile.billing_email,
    }
