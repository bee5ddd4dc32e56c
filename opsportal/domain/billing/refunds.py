"""Giving money back: to the balance at once, or to its source in two steps around the gateway.

To the source: `refund` sets the money aside, so that it cannot be spent while the gateway is asked;
`refund_paid` books that it has left and issues the credit note; `refund_failed` puts it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.billing import credit_notes, ledger
from opsportal.domain.billing.ledger import LedgerError, Line
from opsportal.domain.billing.money import check_amount
from opsportal.domain.billing.refusals import NotRefundable, RefundTooHigh
from opsportal.domain.billing.taxes import net_of
from opsportal.models import (
    AccountKind,
    EntryKind,
    Invoice,
    JournalEntry,
    LedgerAccount,
    Posting,
    Settlement,
)


@dataclass(frozen=True, slots=True)
class Refundable:
    """What is left of a receipt: gross, and how much of it was refunded or is being refunded."""

    currency: str
    gross_minor: int
    refunded_minor: int
    rate_bp: int

    @property
    def left_minor(self) -> int:
        return self.gross_minor - self.refunded_minor


def refund(
    unit: Unit,
    *,
    key: str,
    original_entry_id: int,
    amount_minor: int,
    to: Literal["source", "balance"],
    memo: str = "",
    actor: Actor | None = None,
) -> JournalEntry:
    """Refund a part or all of a receipt to its source, or of a paid invoice to the balance.

    The amount is what the customer gets, tax included. Idempotent by key. Refuses with
    `RefundTooHigh` what exceeds the rest, with `InsufficientBalance` what is spent already, and
    with `NotRefundable` any other movement.
    """
    original = unit.get_one(JournalEntry, original_entry_id)
    wanted = EntryKind.TOPUP if to == "source" else EntryKind.PAYMENT
    if original.kind != wanted:
        raise NotRefundable
    currency = ledger.lines_of(unit, original_entry_id)[0].currency
    check_amount(amount_minor, currency)
    ledger.lock(unit, original.company_id, currency)
    if known := ledger.find_entry(unit, key):
        return _same_refund(unit, known, original_entry_id, amount_minor)
    if to == "balance":
        return _to_balance(unit, key, original, amount_minor, memo, actor)
    return _set_aside(unit, key, original, amount_minor, memo, actor)


def refund_paid(unit: Unit, *, key: str, refund_entry_id: int, memo: str = "") -> JournalEntry:
    """Book that the gateway has sent the money back; credits the top-up's document if there is one."""
    entry, amount, currency = _aside(unit, refund_entry_id)
    ledger.lock(unit, entry.company_id, currency)
    if known := ledger.find_entry(unit, key):
        return known
    if _is_reversed(unit, refund_entry_id):
        raise LedgerError(f"refund {refund_entry_id} was put back already")
    net = _net_of_aside(unit, refund_entry_id)
    note = credit_notes.credit(unit, entry.invoice_id, amount, net_minor=net) if entry.invoice_id else None
    return ledger.post(
        unit,
        key=key,
        kind=EntryKind.REFUND_PAID,
        company_id=entry.company_id,
        lines=(
            Line(AccountKind.REFUNDS_DUE, -amount, currency),
            Line(AccountKind.GATEWAY, amount, currency),
        ),
        actor=None,
        memo=memo,
        reverses_id=refund_entry_id,
        invoice_id=note.id if note else None,
    )


def refund_failed(unit: Unit, *, key: str, refund_entry_id: int, memo: str = "") -> JournalEntry:
    """Put back what was set aside: the gateway has refused, and the customer may spend it again."""
    entry, _, currency = _aside(unit, refund_entry_id)
    ledger.lock(unit, entry.company_id, currency)
    paid = select(JournalEntry.id).where(
        col(JournalEntry.reverses_id) == refund_entry_id, col(JournalEntry.kind) == EntryKind.REFUND_PAID
    )
    if unit.exec(paid).first() is not None:
        raise LedgerError(f"refund {refund_entry_id} was paid already")
    return ledger.reverse(unit, key=key, entry_id=refund_entry_id, actor=None, memo=memo)


def refundable(unit: Unit, entry_id: int) -> Refundable:
    """What may still go back to the source of a receipt."""
    lines = {line.account: line for line in ledger.lines_of(unit, entry_id)}
    net = lines[AccountKind.CASH].amount_minor
    tax = lines[AccountKind.TAX].amount_minor if AccountKind.TAX in lines else 0
    entry = unit.get_one(JournalEntry, entry_id)
    rate = credit_notes.rate_of(unit, entry.invoice_id) if entry.invoice_id else 0
    return Refundable(lines[AccountKind.CASH].currency, net + tax, _refunded(unit, entry_id), rate)


