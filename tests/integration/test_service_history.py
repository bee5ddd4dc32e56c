"""The history of services: written whoever changes them, read by those who may see them."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.catalog import acts, history
from opsportal.domain.catalog.services import ServiceFilter
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.models import Role, Service, ServiceStatus
from opsportal.state.services import read_listing
from tests.builders import make_actor, make_company, make_person, make_server, make_service, suspend
from tests.integration.billing.money import ask

pytestmark = pytest.mark.usefixtures("portal")


def _kinds(service: Service) -> list[str]:
    return [
        kind
        for (kind,) in ask(
            "SELECT kind FROM service_change WHERE service_id = :id ORDER BY id", id=service.id
        )
    ]


def _set(service: Service, values: str) -> None:
    """As any code may do it, and whoever has a terminal."""
    with unit_of_work() as unit:
        unit.execute(text(f"UPDATE service SET {values} WHERE id = :id"), {"id": service.id})


def test_every_step_of_its_life_is_written_by_whatever_code_it_is_taken() -> None:
    service = make_service(status=ServiceStatus.PENDING)
    for values in (
        "status = 'provisioning'",
        "status = 'active'",
        "price_minor = 9900",
        "period_end = period_end + 1",
        "termination_requested_on = '2030-01-31'",
        "termination_requested_on = NULL",
        "status = 'suspended', suspension_reason = 'payment'",
        "suspension_reason = 'policy', also_unpaid = true",
        "also_unpaid = false",
        "status = 'active', suspension_reason = NULL",
        "status = 'terminated'",
    ):
        _set(service, values)
    assert _kinds(service) == [
        *("ordered", "provisioning", "activated", "price_changed"),
        *("termination_requested", "termination_withdrawn"),
        *("suspended", "suspended", "lifted", "lifted", "terminated"),
    ]
    cancelled = make_service(status=ServiceStatus.PENDING)
    _set(cancelled, "status = 'cancelled'")
    assert _kinds(cancelled) == ["ordered", "cancelled"]


def test_ending_a_suspended_service_lifts_nothing() -> None:
    service = make_service()
    suspend(service.id or 0)
    _set(service, "status = 'terminated', suspension_reason = NULL, suspension_note = NULL")
    assert _kinds(service)[-2:] == ["suspended", "terminated"]


def test_a_change_is_announced_by_the_database() -> None:
    server = make_server(make_service())

    async def heard() -> list[Any]:
        import psycopg

        from opsportal.settings import settings

        url = settings().sqlalchemy_url.replace("postgresql+psycopg", "postgresql")
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("LISTEN opsportal_live")
            await connection.execute("UPDATE service SET price_minor = 1 WHERE id = %s", (server.service_id,))
            return [note.payload async for note in connection.notifies(timeout=60, stop_after=1)]

    (payload,) = asyncio.run(heard())
    for topic in (f"service:{server.service_id}", f"server:{server.id}", ":services"):
        assert topic in payload


@pytest.mark.parametrize("statement", ["UPDATE service_change SET reason = ''", "DELETE FROM service_change"])
def test_history_cannot_be_rewritten(statement: str) -> None:
    service = make_service()
    with pytest.raises(Exception, match="append-only"), unit_of_work() as unit:
        unit.execute(text(statement))
    assert _kinds(service) == ["ordered", "activated"]


def test_who_sees_it_and_whose_name() -> None:
    company = make_company()
    service = make_service(company)
    operator = suspend(service.id or 0)
    with unit_of_work() as unit:
        lines = history.list_changes(make_actor(company=company), unit, service.id or 0)
        assert [one.change.kind for one in lines] == ["suspended", "activated", "ordered"]
        assert lines[0].change.actor_name == operator.name
        with pytest.raises(NotFound):
            history.list_changes(make_actor(), unit, service.id or 0)
        with pytest.raises(Forbidden):
            history.list_changes(make_actor(role=Role.TECHNICIAN), unit, service.id or 0)


class Prices:
    """A client whose prices an operator changes."""

    def __init__(self) -> None:
        self.company = make_company()
        self.client = make_actor(make_person(company=self.company))
        self.operator = make_actor(role=Role.OPERATOR)

    def service(self, *prices: int, **changes: Any) -> Service:
        """Rented at the first price, which then was changed to the others."""
        service = make_service(self.company, price_minor=prices[0], **changes)
        for price in prices[1:]:
            with unit_of_work() as unit:
                acts.change_terms(
                    unit,
                    self.operator,
                    service.id or 0,
                    plan_id=service.plan_id,
                    price_minor=price,
                    note="so",
                )
        return service

    def marked(self, viewer: Actor) -> dict[str, tuple[int, str, str]]:
        with unit_of_work() as unit:
            rows = read_listing(unit, viewer, ServiceFilter(company_id=self.company.id)).rows
        return {row.name: (row.rise.from_minor, row.rise.by, row.rise.by_kind) for row in rows if row.rise.at}


def test_services_that_cost_more_than_lately_are_marked() -> None:
    prices = Prices()
    prices.service(8_900)
    up = prices.service(8_900, 9_900, 10_900)
    prices.service(8_900, 7_900)
    prices.service(8_900, 9_900, 8_900)
    yearly = prices.service(12_000)
    _set(yearly, "term = 'year', price_minor = 120000")  # less than twelve months
    yearly_up = prices.service(10_000)
    _set(yearly_up, "term = 'year', price_minor = 120001")
    staff = prices.operator.name
    assert prices.marked(prices.operator) == {
        up.name: (8_900, staff, "staff"),
        yearly_up.name: (10_000, "", "portal"),
    }
    assert prices.marked(prices.client) == {
        up.name: (8_900, "", "staff"),
        yearly_up.name: (10_000, "", "portal"),
    }


def test_a_rise_of_long_ago_is_no_longer_marked() -> None:
    prices = Prices()
    service = prices.service(8_900)
    long_ago = service.created_at - history.RECENT - dt.timedelta(days=1)
    with unit_of_work() as unit, history.by(unit, prices.operator, reason="then", at=long_ago):
        unit.get_one(Service, service.id).price_minor = 9_900
    assert prices.marked(prices.client) == {}
    assert _kinds(service) == ["ordered", "activated", "price_changed"]
