"""Credit notes: the only way to take an issued document back, wholly or in part."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_invoice_for
from opsportal.domain.audit import trail
from opsportal.domain.billing import calendar, coverage, documents, ledger, topics
from opsportal.domain.billing.documents import NewLine, TaxGroup
from opsportal.domain.billing.refusals import InvoiceNotVoidable, NotRefundable
from opsportal.domain.billing.taxes import TaxDecision, net_of
from opsportal.domain.lifecycle import INVOICE, move
from opsportal.locale import N_
from opsportal.models import Company, DocumentKind, EntryKind, Invoice, InvoiceStatus, TaxScheme

REFUND_LINE = N_("Refund for {number}")
CORRECTS_NOTE = N_("This credit note corrects an earlier document.")


def void_invoice(unit: Unit, actor: Actor, invoice_id: int, *, reason: str) -> Invoice:
    """Cancel an unpaid invoice by a credit note. Its number stays; its periods may be charged again.

    Refuses with `InvoiceNotVoidable` what is paid, cancelled or no invoice. Returns the credit note.
    """
    actor.require(Permission.BILLING_MANAGE)
    found = access_invoice_for(actor, unit, invoice_id)
    ledger.lock(unit, found.company_id, found.currency)
    invoice = unit.get_one(Invoice, invoice_id, with_for_update=True, populate_existing=True)
    if invoice.kind != DocumentKind.INVOICE or invoice.status != InvoiceStatus.ISSUED:
        raise InvoiceNotVoidable(number=invoice.number or "")
    note = _issue_note(unit, invoice, _copied(unit, invoice), _groups(unit, invoice), actor.person_id)
    charge = ledger.find_entry(unit, f"charge:{invoice_id}")
    assert charge is not None
    assert charge.id is not None
    _book_note(unit, note, invoice, charge.id, actor)
    invoice.credited_minor = invoice.total_minor
    invoice.voided_at, invoice.void_reason = calendar.now(), reason[:200]
    move(unit, INVOICE, invoice, InvoiceStatus.VOID, actor_id=actor.person_id, reason=reason[:200])
    coverage.release(unit, invoice_id)
    trail.record(
        unit, "invoice:voided", actor=actor, object_kind="invoice", object_id=invoice_id,
        object_name=invoice.number or "", company_id=invoice.company_id, credit_note=note.number, reason=reason[:200],
    )  # fmt: skip
    unit.changed(topics.INVOICES, topics.invoices(invoice.company_id))
    return note


def credit(unit: Unit, invoice_id: int, amount_minor: int, *, net_minor: int | None = None) -> Invoice:
    """Issue a credit note over a part or the rest of a paid document; the caller books the money.

    The caller holds the gate and has checked that the amount is left. A part of a document with
    several tax rates is refused with `NotRefundable`: nobody said which part. `net_minor` is given where
    the books have the part's net already.
    """
    invoice = unit.get_one(Invoice, invoice_id, with_for_update=True, populate_existing=True)
    if amount_minor == invoice.total_minor:
        lines: Sequence[NewLine] = _copied(unit, invoice)
        groups: Sequence[TaxGroup] = _groups(unit, invoice)
    else:
        groups = [_part(unit, invoice, amount_minor, net_minor)]
        params = {"number": invoice.number}
        lines = [NewLine(REFUND_LINE, groups[0].net_minor, params, tax_rate_bp=groups[0].rate_bp)]
    note = _issue_note(unit, invoice, lines, groups, None)
    documents.mark_paid(unit, note)
    invoice.credited_minor += amount_minor
    unit.add(invoice)
    unit.flush()
    return note


def rate_of(unit: Unit, invoice_id: int) -> int:
    """The one tax rate of a document, in basis points. Refuses with `NotRefundable` if there are several."""
    groups = documents.taxes_of(unit, invoice_id)
    if len(groups) != 1:
        raise NotRefundable
    return groups[0].rate_bp


def _part(unit: Unit, invoice: Invoice, amount: int, net: int | None) -> TaxGroup:
    assert invoice.id is not None
    rate, before = rate_of(unit, invoice.id), invoice.credited_minor
    if net is None:
        net = net_of(before + amount, rate) - net_of(before, rate)
    return TaxGroup(rate, net, amount - net)


def _issue_note(
    unit: Unit,
    invoice: Invoice,
    lines: Sequence[NewLine],
    groups: Sequence[TaxGroup],
    actor_id: int | None,
) -> Invoice:
    scheme = TaxScheme(invoice.tax_scheme)
    return documents.issue(
        unit,
        company=unit.get_one(Company, invoice.company_id),
        kind=DocumentKind.CREDIT_NOTE,
        lines=lines,
        currency=invoice.currency,
        tax=TaxDecision(scheme, 0, invoice.buyer["country"], invoice.tax_reason_msgid),
        groups=groups,
        note_msgid=CORRECTS_NOTE,
        credits_id=invoice.id,
        actor_id=actor_id,
    )


def _book_note(unit: Unit, note: Invoice, invoice: Invoice, charge_id: int, actor: Actor) -> None:
    opposite = [
        dataclasses.replace(line, amount_minor=-line.amount_minor)
        for line in ledger.lines_of(unit, charge_id)
    ]
    ledger.post(
        unit,
        key=f"void:{invoice.id}",
        kind=EntryKind.CREDIT_NOTE,
        company_id=invoice.company_id,
        lines=opposite,
        actor=actor,
        reverses_id=charge_id,
        invoice_id=note.id,
    )
    documents.mark_paid(unit, note, actor_id=actor.person_id)


def _copied(unit: Unit, invoice: Invoice) -> list[NewLine]:
    assert invoice.id is not None
    return [
        NewLine(
            line.text_msgid, line.unit_price_minor, line.params, line.quantity, line.unit, line.service_id,
            line.period_start, line.period_end, line.tax_rate_bp,
        )
        for line in documents.lines_of(unit, invoice.id)
    ]  # fmt: skip


def _groups(unit: Unit, invoice: Invoice) -> list[TaxGroup]:
    assert invoice.id is not None
    taxes = documents.taxes_of(unit, invoice.id)
    return [TaxGroup(tax.rate_bp, tax.net_minor, tax.tax_minor) for tax in taxes]
