"""Money that comes in from a gateway, and money that goes back."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.billing import documents, ledger
from opsportal.domain.billing.ledger import LedgerError, Line
from opsportal.domain.billing.money import check_amount
from opsportal.domain.billing.refunds import refund, refund_failed, refund_paid, refundable
from opsportal.domain.billing.taxes import TaxDecision, tax_of
from opsportal.locale import N_
from opsportal.models import AccountKind, Company, DocumentKind, EntryKind, JournalEntry

__all__ = ["receive", "refund", "refund_failed", "refund_paid", "refundable"]

TOPUP_LINE = N_("Funds added to the balance")


def receive(
    unit: Unit,
    *,
    key: str,
    company_id: int,
    gross_minor: int,
    net_minor: int,
    tax: TaxDecision | None,
    currency: str,
    gateway_fee_minor: int = 0,
    memo: str = "",
    actor: Actor | None = None,
) -> JournalEntry:
    """Book what a gateway has taken: the net grows the balance, the tax is owed to the state.

    With a tax decision a top-up document is issued (number, tax, reason), paid as it is issued.
    Idempotent by key. The gross must be the net with its tax, to the smallest unit: `LedgerError`.
    """
    check_amount(gross_minor, currency)
    check_amount(net_minor, currency)
    tax_minor = tax_of(net_minor, tax.rate_bp) if tax else 0
    if gross_minor != net_minor + tax_minor or not 0 <= gateway_fee_minor <= gross_minor:
        raise LedgerError(f"{gross_minor} is not {net_minor} and a tax of {tax_minor}")
    ledger.lock(unit, company_id, currency)
    known = ledger.find_entry(unit, key)
    invoice_id = known.invoice_id if known else None
    if known is None and tax is not None:
        invoice_id = _issue_document(unit, company_id, net_minor, tax, currency)
    return ledger.post(
        unit,
        key=key,
        kind=EntryKind.TOPUP,
        company_id=company_id,
        lines=(
            Line(AccountKind.GATEWAY, gateway_fee_minor - gross_minor, currency),
            Line(AccountKind.FEES, -gateway_fee_minor, currency),
            Line(AccountKind.CASH, net_minor, currency),
            Line(AccountKind.TAX, tax_minor, currency),
        ),
        actor=actor,
        memo=memo,
        invoice_id=invoice_id,
    )


def _issue_document(unit: Unit, company_id: int, net_minor: int, tax: TaxDecision, currency: str) -> int:
    document = documents.issue(
        unit,
        company=unit.get_one(Company, company_id),
        kind=DocumentKind.TOPUP,
        lines=[documents.NewLine(TOPUP_LINE, net_minor)],
        currency=currency,
        tax=tax,
    )
    documents.mark_paid(unit, document)
    assert document.id is not None
    return document.id
