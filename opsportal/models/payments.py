"""Payments by card: the rows are written before a gateway hears of them, and outlive its silence."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from opsportal.models.base import amount, identity, moment, one_of, reference


class PaymentPurpose(StrEnum):
    TOPUP = "topup"
    INVOICE = "invoice"


class PaymentStatus(StrEnum):
    CREATED = "created"
    SUBMITTED = "submitted"
    REQUIRES_ACTION = "requires_action"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE_PAYMENT = (
    PaymentStatus.CREATED,
    PaymentStatus.SUBMITTED,
    PaymentStatus.REQUIRES_ACTION,
    PaymentStatus.UNKNOWN,
)
_ACTIVE_SQL = "status IN ('created', 'submitted', 'requires_action', 'unknown')"


class CardSetupStatus(StrEnum):
    BEGUN = "begun"
    SAVED = "saved"
    FAILED = "failed"
    EXPIRED = "expired"


class RefundStatus(StrEnum):
    REQUESTED = "requested"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


ACTIVE_REFUND = (RefundStatus.REQUESTED, RefundStatus.SUBMITTED)
_ACTIVE_REFUND_SQL = "status IN ('requested', 'submitted')"


class EventStatus(StrEnum):
    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"
    REFUSED = "refused"
    FAILED = "failed"


class WebhookResult(StrEnum):
    """What became of a call on the webhook's door. Only the first of these leaves a row."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    FORGED = "forged"
    MALFORMED = "malformed"


class DifferenceKind(StrEnum):
    MISSING_HERE = "missing_here"
    """The gateway has taken money that our ledger does not know."""
    MISSING_THERE = "missing_there"
    """Our ledger has money that the gateway does not know."""
    AMOUNT = "amount"


class GatewayCustomer(SQLModel, table=True):
    """A company as the gateway knows it."""

    __tablename__ = "gateway_customer"
    __table_args__ = (
        UniqueConstraint("gateway", "company_id", name="uq_gateway_customer_company"),
        UniqueConstraint("gateway", "ref", name="uq_gateway_customer_ref"),
    )

    id: int | None = identity()
    gateway: str
    company_id: int = reference("company")
    ref: str
    created_at: dt.datetime = moment(default_now=True)


class SavedCard(SQLModel, table=True):
    """A card that the gateway keeps for a company. Its number is never known here."""

    __tablename__ = "saved_card"
    __table_args__ = (
        UniqueConstraint("gateway", "ref", name="uq_saved_card_ref"),
        CheckConstraint("last4 ~ '^[0-9]{4}$'", name="last4_digits"),
        CheckConstraint("exp_month BETWEEN 1 AND 12", name="month_range"),
        Index("ix_saved_card_company", "company_id", postgresql_where=text("removed_at IS NULL")),
    )

    id: int | None = identity()
    gateway: str
    company_id: int = reference("company")
    ref: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    created_at: dt.datetime = moment(default_now=True)
    removed_at: dt.datetime | None = moment()


class CardSetup(SQLModel, table=True):
    """A browser that was allowed to hand one card to the gateway."""

    __tablename__ = "card_setup"
    __table_args__ = (
        one_of("status", CardSetupStatus),
        Index("ix_card_setup_due", "due_at", postgresql_where=text("status = 'begun'")),
    )

    id: int | None = identity()
    gateway: str
    company_id: int = reference("company")
    actor_id: int | None = reference("person", nullable=True)
    actor_name: str
    ref: str | None = Field(default=None, unique=True)
    status: str = CardSetupStatus.BEGUN
    card_id: int | None = reference("saved_card", nullable=True)
    failure_code: str = ""
    created_at: dt.datetime = moment(default_now=True)
    not_after: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    due_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    finished_at: dt.datetime | None = moment()


