"""The inbox for what a gateway tells us: stored first, byte for byte, looked at by a worker later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.lifecycle import GATEWAY_EVENT, move
from opsportal.domain.payments import deadlines
from opsportal.models import EventStatus, GatewayEvent, Payment, WebhookCount, WebhookResult
from opsportal.models.base import utcnow

QUEUE = "billing"
TASK = "gateway_event"
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is read of an event before it is stored: enough to recognise it, nothing that is believed."""

    event_ref: str
    kind: str
    object_ref: str


def open_envelope(raw: bytes) -> Envelope | None:
    """The names on an event, or None when it is not one."""
    try:
        event = json.loads(raw)
        told = event["data"]["object"]
        names = (event["id"], event["type"], _subject(told))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    is_plain = all(isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME for name in names)
    return Envelope(*names) if is_plain and "\x00" not in "".join(names) else None


def _subject(told: dict[str, Any]) -> Any:
    """The object to ask for: the payment itself also where the event is about its charge."""
    is_charge = told.get("object") in ("charge", "dispute")
    return told.get("payment_intent") or told["id"] if is_charge else told["id"]


def receive(unit: Unit, *, gateway: str, raw: bytes, signature: str) -> WebhookResult:
    """Store an event whose signature was verified. Of two deliveries of one event the second changes nothing."""
    envelope = open_envelope(raw)
    if envelope is None:
        return count(unit, gateway, WebhookResult.MALFORMED)
    made = (
        insert(GatewayEvent)
        .values(
            gateway=gateway,
            event_ref=envelope.event_ref,
            kind=envelope.kind,
            object_ref=envelope.object_ref,
            raw=raw,
            signature=signature,
            is_signed=True,
            status=EventStatus.RECEIVED.value,
            outcome_code="",
            attempts=0,
            due_at=utcnow() + deadlines.HANDED_OVER,
        )
        .on_conflict_do_nothing()
        .returning(col(GatewayEvent.id))
    )
    event_id = unit.scalar(made)
    if event_id is None:
        return count(unit, gateway, WebhookResult.DUPLICATE)
    unit.enqueue(QUEUE, TASK, event_id)
    return count(unit, gateway, WebhookResult.ACCEPTED)


def count(unit: Unit, gateway: str, result: WebhookResult) -> WebhookResult:
    """Count a call on the webhook's door: all that is kept of one that was forged."""
    added = insert(WebhookCount).values(gateway=gateway, on_day=utcnow().date(), result=result.value, calls=1)
    unit.execute(
        added.on_conflict_do_update(
            index_elements=["gateway", "on_day", "result"], set_={"calls": WebhookCount.calls + 1}
        )
    )
    return result


@dataclass(frozen=True, slots=True)
class Letter:
    """A stored event that waits for a worker."""

    event_id: int
    kind: str
    object_ref: str


def find_waiting(unit: Unit, event_id: int) -> Letter | None:
    """The event if it still waits."""
    event = unit.get(GatewayEvent, event_id)
    if event is None or event.status != EventStatus.RECEIVED:
        return None
    return Letter(event_id, event.kind, event.object_ref)


def find_payment(unit: Unit, *, gateway: str, ref: str) -> int | None:
    """Whose payment an intent is."""
    return unit.exec(
        select(Payment.id).where(col(Payment.gateway) == gateway, col(Payment.ref) == ref)
    ).first()


def find_nameless(unit: Unit, payment_id: int | None) -> int | None:
    """A payment whose intent's name is not known here yet, if that is what somebody wrote into an intent.

    Perhaps we did, perhaps another portal on the same account: this is a reason to ask, and no proof.
    """
    payment = unit.get(Payment, payment_id) if payment_id is not None else None
    return payment.id if payment is not None and payment.ref is None else None


def finish(unit: Unit, event_id: int, status: EventStatus, *, code: str = "") -> None:
    """Close an event, once."""
    query = select(GatewayEvent).where(col(GatewayEvent.id) == event_id).with_for_update()
    event = unit.exec(query, execution_options={"populate_existing": True}).one()
    if event.status == EventStatus.RECEIVED:
        event.outcome_code = code
        event.finished_at = utcnow()
        move(unit, GATEWAY_EVENT, event, status, reason=code)


def postpone(unit: Unit, event_id: int) -> None:
    """The gateway did not answer: later again, twelve times at most. Its object is asked for otherwise, too."""
    event = unit.get_one(GatewayEvent, event_id, with_for_update=True)
    if event.status != EventStatus.RECEIVED:
        return
    event.attempts += 1
    event.due_at = utcnow() + deadlines.pause(event.attempts)
    if event.attempts >= deadlines.EVENT_ATTEMPTS:
        finish(unit, event_id, EventStatus.FAILED, code="gateway_unreachable")
