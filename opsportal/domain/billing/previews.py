"""What paying an invoice from the balance would take, before anybody does."""

from __future__ import annotations

from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_invoice_for
from opsportal.domain.billing import ledger


@dataclass(frozen=True, slots=True)
class PaymentPreview:
    """How much of an invoice credit and cash would pay, in this order, and what would still be missing."""

    credit_minor: int
    cash_minor: int
    missing_minor: int


def preview_payment(actor: Actor, unit: Unit, invoice_id: int) -> PaymentPreview:
    """By the balance of this moment; paying looks again."""
    invoice = access_invoice_for(actor, unit, invoice_id, permission=Permission.BILLING_PAY)
    have = ledger.balances(unit, invoice.company_id, invoice.currency)
    credit = min(have.credit_minor, invoice.total_minor)
    cash = min(have.cash_minor, invoice.total_minor - credit)
    return PaymentPreview(credit, cash, invoice.total_minor - credit - cash)
