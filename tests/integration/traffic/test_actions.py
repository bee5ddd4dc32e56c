"""What a plan does at 100 %, each exactly once a cycle, also when workers run at the same time; and limits by hand."""

from __future__ import annotations

import contextvars
import datetime as dt
import threading
from collections.abc import Callable

import pytest
from sqlmodel import col, func, select

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.domain.traffic import alerts, allowances, limits
from opsportal.domain.traffic.cycles import cycle_on
from opsportal.domain.traffic.limits import LimitTask
from opsportal.domain.traffic.refusals import LimitNotOpen
from opsportal.domain.vault import seal
from opsportal.models import (
    AlertOutcome,
    AuditEvent,
    HardwareJob,
    Invoice,
    JobKind,
    Mail,
    PortOrder,
    Role,
    Switch,
    SwitchPort,
    TaxRate,
    TrafficAction,
    TrafficOverage,
)
from opsportal.settings import settings
from tests.builders import make_actor
from tests.integration.traffic.test_plans import INCLUDED, World
from workers import traffic_plans

pytestmark = pytest.mark.usefixtures("portal")
HOUR = dt.timedelta(hours=1)


def at_once(work: Callable[[], object], times: int = 2) -> None:
    """So many workers begin at the same moment, by the same clock; whatever one of them raises is raised here."""
    start, failures = threading.Barrier(times), []

    def run() -> None:
        try:
            start.wait()
            work()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=contextvars.copy_context().run, args=(run,)) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def count(model: type, *conditions: object) -> int:
    with unit_of_work() as unit:
        return int(unit.exec(select(func.count()).select_from(model).where(*conditions)).one())  # type: ignore[arg-type]


def writable(world: World) -> World:
    with unit_of_work() as unit:
        unit.get_one(Switch, world.switch.switch_id).write_community = seal("private")
    return world


