"""The double-entry ledger: accounts, entries, postings. Rows are only ever added."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from opsportal.models.base import amount, identity, moment, one_of, reference

TRANSACTION = "((pg_current_xact_id())::text)::bigint"


class AccountKind(StrEnum):
    """What an account counts. Every company has its own of each kind, so companies never wait for each other.

    Positive amounts are credits in the book-keeper's sense: what we owe (cash, credit, tax, refunds due) and
    what we earned (revenue) grow upwards; what we are owed or have spent (receivable, gateway, fees, grants)
    grows downwards.
    """

    CASH = "cash"
    CREDIT = "credit"
    RECEIVABLE = "receivable"
    REVENUE = "revenue"
    TAX = "tax"
    GATEWAY = "gateway"
    FEES = "fees"
    GRANTS = "grants"
    REFUNDS_DUE = "refunds_due"


class EntryKind(StrEnum):
    """Why money moved."""

    TOPUP = "topup"
    CHARGE = "charge"
    PAYMENT = "payment"
    GRANT = "grant"
    CREDIT_NOTE = "credit_note"
    REFUND = "refund"
    REFUND_PAID = "refund_paid"
    REVERSAL = "reversal"


class LedgerAccount(SQLModel, table=True):
    """One account of one company. Its row is what spending locks; its balance is that of its last posting."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        one_of("kind", AccountKind),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso4217"),
        UniqueConstraint("company_id", "currency", "kind", name="uq_ledger_account_company_id"),
    )

    id: int | None = identity()
    company_id: int = reference("company")
    currency: str
    kind: str


class JournalEntry(SQLModel, table=True):
    """One movement of money, whole: its postings sum to zero in every currency. Never changed."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        one_of("kind", EntryKind),
        Index("ix_journal_entry_company", "company_id", "at", "id"),
        Index("ix_journal_entry_at", "at", "id"),
        Index("ix_journal_entry_invoice", "invoice_id", postgresql_where=text("invoice_id IS NOT NULL")),
        Index("ix_journal_entry_reverses", "reverses_id", postgresql_where=text("reverses_id IS NOT NULL")),
    )

    id: int | None = identity()
    key: str = Field(unique=True)
    """Names the reason for this movement: posting it again finds this row."""
    kind: str
    company_id: int = reference("company")
    at: dt.datetime = moment(default_now=True)
    actor_id: int | None = reference("person", nullable=True)
    actor_name: str = ""
    memo: str = ""
    reverses_id: int | None = reference("journal_entry", nullable=True)
    invoice_id: int | None = reference("invoice", nullable=True)
    written_in: int | None = Field(
        default=None, sa_column=Column(BigInteger, nullable=False, server_default=text(TRANSACTION))
    )
    """The transaction that wrote it, filled by the database: later ones can add no posting."""


class Posting(SQLModel, table=True):
    """One account's part in an entry. `seq` and `balance_after_minor` chain an account's postings."""

    __table_args__ = (
        UniqueConstraint("account_id", "seq", name="uq_posting_account_id"),
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        CheckConstraint("seq > 0", name="seq_from_one"),
    )

    id: int | None = identity()
    entry_id: int = reference("journal_entry", index=True)
    account_id: int = reference("ledger_account")
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    amount_minor: int = amount()
    balance_after_minor: int = amount()
