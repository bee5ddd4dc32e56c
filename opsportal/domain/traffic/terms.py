"""What plans include of traffic and what follows beyond it, as those who run billing set it.

New terms hold at once, also for the cycle under way; a cycle that has ended is billed by the terms it ended with.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, or_
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.billing import calendar, money
from opsportal.domain.refusals import NotFound
from opsportal.domain.traffic import overages, topics
from opsportal.domain.traffic.cycles import cycle_before, cycle_on
from opsportal.domain.traffic.refusals import (
    CurrencyUnusable,
    CyclesBeingBilled,
    LimitMissing,
    NothingIncluded,
    TrafficPriceMissing,
)
from opsportal.models import (
    Counted,
    Family,
    Plan,
    Service,
    ServiceStatus,
    TrafficAction,
    TrafficAllowance,
    TrafficPrice,
)

GB = 10**9
MOST_GB, MOST_MBPS = 10**9, 10**6


@dataclass(frozen=True, slots=True)
class Terms:
    """What is on record about a plan's traffic. Without an allowance it is not metered."""

    plan: Plan
    allowance: TrafficAllowance | None
    prices: tuple[TrafficPrice, ...]
    services: int
    """How many services of it run."""
    unpriced: tuple[str, ...]
    """Currencies of such services in which nothing is billed, as no price is on record."""


@dataclass(frozen=True, slots=True)
class NewTerms:
    """What was typed. `limit_mbps` counts with the action `limit` only; an empty price takes that currency's away."""

    included_gb: int
    counted: Counted
    action: TrafficAction
    limit_mbps: int
    unit_gb: int
    price: str
    currency: str


def list_terms(actor: Actor, unit: Unit) -> list[Terms]:
    """Every plan of servers, and whatever else is metered, by name."""
    actor.require(Permission.BILLING_MANAGE)
    allowances = {one.plan_id: one for one in unit.exec(select(TrafficAllowance))}
    prices: dict[int, list[TrafficPrice]] = defaultdict(list)
    for price in unit.exec(select(TrafficPrice).order_by(col(TrafficPrice.currency))):
        prices[price.plan_id].append(price)
    running: dict[int, dict[str, int]] = defaultdict(dict)
    counted = (
        select(Service.plan_id, Service.currency, func.count())
        .where(col(Service.status).in_([ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED]))
        .group_by(col(Service.plan_id), col(Service.currency))
    )
    for plan_id, currency, number in unit.exec(counted):
        running[plan_id][currency] = number
    plans = select(Plan).where(or_(col(Plan.family) == Family.SERVER, col(Plan.id).in_(list(allowances))))
    return [
        _terms(plan, allowances.get(plan.id or 0), prices[plan.id or 0], running[plan.id or 0])
        for plan in unit.exec(plans.order_by(col(Plan.name)))
    ]


def _terms(
    plan: Plan, allowance: TrafficAllowance | None, prices: list[TrafficPrice], running: dict[str, int]
) -> Terms:
    is_billed = allowance is not None and allowance.action == TrafficAction.BILL
    missing = sorted(running.keys() - {price.currency for price in prices}) if is_billed else []
    return Terms(plan, allowance, tuple(prices), sum(running.values()), tuple(missing))


def set_terms(unit: Unit, actor: Actor, plan_id: int, new: NewTerms) -> TrafficAllowance:
    """Write down what a plan includes and what follows beyond it.

    Raises `NothingIncluded`, `LimitMissing`, `CurrencyUnusable`, `BadAmount`, `TrafficPriceMissing`, or
    `CyclesBeingBilled` in the hours after midnight in which the present terms still bill a cycle.
    """
    plan, row = _locked(unit, actor, plan_id)
    is_limit = new.action is TrafficAction.LIMIT
    if not (1 <= new.included_gb <= MOST_GB and 1 <= new.unit_gb <= MOST_GB):
        raise NothingIncluded
    if is_limit and not 1 <= new.limit_mbps <= MOST_MBPS:
        raise LimitMissing
    price = _price(new)
    _bill_what_has_ended(unit, plan, row)
    row = row or TrafficAllowance(plan_id=plan_id, included_bytes=1)
    row.included_bytes, row.unit_bytes = new.included_gb * GB, new.unit_gb * GB
    row.counted, row.action = new.counted, new.action
    row.limit_mbps = new.limit_mbps if is_limit else None
    row.in_force_since = calendar.now()
    unit.add(row)
    unit.flush()
    _keep_price(unit, plan_id, new.currency, price)
    trail.record(
        unit, "traffic_plan:changed", actor=actor, object_kind="plan", object_id=plan_id, object_name=plan.name,
        included_gb=new.included_gb, counted=str(new.counted), action=str(new.action),
        limit_mbps=row.limit_mbps, unit_gb=new.unit_gb, price_minor=price, currency=new.currency,
    )  # fmt: skip
    unit.changed(topics.TERMS)
    return row


def remove_terms(unit: Unit, actor: Actor, plan_id: int) -> None:
    """Meter a plan no longer. What has happened in cycles stays on record."""
    plan, row = _locked(unit, actor, plan_id)
    if row is None:
        return
    _bill_what_has_ended(unit, plan, row)
    for price in unit.exec(select(TrafficPrice).where(col(TrafficPrice.plan_id) == plan_id)):
        unit.delete(price)
    unit.flush()
    unit.delete(row)
    trail.record(
        unit,
        "traffic_plan:removed",
        actor=actor,
        object_kind="plan",
        object_id=plan_id,
        object_name=plan.name,
    )
    unit.changed(topics.TERMS)


def _locked(unit: Unit, actor: Actor, plan_id: int) -> tuple[Plan, TrafficAllowance | None]:
    actor.require(Permission.BILLING_MANAGE)
    plan = unit.get(Plan, plan_id, with_for_update=True)
    if plan is None:
        raise NotFound
    return plan, unit.get(TrafficAllowance, plan_id, with_for_update=True, populate_existing=True)


def _price(new: NewTerms) -> int | None:
    if not re.fullmatch(r"[A-Z]{3}", new.currency):
        raise CurrencyUnusable
    if new.price.strip():
        return money.parse_amount(new.price, new.currency)
    if new.action is TrafficAction.BILL:
        raise TrafficPriceMissing
    return None


def _keep_price(unit: Unit, plan_id: int, currency: str, price: int | None) -> None:
    known = unit.get(TrafficPrice, (plan_id, currency))
    if price is None and known is not None:
        unit.delete(known)
    elif price is not None:
        known = known or TrafficPrice(plan_id=plan_id, currency=currency, price_minor=price)
        known.price_minor = price
        unit.add(known)


def _bill_what_has_ended(unit: Unit, plan: Plan, row: TrafficAllowance | None) -> None:
    """Charge cycles that have ended by the terms they ended with, before these are gone."""
    if row is None or row.action != TrafficAction.BILL:
        return
    for service_id in overages.list_billed(unit, plan_id=plan.id):
        service = unit.get_one(Service, service_id)
        end = cycle_before(service, cycle_on(service)).end
        settled = end + overages.SETTLED_AFTER
        if end <= calendar.now() < settled:
            raise CyclesBeingBilled(until=f"{settled:%Y-%m-%d %H:%M} UTC")
        overages.bill_last_cycle(unit, service_id)
