"""Documents, prices, taxes and nightly runs. Amounts are integers in the currency's smallest unit."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from opsportal.models.base import amount, day, document, identity, moment, one_of, reference


class DocumentKind(StrEnum):
    """A document's kind; each has a number series of its own per year."""

    INVOICE = "invoice"
    TOPUP = "topup"
    CREDIT_NOTE = "credit_note"


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    ISSUED = "issued"
    PAID = "paid"
    VOID = "void"


class TaxScheme(StrEnum):
    """Which rule decided the tax."""

    DOMESTIC = "domestic"
    REVERSE_CHARGE = "reverse_charge"
    CONSUMER = "consumer"
    OUTSIDE_SCOPE = "outside_scope"
    PREPAID = "prepaid"


class TaxIdStatus(StrEnum):
    """What is known about a tax id. Only `valid` earns reverse charge."""

    NONE = "none"
    PENDING = "pending"
    VALID = "valid"
    INVALID = "invalid"


class RunKind(StrEnum):
    RENEWAL = "renewal"
    AUTO_PAY = "auto_pay"
    COST_SNAPSHOT = "cost_snapshot"


class FlagKind(StrEnum):
    """Why money is in the balance although somebody meant it for something else."""

    INVOICE_WAS_PAID = "invoice_was_paid"
    INVOICE_WAS_VOID = "invoice_was_void"
    INVOICE_COSTS_MORE = "invoice_costs_more"


class BillingProfile(SQLModel, table=True):
    """How a company is invoiced. Changing it never alters issued documents."""

    __tablename__ = "billing_profile"
    __table_args__ = (
        one_of("tax_id_status", TaxIdStatus),
        CheckConstraint("(tax_id = '') = (tax_id_status = 'none')", name="tax_id_has_status"),
        CheckConstraint("comfort_buffer_minor >= 0", name="buffer_not_negative"),
    )

    company_id: int = Field(sa_column=Column(BigInteger, ForeignKey("company.id"), primary_key=True))
    legal_name: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    tax_id: str = ""
    tax_id_status: str = TaxIdStatus.NONE
    tax_id_checked_at: dt.datetime | None = moment()
    is_business: bool = False
    billing_email: str = ""
    comfort_buffer_minor: int = amount()
    auto_pay: bool = True


class NumberSeries(SQLModel, table=True):
    """The last number given in a series. Locked by the transaction that issues, so there are no gaps."""

    __tablename__ = "number_series"
    __table_args__ = (one_of("kind", DocumentKind),)

    kind: str = Field(primary_key=True)
    year: int = Field(sa_column=Column(Integer, primary_key=True))
    last_number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))


