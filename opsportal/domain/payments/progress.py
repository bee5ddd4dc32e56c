"""Moving one payment on: what to ask the gateway next, and what its answer means.

`plan` and `take` are two short transactions around one gateway call that is made without any. Both lock
the payment's row. Several workers may do this to one payment at once, dying anywhere: keys make
repeated calls harmless, and the row's lock makes each answer count once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.lifecycle import PAYMENT, move
from opsportal.domain.payments import deadlines, settlement, topics
from opsportal.domain.payments.gateways import Intent, IntentStatus
from opsportal.models import (
    ACTIVE_PAYMENT,
    GatewayCustomer,
    Payment,
    PaymentStatus,
    SavedCard,
)
from opsportal.models.base import utcnow

LETTER = "payment_letter"
CLIENT = "cancelled_by_client"
MOST_CONFIRMATIONS = 8
"""After so many tries that provably charged nothing, the payment is ended instead."""


class Step(StrEnum):
    """One call of the gateway."""

    CREATE = "create"
    CONFIRM = "confirm"
    ASK = "ask"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Order:
    """All that a worker needs for one call; it holds no database row."""

    step: Step
    payment_id: int
    key: str
    ref: str = ""
    amount_minor: int = 0
    currency: str = ""
    customer_ref: str = ""
    card_ref: str = ""


def lock_payment(unit: Unit, payment_id: int) -> Payment:
    """The payment's row, locked and fresh. Always before the company's money (`ledger.lock`)."""
    query = select(Payment).where(col(Payment.id) == payment_id).with_for_update()
    return unit.exec(query, execution_options={"populate_existing": True}).one()


def plan(unit: Unit, payment_id: int) -> Order | None:
    """The next call for this payment, or None when nothing is to be done.

    A confirmation is written down here, committed, before it is sent: if its reply is lost, everybody
    after us knows that the card may have been charged.
    """
    payment = lock_payment(unit, payment_id)
    if payment.status not in ACTIVE_PAYMENT:
        return None
    _check_deadline(payment)
    if payment.cancel_code and payment.ref is None:
        # What the gateway may have made of a lost call was never confirmed, so it can take no money.
        _end(unit, payment)
        return None
    step = _next_step(payment)
    if step is Step.CONFIRM:
        payment.confirmations += 1
        payment.is_confirming = True
    # If we die now, somebody looks again after this.
    payment.due_at = utcnow() + deadlines.HANDED_OVER
    return _order(unit, payment, step)


def _check_deadline(payment: Payment) -> None:
    """Nothing begins after its time: not a charge that was clicked long ago, nor a late confirmation."""
    if utcnow() < payment.not_after or payment.cancel_code or payment.is_confirming:
        return
    if payment.status == PaymentStatus.REQUIRES_ACTION:
        payment.cancel_code = "authentication_expired"
    elif payment.status in (PaymentStatus.CREATED, PaymentStatus.SUBMITTED):
        payment.cancel_code = "gateway_unreachable"


def _next_step(payment: Payment) -> Step:
    if payment.cancel_code:
        return Step.CANCEL
    if payment.ref is None:
        return Step.CREATE
    is_new = payment.status == PaymentStatus.SUBMITTED and not payment.is_confirming
    return Step.CONFIRM if is_new else Step.ASK


def _order(unit: Unit, payment: Payment, step: Step) -> Order:
    assert payment.id is not None
    keys = {Step.CREATE: "create", Step.CONFIRM: f"confirm-{payment.confirmations}", Step.CANCEL: "cancel"}
    # The company's random token makes the key ours alone, also on an account that two portals share.
    key = f"portal-{payment.idempotency}-{payment.id}-{keys.get(step, '')}"
    card = unit.get_one(SavedCard, payment.card_id)
    customer = unit.exec(
        select(GatewayCustomer).where(
            col(GatewayCustomer.company_id) == payment.company_id,
            col(GatewayCustomer.gateway) == payment.gateway,
        )
    ).one()
    return Order(
        step=step,
        payment_id=payment.id,
        key=key,
        ref=payment.ref or "",
        amount_minor=payment.gross_minor,
        currency=payment.currency,
        customer_ref=customer.ref,
        card_ref=card.ref,
    )


def take(unit: Unit, payment_id: int, intent: Intent) -> bool:
    """Take in what the gateway says now. True when there is something more to do at once."""
    payment = lock_payment(unit, payment_id)
    if payment.status not in ACTIVE_PAYMENT:
        return False
    if payment.ref is None:
        payment.ref = intent.ref
    if payment.ref != intent.ref:
        return (
            False  # a second intent of a key that the gateway had forgotten: never confirmed, takes nothing
        )
    payment.attempts = 0
    payment.problem_code = ""
    unit.changed(*topics.of_company(payment.company_id))
    return _TAKEN[intent.status](unit, payment, intent)


def _ready(unit: Unit, payment: Payment, _: Intent) -> bool:
    """The gateway knows it and has not been told to charge: our confirmation never arrived, or was not sent."""
    payment.is_confirming = False
    if payment.status in (PaymentStatus.CREATED, PaymentStatus.UNKNOWN):
        move(unit, PAYMENT, payment, PaymentStatus.SUBMITTED)
    if payment.confirmations >= MOST_CONFIRMATIONS and not payment.cancel_code:
        payment.cancel_code = "gateway_unreachable"
    return True


def _needs_action(unit: Unit, payment: Payment, _: Intent) -> bool:
    payment.is_confirming = False
    if payment.cancel_code:
        return True
    if payment.status != PaymentStatus.REQUIRES_ACTION:
        _to_submitted(unit, payment)
        move(unit, PAYMENT, payment, PaymentStatus.REQUIRES_ACTION)
        payment.not_after = utcnow() + deadlines.ACTION
    _look_again(payment)
    return False


def _processing(unit: Unit, payment: Payment, _: Intent) -> bool:
    payment.is_confirming = True
    if payment.status != PaymentStatus.SUBMITTED:
        move(unit, PAYMENT, payment, PaymentStatus.SUBMITTED)
    _look_again(payment)
    return False


def _succeeded(unit: Unit, payment: Payment, intent: Intent) -> bool:
    if not settlement.agrees(payment, intent):
        settlement.refuse(unit, payment, intent)
        return False
    _to_submitted(unit, payment)
    settlement.settle(unit, payment, intent)
    unit.enqueue("billing", LETTER, payment.id or 0)
    return False


def _refused(unit: Unit, payment: Payment, intent: Intent) -> bool:
    """Declined. Its holder could still try again in a browser, so it is ended at the gateway first."""
    payment.is_confirming = False
    payment.failure_text = intent.reason_text
    if not payment.cancel_code:
        payment.cancel_code = intent.reason_code or "card_declined"
    return True


def _cancelled(unit: Unit, payment: Payment, _: Intent) -> bool:
    payment.cancel_code = payment.cancel_code or "cancelled_at_gateway"
    _end(unit, payment)
    return False


_TAKEN = {
    IntentStatus.READY: _ready,
    IntentStatus.NEEDS_ACTION: _needs_action,
    IntentStatus.PROCESSING: _processing,
    IntentStatus.SUCCEEDED: _succeeded,
    IntentStatus.REFUSED: _refused,
    IntentStatus.CANCELLED: _cancelled,
}


def _to_submitted(unit: Unit, payment: Payment) -> None:
    """A row that still says *created* while its intent has gone further catches up first."""
    if payment.status == PaymentStatus.CREATED:
        move(unit, PAYMENT, payment, PaymentStatus.SUBMITTED)


def _end(unit: Unit, payment: Payment) -> None:
    """Close a payment that is dead at the gateway as well."""
    is_client = payment.cancel_code == CLIENT
    payment.failure_code = payment.cancel_code
    payment.problem_code = ""
    payment.finished_at = utcnow()
    target = PaymentStatus.CANCELLED if is_client else PaymentStatus.FAILED
    move(unit, PAYMENT, payment, target, reason=payment.failure_code)
    unit.changed(*topics.of_company(payment.company_id))
    if not is_client:
        unit.enqueue("billing", LETTER, payment.id or 0)


def no_answer(unit: Unit, order: Order, *, problem: str = "gateway_unreachable") -> None:
    """The call's outcome is not known. A confirmation may have charged the card: the payment is unknown."""
    payment = lock_payment(unit, order.payment_id)
    if payment.status not in ACTIVE_PAYMENT:
        return
    payment.attempts += 1
    payment.problem_code = problem
    if order.step is Step.CONFIRM and payment.status == PaymentStatus.SUBMITTED:
        move(unit, PAYMENT, payment, PaymentStatus.UNKNOWN, reason=problem)
    _look_again(payment)
    unit.changed(*topics.of_company(payment.company_id))


