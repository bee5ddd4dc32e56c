"""The demo's switches and their year, as the portal sees them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import col, select

import switches
from lab import demo_data
from lab.switch.cabling import cabling, site_of
from lab.switch.client import read_switches
from lab.traffic_demo import seed_traffic
from opsportal.db import unit_of_work
from opsportal.domain.traffic import graphs
from opsportal.domain.traffic.figures import Span
from opsportal.models import PortLink, Role, Server, SwitchPoll, TrafficDay, TrafficHot
from opsportal.models.base import utcnow
from stack import tether
from tests.builders import make_actor
from tests.lab.test_demo_data import _fleet
from workers import traffic_poll

SERVERS = 6
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    directory = tmp_path_factory.mktemp("lab-switch")
    state, lock = directory / "state", directory / "lock"
    command = [sys.executable, "-m", "lab.switch", "--state", str(state), "--servers", str(SERVERS)]
    with tether.held(lock):
        child = subprocess.Popen(
            tether.tethered(lock, command), cwd=ROOT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            found = read_switches(state, timeout=60)
            agent = switches.Agent(found[0]["host"], found[0]["port"], community=found[0]["community"])
            begun = utcnow()
            while isinstance(switches.discover_switches({1: agent}, timeout_s=0.3)[1], switches.SwitchError):
                assert utcnow() - begun < dt.timedelta(seconds=60)
            yield found
        finally:
            child.terminate()
            child.wait(60)


def test_every_server_has_a_port_of_its_own_on_a_switch_of_its_site() -> None:
    for servers in (1, 24, 500):
        cables = [(switch, cable) for switch in cabling(servers) for cable in switch.cables]
        assert sorted(cable.server for _, cable in cables) == list(range(servers))
        assert all(switch.site == site_of(cable.server) for switch, cable in cables)
        assert len({(switch.name, cable.if_name) for switch, cable in cables}) == servers


def test_a_port_that_is_taken_down_has_no_link_and_no_other_switch_follows(
    running: list[dict[str, Any]],
) -> None:
    """IF-MIB: ifOperStatus is down where ifAdminStatus is."""
    index, here, there = (
        513,
        *(switches.Agent(one["host"], one["port"], community=one["community"]) for one in running),
    )  # both have a port there
    control = switches.SnmpPortControl(here, here)

    def state(agent: switches.Agent) -> tuple[bool, bool]:
        seen = switches.SnmpPortControl(agent, agent).read(index)
        return seen.is_enabled, seen.is_up

    for is_enabled in (False, True):
        seen = control.set_enabled(index, "ge-0/0/0", is_enabled=is_enabled, before_command=lambda: None)
        assert (seen.is_enabled, seen.is_up) == (is_enabled, is_enabled)
        assert (state(here), state(there)) == ((is_enabled, is_enabled), (True, True))


def _age() -> None:
    with unit_of_work() as unit:
        for poll in unit.exec(select(SwitchPoll)):
            poll.due_at = utcnow()


def test_a_year_lies_behind_the_demo_and_its_counters_run(portal: str, running: list[dict[str, Any]]) -> None:
    fleet = _fleet(SERVERS)
    demo_data.seed(fleet)
    now = utcnow()
    seed_traffic(fleet, running, now=now)
    with unit_of_work() as unit:
        assert unit.exec(select(func.count()).select_from(PortLink)).one() == SERVERS
        assert unit.exec(select(func.count()).select_from(TrafficDay)).one() == SERVERS * 366
    traffic_poll.run()
    time.sleep(2)  # agents count time in hundredths: rates over some milliseconds would mean nothing
    _age()
    traffic_poll.run()
    with unit_of_work() as unit:
        sampled = set(unit.exec(select(TrafficHot.port_id).where(col(TrafficHot.in_bytes) >= 0)))
        linked = set(unit.exec(select(PortLink.port_id)))
        actor = make_actor(role=Role.OPERATOR)
        server = unit.exec(select(Server).where(col(Server.service_id).is_not(None))).first()
        assert server
        year = graphs.read_graph(actor, unit, server.id or 0, span=Span.YEAR)
        day = graphs.read_graph(actor, unit, server.id or 0, span=Span.DAY)
    assert linked <= sampled
    assert (len(year.points), year.points[0].in_bps is not None, year.percentile.coverage_bp > 9_700) == (
        365,
        True,
        True,
    )
    assert day.latest is not None
    assert 0 < (day.totals.in_bytes + day.totals.out_bytes) < year.totals.in_bytes + year.totals.out_bytes


def test_a_second_start_fills_in_only_what_it_missed(portal: str, running: list[dict[str, Any]]) -> None:
    fleet = _fleet(SERVERS)
    demo_data.seed(fleet)
    # At noon: a day that ends between the starts may get an outage, and counts less then.
    begun = utcnow().replace(hour=12, minute=7) - dt.timedelta(days=1)
    seed_traffic(fleet, running, now=begun)

    def day_sums() -> dict[tuple[int, dt.date], tuple[int, int]]:
        with unit_of_work() as unit:
            return {
                (row.port_id, row.day): (row.in_sum, row.samples) for row in unit.exec(select(TrafficDay))
            }

    first = day_sums()
    seed_traffic(fleet, running, now=begun)
    assert day_sums() == first
    seed_traffic(fleet, running, now=begun + dt.timedelta(hours=2))
    later = day_sums()
    assert {key: later[key] for key in first if key[1] < begun.date()} == {
        key: value for key, value in first.items() if key[1] < begun.date()
    }
    assert sum(n for _, n in later.values()) - sum(n for _, n in first.values()) == SERVERS * 24
