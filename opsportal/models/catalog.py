"""What is sold (plans) and what was bought (services)."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, ForeignKey, Index, false, text
from sqlmodel import Field, SQLModel

from opsportal.models.base import day, identity, moment, one_of, reference


class Family(StrEnum):
    SERVER = "server"
    STORAGE = "storage"
    HOSTING = "hosting"
    VPN = "vpn"
    DOMAIN = "domain"


class Term(StrEnum):
    HOUR = "hour"
    MONTH = "month"
    YEAR = "year"


class ServiceStatus(StrEnum):
    """The five words a client reads (checklist 2.12)."""

    PENDING = "pending"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"


class SuspensionReason(StrEnum):
    PAYMENT = "payment"
    POLICY = "policy"


class Plan(SQLModel, table=True):
    """A tariff plan."""

    __table_args__ = (one_of("family", Family),)

    id: int | None = identity()
    family: str
    name: str = Field(unique=True)


class Service(SQLModel, table=True):
    """A plan that a company has ordered. Its period is half open: [period_start, period_end)."""

    __table_args__ = (
        one_of("status", ServiceStatus),
        one_of("term", Term),
        CheckConstraint(
            "(status = 'suspended') = (suspension_reason IS NOT NULL)", name="suspension_has_reason"
        ),
        CheckConstraint("suspension_reason IN ('payment', 'policy')", name="suspension_reason_known"),
        CheckConstraint(
            "suspension_note IS NULL OR suspension_reason IS NOT DISTINCT FROM 'policy'",
            name="note_of_policy",
        ),
        CheckConstraint(
            "NOT also_unpaid OR suspension_reason IS NOT DISTINCT FROM 'policy'", name="unpaid_beside_policy"
        ),
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        CheckConstraint("period_end > period_start", name="period_not_empty"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso4217"),
        CheckConstraint(
            "termination_requested_on IS NULL OR status IN ('active', 'suspended', 'terminated')",
            name="termination_only_of_running",
        ),
        CheckConstraint("anchor_day BETWEEN 1 AND 31", name="anchor_day_of_month"),
        Index("ix_service_company_status", "company_id", "status"),
        Index("ix_service_name_begins", text("lower(name) text_pattern_ops")),
    )

    id: int | None = identity()
    company_id: int = Field(sa_column=Column(BigInteger, ForeignKey("company.id"), nullable=False))
    plan_id: int = Field(sa_column=Column(BigInteger, ForeignKey("plan.id"), nullable=False, index=True))
    name: str
    status: str = ServiceStatus.PENDING
    suspension_reason: str | None = None
    """While both reasons hold: policy, and `also_unpaid`. Changed only by `domain.catalog.holds`."""
    suspension_note: str | None = None
    """Why it is suspended for policy, in words for the client."""
    also_unpaid: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )
    termination_requested_on: dt.date | None = Field(default=None, sa_column=Column(Date))
    period_start: dt.date | None = Field(default=None, sa_column=Column(Date))
    period_end: dt.date | None = Field(default=None, sa_column=Column(Date))
    anchor_day: int | None = None
    """Day of the month on which periods begin; kept through shorter months. None: that of `period_end`."""
    charged_through: dt.date | None = Field(default=None, sa_column=Column(Date))
    """Up to where (exclusive) periods were charged, paid or not. None: `period_end`."""
    price_minor: int = Field(sa_column=Column(BigInteger, nullable=False))
    currency: str
    term: str = Term.MONTH
    ip: str | None = None
    created_at: dt.datetime = moment(default_now=True)


class ServiceChangeKind(StrEnum):
    """What happened to a service. `recorded`: how it stood when its history began."""

    ORDERED = "ordered"
    RECORDED = "recorded"
    PROVISIONING = "provisioning"
    ACTIVATED = "activated"
    PRICE_CHANGED = "price_changed"
    PLAN_CHANGED = "plan_changed"
    RENEWED = "renewed"
    SUSPENDED = "suspended"
    LIFTED = "lifted"
    TERMINATION_REQUESTED = "termination_requested"
    TERMINATION_WITHDRAWN = "termination_withdrawn"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"


class ChangedBy(StrEnum):
    CLIENT = "client"
    TECHNICIAN = "technician"
    OPERATOR = "operator"
    PORTAL = "portal"


class ServiceChange(SQLModel, table=True):
    """One line of a service's history, written by a trigger in the transaction that changes the service.

    Append-only. Plan, price, currency and term are those after the change; `…_before` are given where one of
    them has changed. `renewed`: the first charge at another price than the one before.
    """

    __tablename__ = "service_change"
    __table_args__ = (
        one_of("kind", ServiceChangeKind),
        one_of("actor_role", ChangedBy),
        Index("ix_service_change_service", "service_id", "id"),
    )

    id: int | None = identity()
    service_id: int = reference("service")
    at: dt.datetime = moment(default_now=True)
    kind: str
    hold: str | None = None
    """For which reason it was suspended, or is no longer."""
    on_day: dt.date | None = day(nullable=True)
    """From when the price holds; when the service is to end."""
    actor_id: int | None = reference("person", nullable=True)
    actor_name: str = Field(default="", sa_column_kwargs={"server_default": ""})
    actor_role: str
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    plan_id: int = reference("plan")
    price_minor: int = Field(sa_column=Column(BigInteger, nullable=False))
    currency: str
    term: str
    plan_before_id: int | None = reference("plan", nullable=True)
    price_before_minor: int | None = Field(default=None, sa_column=Column(BigInteger))
    currency_before: str | None = None
    term_before: str | None = None
