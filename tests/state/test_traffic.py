"""What pages of traffic are given: the domain's numbers, each in its place, and nothing made up."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import datetime as dt
import json
from typing import Any

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.domain.traffic import graphs, recording, topics
from opsportal.domain.traffic.figures import Span
from opsportal.domain.traffic.slots import slot_of, slot_start
from opsportal.live.feed import Watch
from opsportal.models import Company, Role, Server
from opsportal.models.base import utcnow
from opsportal.state.traffic.graph import GRAPH, read_server_graph
from opsportal.state.traffic.pollers import POLLERS, read_pollers
from opsportal.state.traffic.tiles import TRAFFIC_TODAY, read_today
from opsportal.state.traffic.views import GapView, PortView, TodayView
from opsportal.state.views import iso
from opsportal.web import traffic
from tests.builders import make_actor, make_company, make_person, make_server, make_service
from tests.doors.world import MISSING
from tests.integration.traffic.ports import MINUTE, SLOT, FakeSwitch

pytestmark = pytest.mark.usefixtures("portal")
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def company() -> Company:
    return make_company()


@pytest.fixture
def client(company: Company) -> Actor:
    return make_actor(company=company)


@pytest.fixture
def server(company: Company) -> Server:
    return make_server(make_service(company))


def read(reader: Any, actor: Actor, params: Any = None) -> Any:
    with unit_of_work() as unit:
        return reader(unit, actor, params)


def two_hours_ago() -> dt.datetime:
    return utcnow().replace(minute=0, second=0, microsecond=0) - 2 * HOUR


def measured(server: Server) -> FakeSwitch:
    """Two slots with traffic, then a restart of the switch, then one more."""
    switch = FakeSwitch(two_hours_ago())
    switch.connect("ge-0/0/0", server)
    switch.poll()
    for _ in range(2):
        switch.move("ge-0/0/0", octets_in=3_000_000, octets_out=150_000)
        switch.poll(SLOT)
    switch.reboot()
    switch.poll(SLOT)
    switch.move("ge-0/0/0", octets_in=600_000, octets_out=30_000)
    switch.poll(SLOT)
    return switch


def test_a_graph_shows_the_domains_numbers(client: Actor, server: Server) -> None:
    switch = measured(server)
    view = read(read_server_graph, client, (server.id, "day"))
    assert (view.is_ready, view.server_id, view.span, view.step_s) == (True, server.id, "day", 300)
    at = (switch.now - 4 * SLOT - dt.datetime.fromisoformat(view.start)) // SLOT
    assert view.in_bps[at - 1 : at + 4] == [None, 4_000, 4_000, None, 800]
    assert view.out_bps[at - 1 : at + 4] == [None, 80_000, 80_000, None, 16_000]
    assert view.covered_s[at - 1 : at + 4] == [0, 300, 300, 0, 300]
    assert len(view.in_bps) == len(view.out_bps) == len(view.covered_s) == 288
    assert (view.in_bytes, view.out_bytes) == ("330000", "6600000")
    assert (view.billed_bps, view.in_p95_bps, view.out_p95_bps) == (80_000, 4_000, 80_000)
    assert view.samples == 3
    assert view.in_max_bps == []
    hole = switch.now - 2 * SLOT
    assert GapView(iso(hole), iso(hole + SLOT), "reboot", 300) in view.gaps
    assert (view.gap_count, view.gap_s) == (len(view.gaps), sum(gap.seconds for gap in view.gaps))


@pytest.mark.parametrize(
    ("span", "points", "step"), [("week", 336, 1_800), ("month", 360, 7_200), ("year", 365, 86_400)]
)
def test_longer_spans_bring_their_peaks(
    client: Actor, server: Server, span: str, points: int, step: int
) -> None:
    measured(server)
    view = read(read_server_graph, client, (server.id, span))
    assert (view.step_s, len(view.in_bps), len(view.in_max_bps)) == (step, points, points)
    assert max(peak for peak in view.out_max_bps if peak is not None) == 80_000


def test_a_view_is_json_without_anything_lost(client: Actor, server: Server) -> None:
    """A year at 25 Gbit/s is more bytes than a JavaScript number counts."""
    switch = FakeSwitch(two_hours_ago(), speed_mbps=100_000_000)
    switch.connect("ge-0/0/0", server)
    switch.poll()
    switch.move("ge-0/0/0", octets_in=2**53 + 1, octets_out=0)
    switch.poll(HOUR)
    view = json.loads(json.dumps(dataclasses.asdict(read(read_server_graph, client, (server.id, "day")))))
    assert view["out_bytes"] == str(2**53 + 1)
    assert len(view["interpolated"]) == 12


def test_a_server_without_a_port(client: Actor, server: Server) -> None:
    view = read(read_server_graph, client, (server.id, "day"))
    assert (view.is_ready, view.has_port, view.billed_bps, view.gap_count) == (True, False, None, 0)
    assert set(view.in_bps) == {None}


@pytest.mark.parametrize("span", list(Span))
def test_the_file_says_what_the_graph_says(client: Actor, server: Server, span: Span) -> None:
    measured(server)
    view = read(read_server_graph, client, (server.id, span.value))
    for _ in range(2):  # a slot may end between the two: not again right afterwards
        with unit_of_work() as unit:
            data = graphs.read_graph(client, unit, server.id or 0, span=span)
        if iso(data.start) == view.start:
            break
        view = read(read_server_graph, client, (server.id, span.value))
    head, *rows = csv.reader(traffic.written(data).splitlines())
    assert tuple(head) == traffic.COLUMNS
    number = lambda text: int(text) if text else None  # noqa: E731
    assert [number(row[2]) for row in rows] == view.in_bps
    assert [number(row[3]) for row in rows] == view.out_bps
    assert [int(row[6]) for row in rows] == view.covered_s
    assert [at for at, row in enumerate(rows) if row[7] == "1"] == view.interpolated
    assert [row[1] for row in rows[:-1]] == [row[0] for row in rows[1:]]
    assert (rows[0][0], rows[-1][1]) == (f"{data.start:%FT%TZ}", f"{data.end:%FT%TZ}")


def test_today_of_a_company(company: Company, server: Server) -> None:
    zone = f"Etc/GMT{utcnow().hour - 12:+d}"  # where it is about noon: today has begun long ago
    client = make_actor(make_person(company=company, time_zone=zone))
    mark = slot_start(slot_of(utcnow()))  # all in one slot: where a sample is cut, so are bytes
    switch = FakeSwitch(mark - MINUTE)
    switch.connect("ge-0/0/0", server, at=mark - HOUR)
    switch.poll()
    switch.move("ge-0/0/0", octets_in=1_000_000, octets_out=250_000)
    switch.poll(MINUTE)
    view = read(read_today, client)
    assert (view.is_ready, view.servers) == (True, 1)
    assert (view.in_now_bps, view.out_now_bps) == (33_333, 133_333)
    assert view.last_sample_at == iso(switch.now)
    assert (len(view.in_bps), len(view.out_bps)) == (48, 48)
    assert [rate for rate in view.in_bps if rate is not None] == [33_333]
    nothing = read(read_today, make_actor())
    assert nothing == dataclasses.replace(
        TodayView(), is_ready=True, since=nothing.since, in_bps=[None] * 48, out_bps=[None] * 48
    )


def test_pollers_with_the_ports_of_one(server: Server) -> None:
    switch = FakeSwitch(utcnow() - HOUR)
    switch.connect("ge-0/0/1", server)
    switch.discover(("ge-0/0/1",), first_index=7)
    with unit_of_work() as unit:
        recording.record_failures(unit, {switch.switch_id: "switch_unreachable"}, at=utcnow())
    operator = make_actor(role=Role.OPERATOR)
    view = read(read_pollers, operator, switch.switch_id)
    row = next(row for row in view.rows if row.id == switch.switch_id)
    assert (row.status, row.error_code, row.ports, row.missing_ports) == (
        "failing",
        "switch_unreachable",
        1,
        1,
    )
    assert view.failing >= 1
    assert view.open_name == row.name
    assert view.ports == [
        PortView(switch.ports["ge-0/0/1"], "ge-0/0/1", 7, 10_000, 64, "unknown", server.id or 0, server.name),
        PortView(switch.ports["ge-0/0/0"], "ge-0/0/0", None, 10_000, 64, "missing", 0, ""),
    ]
    assert read(read_pollers, operator, 0).ports == []
    with pytest.raises(NotFound):
        read(read_pollers, operator, MISSING)
    with pytest.raises(Forbidden):
        read(read_pollers, make_actor(), switch.switch_id)


def test_every_view_is_read_again_when_a_sample_is_stored(
    client: Actor, company: Company, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: set[str] = set()
    announce = recording._announce

    def heard(unit: Any, *rest: Any) -> None:
        announce(unit, *rest)
        told.update(unit.topics)

    switch = FakeSwitch(two_hours_ago())
    switch.connect("ge-0/0/0", server)
    switch.poll()
    monkeypatch.setattr(recording, "_announce", heard)
    switch.poll(SLOT)
    watches = [
        Watch.make(GRAPH, client, (server.id, "day")),
        Watch.make(TRAFFIC_TODAY, client, None),
        Watch.make(POLLERS, make_actor(role=Role.TECHNICIAN), 0),
    ]
    for watch in watches:
        assert told & watch.view.topics(watch.actor, watch.params), watch.view.name
    assert topics.server(server.id or 0) in told


def test_a_strangers_graph_is_not_there(server: Server) -> None:
    watch = Watch.make(GRAPH, make_actor(), (server.id, "day"))
    with pytest.raises(NotFound):
        asyncio.run(watch.view.load(watch.actor, watch.params))
