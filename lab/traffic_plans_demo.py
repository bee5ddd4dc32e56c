"""What the demo's plans include of traffic: one service near its end, one beyond it, one exempt. Once; people may change it."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.traffic.alerts import evaluate
from opsportal.domain.traffic.cycles import cycle_on
from opsportal.domain.traffic.usage import totals_of_service
from opsportal.models import (
    Plan,
    Server,
    Service,
    TrafficAction,
    TrafficAllowance,
    TrafficExemption,
    TrafficPrice,
)
from opsportal.models.base import utcnow

PRICES = {"EUR": 200, "UAH": 9_000, "USD": 220}
TB = 10**12
BY_USE = {
    "kyiv-db-01": (79, TrafficAction.BILL),
    "kyiv-web-02": (106, TrafficAction.NOTIFY),
    "kyiv-cache-01": (93, TrafficAction.BILL),
    "kv-node-01": (91, TrafficAction.BILL),
}
"""Services whose plan includes so much that this per cent of it is used, and what follows."""
EXEMPT = "kyiv-web-02"


def seed_traffic_plans() -> None:
    """Every plan that servers have includes something; the same plan is the same for everybody."""
    with unit_of_work() as unit:
        if unit.exec(select(TrafficAllowance)).first() is not None:
            return
        query = (
            select(Plan, Service, Server)
            .join(Service, col(Service.plan_id) == col(Plan.id))
            .join(Server, col(Server.service_id) == col(Service.id))
            .order_by(col(Server.id))
        )
        rows = unit.exec(query).all()
        for plan, service, server in sorted(rows, key=lambda row: row[2].name not in BY_USE):
            assert plan.id is not None
            assert service.id is not None
            if server.name == EXEMPT:
                unit.add(TrafficExemption(service_id=service.id))
            if unit.get(TrafficAllowance, plan.id) is not None:
                continue
            part, action = BY_USE.get(server.name, (40, TrafficAction.BILL))
            cycle = cycle_on(service)
            used = totals_of_service(unit, service.id, start=cycle.start, end=cycle.end)
            included = max(TB, (used.in_bytes + used.out_bytes) * 100 // part)
            unit.add(
                TrafficAllowance(
                    plan_id=plan.id,
                    included_bytes=included,
                    action=action,
                    in_force_since=utcnow() - dt.timedelta(days=400),
                )
            )
            unit.flush()
            for currency, minor in PRICES.items():
                unit.add(TrafficPrice(plan_id=plan.id, currency=currency, price_minor=minor))
        metered = [service.id for _, service, _ in rows if service.id]
    for service_id in metered:
        with unit_of_work() as unit:
            evaluate(unit, service_id)
