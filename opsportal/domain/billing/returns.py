"""Finance gives back what an invoice has taken."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_invoice_for
from opsportal.domain.audit import trail
from opsportal.domain.billing import ledger, refunds, topics
from opsportal.domain.billing.refusals import NotRefundable
from opsportal.models import JournalEntry, Settlement


def refund_invoice(
    unit: Unit, actor: Actor, invoice_id: int, *, amount_minor: int, reason: str, key: str
) -> JournalEntry:
    """Give a part or all of a paid invoice back to the balance, by a credit note; once per key.

    Refuses `NotRefundable` what was never paid and `RefundTooHigh` more than what is left of it.
    """
    invoice = access_invoice_for(actor, unit, invoice_id, permission=Permission.BILLING_MANAGE)
    paid = unit.get(Settlement, invoice_id)
    if paid is None:
        raise NotRefundable
    key = f"return:{invoice_id}:{key}"
    is_new = ledger.find_entry(unit, key) is None
    entry = refunds.refund(
        unit,
        key=key,
        original_entry_id=paid.entry_id,
        amount_minor=amount_minor,
        to="balance",
        memo=reason[:200],
        actor=actor,
    )
    if not is_new:
        return entry
    trail.record(
        unit, "invoice:refunded", actor=actor, object_kind="invoice", object_id=invoice_id,
        object_name=invoice.number or "", company_id=invoice.company_id, amount_minor=amount_minor,
        currency=invoice.currency, reason=reason[:200],
    )  # fmt: skip
    unit.changed(topics.invoices(invoice.company_id), topics.INVOICES)
    return entry
