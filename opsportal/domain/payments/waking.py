"""What waits too long is woken: every row that waits has a time at which somebody looks again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.payments import cards, deadlines, inbox, refunds, topups
from opsportal.models import (
    ACTIVE_PAYMENT,
    ACTIVE_REFUND,
    CardSetup,
    CardSetupStatus,
    EventStatus,
    GatewayEvent,
    Payment,
    Refund,
)
from opsportal.models.base import utcnow

BATCH = 200
QUEUE = "billing"


def wake_due(unit: Unit) -> int:
    """Hand over again whatever is due: unknown payments to be asked for, and lost wake-up calls. How many."""
    kinds: Iterable[tuple[Any, Any, str]] = (
        (Payment, col(Payment.status).in_(ACTIVE_PAYMENT), topups.TASK),
        (Refund, col(Refund.status).in_(ACTIVE_REFUND), refunds.TASK),
        (GatewayEvent, col(GatewayEvent.status) == EventStatus.RECEIVED, inbox.TASK),
        (CardSetup, col(CardSetup.status) == CardSetupStatus.BEGUN, cards.SETUP_TASK),
    )
    now = utcnow()
    woken = 0
    for model, waits, task in kinds:
        due = select(model).where(waits, col(model.due_at) <= now).order_by(col(model.due_at)).limit(BATCH)
        for row in unit.exec(due.with_for_update(skip_locked=True)):
            row.due_at = now + deadlines.HANDED_OVER
            unit.enqueue(QUEUE, task, row.id)
            woken += 1
    return woken
