"""What of the portal's own machinery is out of order, so that people who do not look are told."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from opsportal.models.base import document, identity, moment


class Outage(SQLModel, table=True):
    """One part that is, or was, out of order: `queue:mail`, `lost:hardware`, `redis`.

    `told_at`: when it had lasted long enough to be said; one that ends before that leaves no trace.
    """

    __table_args__ = (Index("uq_outage_open", "part", unique=True, postgresql_where=text("over_at IS NULL")),)

    id: int | None = identity()
    part: str
    since: dt.datetime = moment(default_now=True)
    told_at: dt.datetime | None = moment()
    over_at: dt.datetime | None = moment()
    facts: dict[str, object] = document()
