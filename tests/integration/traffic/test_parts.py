"""Many metered services are looked at in parts, and a cycle's bytes are added up from the sums of days."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable

import pytest
from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.traffic import alerts, links
from opsportal.domain.traffic.links import Tenure
from opsportal.domain.traffic.series import read_series, read_totals
from opsportal.domain.traffic.slots import slot_of
from opsportal.models import Outbox
from opsportal.models.base import utcnow
from tests.builders import make_company, make_server, make_service
from tests.integration.traffic.ports import SLOT, FakeSwitch, compact
from tests.integration.traffic.test_plans import World
from workers import queues, traffic_plans
from workers.traffic_plans import STEPS

pytestmark = pytest.mark.usefixtures("portal")
HOUR = dt.timedelta(hours=1)


def test_sums_of_days_are_the_bytes_of_their_slots() -> None:
    """Whatever a window cuts through: days, tenures, samples that are in no day yet."""
    noon = utcnow().replace(hour=12, minute=0, second=0, microsecond=0) - dt.timedelta(days=4)
    switch = FakeSwitch(noon)
    server = make_server(make_service(make_company()))
    for name in switch.names:
        switch.connect(name, server)
    switch.poll()
    for number in range(1, 25):
        for at, name in enumerate(switch.names):
            switch.move(name, 7_001 * number + at, 300 * number**2)
        switch.poll(3 * HOUR + SLOT / 2)
        if number == 18:
            compact()  # what comes after that is in no day yet
    end = slot_of(switch.now) + 1
    cuts = [slot_of(noon) - 5, slot_of(noon), slot_of(noon + 12 * HOUR), slot_of(noon + 21 * HOUR) + 7]
    cuts += [slot_of(noon + 60 * HOUR), slot_of(noon + 62 * HOUR), end, end + 400]
    ports = list(switch.ports.values())
    with unit_of_work() as unit:
        for first, last in itertools.combinations(cuts, 2):
            mid = (first + last) // 2
            one = links.list_tenures(unit, server_id=0, service_id=server.service_id, first=first, end=last)
            moved = [Tenure(ports[0], first, mid), Tenure(ports[1], mid, last), Tenure(ports[0], mid, last)]
            for tenures in (one, moved):
                whole = read_series(unit, tenures, first=first, end=last)
                assert read_totals(unit, tenures) == (whole.in_total, whole.out_total)
        assert read_totals(unit, one) == (0, 0)  # the last window lies in the future
        everything = [Tenure(port, cuts[0], end) for port in ports]
        assert read_totals(unit, everything) == (
            sum(2 * 300 * n**2 for n in range(1, 25)), sum(2 * 7_001 * n + 1 for n in range(1, 25)),
        )  # fmt: skip


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Three services that have used four fifths of their traffic, looked at one by one."""
    monkeypatch.setattr(traffic_plans, "PART", 1)
    worlds = [World() for _ in range(3)]
    for world in worlds:
        world.moves(800_000)
    return [world.service_id for world in worlds]


def told() -> list[int]:
    """The services of which it was noted that they have reached a step, in that order."""
    with unit_of_work() as unit:
        found = unit.exec(select(alerts.TrafficAlert).order_by(col(alerts.TrafficAlert.id))).all()
    return [alert.service_id for alert in found]


def calls() -> list[int]:
    with unit_of_work() as unit:
        query = select(Outbox.ref).where(col(Outbox.task) == STEPS)
        return list(unit.exec(query.order_by(col(Outbox.id))))


def test_each_part_calls_for_the_next_one(services: list[int]) -> None:
    traffic_plans.run()
    assert (told(), calls()) == (services[:1], services[:1])
    traffic_plans.run()  # the clock knocks again before the round has ended: there is no second one
    assert (told(), calls()) == (services[:1], services[:1])
    traffic_plans.run_steps(services[0])
    traffic_plans.run_steps(services[0])  # called twice: noted once
    assert told() == services[:2]
    traffic_plans.run_steps(services[1])
    before = calls()
    traffic_plans.run_steps(services[2])
    assert (told(), calls()) == (services, before)


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_round_that_was_lost_begins_anew(
    services: list[int], monkeypatch: pytest.MonkeyPatch, is_lost: bool
) -> None:
    traffic_plans.run()
    with unit_of_work() as unit:
        unit.exec(select(Outbox).where(col(Outbox.task) == STEPS)).one().sent_at = utcnow()
    monkeypatch.setattr(queues, "is_on_its_way", lambda _: not is_lost)
    traffic_plans.run()
    assert calls() == services[:1] * (1 + is_lost)


def _fails_for(number: int) -> Callable[[Unit, int], object]:
    def evaluate(unit: Unit, service_id: int) -> object:
        if service_id == number:
            raise ArithmeticError
        return alerts.evaluate(unit, service_id)

    return evaluate


def test_a_service_that_fails_stops_neither_its_part_nor_the_round(
    services: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(traffic_plans.PARTS, STEPS, (alerts.list_metered, _fails_for(services[0])))
    monkeypatch.setattr(traffic_plans, "PART", 2)
    traffic_plans.run()
    assert (told(), calls()) == ([services[1]], [services[1]])
    traffic_plans.run_steps(services[1])
    assert told() == services[1:]


def test_what_a_later_part_asks_for_is_done_at_the_end_of_its_round(
    services: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(traffic_plans, "_act", lambda: done.append("acted"))
    for after in services:
        traffic_plans.run_steps(after)
    assert done == ["acted"]
