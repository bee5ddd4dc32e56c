"""What an operator does to a running service: suspend it, lift that, change its price or plan."""

from __future__ import annotations

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_service_for
from opsportal.domain.audit import trail
from opsportal.domain.billing import coverage
from opsportal.domain.billing.money import MAX_MINOR
from opsportal.domain.billing.refusals import BadAmount
from opsportal.domain.catalog import history, holds, letters
from opsportal.domain.catalog.refusals import NothingOverdue, OtherFamily, SameTerms, ServiceNotRunning
from opsportal.domain.hardware.refusals import ReasonMissing
from opsportal.domain.refusals import NotFound
from opsportal.models import Plan, Service, SuspensionReason

NOTE_LENGTH = 200


def suspend(unit: Unit, actor: Actor, service_id: int, *, reason: SuspensionReason, note: str) -> None:
    """Suspend a service. `note` is read by the client. As unpaid only while an invoice of it is overdue."""
    service, note = _open(unit, actor, service_id, note)
    if reason is SuspensionReason.PAYMENT and not coverage.is_overdue(unit, service):
        raise NothingOverdue
    holds.hold(unit, service, reason, actor=actor, note=note)


def lift(unit: Unit, actor: Actor, service_id: int, *, reason: SuspensionReason, note: str) -> None:
    """End one reason for its suspension; another one goes on holding. As unpaid it also ends by being paid."""
    service, note = _open(unit, actor, service_id, note)
    holds.release(unit, service, reason, actor=actor, note=note)


def change_terms(
    unit: Unit, actor: Actor, service_id: int, *, plan_id: int, price_minor: int, note: str
) -> None:
    """Another plan of the same kind, another price, or both. What is charged already stays as it is charged."""
    service, note = _open(unit, actor, service_id, note)
    if service.status not in holds.RUNNING:
        raise ServiceNotRunning
    if not 0 <= price_minor <= MAX_MINOR:
        raise BadAmount(currency=service.currency)
    plan, before = unit.get(Plan, plan_id), unit.get_one(Plan, service.plan_id)
    if plan is None:
        raise NotFound
    if plan.family != before.family:
        raise OtherFamily(plan=plan.name)
    if (plan_id, price_minor) == (service.plan_id, service.price_minor):
        raise SameTerms
    old_minor = service.price_minor
    with history.by(unit, actor, reason=note):
        service.plan_id, service.price_minor = plan_id, price_minor
        unit.add(service)
    trail.record(
        unit, "service:terms_changed", actor=actor, object_kind="service", object_id=service.id,
        object_name=service.name, company_id=service.company_id, plan=plan.name, before=old_minor,
        after=price_minor, currency=service.currency, note=note,
    )  # fmt: skip
    letters.tell_terms(unit, service, history.newest(unit, service_id))


def plans_for(unit: Unit, service: Service) -> list[Plan]:
    """The plans that a service may change to, its own among them. The caller may change it."""
    family = unit.get_one(Plan, service.plan_id).family
    return list(unit.exec(select(Plan).where(col(Plan.family) == family).order_by(col(Plan.name))))


def _open(unit: Unit, actor: Actor, service_id: int, note: str) -> tuple[Service, str]:
    """The service, locked, and the reason as it is kept."""
    access_service_for(actor, unit, service_id, permission=Permission.SERVICES_MANAGE)
    note = " ".join(note.split())[:NOTE_LENGTH]
    if not note:
        raise ReasonMissing
    return unit.get_one(Service, service_id, with_for_update=True, populate_existing=True), note
