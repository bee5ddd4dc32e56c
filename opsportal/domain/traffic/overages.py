"""What a cycle that has ended went beyond its plan: recorded once, and invoiced where the plan says so."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.billing import calendar, invoices, ledger
from opsportal.domain.billing.documents import NewLine
from opsportal.domain.traffic.allowances import counted_bytes
from opsportal.domain.traffic.cycles import Cycle, cycle_before, cycle_on
from opsportal.domain.traffic.letters import volume
from opsportal.domain.traffic.usage import totals_of_service
from opsportal.locale import N_
from opsportal.models import (
    Company,
    PortLink,
    Service,
    TrafficAction,
    TrafficAllowance,
    TrafficExemption,
    TrafficOverage,
    TrafficPrice,
)

SETTLED_AFTER = dt.timedelta(hours=2)
"""A switch that was away at midnight is asked again until then; what it says counts for the cycle before."""
LINE = N_("Traffic of {name} beyond its plan: {used} of {included}")


def list_billed(
    unit: Unit, *, plan_id: int | None = None, after: int = 0, limit: int | None = None
) -> list[int]:
    """Services of plans (of one plan) that bill what goes beyond, also those that have ended lately.

    By number: so many of them beyond one.
    """
    lately = calendar.now() - dt.timedelta(days=64)
    query = (
        select(Service.id)
        .join(TrafficAllowance, col(TrafficAllowance.plan_id) == col(Service.plan_id))
        .join(PortLink, col(PortLink.service_id) == col(Service.id))
        .where(
            col(Service.id) > after,
            col(TrafficAllowance.action) == TrafficAction.BILL,
            or_(col(PortLink.valid_until).is_(None), col(PortLink.valid_until) > lately),
        )
        .distinct()
    )
    if plan_id is not None:
        query = query.where(col(Service.plan_id) == plan_id)
    return [number for number in unit.exec(query.order_by(col(Service.id)).limit(limit)) if number]


def bill_last_cycle(unit: Unit, service_id: int) -> TrafficOverage | None:
    """Charge what the last cycle went beyond the plan, once, on an invoice of its own. None if nothing is to be charged."""
    service = unit.get_one(Service, service_id)
    cycle = cycle_before(service, cycle_on(service))
    if calendar.now() < cycle.end + SETTLED_AFTER or _is_known(unit, service_id, cycle):
        return None
    allowance = unit.get(TrafficAllowance, service.plan_id)
    price = unit.get(TrafficPrice, (service.plan_id, service.currency))
    if allowance is None or allowance.action != TrafficAction.BILL or price is None:
        return None
    if allowance.in_force_since >= cycle.end:
        return None  # it ended by other terms, which were billed before they changed
    if unit.get(TrafficExemption, service_id) is not None:
        return None
    used = counted_bytes(allowance, totals_of_service(unit, service_id, start=cycle.start, end=cycle.end))
    if used <= allowance.included_bytes:
        return None
    units = -(-(used - allowance.included_bytes) // allowance.unit_bytes)
    company = unit.get_one(Company, service.company_id)
    ledger.lock(unit, service.company_id, service.currency)
    overage = _keep(unit, service, cycle, used, allowance.included_bytes, units, price.price_minor)
    if overage is not None and overage.amount_minor:
        overage.invoice_id = _invoice(unit, company, service, overage, price.price_minor)
        unit.add(overage)
    return overage


def _is_known(unit: Unit, service_id: int, cycle: Cycle) -> bool:
    query = select(TrafficOverage.id).where(
        col(TrafficOverage.service_id) == service_id, col(TrafficOverage.cycle_start) == cycle.first
    )
    return unit.exec(query).first() is not None


def _keep(
    unit: Unit, service: Service, cycle: Cycle, used: int, included: int, units: int, price_minor: int
) -> TrafficOverage | None:
    made = (
        insert(TrafficOverage)
        .values(
            service_id=service.id,
            cycle_start=cycle.first,
            cycle_end=cycle.after,
            used_bytes=used,
            included_bytes=included,
            units=units,
            amount_minor=units * price_minor,
            currency=service.currency,
            at=calendar.now(),
        )
        .on_conflict_do_nothing(index_elements=["service_id", "cycle_start"])
        .returning(col(TrafficOverage.id))
    )
    number = unit.scalar(made)
    return unit.get_one(TrafficOverage, number) if number else None


def _invoice(
    unit: Unit, company: Company, service: Service, overage: TrafficOverage, price_minor: int
) -> int | None:
    line = NewLine(
        LINE,
        price_minor,
        {
            "name": service.name,
            "used": volume(overage.used_bytes),
            "included": volume(overage.included_bytes),
        },
        quantity=overage.units,
        service_id=service.id,
        period_start=overage.cycle_start,
        period_end=overage.cycle_end,
    )
    due_on = calendar.today() + dt.timedelta(days=14)
    return invoices.issue_invoice(
        unit, company=company, lines=[line], due_on=due_on, currency=service.currency
    ).id