def _refunded(unit: Unit, entry_id: int, account: AccountKind = AccountKind.REFUNDS_DUE) -> int:
    """The sum of what was set aside for this receipt and not put back: all of it, or one account's part."""
    back = select(JournalEntry.reverses_id).where(col(JournalEntry.kind) == EntryKind.REVERSAL)
    query = (
        select(func.coalesce(func.sum(Posting.amount_minor), 0))
        .join(JournalEntry, col(JournalEntry.id) == col(Posting.entry_id))
        .join(LedgerAccount, col(LedgerAccount.id) == col(Posting.account_id))
        .where(
            col(JournalEntry.reverses_id) == entry_id,
            col(JournalEntry.kind) == EntryKind.REFUND,
            col(LedgerAccount.kind) == account,
            col(JournalEntry.id).not_in(back.where(col(JournalEntry.reverses_id).is_not(None))),
        )
    )
    return int(unit.exec(query).one())


def _set_aside(
    unit: Unit, key: str, original: JournalEntry, amount: int, memo: str, actor: Actor | None
) -> JournalEntry:
    assert original.id is not None
    rest = refundable(unit, original.id)
    if amount > rest.left_minor:
        raise RefundTooHigh(left=rest.left_minor, currency=rest.currency)
    # By sums, so that the parts' nets make the whole's net, whatever the parts and whichever were put back.
    net = net_of(rest.refunded_minor + amount, rest.rate_bp) + _refunded(unit, original.id, AccountKind.CASH)
    net = min(max(net, 0), amount)
    return ledger.post(
        unit,
        key=key,
        kind=EntryKind.REFUND,
        company_id=original.company_id,
        lines=(
            Line(AccountKind.CASH, -net, rest.currency),
            Line(AccountKind.TAX, net - amount, rest.currency),
            Line(AccountKind.REFUNDS_DUE, amount, rest.currency),
        ),
        actor=actor,
        memo=memo,
        reverses_id=original.id,
        invoice_id=original.invoice_id,
    )


def _to_balance(
    unit: Unit, key: str, original: JournalEntry, amount: int, memo: str, actor: Actor | None
) -> JournalEntry:
    """Credit a paid invoice. Cash comes back first, as far as cash was paid; the rest as credit."""
    assert original.invoice_id is not None
    invoice = unit.get_one(Invoice, original.invoice_id, with_for_update=True, populate_existing=True)
    paid = unit.get_one(Settlement, invoice.id)
    before = invoice.credited_minor
    if amount > invoice.total_minor - before:
        raise RefundTooHigh(left=invoice.total_minor - before, currency=invoice.currency)
    note = credit_notes.credit(unit, original.invoice_id, amount)
    cash = min(before + amount, paid.cash_minor) - min(before, paid.cash_minor)
    return ledger.post(
        unit,
        key=key,
        kind=EntryKind.REFUND,
        company_id=original.company_id,
        lines=(
            Line(AccountKind.REVENUE, -note.net_minor, invoice.currency),
            Line(AccountKind.TAX, -note.tax_minor, invoice.currency),
            Line(AccountKind.CASH, cash, invoice.currency),
            Line(AccountKind.CREDIT, amount - cash, invoice.currency),
        ),
        actor=actor,
        memo=memo,
        reverses_id=original.id,
        invoice_id=note.id,
    )


def _same_refund(unit: Unit, known: JournalEntry, original_id: int, amount: int) -> JournalEntry:
    assert known.id is not None
    back = (AccountKind.REFUNDS_DUE, AccountKind.CASH, AccountKind.CREDIT)
    grown = sum(
        line.amount_minor
        for line in ledger.lines_of(unit, known.id)
        if line.account in back and line.amount_minor > 0
    )
    if known.reverses_id != original_id or grown != amount:
        raise LedgerError(f"key {known.key!r} was used for another movement")
    return known


def _aside(unit: Unit, refund_entry_id: int) -> tuple[JournalEntry, int, str]:
    entry = unit.get_one(JournalEntry, refund_entry_id)
    for line in ledger.lines_of(unit, refund_entry_id):
        if line.account is AccountKind.REFUNDS_DUE and entry.kind == EntryKind.REFUND:
            return entry, line.amount_minor, line.currency
    raise LedgerError(f"entry {refund_entry_id} is no refund to a source")


def _net_of_aside(unit: Unit, refund_entry_id: int) -> int:
    """How much of what was set aside came from the balance; the rest is tax."""
    lines = ledger.lines_of(unit, refund_entry_id)
    return sum(-line.amount_minor for line in lines if line.account is AccountKind.CASH)


def _is_reversed(unit: Unit, entry_id: int) -> bool:
    query = select(JournalEntry.id).where(
        col(JournalEntry.reverses_id) == entry_id, col(JournalEntry.kind) == EntryKind.REVERSAL
    )
    return unit.exec(query).first() is not None
