"""Companies, people, their sessions and second factors."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of


class Role(StrEnum):
    CLIENT = "client"
    OPERATOR = "operator"
    TECHNICIAN = "technician"


class LoginStage(StrEnum):
    """How far a sign-in has come. Only `signed_in` opens the portal."""

    PASSWORD = "password"  # noqa: S105 (a stage, not a secret)
    SIGNED_IN = "signed_in"
    ENDED = "ended"


class Company(SQLModel, table=True):
    """A client of the operator."""

    __table_args__ = (CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso4217"),)

    id: int | None = identity()
    name: str
    country: str
    currency: str
    locale: str
    created_at: dt.datetime = moment(default_now=True)


class Person(SQLModel, table=True):
    """Somebody who signs in. Clients belong to a company, staff to none."""

    __table_args__ = (
        one_of("role", Role),
        CheckConstraint("(role = 'client') = (company_id IS NOT NULL)", name="client_has_company"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint(
            "email ~ '^[^[:space:][:cntrl:]<>,;]+@[^[:space:][:cntrl:]<>,;]+$'", name="email_one"
        ),
        CheckConstraint(
            "mail_to ~ '^[^[:space:][:cntrl:]<>,;]+@[^[:space:][:cntrl:]<>,;]+$'", name="mail_to_one"
        ),
        CheckConstraint("(totp_secret IS NULL) = (totp_enabled_at IS NULL)", name="totp_whole"),
    )

    id: int | None = identity()
    company_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("company.id"), index=True)
    )
    role: str
    email: str = Field(unique=True)
    mail_to: str | None = None
    """Where mails go instead of `email`, with which the person signs in."""
    name: str
    password_hash: str
    locale: str = "en"
    time_zone: str = "UTC"
    totp_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    totp_enabled_at: dt.datetime | None = moment()
    totp_last_step: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    is_active: bool = True
    created_at: dt.datetime = moment(default_now=True)


class RecoveryCode(SQLModel, table=True):
    """One single-use way in when the second factor is lost. Only a hash is kept."""

    __tablename__ = "recovery_code"

    id: int | None = identity()
    person_id: int = Field(sa_column=Column(BigInteger, ForeignKey("person.id"), nullable=False, index=True))
    code_hash: str
    used_at: dt.datetime | None = moment()


class LoginSession(SQLModel, table=True):
    """A browser that signs in or has signed in. The cookie is kept only as a hash."""

    __tablename__ = "login_session"
    __table_args__ = (
        one_of("stage", LoginStage),
        Index("ix_login_session_open", "person_id", postgresql_where=text("stage <> 'ended'")),
    )

    id: int | None = identity()
    token_hash: str = Field(unique=True)
    person_id: int = Field(sa_column=Column(BigInteger, ForeignKey("person.id"), nullable=False))
    stage: str = LoginStage.PASSWORD
    used_second_factor: bool = False
    ip: str
    user_agent: str
    created_at: dt.datetime = moment(default_now=True)
    signed_in_at: dt.datetime | None = moment()
    last_seen_at: dt.datetime = moment(default_now=True)
    elevated_until: dt.datetime | None = moment()
    expires_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    ended_at: dt.datetime | None = moment()
    pending_totp_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
