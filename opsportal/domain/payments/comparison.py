"""Once a day: the gateway's own list beside our ledger, one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import ARRAY, ColumnElement, String, any_, literal
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.payments import differences, topics
from opsportal.domain.payments.gateways import GatewayRefund, Intent, IntentStatus, RefundSeen
from opsportal.models import (
    ACTIVE_PAYMENT,
    ACTIVE_REFUND,
    DifferenceKind,
    GatewayCheck,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from opsportal.models.base import utcnow

OVERLAP = dt.timedelta(days=3)
"""Each comparison also covers the last days again: what ended late is found then."""
GRACE = dt.timedelta(minutes=10)
"""What is younger may still be on its way here."""
QUEUE, TASK = "billing", "payment"


def begin_check(unit: Unit, gateway: str) -> tuple[int, dt.datetime]:
    """Open a comparison. Its id, and since when the gateway's list is wanted."""
    last = unit.exec(
        select(GatewayCheck)
        .where(
            col(GatewayCheck.gateway) == gateway,
            col(GatewayCheck.finished_at).is_not(None),
            col(GatewayCheck.problem_code) == "",
        )
        .order_by(col(GatewayCheck.id).desc())
        .limit(1)
    ).first()
    first = unit.exec(
        select(Payment.created_at).where(col(Payment.gateway) == gateway).order_by(col(Payment.id)).limit(1)
    ).first()
    since = last.started_at - OVERLAP if last else (first or utcnow()) - OVERLAP
    check = GatewayCheck(gateway=gateway, since=since)
    unit.add(check)
    unit.flush()
    return check.id or 0, since


def give_up(unit: Unit, check_id: int, *, code: str) -> None:
    """The gateway did not give its list; finance sees that, too."""
    check = unit.get_one(GatewayCheck, check_id)
    check.finished_at, check.problem_code = utcnow(), code
    unit.changed(topics.STAFF)


def compare(
    unit: Unit, check_id: int, *, intents: Iterable[Intent], refunds: Iterable[GatewayRefund]
) -> GatewayCheck:
    """Compare both lists with ours, note what differs, close what agrees again, wake what can mend itself."""
    check = unit.get_one(GatewayCheck, check_id)
    theirs = {intent.ref: intent for intent in intents}
    given = {refund.ref: refund for refund in refunds}
    ours = unit.exec(
        select(Payment).where(
            col(Payment.gateway) == check.gateway,
            _is_among(Payment.ref, theirs) | (col(Payment.created_at) >= check.since),
        )
    ).all()
    _compare_payments(unit, check, theirs, {row.ref: row for row in ours if row.ref})
    _name_lost(unit, check, given)
    _compare_refunds(unit, check, given)
    check.finished_at = utcnow()
    unit.changed(topics.STAFF)
    return check


def _compare_payments(
    unit: Unit, check: GatewayCheck, theirs: dict[str, Intent], ours: dict[str, Payment]
) -> None:
    young = check.started_at - GRACE
    for ref in sorted(theirs.keys() | ours.keys()):
        intent, payment = theirs.get(ref), ours.get(ref)
        if payment is None and (intent is None or intent.payment_id is None):
            continue  # somebody else's, on the same account
        if payment is not None and _has_just_moved(check, payment):
            continue  # the gateway's list may be older than what we know: the next comparison sees both
        check.compared += 1
        got = _received(intent)
        booked = (payment.gross_minor, payment.currency) if _is_booked(payment) and payment else (0, "")
        is_active = payment is not None and payment.status in ACTIVE_PAYMENT
        if got == booked:
            differences.resolve(unit, check.gateway, ref)
            continue
        if is_active and payment is not None:
            unit.enqueue(QUEUE, TASK, payment.id or 0)
            if payment.created_at > young:
                continue
        check.differing += 1
        differences.note(
            unit,
            kind=_kind(got, booked),
            gateway=check.gateway,
            object_ref=ref,
            payment_id=payment.id if payment else None,
            ours=booked,
            theirs=got,
            check_id=check.id,
        )


