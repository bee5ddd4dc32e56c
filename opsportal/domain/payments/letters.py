"""The mail about a payment that has ended, to the person who made it."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.mail.letters import Amount, Link, Piece, Text, queue_letter
from opsportal.domain.payments import failures
from opsportal.models import Payment, PaymentPurpose, PaymentStatus, Person


def write(unit: Unit, payment_id: int) -> None:
    """Queue one mail, once per payment; none where nobody is left to read it."""
    payment = unit.get_one(Payment, payment_id)
    person = unit.get(Person, payment.actor_id) if payment.actor_id else None
    if person is None or not person.is_active:
        return
    if payment.status not in (PaymentStatus.SUCCEEDED, PaymentStatus.FAILED):
        return
    is_good = payment.status == PaymentStatus.SUCCEEDED
    subject, body = (_received if is_good else _failed)(payment)
    queue_letter(
        unit,
        to=person,
        kind="payment_received" if is_good else "payment_failed",
        subject=subject,
        body=body,
        about=("payment", payment_id),
    )


def _received(payment: Payment) -> tuple[Text, list[Piece]]:
    gross = Amount(payment.gross_minor, payment.currency)
    body: list[Piece] = [
        Text(
            msgid="We have received {amount} from your card {card}. Thank you.",
            params={"amount": gross, "card": _card(payment)},
        )
    ]
    if payment.tax_minor:
        parts = {
            "net": Amount(payment.net_minor, payment.currency),
            "tax": Amount(payment.tax_minor, payment.currency),
        }
        body.append(Text(msgid="{net} of it were added to your balance, {tax} are tax.", params=parts))
    if payment.is_kept_in_balance:
        body.append(
            Text(
                msgid="The invoice was settled in another way meanwhile, so the money stays in your balance."
                " Spend it, or ask us to give it back."
            )
        )
    elif payment.purpose == PaymentPurpose.INVOICE:
        body.append(Text(msgid="The invoice is paid."))
    body.append(Link(msgid="Open your payments", path="/billing/transactions"))
    return Text(msgid="Payment received: {amount}", params={"amount": gross}), body


def _failed(payment: Payment) -> tuple[Text, list[Piece]]:
    gross = Amount(payment.gross_minor, payment.currency)
    body: list[Piece] = [
        Text(
            msgid="Your payment of {amount} by the card {card} was not successful.",
            params={"amount": gross, "card": _card(payment)},
        ),
        Text(msgid=failures.reason(payment.failure_code)),
        Link(msgid="Try again", path="/billing/funds"),
    ]
    return Text(msgid="Payment failed: {amount}", params={"amount": gross}), body


def _card(payment: Payment) -> str:
    return f"{payment.card_brand} •••• {payment.card_last4}"
