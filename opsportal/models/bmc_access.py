"""Temporary users on BMCs: for machines whose screen only the BMC's own page can show."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, DateTime, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of, reference


class AccessStatus(StrEnum):
    """`stuck`: the BMC may still have the user, long after it was to be gone; a person was told."""

    ASKED = "asked"
    READY = "ready"
    ENDING = "ending"
    STUCK = "stuck"
    GONE = "gone"


OPEN_ACCESS = (AccessStatus.ASKED, AccessStatus.READY)
LEAVING_ACCESS = (AccessStatus.ENDING, AccessStatus.STUCK)
_NOT_GONE = text("status <> 'gone'")


class BmcAccess(SQLModel, table=True):
    """One session's temporary user on one server's BMC, from before it is made until it was read to be gone.

    The row, and with it the user's name, is there before the BMC hears of it: no death of a worker loses a user.
    The password is sealed, and forgotten once it was shown or the access ends.
    """

    __tablename__ = "bmc_access"
    __table_args__ = (
        one_of("status", AccessStatus),
        CheckConstraint(
            "(password IS NOT NULL) = (status IN ('asked', 'ready') AND shown_at IS NULL)",
            name="password_until_shown",
        ),
        CheckConstraint("status <> 'ready' OR (is_sent AND ready_at IS NOT NULL)", name="ready_was_made"),
        CheckConstraint("(status IN ('asked', 'ready')) = (end_reason IS NULL)", name="ended_has_reason"),
        CheckConstraint("(end_reason IS NULL) = (ending_at IS NULL)", name="ended_has_time"),
        CheckConstraint("(status = 'gone') = (gone_at IS NOT NULL)", name="gone_has_time"),
        CheckConstraint("length(username) BETWEEN 1 AND 16", name="username_fits"),
        Index("uq_bmc_access_session", "server_id", "session_id", unique=True, postgresql_where=_NOT_GONE),
        Index("ix_bmc_access_server", "server_id", "id"),
        Index("ix_bmc_access_left", "id", postgresql_where=_NOT_GONE),
    )

    id: int | None = identity()
    server_id: int = reference("server")
    service_id: int | None = reference("service", nullable=True)
    company_id: int | None = reference("company", nullable=True)
    person_id: int = reference("person")
    person_name: str
    is_staff: bool
    session_id: int = reference("login_session")
    username: str = Field(unique=True)
    password: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    status: str = AccessStatus.ASKED
    is_sent: bool = False
    """The BMC may have the user. Committed before the first packet leaves."""
    attempts: int = 0
    held_until: dt.datetime | None = moment()
    """A worker is at it, and sends nothing after this."""
    due_at: dt.datetime | None = moment()
    """Not to be tried again before this."""
    woken_at: dt.datetime | None = moment()
    asked_at: dt.datetime = moment(default_now=True)
    ready_at: dt.datetime | None = moment()
    shown_at: dt.datetime | None = moment()
    expires_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    ending_at: dt.datetime | None = moment()
    end_reason: str | None = None
    gone_at: dt.datetime | None = moment()
    outcome_code: str | None = None
    """What the BMC said to the last attempt that failed."""
