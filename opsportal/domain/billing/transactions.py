"""The list of a company's money: what came in, what was paid, what went back."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_company_for
from opsportal.domain.refusals import BadRequest
from opsportal.models import (
    AccountKind,
    Company,
    EntryKind,
    Invoice,
    JournalEntry,
    LedgerAccount,
    Payment,
    PaymentStatus,
    Posting,
)

PAGE = 25
MONEY_KINDS = (
    EntryKind.TOPUP,
    EntryKind.PAYMENT,
    EntryKind.GRANT,
    EntryKind.REFUND,
    EntryKind.REVERSAL,
)
"""What the customer sees. A refund leaves the balance when it is set aside; that it arrived moves nothing more."""
FAILED = "failed"
_FAMILIES: dict[str, tuple[EntryKind, ...]] = {
    "": MONEY_KINDS,
    "topups": (EntryKind.TOPUP, EntryKind.GRANT),
    "payments": (EntryKind.PAYMENT,),
    "refunds": (EntryKind.REFUND, EntryKind.REVERSAL),
    FAILED: (),
}


Place = tuple[dt.datetime, int, int]
"""When, from which source (0 journal, 1 failed payments), and which row of it."""


@dataclass(frozen=True)
class TransactionFilter:
    """`family`: "", "topups", "payments", "refunds" or "failed". `before`: the `next_before` of the page before."""

    company_id: int | None = None
    family: str = ""
    before: Place | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement as the customer sees it.

    `kind` is an `EntryKind`, or "failed" for a payment that moved nothing (then `reason_code` says why).
    `gross_minor`: what left or reached the card or bank; `balance_minor`: what that did to the
    balance (cash and credit); `tax_minor`: the tax between the two.
    """

    kind: str
    at: dt.datetime
    company: Company
    currency: str
    gross_minor: int
    balance_minor: int
    tax_minor: int
    memo: str
    invoice_id: int | None
    invoice_number: str
    entry_id: int | None
    payment_id: int | None
    reason_code: str
    actor_name: str


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Newest first. `next_before` is None on the last page."""

    rows: list[Transaction]
    next_before: Place | None


def list_transactions(actor: Actor, unit: Unit, wanted: TransactionFilter) -> TransactionPage:
    """One page of what moved a company's money: a client's own, for staff one company's or all."""
    actor.require(Permission.BILLING_VIEW)
    if wanted.family not in _FAMILIES:
        raise BadRequest
    if wanted.company_id is not None:
        access_company_for(actor, unit, wanted.company_id)
    scope = wanted.company_id if actor.is_staff or wanted.company_id is not None else actor.company_id
    found = _entries(unit, wanted, scope) + _failures(unit, wanted, scope)
    found.sort(key=_place, reverse=True)
    rows = found[:PAGE]
    return TransactionPage(rows, _place(rows[-1]) if len(found) > PAGE else None)


def _place(row: Transaction) -> Place:
    return (row.at, 0, row.entry_id) if row.entry_id else (row.at, 1, row.payment_id or 0)


def _page(query: Any, source: int, at: Any, number: Any, before: Place | None) -> Any:
    """The newest rows of one source that come after a place of the merged list."""
    if before is not None:
        moment, last_source, last_number = before
        same = number < last_number if source == last_source else literal(source < last_source)
        query = query.where((at < moment) | ((at == moment) & same))
    return query.order_by(at.desc(), number.desc()).limit(PAGE + 1)


def _entries(unit: Unit, wanted: TransactionFilter, company_id: int | None) -> list[Transaction]:
    kinds = _FAMILIES[wanted.family]
    if not kinds:
        return []
    query: Any = (
        select(JournalEntry, Company, Invoice.number)
        .join(Company, col(Company.id) == col(JournalEntry.company_id))
        .outerjoin(Invoice, col(Invoice.id) == col(JournalEntry.invoice_id))
        .where(col(JournalEntry.kind).in_(kinds))
    )
    if company_id is not None:
        query = query.where(col(JournalEntry.company_id) == company_id)
    page = _page(query, 0, col(JournalEntry.at), col(JournalEntry.id), wanted.before)
    rows = unit.exec(page).all()
    moved = _moved(unit, [entry.id for entry, *_ in rows])
    return [_shown(entry, company, number or "", moved[entry.id]) for entry, company, number in rows]


def _failures(unit: Unit, wanted: TransactionFilter, company_id: int | None) -> list[Transaction]:
    """Payments that moved nothing. They stand where they ended."""
    if wanted.family not in ("", FAILED):
        return []
    query: Any = (
        select(Payment, Company, Invoice.number)
        .join(Company, col(Company.id) == col(Payment.company_id))
        .outerjoin(Invoice, col(Invoice.id) == col(Payment.invoice_id))
        .where(col(Payment.status) == PaymentStatus.FAILED)
    )
    if company_id is not None:
        query = query.where(col(Payment.company_id) == company_id)
    rows = unit.exec(_page(query, 1, col(Payment.created_at), col(Payment.id), wanted.before)).all()
    return [_failed(payment, company, number or "") for payment, company, number in rows]


def _moved(unit: Unit, entry_ids: list[int]) -> dict[int, dict[AccountKind, int]]:
    amounts: dict[int, dict[AccountKind, int]] = defaultdict(lambda: defaultdict(int))
    if not entry_ids:
        return amounts
    query = (
        select(Posting.entry_id, LedgerAccount.kind, Posting.amount_minor)
        .join(LedgerAccount, col(LedgerAccount.id) == col(Posting.account_id))
        .where(col(Posting.entry_id).in_(entry_ids))
    )
    for entry_id, kind, amount in unit.exec(query):
        amounts[entry_id][AccountKind(kind)] += amount
    return amounts


def _shown(entry: JournalEntry, company: Company, number: str, moved: dict[AccountKind, int]) -> Transaction:
    outside = moved[AccountKind.GATEWAY] + moved[AccountKind.FEES] + moved[AccountKind.REFUNDS_DUE]
    return Transaction(
        kind=entry.kind,
        at=entry.at,
        company=company,
        currency=company.currency,
        gross_minor=-outside,
        balance_minor=moved[AccountKind.CASH] + moved[AccountKind.CREDIT],
        tax_minor=moved[AccountKind.TAX],
        memo=entry.memo,
        invoice_id=entry.invoice_id,
        invoice_number=number,
        entry_id=entry.id,
        payment_id=None,
        reason_code="",
        actor_name=entry.actor_name,
    )


def _failed(payment: Payment, company: Company, number: str) -> Transaction:
    return Transaction(
        kind=FAILED,
        at=payment.created_at,
        company=company,
        currency=payment.currency,
        gross_minor=payment.gross_minor,
        balance_minor=0,
        tax_minor=payment.tax_minor,
        memo=f"{payment.card_brand} {payment.card_last4}",
        invoice_id=payment.invoice_id,
        invoice_number=number,
        entry_id=None,
        payment_id=payment.id,
        reason_code=payment.failure_code,
        actor_name=payment.actor_name,
    )
