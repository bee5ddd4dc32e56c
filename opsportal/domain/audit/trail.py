"""Writing and reading the audit trail. Rows are append-only, enforced by a database trigger."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.models import AuditEvent

PAGE = 50


def record(
    unit: Unit,
    tag: str,
    *,
    actor: Actor | None,
    object_kind: str,
    object_id: int | None,
    object_name: str = "",
    company_id: int | None = None,
    ip: str | None = None,
    actor_name: str = "",
    actor_id: int | None = None,
    **data: Any,
) -> None:
    """Add one entry. `tag` is `subject:action`, as in `server:power_requested`."""
    unit.add(
        AuditEvent(
            tag=tag,
            actor_id=actor.person_id if actor else actor_id,
            actor_name=actor.name if actor else actor_name,
            company_id=company_id if company_id is not None else (actor.company_id if actor else None),
            object_kind=object_kind,
            object_id=object_id,
            object_name=object_name,
            ip=(actor.ip if actor else ip) or None,
            data=data,
        )
    )
    unit.changed("audit")


def list_events(actor: Actor, unit: Unit, *, before: int | None = None, tag: str = "") -> list[AuditEvent]:
    """The newest entries first, a page at a time, for those who may read the whole trail."""
    actor.require(Permission.AUDIT_VIEW)
    query = select(AuditEvent).order_by(col(AuditEvent.id).desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(col(AuditEvent.id) < before)
    if tag:
        query = query.where(col(AuditEvent.tag).startswith(tag, autoescape=True))
    return list(unit.exec(query))


def list_object_events(
    actor: Actor, unit: Unit, object_kind: str, object_id: int, *, limit: int = 50
) -> list[AuditEvent]:
    """What happened to one object, the newest first; for a client of what their own company did or had done.

    The caller has already authorised access to the object.
    """
    query = select(AuditEvent).where(
        col(AuditEvent.object_kind) == object_kind, col(AuditEvent.object_id) == object_id
    )
    if not actor.is_staff:
        query = query.where(col(AuditEvent.company_id) == actor.company_id)
    return list(unit.exec(query.order_by(col(AuditEvent.id).desc()).limit(limit)))
