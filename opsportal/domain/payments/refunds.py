"""Giving money back to the card it came from: set aside first, so that it cannot be spent meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_payment_for
from opsportal.domain.audit import trail
from opsportal.domain.billing import receipts
from opsportal.domain.billing.refusals import RefundTooHigh
from opsportal.domain.lifecycle import REFUND, move
from opsportal.domain.payments import deadlines, topics
from opsportal.domain.payments.gateways import GatewayRefund, RefundSeen
from opsportal.domain.payments.progress import lock_payment
from opsportal.domain.payments.refusals import PaymentChanged, PaymentNotRefundable
from opsportal.models import ACTIVE_REFUND, Payment, PaymentStatus, Refund, RefundStatus
from opsportal.models.base import utcnow

QUEUE = "billing"
TASK = "refund"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What a worker needs for one call; `ref` is empty until the gateway has answered once."""

    refund_id: int
    key: str
    ref: str
    intent_ref: str
    amount_minor: int
    currency: str


def refundable_minor(unit: Unit, payment: Payment) -> int:
    """What may still be given back of a payment, tax included."""
    given = unit.scalar(
        select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            col(Refund.payment_id) == payment.id, col(Refund.status) != RefundStatus.FAILED
        )
    )
    return payment.gross_minor - int(given or 0) if payment.status == PaymentStatus.SUCCEEDED else 0


def request_refund(
    unit: Unit, actor: Actor, payment_id: int, *, amount_minor: int, idempotency: str, memo: str
) -> Refund:
    """Set money aside and wake a worker that tells the gateway. The amount includes its tax.

    Refuses `PaymentNotRefundable`, `RefundTooHigh` beyond what is left, and `InsufficientBalance` when
    the client has spent it. The same `idempotency` returns the same refund.
    """
    access_payment_for(actor, unit, payment_id, permission=Permission.BILLING_MANAGE)
    payment = lock_payment(unit, payment_id)
    same = unit.exec(
        select(Refund).where(col(Refund.payment_id) == payment_id, col(Refund.idempotency) == idempotency)
    ).first()
    if same is not None:
        if same.amount_minor != amount_minor:
            raise PaymentChanged
        return same
    if payment.status != PaymentStatus.SUCCEEDED or payment.entry_id is None:
        raise PaymentNotRefundable
    left = refundable_minor(unit, payment)
    if not 0 < amount_minor <= left:
        raise RefundTooHigh(left=left, currency=payment.currency)
    refund = Refund(
        payment_id=payment_id,
        company_id=payment.company_id,
        gateway=payment.gateway,
        amount_minor=amount_minor,
        currency=payment.currency,
        memo=memo[:500],
        idempotency=idempotency,
        actor_id=actor.person_id,
        actor_name=actor.name,
        due_at=utcnow() + deadlines.HANDED_OVER,
    )
    unit.add(refund)
    unit.flush()
    refund.entry_id = receipts.refund(
        unit,
        key=f"refund:{refund.id}",
        original_entry_id=payment.entry_id,
        amount_minor=amount_minor,
        to="source",
        memo=refund.memo,
        actor=actor,
    ).id
    unit.enqueue(QUEUE, TASK, refund.id or 0)
    trail.record(
        unit,
        "refund:requested",
        actor=actor,
        object_kind="payment",
        object_id=payment_id,
        company_id=payment.company_id,
        amount_minor=amount_minor,
        currency=payment.currency,
    )
    unit.changed(*topics.of_company(payment.company_id))
    return refund


def list_refunds(actor: Actor, unit: Unit, payment_id: int) -> list[Refund]:
    """The refunds of one payment, newest first."""
    access_payment_for(actor, unit, payment_id)
    query = select(Refund).where(col(Refund.payment_id) == payment_id).order_by(col(Refund.id).desc())
    return list(unit.exec(query))


def find_id(unit: Unit, *, gateway: str, ref: str) -> int | None:
    """Whose refund a gateway speaks of; None when it is not ours."""
    return unit.exec(select(Refund.id).where(col(Refund.gateway) == gateway, col(Refund.ref) == ref)).first()