@pytest.fixture(autouse=True)
def _desk(portal: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_MAIL", "desk@test.example")
    settings.cache_clear()
    with unit_of_work() as unit:
        if unit.exec(select(TaxRate)).first() is None:
            unit.add(TaxRate(country="CZ", rate_bp=2_100, valid_from=dt.date(2020, 1, 1)))


@pytest.mark.parametrize("action", list(TrafficAction))
def test_each_action_happens_once_a_cycle_whoever_runs_at_the_same_time(action: TrafficAction) -> None:
    world = writable(World(action=action, limit_mbps=50 if action is TrafficAction.LIMIT else None))
    world.moves(INCLUDED + 1)
    for _ in range(2):
        at_once(traffic_plans.run)
    to_client = col(Mail.to_address) != "desk@test.example"
    is_limit = action is TrafficAction.LIMIT
    assert count(Mail, col(Mail.kind) == "traffic_step", to_client) == 1
    assert count(Mail, col(Mail.to_address) == "desk@test.example") == int(is_limit)
    assert count(HardwareJob) == count(PortOrder) == int(action is TrafficAction.BLOCK)
    with calendar.as_of(cycle_on(world.service_row()).end + 3 * HOUR):
        for _ in range(2):
            at_once(traffic_plans.run)
    assert count(TrafficOverage) == count(Invoice) == int(action is TrafficAction.BILL)
    assert count(HardwareJob, col(HardwareJob.kind) == JobKind.BLOCK) == int(action is TrafficAction.BLOCK)
    assert count(Mail, col(Mail.kind) == "traffic_step", to_client) == 1


def test_a_block_never_touches_an_uplink() -> None:
    """Not even one that the record says is the server's own port: nothing is ordered, and it is tried no differently."""
    world = writable(World(action=TrafficAction.BLOCK))
    with unit_of_work() as unit:
        port = unit.exec(select(SwitchPort).where(col(SwitchPort.if_name) == "ge-0/0/0")).one()
        port.is_uplink = True
    world.moves(INCLUDED)
    for _ in range(2):
        at_once(traffic_plans.run)
    assert (count(PortOrder), count(HardwareJob)) == (0, 0)
    assert world.outcomes()[-1][2] == "wanted"  # it is said, and waits for a person who corrects the record


def tasks() -> list[LimitTask]:
    with unit_of_work() as unit:
        return limits.list_limits(make_actor(role=Role.TECHNICIAN), unit)


def reminders() -> list[str]:
    """What the desk was asked to lift."""
    with unit_of_work() as unit:
        query = select(Mail.subject).where(col(Mail.subject).startswith("Lift "))
        return list(unit.exec(query.order_by(col(Mail.id))))


def limited(world: World) -> int:
    """The number of the one limit that is to be set."""
    world.moves(INCLUDED)
    traffic_plans.run()
    (task,) = tasks()
    return task.alert_id


def test_a_limit_is_a_task_until_a_person_has_set_and_after_the_cycle_lifted_it() -> None:
    world = World(action=TrafficAction.LIMIT, limit_mbps=50)
    alert_id = limited(world)
    (task,) = tasks()
    assert (task.server, task.limit_mbps, task.is_to_lift) == (world.server.name, 50, False)
    assert task.until == cycle_on(world.service_row()).after
    assert [port.endswith(" ge-0/0/0") for port in task.ports] == [True]
    technician = make_actor(role=Role.TECHNICIAN)
    with pytest.raises(LimitNotOpen), unit_of_work() as unit:
        limits.has_lifted(unit, technician, alert_id)
    with unit_of_work() as unit:
        limits.has_set(unit, technician, alert_id)
    assert (tasks(), world.outcomes()[-1][2]) == ([], "done")
    with pytest.raises(LimitNotOpen), unit_of_work() as unit:
        limits.has_set(unit, technician, alert_id)
    traffic_plans.run()
    assert reminders() == []  # it is in force
    with calendar.as_of(cycle_on(world.service_row()).end + HOUR):
        for _ in range(2):
            traffic_plans.run()
        assert [one.is_to_lift for one in tasks()] == [True]
        assert reminders() == [f"Lift the limit of {world.service.name}"]
        with unit_of_work() as unit:
            limits.has_lifted(unit, technician, alert_id)
        assert tasks() == []
    with calendar.as_of(cycle_on(world.service_row()).end + 40 * 24 * HOUR):
        traffic_plans.run()
    assert len(reminders()) == 1
    with unit_of_work() as unit:
        query = select(AuditEvent.tag).where(col(AuditEvent.tag).startswith("traffic:"))
        assert unit.exec(query.order_by(col(AuditEvent.id))).all() == [
            "traffic:limit_set", "traffic:limit_lifted",
        ]  # fmt: skip


def test_a_limit_that_nobody_has_set_ends_with_its_cycle() -> None:
    world = World(action=TrafficAction.LIMIT, limit_mbps=50)
    alert_id = limited(world)
    with calendar.as_of(cycle_on(world.service_row()).end + 3 * HOUR):
        assert tasks() == []
        with pytest.raises(LimitNotOpen), unit_of_work() as unit:
            limits.has_set(unit, make_actor(role=Role.TECHNICIAN), alert_id)
        for _ in range(2):
            traffic_plans.run()
    assert world.outcomes()[-1][2] == AlertOutcome.ENDED


def test_who_is_exempt_since_has_the_limit_lifted() -> None:
    world = World(action=TrafficAction.LIMIT, limit_mbps=50)
    alert_id = limited(world)
    with unit_of_work() as unit:
        limits.has_set(unit, make_actor(role=Role.TECHNICIAN), alert_id)
        allowances.set_exempt(unit, make_actor(role=Role.OPERATOR), world.server.id or 0, exempt=True)
    assert [one.is_to_lift for one in tasks()] == [True]
    traffic_plans.run()
    assert len(reminders()) == 1
    with calendar.as_of(cycle_on(world.service_row()).end + HOUR):  # nobody has done it: said again
        traffic_plans.run()
    assert len(reminders()) == 2


def test_only_staff_says_so_and_only_of_limits() -> None:
    world = World(action=TrafficAction.LIMIT, limit_mbps=50)
    alert_id = limited(world)
    for work in (limits.has_set, limits.has_lifted):
        with pytest.raises(Forbidden), unit_of_work() as unit:
            work(unit, make_actor(world.person), alert_id)
    other = World()
    other.moves(INCLUDED)
    with unit_of_work() as unit:
        notified = alerts.evaluate(unit, other.service_id)[-1]
    with pytest.raises(NotFound), unit_of_work() as unit:
        limits.has_set(unit, make_actor(role=Role.TECHNICIAN), notified.id or 0)
    assert world.outcomes()[-1][2] == "wanted"
