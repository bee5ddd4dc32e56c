"""Suspending a service and letting it run again: the one way, for both reasons.

A service is suspended while at least one reason holds. Each is ended by itself: a payment ends no suspension for
policy, and lifting that ends no suspension for an unpaid invoice. What follows from being suspended hangs on the
status alone and so on neither reason: consoles and temporary BMC users end (triggers), clients command the server
no longer, nothing is renewed.
"""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.audit import trail
from opsportal.domain.catalog import history, letters
from opsportal.domain.catalog.refusals import AlreadySuspended, NotSuspended, ServiceNotRunning
from opsportal.domain.lifecycle import SERVICE, move
from opsportal.models import Service, ServiceStatus, SuspensionReason

RUNNING = (ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED)


def reasons_of(service: Service) -> frozenset[SuspensionReason]:
    """Why a service is suspended; empty while it is not."""
    found = {SuspensionReason(service.suspension_reason)} if service.suspension_reason else set()
    return frozenset(found | ({SuspensionReason.PAYMENT} if service.also_unpaid else set()))


def hold(
    unit: Unit, service: Service, reason: SuspensionReason, *, actor: Actor | None, note: str = ""
) -> None:
    """Suspend for one more reason. `note`: why, in words that the client reads. The caller holds the row's lock."""
    if service.status not in RUNNING:
        raise ServiceNotRunning
    standing = reasons_of(service)
    if reason in standing:
        raise AlreadySuspended
    is_policy = reason is SuspensionReason.POLICY
    shown = note if is_policy else service.suspension_note
    _write(unit, service, standing | {reason}, shown, actor=actor, note=note)
    _tell(unit, service, "service:suspended", reason, actor=actor, note=note)


def release(
    unit: Unit, service: Service, reason: SuspensionReason, *, actor: Actor | None, note: str = ""
) -> None:
    """End one reason; the service runs again if it was the last one. The caller holds the row's lock."""
    standing = reasons_of(service)
    if reason not in standing:
        raise NotSuspended
    _write(unit, service, standing - {reason}, service.suspension_note, actor=actor, note=note)
    _tell(unit, service, "service:suspension_lifted", reason, actor=actor, note=note)


def _write(
    unit: Unit,
    service: Service,
    reasons: frozenset[SuspensionReason],
    shown: str | None,
    *,
    actor: Actor | None,
    note: str,
) -> None:
    is_policy = SuspensionReason.POLICY in reasons
    first = SuspensionReason.POLICY if is_policy else next(iter(reasons), None)
    target = ServiceStatus.SUSPENDED if reasons else ServiceStatus.ACTIVE
    with history.by(unit, actor, reason=note):
        service.suspension_reason = first
        service.suspension_note = shown if is_policy else None
        service.also_unpaid = is_policy and SuspensionReason.PAYMENT in reasons
        if service.status != target:
            person = actor.person_id if actor else None
            move(unit, SERVICE, service, target, actor_id=person, reason=first or "lifted")
        unit.add(service)


def _tell(
    unit: Unit, service: Service, tag: str, reason: SuspensionReason, *, actor: Actor | None, note: str
) -> None:
    trail.record(
        unit, tag, actor=actor, object_kind="service", object_id=service.id, object_name=service.name,
        company_id=service.company_id, reason=reason.value, note=note,
    )  # fmt: skip
    letters.tell_standing(unit, service, history.newest(unit, service.id or 0), reasons_of(service))
