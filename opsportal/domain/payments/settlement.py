"""Money has come: booked once, and what it was meant for is paid. One transaction, no call to anybody."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.audit import trail
from opsportal.domain.billing import invoices, receipts
from opsportal.domain.lifecycle import PAYMENT, move
from opsportal.domain.payments import deadlines, differences, taxation, topics
from opsportal.domain.payments.gateways import Intent
from opsportal.models import DifferenceKind, Payment, PaymentPurpose, PaymentStatus
from opsportal.models.base import utcnow


def agrees(payment: Payment, intent: Intent) -> bool:
    """Whether the gateway has taken exactly what was agreed, for this payment."""
    return (
        intent.received_minor == payment.gross_minor
        and intent.currency == payment.currency
        and intent.payment_id in (None, payment.id)
    )


def refuse(unit: Unit, payment: Payment, intent: Intent) -> None:
    """Another amount, currency or payment than agreed: nothing is booked, finance is shown both."""
    payment.problem_code = "amount_mismatch"
    payment.due_at = deadlines.NEVER
    if payment.status == PaymentStatus.SUBMITTED:
        move(unit, PAYMENT, payment, PaymentStatus.UNKNOWN, reason="amount_mismatch")
    differences.note(
        unit,
        kind=DifferenceKind.AMOUNT,
        gateway=payment.gateway,
        object_ref=intent.ref,
        payment_id=payment.id,
        ours=(payment.gross_minor, payment.currency),
        theirs=(intent.received_minor, intent.currency),
    )
    unit.changed(*topics.of_company(payment.company_id))


def settle(unit: Unit, payment: Payment, intent: Intent) -> None:
    """Book the receipt and pay the invoice it was for. The caller has locked the payment and compared.

    If the invoice was paid or cancelled meanwhile, the money stays in the balance, and the payment says so.
    """
    assert payment.id is not None
    key = f"payment:{payment.id}"
    entry = receipts.receive(
        unit,
        key=key,
        company_id=payment.company_id,
        gross_minor=payment.gross_minor,
        net_minor=payment.net_minor,
        tax=taxation.decided(payment),
        currency=payment.currency,
        gateway_fee_minor=min(max(intent.fee_minor, 0), payment.gross_minor),
        memo=payment.ref or "",
    )
    if payment.purpose == PaymentPurpose.INVOICE:
        assert payment.invoice_id is not None
        is_paid = invoices.settle(unit, payment.invoice_id, key=f"{key}:invoice")
        payment.is_kept_in_balance = not is_paid
    payment.entry_id = entry.id
    payment.finished_at = utcnow()
    payment.cancel_code = ""
    payment.is_confirming = False
    move(unit, PAYMENT, payment, PaymentStatus.SUCCEEDED)
    differences.resolve(unit, payment.gateway, intent.ref)
    trail.record(
        unit,
        "payment:received",
        actor=None,
        actor_id=payment.actor_id,
        actor_name=payment.actor_name,
        object_kind="payment",
        object_id=payment.id,
        company_id=payment.company_id,
        amount_minor=payment.gross_minor,
        currency=payment.currency,
        kept_in_balance=payment.is_kept_in_balance,
    )
    unit.changed(*topics.of_company(payment.company_id))
