"""Consoles of servers: who may open one, who watches, who types, and what a machine printed while it was installed."""

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
    Integer,
    LargeBinary,
    text,
)
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of, reference


class ConsoleKind(StrEnum):
    SERIAL = "serial"
    SCREEN = "screen"


class GrantStatus(StrEnum):
    GRANTED = "granted"
    ATTACHED = "attached"
    ENDED = "ended"


OPEN_GRANT = (GrantStatus.GRANTED, GrantStatus.ATTACHED)
_OPEN_SQL = text("status <> 'ended'")


class ConsoleGrant(SQLModel, table=True):
    """One person's right to one console of one server, for one use. Of the ticket only a hash is kept.

    `service_id` and `company_id` are those of the moment: when the server changes hands, the grant ends.
    """

    __tablename__ = "console_grant"
    __table_args__ = (
        one_of("kind", ConsoleKind),
        one_of("status", GrantStatus),
        CheckConstraint("(status = 'ended') = (ended_at IS NOT NULL)", name="ended_has_time"),
        CheckConstraint("(status = 'ended') = (end_reason IS NOT NULL)", name="ended_has_reason"),
        CheckConstraint("status <> 'attached' OR attached_at IS NOT NULL", name="attached_has_time"),
        CheckConstraint("NOT is_writer OR status = 'attached'", name="writer_is_attached"),
        # Exactly one types: kept by the database, whatever a gateway believes.
        Index(
            "uq_console_grant_writer", "server_id", "kind", unique=True, postgresql_where=text("is_writer")
        ),
        Index("ix_console_grant_server", "server_id", "id"),
        Index("ix_console_grant_session_open", "session_id", postgresql_where=_OPEN_SQL),
        Index("ix_console_grant_person_open", "person_id", postgresql_where=_OPEN_SQL),
        Index("ix_console_grant_service_open", "service_id", postgresql_where=_OPEN_SQL),
    )

    id: int | None = identity()
    ticket_hash: str = Field(unique=True)
    person_id: int = reference("person")
    person_name: str
    is_staff: bool
    session_id: int = reference("login_session")
    server_id: int = reference("server")
    service_id: int | None = reference("service", nullable=True)
    company_id: int | None = reference("company", nullable=True)
    kind: str
    status: str = GrantStatus.GRANTED
    is_writer: bool = False
    issued_at: dt.datetime = moment(default_now=True)
    expires_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    """Until when the ticket can be used."""
    attached_at: dt.datetime | None = moment()
    ended_at: dt.datetime | None = moment()
    end_reason: str | None = None


class ServerScreen(SQLModel, table=True):
    """Where a server's screen is served by RFB (RFC 6143): host, port and password, sealed together."""

    __tablename__ = "server_screen"

    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), primary_key=True))
    endpoint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SerialLog(SQLModel, table=True):
    """What a server's serial port said during one job: how much is kept, and whether more was cut off."""

    __tablename__ = "serial_log"
    __table_args__ = (CheckConstraint("size BETWEEN 0 AND 524288", name="size_bounded"),)

    job_id: int = Field(sa_column=Column(BigInteger, ForeignKey("hardware_job.id"), primary_key=True))
    size: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    """Characters kept."""
    chunks: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    is_cut: bool = False
    started_at: dt.datetime = moment(default_now=True)


class SerialChunk(SQLModel, table=True):
    """A piece of a serial log, without control sequences."""

    __tablename__ = "serial_chunk"
    __table_args__ = (CheckConstraint("length(body) BETWEEN 1 AND 16384", name="body_bounded"),)

    job_id: int = Field(sa_column=Column(BigInteger, ForeignKey("serial_log.job_id"), primary_key=True))
    position: int = Field(sa_column=Column(Integer, primary_key=True))
    at: dt.datetime = moment(default_now=True)
    body: str
