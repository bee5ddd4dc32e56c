"""When a temporary user of a BMC must go. Said in the row, at once; a worker does it and reads it back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.audit import trail
from opsportal.domain.consoles import topics
from opsportal.domain.lifecycle import BMC_ACCESS, move
from opsportal.models import OPEN_ACCESS, AccessStatus, BmcAccess, ConsoleGrant
from opsportal.models.base import utcnow

QUEUE, TASK = "hardware", "bmc_access"
NOT_MADE = "not_made"


def end_accesses(
    unit: Unit,
    *,
    reason: str,
    server_id: int | None = None,
    service_id: int | None = None,
    session_id: int | None = None,
) -> int:
    """End all temporary users of a server, a service or a session. Returns how many.

    Suspending a service and handing a server on do this by themselves, by triggers.
    """
    conditions = whose(BmcAccess, server_id=server_id, service_id=service_id, session_id=session_id)
    query = select(BmcAccess).where(col(BmcAccess.status).in_(OPEN_ACCESS), *conditions)
    rows = unit.exec(query.order_by(col(BmcAccess.id)).with_for_update()).all()
    for row in rows:
        end_access(unit, row, reason)
    return len(rows)


def whose(table: type[BmcAccess | ConsoleGrant], **ids: int | None) -> list[ColumnElement[bool]]:
    """Rows of a server, a service or a session. Raises ValueError when none is said: that would be all."""
    conditions = [col(getattr(table, name)) == value for name, value in ids.items() if value is not None]
    if not conditions:
        raise ValueError("ending consoles without saying whose")
    return conditions


def end_access(unit: Unit, row: BmcAccess, reason: str) -> None:
    """End one that is open and locked: nobody sees its password any more, and a worker is woken."""
    move(unit, BMC_ACCESS, row, AccessStatus.ENDING, reason=reason)
    row.password, row.end_reason, row.ending_at = None, reason, utcnow()
    row.attempts, row.due_at = 0, None
    wake(unit, row)


def wake(unit: Unit, row: BmcAccess, *, at: dt.datetime | None = None) -> None:
    """Have a worker look at it, and say that it has changed."""
    row.woken_at = at or utcnow()
    unit.add(row)
    unit.enqueue(QUEUE, TASK, row.id or 0)
    unit.changed(topics.console(row.server_id))


def note(unit: Unit, row: BmcAccess, tag: str, **data: Any) -> None:
    """Write it to the trail of the server, in the name of whose access it is."""
    trail.record(
        unit, tag, actor=None, actor_id=row.person_id, actor_name=row.person_name, object_kind="server",
        object_id=row.server_id, company_id=row.company_id, access=row.id or 0, user=row.username, **data,
    )  # fmt: skip