def refused(unit: Unit, order: Order, *, code: str, text: str) -> bool:
    """The gateway declined the call itself: it had no effect. True when there is more to do at once.

    Asked for an intent that does not exist, it says that no money can come of it: that is an end, too.
    """
    payment = lock_payment(unit, order.payment_id)
    if payment.status not in ACTIVE_PAYMENT:
        return False
    if order.step is Step.CREATE or code == "resource_missing":
        payment.cancel_code = payment.cancel_code or code
        payment.failure_text = text[:500]
        _end(unit, payment)
        return False
    no_answer(unit, order, problem="gateway_unreachable")
    return False


def _look_again(payment: Payment) -> None:
    """When to look next. What was asked for three days is left to people; their way is `ask_again`."""
    payment.due_at = utcnow() + deadlines.pause(payment.attempts + 2)
    payment.attempts += 1
    is_old = utcnow() - payment.created_at > deadlines.ASK_FOR
    if is_old and payment.status in (PaymentStatus.UNKNOWN, PaymentStatus.SUBMITTED):
        payment.problem_code = "needs_person"
        payment.due_at = deadlines.NEVER
    elif payment.status != PaymentStatus.UNKNOWN and utcnow() < payment.not_after:
        payment.due_at = min(payment.due_at, payment.not_after)
