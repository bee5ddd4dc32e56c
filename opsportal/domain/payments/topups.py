"""Beginning card payments, watching them, and taking them back. No gateway is called here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import (
    Actor,
    Permission,
    access_card_for,
    access_company_for,
    access_invoice_for,
    access_payment_for,
)
from opsportal.domain.audit import trail
from opsportal.domain.billing.refusals import AmountChanged
from opsportal.domain.lifecycle import PAYMENT, move
from opsportal.domain.payments import deadlines, taxation, topics
from opsportal.domain.payments.cards import is_usable
from opsportal.domain.payments.progress import CLIENT, lock_payment
from opsportal.domain.payments.quotes import Quote, payer, quote_invoice, quote_topup
from opsportal.domain.payments.refusals import (
    CardNotUsable,
    PaymentChanged,
    PaymentInProgress,
    PaymentNotCancellable,
    TooManyPayments,
)
from opsportal.domain.refusals import BadRequest
from opsportal.models import (
    ACTIVE_PAYMENT,
    Company,
    Payment,
    PaymentPurpose,
    PaymentStatus,
    SavedCard,
)
from opsportal.models.base import utcnow

__all__ = ["Quote", "begin_payment", "quote_invoice", "quote_topup"]

QUEUE = "billing"
TASK = "payment"
PAGE = 25
AT_ONCE = 10
"""Payments of one company that may be under way together."""


def begin_payment(
    unit: Unit,
    actor: Actor,
    *,
    purpose: PaymentPurpose,
    card_id: int,
    idempotency: str,
    charge_minor: int,
    currency: str,
    net_minor: int | None = None,
    invoice_id: int | None = None,
) -> Payment:
    """Write a payment down and wake a worker; the gateway hears of it after commit.

    `net_minor` for a top-up, `invoice_id` for an invoice (exactly what the balance lacks is charged).
    `charge_minor` and `currency`: what the person saw on the button, tax included. A card is charged that
    or nothing: refuses `AmountChanged` when the balance, the tax or the invoice has moved it since.
    `idempotency` is a token that the page makes once per click (16 to 64 of A-Z a-z 0-9 -): the same click
    sent again returns the same payment. Refuses `PaymentInProgress` when the invoice is being paid already,
    and whatever `quote_topup` and `quote_invoice` refuse.
    """
    actor.require(Permission.BILLING_PAY)
    company = payer(actor, unit)
    _check_token(idempotency)
    known = _find_same(unit, company, idempotency)
    if known is not None:
        return _same_or_refused(known, purpose, net_minor, invoice_id, (charge_minor, currency))
    access_card_for(actor, unit, card_id)
    # Shared with other payments, against its removal.
    card = unit.get_one(SavedCard, card_id, with_for_update={"read": True}, populate_existing=True)
    if not is_usable(card):
        raise CardNotUsable
    _check_number_under_way(unit, company)
    quote = _quote(unit, actor, purpose, net_minor, invoice_id, currency)
    if (quote.gross_minor, quote.currency) != (charge_minor, currency):
        raise AmountChanged
    payment = _write(unit, actor, company, card, quote, purpose, invoice_id, idempotency)
    if payment is None:
        known = _find_same(unit, company, idempotency)  # the other half of a double click was faster
        if known is None:
            raise PaymentInProgress
        return _same_or_refused(known, purpose, net_minor, invoice_id, (charge_minor, currency))
    unit.enqueue(QUEUE, TASK, payment.id or 0)
    _record_beginning(unit, actor, payment)
    unit.changed(*topics.of_company(company.id or 0))
    return payment


def _quote(
    unit: Unit,
    actor: Actor,
    purpose: PaymentPurpose,
    net_minor: int | None,
    invoice_id: int | None,
    currency: str,
) -> Quote:
    if purpose is PaymentPurpose.TOPUP:
        if net_minor is None or invoice_id is not None:
            raise BadRequest
        return quote_topup(actor, unit, net_minor=net_minor, currency=currency)
    if invoice_id is None or net_minor is not None:
        raise BadRequest
    return quote_invoice(actor, unit, invoice_id=invoice_id)


def _record_beginning(unit: Unit, actor: Actor, payment: Payment) -> None:
    trail.record(
        unit,
        "payment:begun",
        actor=actor,
        object_kind="payment",
        object_id=payment.id,
        company_id=payment.company_id,
        amount_minor=payment.gross_minor,
        currency=payment.currency,
        purpose=payment.purpose,
    )


def _check_token(idempotency: str) -> None:
    is_plain = idempotency.isascii() and idempotency.replace("-", "").isalnum()
    if not is_plain or not 16 <= len(idempotency) <= 64:
        raise BadRequest


def _find_same(unit: Unit, company: Company, idempotency: str) -> Payment | None:
    return unit.exec(
        select(Payment).where(col(Payment.company_id) == company.id, col(Payment.idempotency) == idempotency)
    ).first()


def _same_or_refused(
    known: Payment,
    purpose: PaymentPurpose,
    net_minor: int | None,
    invoice_id: int | None,
    charge: tuple[int, str],
) -> Payment:
    is_same = known.purpose == purpose and known.invoice_id == invoice_id
    is_same = is_same and (known.gross_minor, known.currency) == charge
    if not is_same or (net_minor is not None and known.net_minor != net_minor):
        raise PaymentChanged
    return known


def _check_number_under_way(unit: Unit, company: Company) -> None:
    number = unit.scalar(
        select(func.count()).where(
            col(Payment.company_id) == company.id, col(Payment.status).in_(ACTIVE_PAYMENT)
        )
    )
    if (number or 0) >= AT_ONCE:
        raise TooManyPayments


def _write(
    unit: Unit,
    actor: Actor,
    company: Company,
    card: SavedCard,
    quote: Quote,
    purpose: PaymentPurpose,
    invoice_id: int | None,
    idempotency: str,
) -> Payment | None:
    """The new row; None when another one was faster: the same click, or a payment of the same invoice."""
    now = utcnow()
    payment = Payment(
        company_id=company.id or 0,
        purpose=purpose,
        invoice_id=invoice_id,
        gateway=card.gateway,
        card_id=card.id or 0,
        card_brand=card.brand,
        card_last4=card.last4,
        net_minor=quote.net_minor,
        tax_minor=quote.tax_minor,
        gross_minor=quote.gross_minor,
        currency=quote.currency,
        idempotency=idempotency,
        actor_id=actor.person_id,
        actor_name=actor.name,
        created_at=now,
        not_after=now + deadlines.CREATED,
        due_at=now + deadlines.HANDED_OVER,
        **taxation.columns(quote.tax),
    )
    try:
        with unit.begin_nested():
            unit.add(payment)
    except IntegrityError:
        return None
    return payment


def cancel_payment(unit: Unit, actor: Actor, payment_id: int) -> Payment:
    """Take a payment back. It has ended only when the gateway has ended it: if it was faster, it stands."""
    access_payment_for(actor, unit, payment_id, permission=Permission.BILLING_PAY)
    payment = lock_payment(unit, payment_id)
    if payment.status not in ACTIVE_PAYMENT or payment.cancel_code:
        raise PaymentNotCancellable
    payment.cancel_code = CLIENT
    if payment.ref is None and payment.status == PaymentStatus.CREATED:
        payment.failure_code = CLIENT
        payment.finished_at = utcnow()
        move(unit, PAYMENT, payment, PaymentStatus.CANCELLED, actor_id=actor.person_id, reason=CLIENT)
    else:
        unit.enqueue(QUEUE, TASK, payment_id)
    trail.record(
        unit,
        "payment:cancelled",
        actor=actor,
        object_kind="payment",
        object_id=payment_id,
        company_id=payment.company_id,
    )
    unit.changed(*topics.of_company(payment.company_id))
    return payment


def go_on(unit: Unit, actor: Actor, payment_id: int) -> Payment:
    """The browser says that the bank has confirmed (or not): a worker asks the gateway at once."""
    payment = access_payment_for(actor, unit, payment_id, permission=Permission.BILLING_PAY)
    if payment.status in ACTIVE_PAYMENT:
        unit.enqueue(QUEUE, TASK, payment_id)
    return payment


def ask_again(unit: Unit, actor: Actor, payment_id: int) -> Payment:
    """Finance: ask the gateway about a payment now, also one that is no longer asked for by itself."""
    access_payment_for(actor, unit, payment_id, permission=Permission.BILLING_MANAGE)
    payment = lock_payment(unit, payment_id)
    if payment.status in ACTIVE_PAYMENT:
        payment.attempts = 0
        payment.problem_code = ""
        payment.due_at = utcnow() + deadlines.HANDED_OVER
        unit.enqueue(QUEUE, TASK, payment_id)
        unit.changed(*topics.of_company(payment.company_id))
    return payment


@dataclass(frozen=True)
class PaymentFilter:
    """What a list of payments shows. `company_id` None: the actor's own, or all for staff."""

    company_id: int | None = None
    status: str = ""
    page: int = 1


