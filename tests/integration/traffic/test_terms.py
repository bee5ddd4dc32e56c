"""What operators set about plans' traffic: who may, what is refused with nothing changed, and whom new terms bill."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar
from opsportal.domain.billing.refusals import BadAmount
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
from opsportal.domain.traffic import overages, terms
from opsportal.domain.traffic.cycles import cycle_on
from opsportal.domain.traffic.refusals import (
    CurrencyUnusable,
    CyclesBeingBilled,
    LimitMissing,
    NothingIncluded,
    TrafficPriceMissing,
)
from opsportal.domain.traffic.terms import NewTerms
from opsportal.models import (
    AuditEvent,
    Counted,
    Plan,
    Role,
    TaxRate,
    TrafficAction,
    TrafficAllowance,
    TrafficOverage,
    TrafficPrice,
)
from tests.builders import make_actor
from tests.integration.traffic.test_plans import INCLUDED, World

pytestmark = pytest.mark.usefixtures("portal")
BILL = NewTerms(2_000, Counted.OUT, TrafficAction.BILL, 0, 500, "1.75", "EUR")
HOUR = dt.timedelta(hours=1)


def make_plan() -> int:
    with unit_of_work() as unit:
        plan = Plan(family="server", name="bare metal")
        unit.add(plan)
        unit.flush()
        return plan.id or 0


def set_terms(plan_id: int, new: NewTerms, role: Role = Role.OPERATOR) -> None:
    with unit_of_work() as unit:
        terms.set_terms(unit, make_actor(role=role), plan_id, new)


def remove_terms(plan_id: int, role: Role = Role.OPERATOR) -> None:
    with unit_of_work() as unit:
        terms.remove_terms(unit, make_actor(role=role), plan_id)


def on_record(plan_id: int) -> tuple[dict[str, object] | None, dict[str, int]]:
    with unit_of_work() as unit:
        row = unit.get(TrafficAllowance, plan_id)
        found = unit.exec(select(TrafficPrice).where(col(TrafficPrice.plan_id) == plan_id))
        return row.model_dump() if row else None, {one.currency: one.price_minor for one in found}


def tags() -> list[str]:
    with unit_of_work() as unit:
        query = select(AuditEvent.tag).where(col(AuditEvent.object_kind) == "plan")
        return list(unit.exec(query.order_by(col(AuditEvent.id))))


def test_terms_are_set_changed_priced_by_currency_and_removed() -> None:
    plan_id = make_plan()
    set_terms(plan_id, BILL)
    set_terms(plan_id, replace(BILL, price="80", currency="UAH"))
    row, prices = on_record(plan_id)
    assert row is not None
    assert (row["included_bytes"], row["unit_bytes"]) == (2 * 10**12, 5 * 10**11)
    assert (row["counted"], row["action"], row["limit_mbps"]) == ("out", "bill", None)
    assert prices == {"EUR": 175, "UAH": 8_000}
    set_terms(plan_id, replace(BILL, action=TrafficAction.LIMIT, limit_mbps=100, price=""))
    row, prices = on_record(plan_id)
    assert row is not None
    assert (row["action"], row["limit_mbps"], prices) == ("limit", 100, {"UAH": 8_000})
    remove_terms(plan_id)
    assert on_record(plan_id) == (None, {})
    assert tags() == ["traffic_plan:changed"] * 3 + ["traffic_plan:removed"]


def test_what_is_refused_changes_nothing() -> None:
    plan_id = make_plan()
    set_terms(plan_id, BILL)
    before = on_record(plan_id)
    refusals: list[tuple[NewTerms, type[Refusal]]] = [
        (replace(BILL, included_gb=0), NothingIncluded),
        (replace(BILL, unit_gb=0), NothingIncluded),
        (replace(BILL, included_gb=10**9 + 1), NothingIncluded),
        (replace(BILL, action=TrafficAction.LIMIT), LimitMissing),
        (replace(BILL, price=""), TrafficPriceMissing),
        (replace(BILL, price="1.755"), BadAmount),
        (replace(BILL, price="-1"), BadAmount),
        (replace(BILL, currency="eur"), CurrencyUnusable),
    ]
    for new, refusal in refusals:
        with pytest.raises(refusal):
            set_terms(plan_id, new)
    with pytest.raises(NotFound):
        set_terms(plan_id + 1, BILL)
    for role in (Role.CLIENT, Role.TECHNICIAN):
        with pytest.raises(Forbidden):
            set_terms(plan_id, BILL, role)
        with pytest.raises(Forbidden):
            remove_terms(plan_id, role)
        with pytest.raises(Forbidden), unit_of_work() as unit:
            terms.list_terms(make_actor(role=role), unit)
    assert on_record(plan_id) == before
    assert tags() == ["traffic_plan:changed"]


def test_the_list_says_in_which_currencies_nothing_is_billed() -> None:
    world = World(action=TrafficAction.BILL)
    plan_id = world.service_row().plan_id
    with unit_of_work() as unit:
        operator = make_actor(role=Role.OPERATOR)
        (seen,) = [one for one in terms.list_terms(operator, unit) if one.plan.id == plan_id]
        assert (seen.services, seen.unpriced, len(seen.prices)) == (1, (), 1)
        unit.delete(seen.prices[0])
        unit.flush()
        (seen,) = [one for one in terms.list_terms(operator, unit) if one.plan.id == plan_id]
        assert seen.unpriced == ("EUR",)


def overage_amounts() -> list[int]:
    with unit_of_work() as unit:
        return [one.amount_minor for one in unit.exec(select(TrafficOverage))]


def billing_world() -> World:
    """A service that has gone two units of a hundred kilobytes beyond its plan in this cycle, at EUR 2.50 each."""
    with unit_of_work() as unit:
        if unit.exec(select(TaxRate)).first() is None:
            unit.add(TaxRate(country="CZ", rate_bp=2_100, valid_from=dt.date(2020, 1, 1)))
    world = World(action=TrafficAction.BILL, unit_bytes=100_000)
    world.moves(INCLUDED + 100_001)
    return world


def test_a_cycle_that_has_ended_is_billed_by_the_terms_it_ended_with() -> None:
    world = billing_world()
    plan_id = world.service_row().plan_id
    end = cycle_on(world.service_row()).end
    dearer = replace(BILL, price="9.99", counted=Counted.BOTH)
    before = on_record(plan_id)
    with calendar.as_of(end + HOUR):
        for work in (lambda: set_terms(plan_id, dearer), lambda: remove_terms(plan_id)):
            with pytest.raises(CyclesBeingBilled):
                work()
    assert (on_record(plan_id), overage_amounts()) == (before, [])
    with calendar.as_of(end + 3 * HOUR):
        set_terms(plan_id, dearer)
        assert overage_amounts() == [500]
        with unit_of_work() as unit:
            assert overages.bill_last_cycle(unit, world.service_id) is None
    assert overage_amounts() == [500]


def test_new_terms_bill_no_cycle_from_before_them() -> None:
    world = World()
    world.moves(INCLUDED + 1)
    plan_id = world.service_row().plan_id
    with unit_of_work() as unit:
        row = unit.get_one(TrafficAllowance, plan_id)
        row.included_bytes = 1
    end = cycle_on(world.service_row()).end
    with calendar.as_of(end + 3 * HOUR):
        set_terms(plan_id, replace(BILL, included_gb=1))
        with unit_of_work() as unit:  # so small that every cycle would be beyond it
            unit.get_one(TrafficAllowance, plan_id).included_bytes = 1
        with unit_of_work() as unit:
            assert overages.bill_last_cycle(unit, world.service_id) is None
    assert overage_amounts() == []