def _lock(unit: Unit, refund_id: int) -> Refund:
    """The refund's row and then its payment's, which every change of it locks: both before the company's money."""
    query = select(Refund).where(col(Refund.id) == refund_id).with_for_update()
    refund = unit.exec(query, execution_options={"populate_existing": True}).one()
    lock_payment(unit, refund.payment_id)
    return refund


def plan(unit: Unit, refund_id: int) -> RefundOrder | None:
    """The next call for a refund, or None when it has ended or is left to people."""
    refund = _lock(unit, refund_id)
    if refund.status not in ACTIVE_REFUND:
        return None
    age = utcnow() - refund.created_at
    limit = deadlines.REFUND_SEND_FOR if refund.ref is None else deadlines.REFUND_ASK_FOR
    if age > limit:
        # The gateway may have forgotten the key by now: sending again could pay twice. The daily list tells.
        refund.problem_code = "needs_person"
        refund.due_at = deadlines.NEVER
        unit.changed(topics.STAFF)
        return None
    refund.due_at = utcnow() + deadlines.HANDED_OVER
    payment = unit.get_one(Payment, refund.payment_id)
    return RefundOrder(
        refund_id=refund_id,
        key=f"portal-{payment.idempotency}-{payment.id}-refund-{refund_id}",
        ref=refund.ref or "",
        intent_ref=payment.ref or "",
        amount_minor=refund.amount_minor,
        currency=refund.currency,
    )


def take(unit: Unit, refund_id: int, seen: GatewayRefund) -> None:
    """Take in how far the gateway is."""
    refund = _lock(unit, refund_id)
    if refund.status not in ACTIVE_REFUND:
        return
    refund.ref = refund.ref or seen.ref
    refund.attempts, refund.problem_code = 0, ""
    if (seen.amount_minor, seen.currency) != (refund.amount_minor, refund.currency):
        refund.problem_code, refund.due_at = "amount_mismatch", deadlines.NEVER
    elif seen.status is RefundSeen.FAILED:
        _fail(unit, refund, code=seen.reason_code or "refund_failed")
    elif seen.status is RefundSeen.SUCCEEDED:
        assert refund.entry_id is not None
        receipts.refund_paid(
            unit, key=f"refund:{refund.id}:paid", refund_entry_id=refund.entry_id, memo=refund.ref
        )
        refund.finished_at = utcnow()
        move(unit, REFUND, refund, RefundStatus.SUCCEEDED)
    else:
        if refund.status == RefundStatus.REQUESTED:
            move(unit, REFUND, refund, RefundStatus.SUBMITTED)
        refund.due_at = utcnow() + deadlines.pause(10)
    unit.changed(*topics.of_company(refund.company_id))


def no_answer(unit: Unit, refund_id: int, *, problem: str = "gateway_unreachable") -> None:
    """Not known whether it was sent: the same key makes sending again harmless."""
    refund = _lock(unit, refund_id)
    if refund.status in ACTIVE_REFUND:
        refund.attempts += 1
        refund.problem_code = problem
        refund.due_at = utcnow() + deadlines.pause(refund.attempts)
        unit.changed(topics.STAFF)


def refused(unit: Unit, refund_id: int, *, code: str) -> None:
    """The gateway declines to pay it out: what was set aside goes back into the balance.

    Not once the gateway has taken it: it then only declines to tell (another key, another account), and
    the money may be on its way to the card.
    """
    refund = _lock(unit, refund_id)
    if refund.ref is not None:
        no_answer(unit, refund_id, problem="gateway_refused")
    elif refund.status in ACTIVE_REFUND:
        _fail(unit, refund, code=code)
        unit.changed(*topics.of_company(refund.company_id))


def _fail(unit: Unit, refund: Refund, *, code: str) -> None:
    assert refund.entry_id is not None
    receipts.refund_failed(unit, key=f"refund:{refund.id}:failed", refund_entry_id=refund.entry_id, memo=code)
    refund.failure_code = code
    refund.finished_at = utcnow()
    move(unit, REFUND, refund, RefundStatus.FAILED, reason=code)
