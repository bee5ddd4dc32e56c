"""Where the gateway and our ledger disagree: noted once, shown to finance, gone when they agree again."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select, update

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.payments import topics
from opsportal.models import DifferenceKind, GatewayCheck, GatewayDifference
from opsportal.models.base import utcnow


def note(
    unit: Unit,
    *,
    kind: DifferenceKind,
    gateway: str,
    object_ref: str,
    ours: tuple[int, str],
    theirs: tuple[int, str],
    payment_id: int | None = None,
    refund_id: int | None = None,
    check_id: int | None = None,
) -> None:
    """Write a difference down, unless it stands there already."""
    row = {
        "kind": kind.value,
        "gateway": gateway,
        "object_ref": object_ref,
        "payment_id": payment_id,
        "refund_id": refund_id,
        "check_id": check_id,
        "ours_minor": ours[0],
        "ours_currency": ours[1],
        "theirs_minor": theirs[0],
        "theirs_currency": theirs[1],
    }
    unit.execute(insert(GatewayDifference).values(**row).on_conflict_do_nothing())
    unit.changed(topics.STAFF)


def resolve(unit: Unit, gateway: str, object_ref: str) -> None:
    """Close what stood open about an object: both sides agree now."""
    unit.execute(
        update(GatewayDifference)
        .where(
            col(GatewayDifference.gateway) == gateway,
            col(GatewayDifference.object_ref) == object_ref,
            col(GatewayDifference.resolved_at).is_(None),
        )
        .values(resolved_at=utcnow())
    )
    unit.changed(topics.STAFF)


def list_open(actor: Actor, unit: Unit) -> list[GatewayDifference]:
    """What is open, oldest first, for those who manage billing."""
    actor.require(Permission.BILLING_MANAGE)
    query = select(GatewayDifference).where(col(GatewayDifference.resolved_at).is_(None))
    return list(unit.exec(query.order_by(col(GatewayDifference.id)).limit(200)))


def last_check(actor: Actor, unit: Unit) -> GatewayCheck | None:
    """The newest comparison with the gateway's own list."""
    actor.require(Permission.BILLING_MANAGE)
    return unit.exec(select(GatewayCheck).order_by(col(GatewayCheck.id).desc()).limit(1)).first()
