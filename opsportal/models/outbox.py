"""Work handed over by a committed transaction, waiting to be put on a queue."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment


class Outbox(SQLModel, table=True):
    """One wake-up call for a queue. `sent_at` is null until Redis has acknowledged it."""

    __table_args__ = (
        Index("ix_outbox_unsent", "id", postgresql_where=text("sent_at IS NULL")),
        Index("ix_outbox_task_ref", "task", "ref"),
    )

    id: int | None = identity()
    queue: str
    task: str
    ref: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: dt.datetime = moment(default_now=True)
    sent_at: dt.datetime | None = moment()


class ScheduledTask(SQLModel, table=True):
    """A recurring task: due when `due_at` has passed. The clock only asks; this row answers."""

    __tablename__ = "scheduled_task"

    name: str = Field(primary_key=True)
    queue: str
    every_s: int
    due_at: dt.datetime = moment(default_now=True)
    last_started_at: dt.datetime | None = moment()
    last_finished_at: dt.datetime | None = moment()
    last_error: str | None = None
