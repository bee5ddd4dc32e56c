"""Something of everything that is money, for the doors: documents, cards, payments, flags."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar, flags, invoices, ledger, receipts
from opsportal.domain.billing.documents import NewLine
from opsportal.models import (
    Company,
    FlagKind,
    Invoice,
    Payment,
    PaymentPurpose,
    PaymentStatus,
    SavedCard,
)
from opsportal.models.base import utcnow
from tests.builders import make_actor

NET, NET_WITH_TAX = 8_900, 10_769
_keys = itertools.count(1)


def make_invoice(company: Company, *, net_minor: int = NET, name: str = "node") -> Invoice:
    """An issued, unpaid invoice with one line."""
    with unit_of_work() as unit:
        ledger.lock(unit, company.id or 0, company.currency)
        line = NewLine("{plan}: {name}", net_minor, {"plan": "Plan", "name": name})
        due_on = calendar.today() + dt.timedelta(days=14)
        return invoices.issue_invoice(
            unit, company=company, lines=[line], due_on=due_on, currency=company.currency
        )


def add_funds(company: Company, net_minor: int) -> int:
    """Money in the balance, untaxed. The entry's number."""
    with unit_of_work() as unit:
        entry = receipts.receive(
            unit,
            key=f"doors-{next(_keys)}",
            company_id=company.id or 0,
            gross_minor=net_minor,
            net_minor=net_minor,
            tax=None,
            currency=company.currency,
        )
        unit.flush()
        return entry.id or 0


def make_card(company: Company, **changes: Any) -> SavedCard:
    """A card that can be charged."""
    defaults = {
        # Far above the numbers of invoices: some take a card of their own number with them.
        "id": 1_000_000 + next(_keys),
        "gateway": "stripe",
        "company_id": company.id,
        "ref": f"pm_{uuid.uuid4().hex}",
        "brand": "visa",
        "last4": "4242",
        "exp_month": 12,
        "exp_year": utcnow().year + 3,
    }
    with unit_of_work() as unit:
        card = SavedCard(**(defaults | changes))
        unit.add(card)
    return card


def make_payment(
    company: Company, *, status: PaymentStatus = PaymentStatus.CREATED, **changes: Any
) -> Payment:
    """A top-up by card; one that succeeded is in the books."""
    card = make_card(company)
    is_over = status is PaymentStatus.SUCCEEDED
    defaults = {
        "company_id": company.id,
        "purpose": PaymentPurpose.TOPUP,
        "status": status,
        "gateway": "stripe",
        "card_id": card.id,
        "card_brand": card.brand,
        "card_last4": card.last4,
        "net_minor": NET,
        "gross_minor": NET,
        "currency": company.currency,
        "idempotency": uuid.uuid4().hex,
        "actor_name": "somebody",
        "ref": f"pi_{uuid.uuid4().hex}" if is_over else None,
        "not_after": utcnow() + dt.timedelta(minutes=5),
        "due_at": utcnow() + dt.timedelta(minutes=5),
        "finished_at": utcnow() if is_over else None,
        "entry_id": add_funds(company, NET) if is_over else None,
    }
    with unit_of_work() as unit:
        payment = Payment(**(defaults | changes))
        unit.add(payment)
    return payment


def make_flag(company: Company) -> int:
    invoice = make_invoice(company)
    with unit_of_work() as unit:
        flags.raise_flag(unit, key=f"doors-{next(_keys)}", kind=FlagKind.INVOICE_WAS_PAID, invoice=invoice)
    with unit_of_work() as unit:
        actor = make_actor(company=company)
        return flags.list_flags(actor, unit)[0].id or 0


def _funded(company: Company) -> Invoice:
    add_funds(company, NET)
    return make_invoice(company)


def _with_card(company: Company) -> Invoice:
    """An invoice, and a card of the same number to pay it with: a door's payload has one number."""
    invoice = make_invoice(company)
    make_card(company, id=invoice.id)
    return invoice


def _paid(company: Company) -> Invoice:
    invoice = _funded(company)
    with unit_of_work() as unit:
        invoices.pay_from_balance(
            unit,
            make_actor(company=company),
            invoice.id or 0,
            amount_minor=invoice.total_minor,
            currency=invoice.currency,
        )
    return invoice


MAKERS = {
    "invoice": lambda company: make_invoice(company).id,
    "funded invoice": lambda company: _funded(company).id,
    "invoice with card": lambda company: _with_card(company).id,
    "paid invoice": lambda company: _paid(company).id,
    "card": lambda company: make_card(company).id,
    "payment": lambda company: make_payment(company).id,
    "received payment": lambda company: make_payment(company, status=PaymentStatus.SUCCEEDED).id,
    "flag": make_flag,
}
"""By kind: a new object of a company; its number."""
