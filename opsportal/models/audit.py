"""Who did what to which object, from where. Rows are only ever added."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment


class AuditEvent(SQLModel, table=True):
    """One entry of the audit trail. `tag` is `subject:action`."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_object", "object_kind", "object_id", "id"),
        Index("ix_audit_event_company", "company_id", "id"),
    )

    id: int | None = identity()
    at: dt.datetime = moment(default_now=True)
    tag: str
    actor_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("person.id"), index=True)
    )
    actor_name: str
    company_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("company.id")))
    object_kind: str
    object_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    object_name: str = ""
    ip: str | None = None
    data: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default="{}")
    )


class StatusChange(SQLModel, table=True):
    """One step of one object through its declared state machine."""

    __tablename__ = "status_change"
    __table_args__ = (Index("ix_status_change_object", "machine", "object_id", "id"),)

    id: int | None = identity()
    at: dt.datetime = moment(default_now=True)
    machine: str
    object_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    from_status: str
    to_status: str
    actor_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("person.id")))
    reason: str = ""
