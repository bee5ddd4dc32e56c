"""Tickets, what is written in them, and what is attached.

What clients and staff say to each other (`ticket_message`) and what staff say among themselves
(`ticket_note`) are two tables: whatever reads the first can never show the second.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of, utcnow


class Department(StrEnum):
    TECHNICAL = "technical"
    FINANCE = "finance"


class Importance(StrEnum):
    NORMAL = "normal"
    HIGH = "high"


class TicketStatus(StrEnum):
    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    """Staff have answered and wait for the client."""
    RESOLVED = "resolved"
    """Done; the client may still reopen it."""
    REOPENED = "reopened"
    CLOSED = "closed"
    """Done for good: resolved so long ago that a new question is a new ticket."""


ENDED_TICKET = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


class Side(StrEnum):
    """Who speaks in a ticket."""

    CLIENT = "client"
    STAFF = "staff"


def _needed_moment() -> Any:
    return Field(
        default_factory=utcnow,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


class Ticket(SQLModel, table=True):
    """A question of a company and everything that follows from it.

    A trigger refuses a service of another company. `waiting_since` is set while staff owe an answer.
    `facts` are those of the order when the ticket was opened: ip, power, server, open invoice.
    """

    __table_args__ = (
        one_of("department", Department),
        one_of("importance", Importance),
        one_of("status", TicketStatus),
        CheckConstraint("last_side IN ('client', 'staff')", name="last_side_known"),
        CheckConstraint("char_length(subject) BETWEEN 1 AND 200", name="subject_length"),
        CheckConstraint("subject !~ '[[:cntrl:]]'", name="subject_one_line"),
        CheckConstraint(
            "(resolved_at IS NOT NULL) = (status IN ('resolved', 'closed'))", name="resolved_has_time"
        ),
        CheckConstraint(
            "waiting_since IS NULL OR status IN ('new', 'open', 'reopened')", name="waits_only_when_open"
        ),
        # A client's tabs: the newest conversation first.
        Index(
            "ix_ticket_company_tab", "company_id", "is_open", text("last_message_at DESC"), text("id DESC")
        ),
        Index("ix_ticket_service", "service_id", "id"),
        # The desk: high before normal, then whoever has waited longest.
        Index("ix_ticket_desk", "importance", "waiting_since", "id", postgresql_where=text("is_open")),
        Index("ix_ticket_assignee", "assignee_id", postgresql_where=text("is_open")),
        Index("ix_ticket_ending", "status", "last_message_at"),
    )

    id: int | None = identity()
    company_id: int = Field(sa_column=Column(BigInteger, ForeignKey("company.id"), nullable=False))
    author_id: int = Field(sa_column=Column(BigInteger, ForeignKey("person.id"), nullable=False, index=True))
    department: str
    subject: str
    importance: str = Importance.NORMAL
    service_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("service.id")))
    status: str = TicketStatus.NEW
    is_open: bool = Field(
        default=None,
        sa_column=Column(
            Boolean, Computed("status NOT IN ('resolved', 'closed')", persisted=True), nullable=False
        ),
    )
    assignee_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("person.id")))
    facts: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default="{}")
    )
    created_at: dt.datetime = moment(default_now=True)
    last_message_at: dt.datetime = _needed_moment()
    last_side: str = Side.CLIENT
    last_author_name: str
    message_count: int = 0
    waiting_since: dt.datetime | None = moment()
    resolved_at: dt.datetime | None = moment()


class TicketMessage(SQLModel, table=True):
    """Something that one side says to the other. Rows are only ever added. `body` is Markdown as typed."""

    __tablename__ = "ticket_message"
    __table_args__ = (
        one_of("side", Side),
        CheckConstraint("char_length(body) BETWEEN 1 AND 20000", name="body_length"),
        Index("ix_ticket_message_ticket", "ticket_id", "id"),
        UniqueConstraint("author_id", "token"),
    )

    id: int | None = identity()
    ticket_id: int = Field(sa_column=Column(BigInteger, ForeignKey("ticket.id"), nullable=False))
    side: str
    author_id: int = Field(sa_column=Column(BigInteger, ForeignKey("person.id"), nullable=False, index=True))
    author_name: str
    body: str
    created_at: dt.datetime = moment(default_now=True)
    token: str | None = None
    """By what the same draft is recognised when it comes again (`domain.support.drafts`)."""


class TicketNote(SQLModel, table=True):
    """Something that staff say among themselves. A trigger refuses an author who is not staff."""

    __tablename__ = "ticket_note"
    __table_args__ = (
        CheckConstraint("char_length(body) BETWEEN 1 AND 20000", name="body_length"),
        Index("ix_ticket_note_ticket", "ticket_id", "id"),
        UniqueConstraint("author_id", "token"),
    )

    id: int | None = identity()
    ticket_id: int = Field(sa_column=Column(BigInteger, ForeignKey("ticket.id"), nullable=False))
    author_id: int = Field(sa_column=Column(BigInteger, ForeignKey("person.id"), nullable=False, index=True))
    author_name: str
    body: str
    created_at: dt.datetime = moment(default_now=True)
    token: str | None = None


class TicketPerson(SQLModel, table=True):
    """A client person who takes part in a ticket and is mailed its messages."""

    __tablename__ = "ticket_person"

    ticket_id: int = Field(sa_column=Column(BigInteger, ForeignKey("ticket.id"), primary_key=True))
    person_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("person.id"), primary_key=True, index=True)
    )


class TicketUnread(SQLModel, table=True):
    """A person has not read this ticket since `message_id`. Reading deletes the row.

    Rows exist only for what is unread, so counting them costs what there is to read and not what there is.
    """

    __tablename__ = "ticket_unread"

    person_id: int = Field(sa_column=Column(BigInteger, ForeignKey("person.id"), primary_key=True))
    ticket_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("ticket.id"), primary_key=True, index=True)
    )
    message_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("ticket_message.id"))
    )
    """The first message not read; null when it is a note (which only staff can have)."""
    since_at: dt.datetime = moment(default_now=True)


class TicketTally(SQLModel, table=True):
    """How many tickets a company has, kept by a trigger: a list of 100,000 opens like one of 100."""

    __tablename__ = "ticket_tally"

    company_id: int = Field(sa_column=Column(BigInteger, ForeignKey("company.id"), primary_key=True))
    open_count: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    ended_count: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))


class Attachment(SQLModel, table=True):
    """A file that somebody has uploaded; it belongs to at most one message or one note, for ever.

    Until then only its uploader reaches it, and after a day it is deleted. `media_type` is what the
    content is, never what its name says. A trigger refuses every change of one that has been sent.
    """

    __table_args__ = (
        CheckConstraint("num_nonnulls(message_id, note_id) <= 1", name="one_home"),
        CheckConstraint("size BETWEEN 1 AND 10485760", name="size_limit"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 120", name="name_length"),
        Index("ix_attachment_message", "message_id", postgresql_where=text("message_id IS NOT NULL")),
        Index("ix_attachment_note", "note_id", postgresql_where=text("note_id IS NOT NULL")),
        Index(
            "ix_attachment_unsent",
            "uploader_id",
            "created_at",
            postgresql_where=text("message_id IS NULL AND note_id IS NULL"),
        ),
    )

    id: int | None = identity()
    uploader_id: int = Field(sa_column=Column(BigInteger, ForeignKey("person.id"), nullable=False))
    message_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("ticket_message.id"))
    )
    note_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("ticket_note.id")))
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: dt.datetime = moment(default_now=True)


class AttachmentContent(SQLModel, table=True):
    """The bytes of an attachment, apart from it so that lists do not carry them."""

    __tablename__ = "attachment_content"

    attachment_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("attachment.id", ondelete="CASCADE"), primary_key=True)
    )
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
