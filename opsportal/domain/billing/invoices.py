"""Invoices: issuing, paying from the balance, settling after a card payment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_invoice_for
from opsportal.domain.audit import trail
from opsportal.domain.billing import calendar, coverage, documents, flags, ledger
from opsportal.domain.billing.documents import NewLine
from opsportal.domain.billing.invoice_lists import (
    InvoiceDetail,
    InvoiceFilter,
    InvoicePage,
    InvoiceRow,
    OpenTotal,
    count_new,
    get_invoice,
    list_invoices,
    mark_seen,
    open_total,
)
from opsportal.domain.billing.ledger import Line
from opsportal.domain.billing.refusals import (
    AmountChanged,
    InsufficientBalance,
    InvoiceAlreadyPaid,
    InvoiceIsVoid,
    NotAnInvoice,
)
from opsportal.domain.billing.taxes import decide_invoice_tax
from opsportal.models import (
    AccountKind,
    Company,
    DocumentKind,
    EntryKind,
    FlagKind,
    Invoice,
    InvoiceStatus,
    Settlement,
)

__all__ = [
    "InvoiceDetail", "InvoiceFilter", "InvoicePage", "InvoiceRow", "OpenTotal", "count_new", "get_invoice",
    "issue_invoice", "list_invoices", "mark_seen", "missing_minor", "open_total", "pay_from_balance", "settle",
]  # fmt: skip


def issue_invoice(
    unit: Unit, *, company: Company, lines: Sequence[NewLine], due_on: dt.date, currency: str
) -> Invoice:
    """Issue an invoice and book what is owed. The caller holds the gate of the company's money."""
    assert company.id is not None
    tax = decide_invoice_tax(unit, company, calendar.today())
    invoice = documents.issue(
        unit,
        company=company,
        kind=DocumentKind.INVOICE,
        lines=lines,
        currency=currency,
        tax=tax,
        due_on=due_on,
    )
    ledger.post(
        unit,
        key=f"charge:{invoice.id}",
        kind=EntryKind.CHARGE,
        company_id=company.id,
        lines=(
            Line(AccountKind.RECEIVABLE, -invoice.total_minor, currency),
            Line(AccountKind.REVENUE, invoice.net_minor, currency),
            Line(AccountKind.TAX, invoice.tax_minor, currency),
        ),
        actor=None,
        invoice_id=invoice.id,
    )
    return invoice


def pay_from_balance(
    unit: Unit, actor: Actor, invoice_id: int, *, amount_minor: int, currency: str
) -> Invoice:
    """Pay an invoice whole: from credit first, then from cash. Exactly one of many clicks pays.

    `amount_minor` and `currency`: what the person was told that it takes. Refuses with `AmountChanged`
    where that is not its total, with `InsufficientBalance` (naming what is missing), `InvoiceAlreadyPaid`,
    `InvoiceIsVoid` or `NotAnInvoice`; then nothing was booked.
    """
    found = access_invoice_for(actor, unit, invoice_id, permission=Permission.BILLING_PAY)
    ledger.lock(unit, found.company_id, found.currency)
    invoice = _locked(unit, invoice_id)
    refuse_unless_payable(invoice)
    if (amount_minor, currency) != (invoice.total_minor, invoice.currency):
        raise AmountChanged
    _pay(unit, invoice, actor)
    return invoice


def settle(unit: Unit, invoice_id: int, *, actor: Actor | None = None, key: str) -> bool:
    """Pay an invoice with money that has just been received for it, in the receipt's transaction.

    False when it is paid or cancelled meanwhile, or when the balance does not reach: the money then
    stays in the balance, and a flag (once per key) tells client and finance.
    """
    found = unit.get_one(Invoice, invoice_id)
    ledger.lock(unit, found.company_id, found.currency)
    invoice = _locked(unit, invoice_id)
    obstacle = {InvoiceStatus.PAID: FlagKind.INVOICE_WAS_PAID, InvoiceStatus.VOID: FlagKind.INVOICE_WAS_VOID}
    if invoice.status in obstacle:
        flags.raise_flag(unit, key=key, kind=obstacle[InvoiceStatus(invoice.status)], invoice=invoice)
        return False
    try:
        _pay(unit, invoice, actor)
    except InsufficientBalance:
        flags.raise_flag(unit, key=key, kind=FlagKind.INVOICE_COSTS_MORE, invoice=invoice)
        return False
    return True


def missing_minor(unit: Unit, invoice: Invoice) -> int:
    """What the balance lacks for an invoice: the net that a card payment must bring in. Zero if nothing."""
    have = ledger.balances(unit, invoice.company_id, invoice.currency)
    return max(0, invoice.total_minor - have.total_minor)


def refuse_unless_payable(invoice: Invoice) -> None:
    """Raise the refusal that says why this document cannot be paid."""
    if invoice.kind != DocumentKind.INVOICE:
        raise NotAnInvoice(number=invoice.number or "")
    if invoice.status == InvoiceStatus.PAID:
        raise InvoiceAlreadyPaid(number=invoice.number or "")
    if invoice.status != InvoiceStatus.ISSUED:
        raise InvoiceIsVoid(number=invoice.number or "")


def pay_automatically(unit: Unit, invoice_id: int) -> bool:
    """Pay a due invoice if the balance suffices; False if it does not, or nothing is to be paid."""
    found = unit.get_one(Invoice, invoice_id)
    ledger.lock(unit, found.company_id, found.currency)
    invoice = _locked(unit, invoice_id)
    if invoice.status != InvoiceStatus.ISSUED or missing_minor(unit, invoice):
        return False
    _pay(unit, invoice, None)
    return True


def _locked(unit: Unit, invoice_id: int) -> Invoice:
    return unit.get_one(Invoice, invoice_id, with_for_update=True, populate_existing=True)


def _pay(unit: Unit, invoice: Invoice, actor: Actor | None) -> None:
    assert invoice.id is not None
    have = ledger.balances(unit, invoice.company_id, invoice.currency)
    credit = min(have.credit_minor, invoice.total_minor)
    cash = invoice.total_minor - credit
    if cash > have.cash_minor:
        raise InsufficientBalance(missing=cash - have.cash_minor, currency=invoice.currency)
    entry = ledger.post(
        unit,
        key=f"pay:{invoice.id}",
        kind=EntryKind.PAYMENT,
        company_id=invoice.company_id,
        lines=(
            Line(AccountKind.CREDIT, -credit, invoice.currency),
            Line(AccountKind.CASH, -cash, invoice.currency),
            Line(AccountKind.RECEIVABLE, invoice.total_minor, invoice.currency),
        ),
        actor=actor,
        invoice_id=invoice.id,
    )
    assert entry.id is not None
    unit.add(
        Settlement(
            invoice_id=invoice.id,
            entry_id=entry.id,
            credit_minor=credit,
            cash_minor=cash,
            at=calendar.now(),
        )
    )
    documents.mark_paid(unit, invoice, actor_id=actor.person_id if actor else None)
    coverage.extend(unit, invoice.id)
    trail.record(
        unit, "invoice:paid", actor=actor, object_kind="invoice", object_id=invoice.id,
        object_name=invoice.number or "", company_id=invoice.company_id,
    )  # fmt: skip
