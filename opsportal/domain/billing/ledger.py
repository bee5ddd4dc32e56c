"""The one function that moves money, and what stands on the accounts.

An account's balance is that of its last posting; each posting is chained to the one before by
`seq` and `balance_after_minor`, which the database verifies together with everything else that
must hold: entries sum to zero, nothing is ever changed, customers' accounts never go below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert as plain_insert
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.billing import calendar, topics
from opsportal.domain.billing.money import MAX_MINOR
from opsportal.domain.billing.refusals import InsufficientBalance
from opsportal.models import AccountKind, EntryKind, JournalEntry, LedgerAccount, Posting

SPENDABLE = (AccountKind.CREDIT, AccountKind.CASH)
"""The customer's own, in the order in which they are spent. Never below zero."""


class LedgerError(Exception):
    """Code asked for a movement that cannot be: a bug, never a user's fault."""


@dataclass(frozen=True, slots=True)
class Line:
    """One account's part in a movement. Positive: what we owe or earned grows (see `AccountKind`)."""

    account: AccountKind
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Balances:
    """The customer's two amounts: paid in and refundable, granted and not."""

    cash_minor: int
    credit_minor: int

    @property
    def total_minor(self) -> int:
        return self.cash_minor + self.credit_minor


@dataclass(frozen=True, slots=True)
class _Account:
    id: int
    last_seq: int
    balance_minor: int


_ACCOUNTS = text("""
    SELECT a.kind, a.id, coalesce(p.seq, 0), coalesce(p.balance_after_minor, 0)
    FROM ledger_account a LEFT JOIN LATERAL (
        SELECT seq, balance_after_minor FROM posting WHERE account_id = a.id ORDER BY seq DESC LIMIT 1
    ) p ON true
    WHERE a.company_id = :company_id AND a.currency = :currency
""")


def lock(unit: Unit, company_id: int, currency: str) -> None:
    """Take the gate of a company's money in a currency until the transaction ends.

    The gate is the row of the cash account. Accounts are made at first use, all kinds at once.
    """
    gate = (
        select(LedgerAccount.id)
        .where(
            col(LedgerAccount.company_id) == company_id,
            col(LedgerAccount.currency) == currency,
            col(LedgerAccount.kind) == AccountKind.CASH,
        )
        .with_for_update()
    )
    if unit.exec(gate).first() is None:
        rows = [{"company_id": company_id, "currency": currency, "kind": kind} for kind in AccountKind]
        unit.execute(insert(LedgerAccount).values(rows).on_conflict_do_nothing())
        unit.exec(gate).one()


def balances(unit: Unit, company_id: int, currency: str) -> Balances:
    """What the customer can spend. Two index look-ups, however long the history."""
    accounts = _accounts(unit, company_id, currency)
    amounts = [
        accounts[kind].balance_minor if kind in accounts else 0
        for kind in (AccountKind.CASH, AccountKind.CREDIT)
    ]
    return Balances(*amounts)


def account_balance(unit: Unit, company_id: int, currency: str, kind: AccountKind) -> int:
    """The balance of one account; zero if nothing was ever booked."""
    account = _accounts(unit, company_id, currency).get(kind)
    return account.balance_minor if account else 0


def post(
    unit: Unit,
    *,
    key: str,
    kind: EntryKind,
    company_id: int,
    lines: Sequence[Line],
    actor: Actor | None,
    memo: str = "",
    reverses_id: int | None = None,
    invoice_id: int | None = None,
) -> JournalEntry:
    """Book one movement, once per key.

    The same key with the same content returns the first entry; with another content it raises
    `LedgerError`. Refuses with `InsufficientBalance` what would overdraw cash or credit. Lines of
    zero are left out; the rest must sum to zero in every currency and name an account once.
    """
    lines = [line for line in lines if line.amount_minor]
    _check(lines)
    for currency in sorted({line.currency for line in lines}):
        lock(unit, company_id, currency)
    known = find_entry(unit, key)
    if known is not None:
        _check_same(unit, known, kind, company_id, lines)
        return known
    entry = JournalEntry(
        key=key,
        kind=kind,
        company_id=company_id,
        at=calendar.now(),
        actor_id=actor.person_id if actor else None,
        actor_name=actor.name if actor else "",
        memo=memo,
        reverses_id=reverses_id,
        invoice_id=invoice_id,
    )
    postings = _continued(unit, company_id, lines)
    unit.add(entry)
    unit.flush()
    unit.execute(plain_insert(Posting), [{"entry_id": entry.id, **posting} for posting in postings])
    unit.changed(topics.balance(company_id), topics.payments(company_id), topics.PAYMENTS)
    return entry