class Payment(SQLModel, table=True):
    """One attempt to take money from a card: for a top-up, or for exactly what an invoice lacks."""

    __table_args__ = (
        one_of("purpose", PaymentPurpose),
        one_of("status", PaymentStatus),
        CheckConstraint("(purpose = 'invoice') = (invoice_id IS NOT NULL)", name="invoice_has_id"),
        CheckConstraint("net_minor > 0 AND tax_minor >= 0", name="amounts_positive"),
        CheckConstraint("gross_minor = net_minor + tax_minor", name="gross_is_the_sum"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso4217"),
        CheckConstraint("(status = 'succeeded') = (entry_id IS NOT NULL)", name="success_is_booked"),
        # The same click sent twice is one payment.
        UniqueConstraint("company_id", "idempotency", name="uq_payment_idempotency"),
        UniqueConstraint("gateway", "ref", name="uq_payment_ref"),
        # Of two people who pay one invoice at once, one gets in: kept by the database.
        Index(
            "uq_payment_invoice_active",
            "invoice_id",
            unique=True,
            postgresql_where=text(f"invoice_id IS NOT NULL AND {_ACTIVE_SQL}"),
        ),
        Index("ix_payment_company", "company_id", "id"),
        Index("ix_payment_due", "due_at", postgresql_where=text(_ACTIVE_SQL)),
        Index("ix_payment_status", "status", "id"),
    )

    id: int | None = identity()
    company_id: int = reference("company")
    purpose: str
    invoice_id: int | None = reference("invoice", nullable=True)
    status: str = PaymentStatus.CREATED
    gateway: str
    card_id: int = reference("saved_card")
    card_brand: str
    card_last4: str
    net_minor: int = amount()
    tax_minor: int = amount()
    gross_minor: int = amount()
    currency: str
    tax_scheme: str = ""
    tax_rate_bp: int = 0
    tax_country: str = ""
    tax_reason: str = ""
    is_taxed: bool = False
    """Whether a tax decision belongs to this receipt (`TAX_AT=topup`), even one at 0 %."""
    idempotency: str
    actor_id: int | None = reference("person", nullable=True)
    actor_name: str
    ref: str | None = None
    confirmations: int = 0
    """How often we have tried to confirm: a part of the gateway's idempotency key."""
    is_confirming: bool = False
    """A confirmation was announced here, committed, before it was sent."""
    cancel_code: str = ""
    """Why the intent is to be ended at the gateway; it has not failed before it has ended there."""
    attempts: int = 0
    problem_code: str = ""
    """What stands in the way now, such as a gateway that does not answer."""
    failure_code: str = ""
    failure_text: str = ""
    created_at: dt.datetime = moment(default_now=True)
    not_after: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    due_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    finished_at: dt.datetime | None = moment()
    entry_id: int | None = reference("journal_entry", nullable=True)
    is_kept_in_balance: bool = False
    """The invoice was paid or void when the money came: it stays in the balance, and people are told."""


class Refund(SQLModel, table=True):
    """Money given back to the card of a payment. Booked when asked for, so that it cannot be spent meanwhile."""

    __table_args__ = (
        one_of("status", RefundStatus),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        UniqueConstraint("payment_id", "idempotency", name="uq_refund_idempotency"),
        UniqueConstraint("gateway", "ref", name="uq_refund_ref"),
        Index("ix_refund_payment", "payment_id"),
        Index("ix_refund_due", "due_at", postgresql_where=text(_ACTIVE_REFUND_SQL)),
    )

    id: int | None = identity()
    payment_id: int = reference("payment")
    company_id: int = reference("company")
    gateway: str
    status: str = RefundStatus.REQUESTED
    amount_minor: int = amount()
    currency: str
    memo: str
    idempotency: str
    actor_id: int | None = reference("person", nullable=True)
    actor_name: str
    ref: str | None = None
    attempts: int = 0
    problem_code: str = ""
    failure_code: str = ""
    created_at: dt.datetime = moment(default_now=True)
    due_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    finished_at: dt.datetime | None = moment()
    entry_id: int | None = reference("journal_entry", nullable=True)


class GatewayEvent(SQLModel, table=True):
    """The inbox: what a gateway told us, byte for byte, with a signature that was checked before."""

    __tablename__ = "gateway_event"
    __table_args__ = (
        one_of("status", EventStatus),
        UniqueConstraint("gateway", "event_ref", name="uq_gateway_event_ref"),
        CheckConstraint("is_signed", name="only_signed"),
        Index("ix_gateway_event_due", "due_at", postgresql_where=text("status = 'received'")),
    )

    id: int | None = identity()
    gateway: str
    event_ref: str
    kind: str
    object_ref: str
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    signature: str
    is_signed: bool
    status: str = EventStatus.RECEIVED
    outcome_code: str = ""
    attempts: int = 0
    received_at: dt.datetime = moment(default_now=True)
    due_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    finished_at: dt.datetime | None = moment()


class WebhookCount(SQLModel, table=True):
    """How many calls the webhook's door had on a day, by what became of them."""

    __tablename__ = "webhook_count"
    __table_args__ = (one_of("result", WebhookResult),)

    gateway: str = Field(primary_key=True)
    on_day: dt.date = Field(sa_column=Column(Date, primary_key=True))
    result: str = Field(primary_key=True)
    calls: int = amount()


class GatewayCheck(SQLModel, table=True):
    """One comparison of the gateway's own list with our ledger."""

    __tablename__ = "gateway_check"

    id: int | None = identity()
    gateway: str
    since: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    started_at: dt.datetime = moment(default_now=True)
    finished_at: dt.datetime | None = moment()
    compared: int = 0
    differing: int = 0
    problem_code: str = ""


class GatewayDifference(SQLModel, table=True):
    """Where gateway and ledger disagree. Gone when a later comparison finds them agreed."""

    __tablename__ = "gateway_difference"
    __table_args__ = (
        one_of("kind", DifferenceKind),
        Index(
            "uq_gateway_difference_open",
            "gateway",
            "object_ref",
            "kind",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    id: int | None = identity()
    gateway: str
    check_id: int | None = reference("gateway_check", nullable=True, index=True)
    kind: str
    object_ref: str
    payment_id: int | None = reference("payment", nullable=True)
    refund_id: int | None = reference("refund", nullable=True)
    ours_minor: int = amount()
    ours_currency: str = ""
    theirs_minor: int = amount()
    theirs_currency: str = ""
    found_at: dt.datetime = moment(default_now=True)
    resolved_at: dt.datetime | None = moment()
