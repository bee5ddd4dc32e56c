"""Byte for byte against net-snmp's snmpd, whose counters are the kernel's."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

import switches
from opsportal.db import unit_of_work
from opsportal.domain.traffic import graphs, inventory, links
from opsportal.domain.traffic.figures import Span, Totals
from opsportal.domain.vault import seal
from opsportal.models import Role, SnmpVersion, Switch, SwitchPoll, SwitchPort, TrafficHot
from opsportal.models.base import utcnow
from opsportal.settings import settings
from stack.disposable import Run
from switches import Agent, PollAnswer, PollRequest, Wanted
from tests.builders import make_actor, make_company, make_server, make_service
from tests.conftest import _forget_process_caches
from tests.switches.namespaces import AFTER_BROWSERS, V3, RealSwitch, running_snmpd, running_switch
from workers import traffic_poll

pytestmark = AFTER_BROWSERS
CACHE_S = 60.0
"""snmpd keeps counters for some seconds; on a busy machine it also needs some to answer."""
PORTS = 14


@pytest.fixture(scope="module")
def switch(databases: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwitch]:
    with running_switch(databases, tmp_path_factory.mktemp("snmpd") / "state", ports=PORTS) as running:
        yield running


def _everything(agent: Agent) -> list[Wanted]:
    found = switches.discover_switches({1: agent})[1]
    assert isinstance(found, switches.Discovery), found
    return [Wanted(port.if_index, port.if_index, port.counter_bits) for port in found.ports]


def _wait_for(agent: Agent, index: int, octets_in: int, octets_out: int) -> None:
    deadline = time.monotonic() + CACHE_S
    while True:
        answer = switches.poll_switches({1: PollRequest(agent, [Wanted(1, index, 64)])})[1]
        assert isinstance(answer, PollAnswer)
        seen = answer.readings[0].in_octets, answer.readings[0].out_octets
        if seen == (octets_in, octets_out):
            return
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


@pytest.mark.parametrize("version", list(SnmpVersion))
def test_ten_thousand_frames_of_a_thousand_bytes_are_ten_million(
    portal: str, switch: RealSwitch, monkeypatch: pytest.MonkeyPatch, version: SnmpVersion
) -> None:
    """From the wire to the graph: by v2c on port 1, by v3 on port 2."""
    monkeypatch.setenv("SWITCH_NETWORKS", "169.254.0.0/16")
    _forget_process_caches()
    assert settings().switch_networks
    number = {SnmpVersion.V2C: 1, SnmpVersion.V3: 2}[version]
    row = Switch(name="real", site="Hall", host=switch.host, snmp_version=version, community=seal("public"))
    if version is SnmpVersion.V3:
        row.username, row.auth_protocol, row.priv_protocol = V3["username"], "sha1", "aes128"
        row.auth_password, row.priv_password = seal(V3["auth_password"]), seal(V3["priv_password"])
    company = make_company()
    server = make_server(make_service(company))
    with unit_of_work() as unit:
        switch_id = inventory.add_switch(unit, row).id
    traffic_poll.run()
    with unit_of_work() as unit:
        port = unit.exec(select(SwitchPort).where(col(SwitchPort.if_name) == f"port{number}")).one()
        an_hour_ago = utcnow() - dt.timedelta(hours=1)  # also when an hour begins between here and the poll
        links.connect_port(
            unit, port.id or 0, server.id or 0, at=an_hour_ago.replace(minute=0, second=0, microsecond=0)
        )
        assert unit.get_one(SwitchPoll, switch_id).error_code is None
    switch.from_server(number, frames=10_000, size=1_000)
    switch.to_server(number, frames=5_000, size=500)
    _wait_for(switch.agent, port.if_index or 0, 10_000_000, 2_500_000)
    with unit_of_work() as unit:
        unit.get_one(SwitchPoll, switch_id).due_at = utcnow()
    traffic_poll.run()
    with unit_of_work() as unit:
        counted = unit.exec(select(TrafficHot).where(col(TrafficHot.port_id) == port.id)).all()
        others = unit.exec(
            select(TrafficHot)
            .join(SwitchPort, col(SwitchPort.id) == col(TrafficHot.port_id))
            .where(col(SwitchPort.if_name).startswith("port"), col(SwitchPort.id) != port.id)
        ).all()
        seen = [
            graphs.read_graph(actor, unit, server.id or 0, span=Span.DAY).totals
            for actor in (make_actor(company=company), make_actor(role=Role.OPERATOR))
        ]
    assert [(row.in_bytes, row.out_bytes) for row in counted] == [(10_000_000, 2_500_000)]
    assert [(row.in_bytes, row.out_bytes) for row in others] == [(0, 0)] * (PORTS - 1)
    assert seen == [Totals(in_bytes=2_500_000, out_bytes=10_000_000)] * 2


@pytest.mark.parametrize("wrong", [{"auth_password": "wrongpass1"}, {"username": "nobody"}])
def test_refused_credentials_are_told_from_silence(switch: RealSwitch, wrong: dict[str, str]) -> None:
    agent = Agent(switch.host, **(V3 | wrong))  # type: ignore[arg-type]
    answer = switches.poll_switches({1: PollRequest(agent, [])}, timeout_s=5.0, tries=1)[1]
    assert isinstance(answer, switches.SwitchCredentialsRefused)


def test_an_agent_that_falls_silent_at_big_answers_is_asked_for_less(
    tmp_path: Path, switch: RealSwitch
) -> None:
    """With a small sendMessageMaxSize snmpd does not say tooBig: it says nothing."""
    ports = _everything(switch.agent)
    with running_snmpd(
        switch, tmp_path / "small", configuration="[snmp] sendMessageMaxSize 700", port=1_161
    ) as small:
        # (Also its last small answers must come within that.)
        answer = switches.poll_switches({1: PollRequest(small, ports)}, timeout_s=3.0, tries=1)[1]
    assert isinstance(answer, PollAnswer)
    assert [reading.key for reading in answer.readings] == [port.key for port in ports]
