"""Mails: the archive of what was written to whom, and the state of its delivery."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    func,
    text,
)
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of, utcnow


class MailStatus(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"


class Mail(SQLModel, table=True):
    """One mail to one recipient, as it was written. A trigger refuses any change of what it says.

    `key` makes writing idempotent: one mail per recipient and occasion. `message_ref`, `reply_to_ref`
    and `thread_refs` are the Message-ID, In-Reply-To and References of RFC 5322, 3.6.4.
    """

    __table_args__ = (
        one_of("status", MailStatus),
        CheckConstraint("subject !~ '[[:cntrl:]]'", name="subject_one_line"),
        CheckConstraint(
            "to_address ~ '^[^[:space:][:cntrl:]<>,;]+@[^[:space:][:cntrl:]<>,;]+$'", name="to_one"
        ),
        CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_has_time"),
        CheckConstraint("(status = 'sending') = (lease_until IS NOT NULL)", name="sending_has_lease"),
        Index("ix_mail_due", "next_attempt_at", "id", postgresql_where=text("status = 'waiting'")),
        Index("ix_mail_sending", "lease_until", postgresql_where=text("status = 'sending'")),
        Index("ix_mail_undeliverable", "id", postgresql_where=text("status = 'undeliverable'")),
        Index("ix_mail_company", "company_id", "id"),
        Index("ix_mail_person", "person_id", "id"),
        Index("ix_mail_about", "about_kind", "about_id", "to_address", "id"),
    )

    id: int | None = identity()
    key: str = Field(unique=True)
    kind: str
    person_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("person.id")))
    company_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("company.id")))
    to_address: str
    to_name: str = ""
    locale: str
    subject: str
    body_text: str
    body_html: str
    message_ref: str = Field(unique=True)
    reply_to_ref: str = ""
    thread_refs: str = ""
    about_kind: str
    about_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    ticket_message_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("ticket_message.id"), index=True)
    )
    status: str = MailStatus.WAITING
    attempts: int = 0
    next_attempt_at: dt.datetime = Field(
        default_factory=utcnow,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    lease_until: dt.datetime | None = moment()
    outcome_code: str | None = None
    smtp_code: int | None = None
    created_at: dt.datetime = moment(default_now=True)
    sent_at: dt.datetime | None = moment()


class MailEnclosure(SQLModel, table=True):
    """A file that goes with a mail, such as an invoice's PDF."""

    __tablename__ = "mail_enclosure"

    mail_id: int = Field(sa_column=Column(BigInteger, ForeignKey("mail.id"), primary_key=True))
    position: int = Field(primary_key=True)
    name: str
    media_type: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class MailRelay(SQLModel, table=True):
    """How the operator's mail server fares: the one row that says whether it is worth asking now."""

    __tablename__ = "mail_relay"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: int = Field(default=1, sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    failures: int = 0
    down_since: dt.datetime | None = moment()
    retry_at: dt.datetime | None = moment()
    error_code: str | None = None
    last_sent_at: dt.datetime | None = moment()