class Invoice(SQLModel, table=True):
    """A document. From its issue on, everything but the course of its payment is frozen by a trigger."""

    __table_args__ = (
        one_of("kind", DocumentKind),
        one_of("status", InvoiceStatus),
        one_of("tax_scheme", TaxScheme),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso4217"),
        CheckConstraint("(status = 'draft') = (number IS NULL)", name="number_from_issue_on"),
        CheckConstraint("(status = 'draft') = (issued_at IS NULL)", name="issued_at_from_issue_on"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_has_time"),
        CheckConstraint("(kind = 'credit_note') = (credits_id IS NOT NULL)", name="credit_note_credits"),
        CheckConstraint("total_minor = net_minor + tax_minor", name="total_is_sum"),
        CheckConstraint("net_minor >= 0 AND tax_minor >= 0", name="amounts_not_negative"),
        CheckConstraint("credited_minor BETWEEN 0 AND total_minor", name="credited_at_most_once"),
        CheckConstraint("due_on >= issued_on", name="due_after_issue"),
        UniqueConstraint("kind", "series_year", "series_number", name="uq_invoice_series"),
        Index("ix_invoice_company", "company_id", "id"),
        Index("ix_invoice_open", "company_id", "id", postgresql_where=text("status = 'issued'")),
        Index("ix_invoice_open_due", "due_on", "id", postgresql_where=text("status = 'issued'")),
        Index("ix_invoice_paid", "company_id", "id", postgresql_where=text("status = 'paid'")),
        Index("ix_invoice_void", "company_id", "id", postgresql_where=text("status = 'void'")),
        Index("ix_invoice_company_kind", "company_id", "kind", "id"),
        Index("ix_invoice_credits", "credits_id", postgresql_where=text("credits_id IS NOT NULL")),
    )

    id: int | None = identity()
    company_id: int = reference("company")
    kind: str = DocumentKind.INVOICE
    status: str = InvoiceStatus.DRAFT
    number: str | None = Field(default=None, unique=True)
    series_year: int | None = Field(default=None, sa_column=Column(Integer))
    series_number: int | None = Field(default=None, sa_column=Column(BigInteger))
    currency: str
    net_minor: int = amount()
    tax_minor: int = amount()
    total_minor: int = amount()
    credited_minor: int = amount()
    """How much of it credit notes have taken back."""
    tax_scheme: str
    tax_reason_msgid: str = ""
    note_msgid: str = ""
    issued_on: dt.date = day()
    due_on: dt.date = day()
    issued_at: dt.datetime | None = moment()
    paid_at: dt.datetime | None = moment()
    voided_at: dt.datetime | None = moment()
    void_reason: str = ""
    credits_id: int | None = reference("invoice", nullable=True)
    """For a credit note: the document that it corrects."""
    seller: dict[str, Any] = document()
    buyer: dict[str, Any] = document()
    locale: str = "en"
    created_at: dt.datetime = moment(default_now=True)


class InvoiceLine(SQLModel, table=True):
    """One line: quantity x unit price = net. `name` is a snapshot of what was sold."""

    __tablename__ = "invoice_line"
    __table_args__ = (
        UniqueConstraint("invoice_id", "position", name="uq_invoice_line_position"),
        CheckConstraint("net_minor = quantity * unit_price_minor", name="net_is_product"),
        CheckConstraint("quantity > 0 AND unit_price_minor >= 0", name="amounts_not_negative"),
        CheckConstraint("tax_rate_bp BETWEEN 0 AND 10000", name="tax_rate_range"),
        CheckConstraint("(period_start IS NULL) = (period_end IS NULL)", name="period_whole"),
        CheckConstraint("period_end > period_start", name="period_not_empty"),
        Index("ix_invoice_line_service", "service_id", postgresql_where=text("service_id IS NOT NULL")),
    )

    id: int | None = identity()
    invoice_id: int = reference("invoice")
    position: int
    service_id: int | None = reference("service", nullable=True)
    text_msgid: str
    """What the line says, with the placeholders {plan}, {name}, {number}."""
    params: dict[str, Any] = document()
    period_start: dt.date | None = day(nullable=True)
    period_end: dt.date | None = day(nullable=True)
    quantity: int = Field(default=1, sa_column=Column(BigInteger, nullable=False))
    unit: str = "piece"
    unit_price_minor: int = amount()
    net_minor: int = amount()
    tax_rate_bp: int = 0


class InvoiceTax(SQLModel, table=True):
    """The tax of all lines of one rate, computed on their sum (EN 16931, BR-CO-17)."""

    __tablename__ = "invoice_tax"
    __table_args__ = (
        UniqueConstraint("invoice_id", "rate_bp", name="uq_invoice_tax_rate"),
        CheckConstraint("net_minor >= 0 AND tax_minor >= 0", name="amounts_not_negative"),
        CheckConstraint("rate_bp BETWEEN 0 AND 10000", name="rate_range"),
    )

    id: int | None = identity()
    invoice_id: int = reference("invoice")
    rate_bp: int
    net_minor: int = amount()
    tax_minor: int = amount()


class Settlement(SQLModel, table=True):
    """How an invoice was paid: one row, because an invoice is paid once."""

    invoice_id: int = Field(sa_column=Column(BigInteger, ForeignKey("invoice.id"), primary_key=True))
    entry_id: int = reference("journal_entry", index=True)
    credit_minor: int = amount()
    cash_minor: int = amount()
    at: dt.datetime = moment(default_now=True)


class BalanceFlag(SQLModel, table=True):
    """Money that stayed in the balance because its purpose was gone: shown to client and finance."""

    __tablename__ = "balance_flag"
    __table_args__ = (
        one_of("kind", FlagKind),
        Index("ix_balance_flag_open", "company_id", "id", postgresql_where=text("cleared_at IS NULL")),
    )

    id: int | None = identity()
    key: str = Field(unique=True)
    kind: str
    company_id: int = reference("company")
    invoice_id: int = reference("invoice")
    at: dt.datetime = moment(default_now=True)
    cleared_at: dt.datetime | None = moment()
    cleared_by_id: int | None = reference("person", nullable=True)


class ServiceCharge(SQLModel, table=True):
    """One period of one service that was charged. Periods of a service never overlap (a constraint)."""

    __tablename__ = "service_charge"
    __table_args__ = (
        CheckConstraint("period_end > period_start", name="period_not_empty"),
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        Index(
            "uq_service_charge_period",
            "service_id",
            "period_start",
            unique=True,
            postgresql_where=text("released_at IS NULL"),
        ),
        Index("ix_service_charge_invoice", "invoice_id", postgresql_where=text("invoice_id IS NOT NULL")),
    )

    id: int | None = identity()
    service_id: int = reference("service")
    company_id: int = reference("company", index=True)
    invoice_id: int | None = reference("invoice", nullable=True)
    """None for a period that costs nothing."""
    period_start: dt.date = day()
    period_end: dt.date = day()
    price_minor: int = amount()
    released_at: dt.datetime | None = moment()
    """Set when the invoice was voided: the period may be charged again."""


class PlanPrice(SQLModel, table=True):
    """What a plan costs in a currency and term from a day on. No row: not for sale in that currency."""

    __tablename__ = "plan_price"
    __table_args__ = (
        CheckConstraint("term IN ('hour', 'month', 'year')", name="term_known"),
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso4217"),
        UniqueConstraint("plan_id", "currency", "term", "valid_from", name="uq_plan_price_dated"),
    )

    id: int | None = identity()
    plan_id: int = reference("plan")
    currency: str
    term: str
    price_minor: int = amount()
    valid_from: dt.date = day()


class TaxRate(SQLModel, table=True):
    """A country's standard rate from a day on, in basis points (2100 = 21 %)."""

    __tablename__ = "tax_rate"
    __table_args__ = (CheckConstraint("rate_bp BETWEEN 0 AND 10000", name="rate_range"),)

    country: str = Field(primary_key=True)
    valid_from: dt.date = Field(sa_column=Column(Date, primary_key=True))
    rate_bp: int


class CostSnapshot(SQLModel, table=True):
    """What a company's running services cost a year, as of one day. Every other rate follows from it."""

    __tablename__ = "cost_snapshot"
    __table_args__ = (CheckConstraint("year_minor >= 0", name="cost_not_negative"),)

    company_id: int = Field(sa_column=Column(BigInteger, ForeignKey("company.id"), primary_key=True))
    on_day: dt.date = Field(sa_column=Column(Date, primary_key=True))
    currency: str = Field(primary_key=True)
    year_minor: int = amount()


class BillingRun(SQLModel, table=True):
    """One run of a nightly task. `totals`: sums per currency."""

    __tablename__ = "billing_run"
    __table_args__ = (one_of("kind", RunKind), Index("ix_billing_run_kind", "kind", "id"))

    id: int | None = identity()
    kind: str
    on_day: dt.date = day()
    started_at: dt.datetime = moment(default_now=True)
    finished_at: dt.datetime | None = moment()
    companies: int = 0
    documents: int = 0
    totals: dict[str, Any] = document()
    errors: int = 0


class BillingRunError(SQLModel, table=True):
    """A company that a run could not finish, and why. The others were not held up by it."""

    __tablename__ = "billing_run_error"

    id: int | None = identity()
    run_id: int = reference("billing_run", index=True)
    company_id: int = reference("company")
    service_id: int | None = reference("service", nullable=True)
    code: str
    detail: str = ""


class InvoicesSeen(SQLModel, table=True):
    """Up to which document a person has looked at the list: later ones are marked as new."""

    __tablename__ = "invoices_seen"

    person_id: int = Field(sa_column=Column(BigInteger, ForeignKey("person.id"), primary_key=True))
    invoice_id: int = Field(sa_column=Column(BigInteger, nullable=False))
