"""What people get to see: the right bytes, from the server's side, of the right service only."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.domain.traffic import graphs, links, pollers, recording, usage
from opsportal.domain.traffic.figures import Gap, Latest, PercentileMethod, Span, Totals
from opsportal.models import Company, PortLink, Role, Server, Service
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_company, make_person, make_server, make_service
from tests.doors.world import everything
from tests.integration.traffic.ports import MINUTE, SLOT, FakeSwitch, compact
from tests.stock import hand_over

pytestmark = pytest.mark.usefixtures("portal")
HOUR = dt.timedelta(hours=1)


def hour_mark() -> dt.datetime:
    return utcnow().replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def company() -> Company:
    return make_company()


@pytest.fixture
def client(company: Company) -> Actor:
    return make_actor(company=company)


@pytest.fixture
def server(company: Company) -> Server:
    return make_server(make_service(company))


def graph(actor: Actor, server: Server, span: Span = Span.DAY, **more: Any) -> graphs.GraphData:
    with unit_of_work() as unit:
        return graphs.read_graph(actor, unit, server.id or 0, span=span, **more)


def test_directions_are_the_servers(client: Actor, server: Server) -> None:
    begin = hour_mark() - 3 * HOUR
    switch = FakeSwitch(begin)
    switch.connect("ge-0/0/0", server)
    switch.poll()
    switch.move("ge-0/0/0", octets_in=3_000_000, octets_out=150_000)
    switch.poll(SLOT)
    seen = graph(client, server)
    assert seen.totals == Totals(in_bytes=150_000, out_bytes=3_000_000)
    point = next(point for point in seen.points if point.in_bps is not None)
    assert (point.at, point.in_bps, point.out_bps, point.covered_s) == (begin, 4_000, 80_000, 300)
    assert (seen.unit, seen.slot_s, len(seen.points)) == ("bit/s", 300, 288)


@pytest.mark.parametrize("compacted", [False, True])
def test_sums_and_percentile_are_numpys(client: Actor, server: Server, *, compacted: bool) -> None:
    begin = hour_mark() - 12 * HOUR
    switch = FakeSwitch(begin, ("a",))
    switch.connect("a", server)
    switch.poll()
    dice = np.random.default_rng(5)
    moved = dice.integers(0, 3 * 10**11, (120, 2))
    for port_in, port_out in moved.tolist():
        switch.move("a", port_in, port_out)
        switch.poll(SLOT)
        if compacted and port_in % 3 == 0:
            compact()
    seen = graph(client, server)
    sent, received = moved[:, 0], moved[:, 1]
    assert seen.totals == Totals(int(received.sum()), int(sent.sum()))
    p95 = [int(np.percentile(n * 8 // 300, 95, method="inverted_cdf")) for n in (received, sent)]
    assert (seen.percentile.in_bps, seen.percentile.out_bps) == tuple(p95)
    assert (seen.percentile.billed_bps, seen.percentile.samples) == (max(p95), 120)
    rates = [point.in_bps for point in seen.points if point.in_bps is not None]
    assert rates == (received * 8 // 300).tolist()
    summed = graph(client, server, method=PercentileMethod.P95_OF_SUM).percentile
    both = received * 8 // 300 + sent * 8 // 300
    assert (summed.method, summed.billed_bps) == (
        "p95_of_sum",
        int(np.percentile(both, 95, method="inverted_cdf")),
    )
    week = graph(client, server, Span.WEEK)
    assert (week.totals, week.percentile.billed_bps) == (seen.totals, seen.percentile.billed_bps)
    assert max(point.out_max_bps or 0 for point in week.points) == int((sent * 8 // 300).max())


def test_gaps_are_gaps_with_their_cause(client: Actor, server: Server) -> None:
    begin = hour_mark() - 5 * HOUR
    switch = FakeSwitch(begin)
    switch.connect("ge-0/0/0", server)
    switch.poll()
    switch.poll(HOUR)
    switch.now += 50 * MINUTE
    switch.reboot()
    switch.poll(10 * MINUTE)
    switch.poll(SLOT)
    seen = graph(client, server)
    assert seen.gaps[0] == Gap(begin + HOUR, begin + 2 * HOUR, "reboot")
    assert (seen.gaps[1].start, seen.gaps[1].cause) == (begin + 2 * HOUR + SLOT, "silent")
    missing = [point for point in seen.points if begin + HOUR <= point.at < begin + 2 * HOUR]
    assert [(point.in_bps, point.out_bps, point.covered_s) for point in missing] == [(None, None, 0)] * 12
    measured = [point for point in seen.points if begin <= point.at < begin + HOUR]
    assert [(point.in_bps, point.is_interpolated) for point in measured] == [(0, True)] * 12
    assert seen.percentile.samples == 13
    assert seen.percentile.coverage_bp < 10_000


def test_before_the_first_cable_nothing_is_missing(client: Actor, server: Server) -> None:
    assert graph(client, server).has_port is False
    assert graph(client, server).gaps == ()
    begin = hour_mark() - HOUR
    switch = FakeSwitch(begin)
    switch.connect("ge-0/0/0", server)
    for _ in range(10):
        switch.poll(SLOT)
    seen = graph(client, server)
    assert seen.has_port
    assert all(gap.start >= begin for gap in seen.gaps)
    assert seen.percentile.expected <= (utcnow() - begin) // SLOT


def test_several_ports_are_added_slot_by_slot_before_the_percentile(client: Actor, server: Server) -> None:
    switch = FakeSwitch(hour_mark() - 4 * HOUR)
    switch.connect("ge-0/0/0", server)
    switch.connect("ge-0/0/1", server)
    switch.poll()
    dice = np.random.default_rng(7)
    moved = dice.integers(0, 10**10, (40, 2))
    for first, second in moved.tolist():
        switch.move("ge-0/0/0", first, 0)
        switch.move("ge-0/0/1", second, 0)
        switch.poll(SLOT)
    seen = graph(client, server)
    sums = moved[:, 0] * 8 // 300 + moved[:, 1] * 8 // 300
    assert seen.percentile.out_bps == int(np.percentile(sums, 95, method="inverted_cdf"))
    assert seen.totals.out_bytes == int(moved.sum())
    apart = sum(int(np.percentile(moved[:, n] * 8 // 300, 95, method="inverted_cdf")) for n in (0, 1))
    assert seen.percentile.out_bps != apart


def test_usage_follows_the_service_not_the_port(client: Actor, company: Company, server: Server) -> None:
    """The service moves to another machine and takes its history along; the port goes to a stranger."""
    begin = hour_mark() - 4 * HOUR
    switch = FakeSwitch(begin)
    switch.connect("ge-0/0/0", server)
    spare, service_id = make_server(), server.service_id
    switch.connect("ge-0/0/1", spare)
    switch.poll()
    switch.move("ge-0/0/0", 1_000, 0)
    switch.poll(HOUR)
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, None)
        hand_over(unit, spare.id or 0, service_id)
        assert links.follow_services(unit, at=switch.now) == 2
        assert links.follow_services(unit, at=switch.now) == 0
    stranger = make_company()
    other = make_service(stranger)
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, other.id)
        links.follow_services(unit, at=switch.now)
    switch.move("ge-0/0/0", 50, 0)
    switch.move("ge-0/0/1", 7, 0)
    switch.poll(HOUR)
    assert graph(client, spare).totals.out_bytes == 1_007
    assert graph(make_actor(company=stranger), server).totals.out_bytes == 50
    with pytest.raises(NotFound):
        graph(client, server)
    with unit_of_work() as unit:
        used = usage.usage_of_service(unit, service_id or 0, start=begin - HOUR, end=begin + 3 * HOUR)
        assert (used.totals.out_bytes, used.percentile.samples) == (1_007, 24)
        assert len(unit.exec(select(PortLink)).all()) == 4


def test_billing_periods_lie_on_slots(server: Server) -> None:
    with unit_of_work() as unit, pytest.raises(ValueError, match="five-minute"):
        usage.usage_of_service(
            unit, server.service_id or 0, start=hour_mark() + MINUTE, end=hour_mark() + HOUR
        )


def test_the_newest_sample_is_at_hand(client: Actor, server: Server) -> None:
    switch = FakeSwitch(utcnow() - 20 * dt.timedelta(seconds=1))
    switch.connect("ge-0/0/0", server, at=hour_mark() - HOUR)
    switch.poll()
    switch.move("ge-0/0/0", 125_000, 12_500)
    switch.poll(dt.timedelta(seconds=10))
    seen = graph(client, server)
    at = switch.now.replace(microsecond=switch.now.microsecond // 1_000 * 1_000)
    assert seen.latest == Latest(at=at, interval_ms=10_000, in_bps=10_000, out_bps=100_000)
    assert seen.points[-1].covered_s >= 0
    assert graph(client, server, at=utcnow() - 30 * MINUTE).totals.out_bytes == 0


def test_strangers_see_nothing_and_staff_what_their_role_allows(server: Server) -> None:
    stranger, hall = make_actor(), [make_actor(role=role) for role in (Role.OPERATOR, Role.TECHNICIAN)]
    before = everything()
    with pytest.raises(NotFound):
        graph(stranger, server)
    with unit_of_work() as unit, pytest.raises(Forbidden):
        pollers.list_pollers(stranger, unit)
    assert [graph(actor, server).server_id for actor in hall] == [server.id, server.id]
    assert everything() == before


def test_today_is_the_viewers_day_and_only_the_own_company(company: Company, server: Server) -> None:
    now = utcnow()
    switch = FakeSwitch(now - 40 * HOUR)
    switch.connect("ge-0/0/0", server)
    other = make_server(make_service())
    switch.connect("ge-0/0/1", other)
    switch.poll()
    for _ in range(40):
        switch.move("ge-0/0/0", 1_000, 10)
        switch.move("ge-0/0/1", 5, 5)
        switch.poll(HOUR)
    compact()
    person = make_person(company=company, time_zone="Pacific/Auckland")
    with unit_of_work() as unit:
        seen = usage.read_usage_today(make_actor(person), unit, at=now)
        staff = usage.read_usage_today(make_actor(role=Role.OPERATOR), unit, at=now)
    local = seen.since.astimezone(ZoneInfo("Pacific/Auckland"))
    assert (local.hour, local.minute, local.date()) == (0, 0, now.astimezone(local.tzinfo).date())
    slots = (switch.now - seen.since) / SLOT  # 1,000 bytes an hour are 83 or 84 a slot
    assert 83 * (slots - 1) < seen.out_bytes < 84 * (slots + 1)
    assert (seen.servers, staff.servers) == (1, 2)
    assert seen.last_sample_at == switch.state().last_sample_at


def test_today_counts_each_byte_once_before_and_after_compaction(company: Company, server: Server) -> None:
    operator = make_actor(role=Role.OPERATOR)
    midnight = utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    switch = FakeSwitch(midnight)
    switch.connect("ge-0/0/0", server)
    switch.poll()
    switch.move("ge-0/0/0", 1_000, 10)
    switch.poll(dt.timedelta(seconds=1))

    def today() -> tuple[int, int]:
        with unit_of_work() as unit:
            seen = usage.read_usage_today(operator, unit, at=midnight + HOUR)  # whatever time it is
        return seen.in_bytes, seen.out_bytes

    assert today() == (10, 1_000)
    compact()
    assert today() == (10, 1_000)
    switch.move("ge-0/0/0", 1, 1)
    switch.poll(dt.timedelta(seconds=1))
    assert today() == (11, 1_001)


def test_pollers_show_what_fails_first_with_their_gaps(server: Server) -> None:
    now = utcnow()
    good, bad = FakeSwitch(now - HOUR), FakeSwitch(now - HOUR)
    for one in (good, bad):
        one.poll()
    good.poll(50 * MINUTE)
    with unit_of_work() as unit:
        recording.record_failures(unit, {bad.switch_id: "switch_unreachable"}, at=now)
    with unit_of_work() as unit:
        rows = pollers.list_pollers(make_actor(role=Role.TECHNICIAN), unit)
    assert [row.switch_id for row in rows] == [bad.switch_id, good.switch_id]
    assert (rows[0].error_code, rows[0].gaps, 3_590 < rows[0].gap_s < 3_700) == (
        "switch_unreachable",
        1,
        True,
    )
    assert (rows[1].error_code, rows[1].gaps, rows[1].ports, rows[1].missing_ports) == (None, 0, 2, 0)


def test_a_port_serves_one_server_at_a_time(server: Server) -> None:
    mark = hour_mark()
    switch = FakeSwitch(mark - HOUR)
    switch.connect("ge-0/0/0", server)
    service: Service = make_service()
    second = make_server(service)
    switch.connect("ge-0/0/0", second, at=mark)
    with unit_of_work() as unit:
        rows = unit.exec(select(PortLink).order_by(PortLink.id)).all()  # type: ignore[arg-type]
    assert [(row.server_id, row.valid_until) for row in rows] == [(server.id, mark), (second.id, None)]