def _is_among(ref: str | None, names: Iterable[str]) -> ColumnElement[bool]:
    """Whether a row bears one of these names, as one parameter: a gateway's list may be longer than a statement."""
    return col(ref) == any_(literal(list(names), ARRAY(String)))


def _has_just_moved(check: GatewayCheck, row: Payment | Refund) -> bool:
    moved_at = row.finished_at or row.created_at
    return moved_at >= check.started_at


def _is_booked(payment: Payment | None) -> bool:
    return payment is not None and payment.status == PaymentStatus.SUCCEEDED


def _received(intent: Intent | None) -> tuple[int, str]:
    if intent is None or intent.status is not IntentStatus.SUCCEEDED:
        return 0, ""
    return intent.received_minor, intent.currency


def _kind(got: tuple[int, str], booked: tuple[int, str]) -> DifferenceKind:
    if not booked[0]:
        return DifferenceKind.MISSING_HERE
    return DifferenceKind.AMOUNT if got[0] else DifferenceKind.MISSING_THERE


def _name_lost(unit: Unit, check: GatewayCheck, theirs: dict[str, GatewayRefund]) -> None:
    """A refund whose every reply was lost is in the list: now we know its name, and a worker asks how far it is."""
    waiting = (
        select(Refund, Payment.ref)
        .join(Payment, col(Payment.id) == col(Refund.payment_id))
        .where(
            col(Refund.gateway) == check.gateway,
            col(Refund.ref).is_(None),
            col(Refund.status).in_(ACTIVE_REFUND),
        )
    )
    told = {(seen.refund_id, seen.intent_ref): seen.ref for seen in theirs.values()}
    for row, intent_ref in unit.exec(waiting.with_for_update(of=Refund, skip_locked=True)).all():
        if name := told.get((row.id, intent_ref or "")):
            row.ref = name
            unit.enqueue(QUEUE, "refund", row.id or 0)
    unit.flush()


def _compare_refunds(unit: Unit, check: GatewayCheck, theirs: dict[str, GatewayRefund]) -> None:
    rows = unit.exec(
        select(Refund).where(
            col(Refund.gateway) == check.gateway,
            _is_among(Refund.ref, theirs) | (col(Refund.created_at) >= check.since),
        )
    ).all()
    ours = {row.ref: row for row in rows if row.ref}
    payments = _payments_of(unit, check, [one for ref, one in theirs.items() if ref not in ours])
    for ref in sorted(theirs.keys() | ours.keys()):
        seen, row = theirs.get(ref), ours.get(ref)
        payment_id = row.payment_id if row else payments.get(seen.intent_ref) if seen else None
        if payment_id is None and (seen is None or seen.refund_id is None):
            continue  # somebody else's, on the same account
        if row is not None and _has_just_moved(check, row):
            continue
        check.compared += 1
        given = (
            (0, "")
            if seen is None or seen.status is RefundSeen.FAILED
            else (seen.amount_minor, seen.currency)
        )
        is_failed = row is None or row.status == RefundStatus.FAILED
        booked = (0, "") if is_failed or row is None else (row.amount_minor, row.currency)
        if given == booked:
            differences.resolve(unit, check.gateway, ref)
            continue
        check.differing += 1
        differences.note(
            unit,
            kind=_kind(given, booked),
            gateway=check.gateway,
            object_ref=ref,
            payment_id=payment_id,
            refund_id=row.id if row else None,
            ours=booked,
            theirs=given,
            check_id=check.id,
        )


def _payments_of(
    unit: Unit, check: GatewayCheck, unknown: list[GatewayRefund]
) -> dict[str | None, int | None]:
    """Our payments among those that were given back without us, as by hand at the gateway's own pages."""
    named = _is_among(Payment.ref, [one.intent_ref for one in unknown])
    rows = unit.exec(select(Payment.ref, Payment.id).where(col(Payment.gateway) == check.gateway, named))
    return dict(rows.all())
