"""When a console ends. Reasons are stable codes; the browser words them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.audit import trail
from opsportal.domain.consoles import topics
from opsportal.domain.consoles.access_endings import end_accesses, whose
from opsportal.domain.lifecycle import CONSOLE_GRANT, move
from opsportal.models import OPEN_GRANT, ConsoleGrant, GrantStatus
from opsportal.models.base import utcnow

LEFT = "left"
EXPIRED = "expired"
IDLE = "idle"
LIMIT = "limit"
SIGNED_OUT = "signed_out"
GATEWAY_LOST = "gateway_lost"
TOO_SLOW = "too_slow"
TAKEN_BACK = "server_taken_back"


def end_consoles(
    unit: Unit,
    *,
    reason: str,
    server_id: int | None = None,
    service_id: int | None = None,
    session_id: int | None = None,
) -> int:
    """End all consoles of a server, a service or a session; open ones close as this commits. Returns how many.

    Temporary users of BMCs end with them: their passwords are forgotten, and workers delete them.

    Suspending a service and handing a server on do this by themselves, by triggers.
    """
    conditions = whose(ConsoleGrant, server_id=server_id, service_id=service_id, session_id=session_id)
    end_accesses(unit, reason=reason, server_id=server_id, service_id=service_id, session_id=session_id)
    query = select(ConsoleGrant).where(col(ConsoleGrant.status).in_(OPEN_GRANT), *conditions)
    return _end_all(unit, unit.exec(query.order_by(col(ConsoleGrant.id)).with_for_update()).all(), reason)


def end_grant(unit: Unit, grant_id: int, *, reason: str) -> bool:
    """End one console. False when it had ended already: the first reason stays."""
    grant = unit.get(ConsoleGrant, grant_id, with_for_update=True, populate_existing=True)
    if grant is None or grant.status == GrantStatus.ENDED:
        return False
    _end(unit, grant, reason)
    return True


def end_unknown(unit: Unit, known: Collection[int], *, attached_before: dt.datetime) -> int:
    """End what counts as attached and the gateway does not know: a process died on the way. Returns how many."""
    query = select(ConsoleGrant).where(
        col(ConsoleGrant.status) == GrantStatus.ATTACHED,
        col(ConsoleGrant.attached_at) < attached_before,
        col(ConsoleGrant.id).not_in(known),
    )
    rows = unit.exec(query.order_by(col(ConsoleGrant.id)).with_for_update(skip_locked=True)).all()
    return _end_all(unit, rows, GATEWAY_LOST)


def end_expired(unit: Unit) -> int:
    """End tickets that nobody came with in time."""
    query = select(ConsoleGrant).where(
        col(ConsoleGrant.status) == GrantStatus.GRANTED, col(ConsoleGrant.expires_at) <= utcnow()
    )
    return _end_all(unit, unit.exec(query.with_for_update(skip_locked=True)).all(), EXPIRED)


def _end_all(unit: Unit, rows: Sequence[ConsoleGrant], reason: str) -> int:
    for grant in rows:
        _end(unit, grant, reason)
    return len(rows)


def _end(unit: Unit, grant: ConsoleGrant, reason: str) -> None:
    was_attached = grant.status == GrantStatus.ATTACHED
    move(unit, CONSOLE_GRANT, grant, GrantStatus.ENDED, reason=reason)
    grant.is_writer, grant.ended_at, grant.end_reason = False, utcnow(), reason
    if was_attached:
        trail.record(
            unit, "console:closed", actor=None, actor_id=grant.person_id, actor_name=grant.person_name,
            object_kind="server", object_id=grant.server_id, company_id=grant.company_id, kind=grant.kind,
            reason=reason, grant=grant.id,
        )  # fmt: skip
    unit.changed(topics.console(grant.server_id))