def list_payments(actor: Actor, unit: Unit, wanted: PaymentFilter) -> tuple[list[Payment], int]:
    """One page of payments, newest first, failed ones with their reason, and how many there are in all."""
    actor.require(Permission.BILLING_VIEW)
    if wanted.status not in {*PaymentStatus, ""} or wanted.page < 1:
        raise BadRequest
    company_id = wanted.company_id
    if company_id is not None:
        access_company_for(actor, unit, company_id)
    elif not actor.is_staff:
        company_id = actor.company_id
    query = select(Payment)
    if company_id is not None:
        query = query.where(col(Payment.company_id) == company_id)
    if wanted.status:
        query = query.where(col(Payment.status) == wanted.status)
    total = unit.scalar(query.with_only_columns(func.count(), maintain_column_froms=True))
    rows = unit.exec(query.order_by(col(Payment.id).desc()).offset((wanted.page - 1) * PAGE).limit(PAGE))
    return list(rows), int(total or 0)


def list_invoice_payments(actor: Actor, unit: Unit, invoice_id: int) -> Sequence[Payment]:
    """The attempts to pay one invoice by card, newest first."""
    access_invoice_for(actor, unit, invoice_id)
    query = select(Payment).where(col(Payment.invoice_id) == invoice_id)
    return unit.exec(query.order_by(col(Payment.id).desc()).limit(PAGE)).all()