def reverse(
    unit: Unit, *, key: str, entry_id: int, actor: Actor | None, memo: str = "", invoice_id: int | None = None
) -> JournalEntry:
    """Book the opposite of an entry: the only way to take one back."""
    entry = unit.get_one(JournalEntry, entry_id)
    opposite = [Line(line.account, -line.amount_minor, line.currency) for line in lines_of(unit, entry_id)]
    return post(
        unit,
        key=key,
        kind=EntryKind.REVERSAL,
        company_id=entry.company_id,
        lines=opposite,
        actor=actor,
        memo=memo,
        reverses_id=entry_id,
        invoice_id=invoice_id or entry.invoice_id,
    )


def find_entry(unit: Unit, key: str) -> JournalEntry | None:
    """The entry that was booked under this key, if any."""
    return unit.exec(select(JournalEntry).where(col(JournalEntry.key) == key)).first()


def lines_of(unit: Unit, entry_id: int) -> list[Line]:
    """What an entry did to each account."""
    rows = unit.exec(
        select(LedgerAccount.kind, Posting.amount_minor, LedgerAccount.currency)
        .join(LedgerAccount, col(LedgerAccount.id) == col(Posting.account_id))
        .where(col(Posting.entry_id) == entry_id)
        .order_by(col(Posting.id))
    )
    return [Line(AccountKind(kind), amount, currency) for kind, amount, currency in rows]


def _accounts(unit: Unit, company_id: int, currency: str) -> dict[AccountKind, _Account]:
    rows = unit.execute(_ACCOUNTS, {"company_id": company_id, "currency": currency})
    return {AccountKind(kind): _Account(*numbers) for kind, *numbers in rows}


def _check(lines: Sequence[Line]) -> None:
    sums: dict[str, int] = {}
    for line in lines:
        if type(line.amount_minor) is not int or abs(line.amount_minor) > 2 * MAX_MINOR:
            raise LedgerError(f"not an amount: {line}")
        sums[line.currency] = sums.get(line.currency, 0) + line.amount_minor
    if len(lines) < 2 or any(sums.values()):
        raise LedgerError(f"does not sum to zero: {lines}")
    if len({(line.account, line.currency) for line in lines}) < len(lines):
        raise LedgerError(f"names an account twice: {lines}")


def _check_same(
    unit: Unit, known: JournalEntry, kind: EntryKind, company_id: int, lines: Sequence[Line]
) -> None:
    assert known.id is not None
    is_same = (known.kind, known.company_id) == (kind, company_id)
    if not is_same or set(lines_of(unit, known.id)) != set(lines):
        raise LedgerError(f"key {known.key!r} was used for another movement")


def _continued(unit: Unit, company_id: int, lines: Sequence[Line]) -> list[dict[str, int]]:
    """The postings of a new entry, each following the last of its account."""
    found = {line.currency: _accounts(unit, company_id, line.currency) for line in lines}
    postings = []
    for line in lines:
        account = found[line.currency][line.account]
        after = account.balance_minor + line.amount_minor
        if line.account in SPENDABLE and after < 0:
            raise InsufficientBalance(missing=-after, currency=line.currency)
        postings.append(
            {
                "account_id": account.id,
                "seq": account.last_seq + 1,
                "amount_minor": line.amount_minor,
                "balance_after_minor": after,
            }
        )
    return postings
