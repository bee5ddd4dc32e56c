"""A plan's traffic: exact bytes at each step, one mail per cycle and step, and what follows at 100 %."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.domain.traffic import alerts, allowances, blocks, overages
from opsportal.domain.traffic.cycles import cycle_before, cycle_on
from opsportal.domain.traffic.samples import read_samples
from opsportal.domain.vault import seal
from opsportal.models import (
    Company,
    Counted,
    HardwareJob,
    Invoice,
    InvoiceLine,
    JobKind,
    Mail,
    Plan,
    Role,
    Server,
    ServerBlock,
    Service,
    ServiceStatus,
    Switch,
    TaxRate,
    TrafficAction,
    TrafficAlert,
    TrafficAllowance,
    TrafficExemption,
    TrafficOverage,
    TrafficPrice,
)
from opsportal.models.base import utcnow
from opsportal.settings import settings
from opsportal.web.traffic_samples import COLUMNS, written
from tests.builders import make_actor, make_company, make_person, make_server, make_service
from tests.crowd import together
from tests.integration.traffic.ports import SLOT, FakeSwitch
from tests.stock import hand_over
from workers import traffic_plans

pytestmark = pytest.mark.usefixtures("portal")
INCLUDED = 1_000_000
DAY = dt.timedelta(days=1)


class World:
    """A company with one server whose plan includes a million bytes, counted from some hours ago on."""

    def __init__(self, *, anchor_day: int | None = None, **allowance: Any) -> None:
        self.company: Company = make_company(locale="en")
        self.person = make_person(company=self.company, locale="en")
        self.service: Service = make_service(self.company)
        with unit_of_work() as unit:
            plan = Plan(family="server", name=f"metered {self.service.id}")
            unit.add(plan)
            unit.flush()
            wanted = {"included_bytes": INCLUDED, "plan_id": plan.id} | allowance
            unit.add(TrafficAllowance(**wanted))
            unit.flush()
            unit.add(TrafficPrice(plan_id=plan.id, currency="EUR", price_minor=250))
            row = unit.get_one(Service, self.service.id)
            row.plan_id = plan.id or 0
            # Begins two days ago, whatever day it is: no cycle ends while a test runs.
            row.anchor_day = anchor_day or (calendar.today() - 2 * DAY).day
        self.server: Server = make_server(self.service)
        start = utcnow().replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=3)
        self.switch = FakeSwitch(start)
        self.switch.connect("ge-0/0/0", self.server)
        self.switch.poll()

    @property
    def service_id(self) -> int:
        return self.service.id or 0

    def service_row(self) -> Service:
        with unit_of_work() as unit:
            return unit.get_one(Service, self.service.id)

    def moves(self, received: int, sent: int = 0) -> None:
        self.switch.move("ge-0/0/0", octets_in=sent, octets_out=received)
        self.switch.poll(SLOT)

    def evaluate(self) -> list[int]:
        with unit_of_work() as unit:
            return [one.step for one in alerts.evaluate(unit, self.service_id)]

    def outcomes(self) -> list[tuple[int, int, str]]:
        query = select(TrafficAlert).where(col(TrafficAlert.service_id) == self.service_id)
        with unit_of_work() as unit:
            found = unit.exec(query.order_by(col(TrafficAlert.step))).all()
            return [(one.step, one.used_bytes, one.outcome) for one in found]

    def mails(self) -> list[Mail]:
        with unit_of_work() as unit:
            return list(
                unit.exec(select(Mail).where(col(Mail.kind) == "traffic_step").order_by(col(Mail.id)))
            )


def test_each_step_at_its_exact_byte_and_once() -> None:
    world = World()
    told = []
    for received in (749_999, 1, 149_999, 1, 99_999, 1, 500_000):
        world.moves(received)
        told.append(world.evaluate())
    assert told == [[], [75], [], [90], [], [100], []]
    assert world.outcomes() == [(75, 750_000, "mailed"), (90, 900_000, "mailed"), (100, 1_000_000, "mailed")]
    assert [mail.subject.rpartition(": ")[2] for mail in world.mails()] == [
        f"{step} % of the traffic is used" for step in (75, 90, 100)
    ]
    assert world.evaluate() == []
    assert len(world.mails()) == 3


def test_steps_reached_at_the_same_time_are_one_mail() -> None:
    world = World()
    world.moves(1_200_000)
    assert world.evaluate() == [75, 90, 100]
    assert [(step, outcome) for step, _, outcome in world.outcomes()] == [
        (75, "skipped"), (90, "skipped"), (100, "mailed"),
    ]  # fmt: skip
    assert len(world.mails()) == 1
    assert "1.20 MB of the 1.00 MB" in world.mails()[0].body_text


def test_many_evaluations_at_once_mail_once() -> None:
    world = World()
    world.moves(760_000)
    told = [step for steps in together(*[world.evaluate] * 4) for step in steps]
    assert (told, len(world.mails())) == ([75], 1)


def test_which_direction_counts_and_in_whose_language_it_is_said() -> None:
    expected = {Counted.BOTH: [75, 90], Counted.IN: [75], Counted.OUT: [], Counted.LARGER: [75]}
    for counted, steps in expected.items():
        world = World(counted=counted)
        make_person(company=world.company, locale="uk", email=f"uk-{counted}@test.example")
        world.moves(800_000, sent=120_000)
        assert world.evaluate() == steps, counted
    ukrainian = [mail for mail in world.mails() if mail.locale == "uk"]
    assert [mail.subject.rpartition(": ")[2] for mail in ukrainian[-1:]] == ["використано 75 % трафіку"]


def test_a_mail_says_what_the_plan_does_beyond_it() -> None:
    said = {}
    for action, more in (
        (TrafficAction.NOTIFY, {}),
        (TrafficAction.BILL, {"unit_bytes": 10**9}),
        (TrafficAction.LIMIT, {"limit_mbps": 100}),
        (TrafficAction.BLOCK, {}),
    ):
        world = World(action=action, **more)
        world.moves(750_000)
        assert world.evaluate() == [75]
        said[action] = world.mails()[-1].body_text
    assert "we only tell you" in said[TrafficAction.NOTIFY]
    assert "€2.50 for every 1.00 GB begun" in said[TrafficAction.BILL]
    assert "a technician limits the port to 100 Mbit/s" in said[TrafficAction.LIMIT]
    assert "switched off" in said[TrafficAction.BLOCK]


def test_a_limit_is_a_persons_work_and_the_desk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_MAIL", "desk@test.example")
    settings.cache_clear()
    world = World(action=TrafficAction.LIMIT, limit_mbps=50)
    world.moves(INCLUDED)
    world.evaluate()
    assert world.outcomes()[-1] == (100, INCLUDED, "wanted")
    assert [mail.subject for mail in world.mails() if mail.to_address == "desk@test.example"] == [
        f"Limit {world.service.name} to 50 Mbit/s"
    ]


def test_nothing_happens_to_who_is_exempt_and_who_may_say_so() -> None:
    world = World(action=TrafficAction.BLOCK)
    server_id = world.server.id or 0
    for actor in (make_actor(world.person), make_actor(role=Role.TECHNICIAN)):
        with pytest.raises(Forbidden), unit_of_work() as unit:
            allowances.set_exempt(unit, actor, server_id, exempt=True)
    with unit_of_work() as unit:
        assert unit.get(TrafficExemption, world.service_id) is None
        allowances.set_exempt(unit, make_actor(role=Role.OPERATOR), server_id, exempt=True)
    world.moves(INCLUDED)
    traffic_plans.run()
    assert world.outcomes()[-1] == (100, INCLUDED, "exempt")
    assert "exempt" in world.mails()[-1].body_text
    with unit_of_work() as unit:
        assert unit.exec(select(HardwareJob)).all() == []


def test_a_block_is_asked_for_until_it_can_be_and_ends_with_the_cycle() -> None:
    world = World(action=TrafficAction.BLOCK)
    server_id = world.server.id or 0
    with unit_of_work() as unit:  # somebody is at work on the server
        job = HardwareJob(
            server_id=server_id,
            kind=JobKind.REBOOT,
            status="queued",
            actor_name="x",
            not_after=utcnow() + DAY,
        )
        unit.add(job)
        unit.get_one(Switch, world.switch.switch_id).write_community = seal("private")
    world.moves(INCLUDED)
    traffic_plans.run()
    assert world.outcomes()[-1][2] == "wanted"
    with unit_of_work() as unit:
        unit.get_one(HardwareJob, job.id).status = "cancelled"
    traffic_plans.run()
    traffic_plans.run()
    assert world.outcomes()[-1][2] == "done"
    with unit_of_work() as unit:
        (blocking,) = unit.exec(select(HardwareJob).where(col(HardwareJob.kind) == JobKind.BLOCK)).all()
        assert (blocking.server_id, blocking.actor_name) == (server_id, "portal")
        blocking.status = "succeeded"
        (in_force,) = unit.exec(select(ServerBlock)).all()
        in_force.blocked_at = utcnow()
        alert_id = unit.exec(select(TrafficAlert.id).where(col(TrafficAlert.step) == 100)).one()
        assert not blocks.unblock_if_over(unit, alert_id or 0)
    with calendar.as_of(utcnow() + 40 * DAY), unit_of_work() as unit:
        assert alerts.list_blocks_over(unit) == [alert_id]
        assert blocks.unblock_if_over(unit, alert_id or 0)
    assert world.outcomes()[-1][2] == "done"  # until the switch has said that the ports are up
    with calendar.as_of(utcnow() + 40 * DAY), unit_of_work() as unit:
        unit.get_one(ServerBlock, in_force.id).ended_at = utcnow()
        assert not blocks.unblock_if_over(unit, alert_id or 0)
    assert world.outcomes()[-1][2] == "ended"
    with unit_of_work() as unit:
        assert len(unit.exec(select(HardwareJob).where(col(HardwareJob.kind) == JobKind.UNBLOCK)).all()) == 1


def test_what_went_beyond_is_invoiced_once_after_the_cycle() -> None:
    world = World(action=TrafficAction.BILL, unit_bytes=100_000)
    with unit_of_work() as unit:
        if unit.exec(select(TaxRate)).first() is None:
            unit.add(TaxRate(country="CZ", rate_bp=2_100, valid_from=dt.date(2020, 1, 1)))
    world.moves(INCLUDED + 100_001)
    cycle = cycle_on(world.service_row())
    with unit_of_work() as unit:
        assert overages.bill_last_cycle(unit, world.service_id) is None  # it has not ended
    soon = cycle.end + dt.timedelta(hours=1)
    with calendar.as_of(soon), unit_of_work() as unit:
        assert overages.bill_last_cycle(unit, world.service_id) is None  # late samples may still come
    with calendar.as_of(cycle.end + dt.timedelta(hours=3)):
        for _ in range(2):
            with unit_of_work() as unit:
                overages.bill_last_cycle(unit, world.service_id)
    with unit_of_work() as unit:
        (overage,) = unit.exec(select(TrafficOverage)).all()
        (invoice,) = unit.exec(select(Invoice)).all()
        (line,) = unit.exec(select(InvoiceLine)).all()
    assert (overage.used_bytes, overage.units, overage.amount_minor) == (1_100_001, 2, 500)
    assert (overage.cycle_start, overage.cycle_end) == (cycle.first, cycle.after)
    assert (overage.invoice_id, invoice.net_minor, line.quantity) == (invoice.id, 500, 2)


@pytest.mark.parametrize("used", [INCLUDED, 0])
def test_nothing_beyond_is_no_invoice(used: int) -> None:
    world = World(action=TrafficAction.BILL)
    world.moves(used)
    with calendar.as_of(cycle_on(world.service_row()).end + dt.timedelta(hours=3)), unit_of_work() as unit:
        assert overages.bill_last_cycle(unit, world.service_id) is None
        assert unit.exec(select(TrafficOverage)).all() == []


def test_the_samples_of_a_cycle_add_up_to_what_it_has_used() -> None:
    world = World()
    world.moves(123_456, sent=7)
    world.moves(1, sent=999_999)
    client = make_actor(world.person)
    with unit_of_work() as unit:
        found = read_samples(client, unit, world.service_id)
        seen = allowances.read_cycle(client, unit, world.server.id or 0)
    rows = list(csv.DictReader(io.StringIO(written(found.rows))))
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["from_utc"] == f"{found.cycle.start:%Y-%m-%dT%H:%M:%SZ}"
    assert (rows[0]["in_bytes"], rows[0]["measured_ms"]) == ("", "0")  # nobody measured before
    full = [row for row in rows if row["measured_ms"] == "300000"]
    assert [(row["in_bytes"], row["out_bytes"], row["in_bit_s"]) for row in full] == [
        ("123456", "7", "3292"), ("1", "999999", "0"),
    ]  # fmt: skip
    assert seen is not None
    sums = [sum(int(row[name] or 0) for row in rows) for name in ("in_bytes", "out_bytes")]
    assert sums == [seen.totals.in_bytes, seen.totals.out_bytes] == [123_457, 1_000_006]
    assert seen.used_bytes == 1_123_463
    with pytest.raises(NotFound), unit_of_work() as unit:
        read_samples(make_actor(), unit, world.service_id)
    with unit_of_work() as unit:  # the invoice comes when the server may serve somebody else already
        service = unit.get_one(Service, world.service_id)
        service.status = ServiceStatus.TERMINATED
        hand_over(unit, world.server.id or 0, None)
        assert read_samples(client, unit, world.service_id, day=found.cycle.first).rows == found.rows


def test_cycles_follow_the_services_billing_day_through_short_months() -> None:
    service = Service(company_id=1, plan_id=1, name="x", price_minor=0, currency="EUR", anchor_day=31)
    expected = {
        dt.date(2027, 1, 30): (dt.date(2026, 12, 31), dt.date(2027, 1, 31)),
        dt.date(2027, 1, 31): (dt.date(2027, 1, 31), dt.date(2027, 2, 28)),
        dt.date(2027, 2, 27): (dt.date(2027, 1, 31), dt.date(2027, 2, 28)),
        dt.date(2027, 2, 28): (dt.date(2027, 2, 28), dt.date(2027, 3, 31)),
        dt.date(2027, 3, 31): (dt.date(2027, 3, 31), dt.date(2027, 4, 30)),
    }
    for day, (first, after) in expected.items():
        cycle = cycle_on(service, day)
        assert (cycle.first, cycle.after) == (first, after), day
    march = cycle_on(service, dt.date(2027, 3, 1))
    assert cycle_before(service, march).after == march.first
    # Midnights of the seller: an hour apart over the change of the clock.
    assert (march.start, march.end) == (
        dt.datetime(2027, 2, 27, 23, tzinfo=dt.UTC),
        dt.datetime(2027, 3, 30, 22, tzinfo=dt.UTC),
    )
