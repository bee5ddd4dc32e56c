"""Blocking from the click to the wire: a server's own port on net-snmp's snmpd goes down, and comes back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

import switches
from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import block, claims, port_orders
from opsportal.domain.hardware.refusals import (
    AlreadyBlocked,
    BlockedByStaff,
    NotBlocked,
    PortBusy,
    PortIsUplink,
    PortNotCabled,
    PortOfBlockedServer,
    PortUnderOrders,
    ServerWithoutPort,
    SwitchReadOnly,
)
from opsportal.domain.refusals import Forbidden
from opsportal.domain.vault import seal
from opsportal.models import HardwareJob, PortOrder, Role, Server, ServerBlock, SwitchPort
from opsportal.state.machine import cards
from opsportal.state.network.tab import read_network
from stack.disposable import Run
from tests.builders import make_actor, make_company, make_server, make_service
from tests.cabling import make_port, make_switch
from tests.conftest import _forget_process_caches
from tests.switches.namespaces import AFTER_BROWSERS, RealSwitch, running_snmpd, running_switch
from workers import hardware, traffic_poll
from workers import port_orders as switching
from workers.hardware import blocks

PORT = 1_161
HOST = "127.0.0.78"
pytestmark = [*AFTER_BROWSERS, pytest.mark.usefixtures("portal", "reachable")]


@pytest.fixture(scope="module")
def real(databases: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwitch]:
    directory = tmp_path_factory.mktemp("snmpd")
    with (
        running_switch(databases, directory / "state", ports=2) as switch,
        running_snmpd(switch, directory / "rw", configuration="rwcommunity secret", port=PORT),
    ):
        yield switch


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SWITCH_NETWORKS", "169.254.0.0/16,127.0.0.0/8")
    _forget_process_caches()
    yield
    monkeypatch.undo()
    _forget_process_caches()


@dataclass
class Rented:
    """A server behind port1 of the real switch, its BMC, and the client who rents it."""

    server: Server
    port: SwitchPort
    actor: Actor
    machine: MemoryBmc
    switch: RealSwitch

    @property
    def number(self) -> int:
        return self.server.id or 0

    def is_up(self) -> bool:
        command = ["ip", "-n", self.switch.inside, "-o", "link", "show", "port1"]
        shown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
        return ",UP" in shown.split(">")[0]

    def take_up(self) -> None:
        """By SNMP, as anybody may: by `ip` the agent would notice only some seconds later."""
        agent = switches.Agent(self.switch.host, PORT, community="secret")
        switches.SnmpPortControl(agent, agent).set_enabled(
            self.port.if_index or 0, "port1", is_enabled=True, before_command=lambda: None
        )

    def view(self) -> cards.BlockView:
        with unit_of_work() as unit:
            return cards.read_block(unit, self.actor, self.number)


@pytest.fixture
def rented(real: RealSwitch) -> Iterator[Rented]:
    reader = switches.Agent(real.host, PORT, community="public")
    found = switches.discover_switches({1: reader})[1]
    assert isinstance(found, switches.Discovery)
    index = next(port.if_index for port in found.ports if port.if_name == "port1")
    row = make_switch(host=real.host, port=PORT)
    company, machine = make_company(), MemoryBmc()
    with plugged_in(HOST, machine) as endpoint:
        server = make_server(make_service(company), endpoint=endpoint)
        port = make_port(server, switch=row, if_name="port1", if_index=index)
        there = Rented(server, port, make_actor(company=company), machine, real)
        yield there
        there.take_up()


def _block(there: Rented, actor: Actor | None = None, *, with_power: bool = False) -> int:
    with unit_of_work() as unit:
        job = block.request_block(
            unit, actor or there.actor, there.number, reason="moving out", with_power=with_power
        )
    return job.id or 0


def _unblock(there: Rented, actor: Actor | None = None) -> int:
    with unit_of_work() as unit:
        return block.request_unblock(unit, actor or there.actor, there.number).id or 0


def _ended(job_id: int) -> tuple[str, str | None]:
    with unit_of_work() as unit:
        job = unit.get_one(HardwareJob, job_id)
        return job.status, job.outcome_code


def test_errors_of_ports_are_read_and_kept_with_their_time(rented: Rented) -> None:
    traffic_poll.read_errors()
    with unit_of_work() as unit:
        port = unit.get_one(SwitchPort, rented.port.id)
        assert (port.in_errors, port.out_errors, port.errors_at is not None) == (0, 0, True)
        assert port.looked_at is None  # only its errors were read
        (plug,) = read_network(unit, rented.actor, rented.number).plugs
    assert (plug.in_errors, plug.out_errors, plug.errors_at != "") == (0, 0, True)


def test_a_client_blocks_and_unblocks_the_own_server(rented: Rented) -> None:
    before = rented.view()
    assert [(one.port, one.refusal) for one in before.plan] == [("port1", "")]
    assert before.is_possible
    job = _block(rented, with_power=True)
    hardware.run_job(job)
    assert _ended(job) == ("succeeded", "verified")
    assert (rented.is_up(), rented.machine.power()) == (False, "off")
    view = rented.view()
    assert (view.is_blocked, view.reason, view.is_with_power, view.may_lift) == (
        True,
        "moving out",
        True,
        True,
    )
    with pytest.raises(AlreadyBlocked):
        _block(rented)
    job = _unblock(rented)
    hardware.run_job(job)
    assert _ended(job) == ("succeeded", "verified")
    assert (rented.is_up(), rented.machine.power()) == (True, "off")  # the power stays as it is
    assert not rented.view().is_blocked
    with pytest.raises(NotBlocked):
        _unblock(rented)
    with unit_of_work() as unit:
        assert [order.status for order in unit.exec(select(PortOrder))] == ["done", "done"]


def test_what_staff_has_blocked_staff_lifts(rented: Rented) -> None:
    operator = make_actor(role=Role.OPERATOR)
    hardware.run_job(_block(rented, operator))
    assert not rented.view().may_lift
    with pytest.raises(BlockedByStaff):
        _unblock(rented)
    assert not rented.is_up()
    with pytest.raises(PortOfBlockedServer), unit_of_work() as unit:
        port_orders.request_port(unit, operator, rented.port.id or 0, wants_up=True)
    hardware.run_job(_unblock(rented, operator))
    assert rented.is_up()


@pytest.mark.parametrize("has_followed", [True, False])
def test_after_a_lost_worker_the_switch_is_asked(
    rented: Rented, has_followed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _block(rented)
    with unit_of_work() as unit:
        claim = claims.claim(unit, job, worker="lost")
        assert claim is not None
        claims.announce_command(unit, claim, command="ifAdminStatus of port1: down")
        claims.leave_unknown(unit, claim, line="lost")
    if has_followed:
        [target] = _targets(job)
        switching.set_port(target, lambda: None)
    monkeypatch.setattr(blocks, "CACHES_S", 0.0)
    hardware.reconcile_job(job)
    expected = ("succeeded", "reconciled") if has_followed else ("failed", "not_carried_out")
    assert _ended(job) == expected
    assert rented.view().is_blocked == has_followed
    assert rented.is_up() != has_followed  # nothing was set by asking


def test_a_worker_that_was_frozen_sends_nothing(rented: Rented) -> None:
    """Between reading the port and setting it another worker takes the server over."""
    job = _block(rented)
    with unit_of_work() as unit:
        claim = claims.claim(unit, job, worker="frozen")
        assert claim is not None
    running = hardware.Running(claim)
    [target] = _targets(job)

    def overtaken() -> None:
        with unit_of_work() as unit:
            unit.get_one(Server, rented.number).lease_fence += 1
        running.before_command("ifAdminStatus of port1: down")

    with pytest.raises(claims.LeaseLost):
        switching.set_port(target, overtaken)
    assert rented.is_up()


def _targets(job_id: int) -> list[port_orders.Target]:
    with unit_of_work() as unit:
        found = [port_orders.target(unit, row) for row in port_orders.orders_of(unit, job_id)]
    return [one for one in found if one is not None]


def test_a_switch_that_does_not_let_us_write_fails_the_job_and_blocks_nothing(rented: Rented) -> None:
    with unit_of_work() as unit:
        unit.get_one(type(rented.port), rented.port.id)
        row = unit.get_one(switching.Switch, rented.port.switch_id)
        row.write_community = seal("public")
    job = _block(rented)
    hardware.run_job(job)
    if _ended(job)[0] == "unknown":  # the command was announced: the switch is asked what became of it
        hardware.reconcile_job(job)
    assert _ended(job)[0] == "failed"
    assert (rented.is_up(), rented.view().is_blocked) == (True, False)
    with unit_of_work() as unit:
        assert [order.status for order in unit.exec(select(PortOrder))] == ["failed"]


def test_staff_takes_a_port_down_and_up(rented: Rented) -> None:
    technician = make_actor(role=Role.TECHNICIAN)
    for wants_up in (False, True):
        with unit_of_work() as unit:
            order = port_orders.request_port(
                unit, technician, rented.port.id or 0, wants_up=wants_up, reason="a loop"
            )
        switching.run(order.id or 0)
        assert rented.is_up() == wants_up
        with unit_of_work() as unit:
            assert unit.get_one(PortOrder, order.id).outcome_code == "verified"
            assert unit.get_one(SwitchPort, rented.port.id).is_enabled == wants_up
    with pytest.raises(Forbidden), unit_of_work() as unit:
        port_orders.request_port(unit, rented.actor, rented.port.id or 0, wants_up=False, reason="x")


def test_no_uplink_is_ever_under_orders() -> None:
    server, operator = make_server(make_service()), make_actor(role=Role.OPERATOR)
    port, lonely = make_port(server), make_port()
    with unit_of_work() as unit:
        port_orders.set_uplink(unit, operator, port.id or 0, is_uplink=True)
    with pytest.raises(PortIsUplink), unit_of_work() as unit:
        block.request_block(unit, operator, server.id or 0, reason="abuse")
    with pytest.raises(PortIsUplink), unit_of_work() as unit:
        port_orders.request_port(unit, operator, port.id or 0, wants_up=False, reason="a loop")
    with pytest.raises(IntegrityError, match="is an uplink"), unit_of_work() as unit:
        unit.add(PortOrder(port_id=port.id or 0, wants_up=False, actor_name="somebody who knows better"))
    with pytest.raises(PortNotCabled), unit_of_work() as unit:
        port_orders.request_port(unit, operator, lonely.id or 0, wants_up=False, reason="a loop")
    with unit_of_work() as unit:
        for table in (PortOrder, HardwareJob, ServerBlock):
            assert unit.exec(select(table)).all() == []


def test_a_port_under_orders_does_not_become_an_uplink_and_gets_no_second_order() -> None:
    server, operator = make_server(make_service()), make_actor(role=Role.OPERATOR)
    port = make_port(server)
    with unit_of_work() as unit:
        port_orders.request_port(unit, operator, port.id or 0, wants_up=False, reason="a loop")
    with pytest.raises(PortUnderOrders), unit_of_work() as unit:
        port_orders.set_uplink(unit, operator, port.id or 0, is_uplink=True)
    with pytest.raises(PortBusy), unit_of_work() as unit:
        port_orders.request_port(unit, operator, port.id or 0, wants_up=True)
    with unit_of_work() as unit:
        assert len(unit.exec(select(PortOrder)).all()) == 1
        assert unit.exec(select(SwitchPort.is_uplink).where(col(SwitchPort.id) == port.id)).one() is False


def test_without_port_or_credentials_nothing_is_written() -> None:
    operator = make_actor(role=Role.OPERATOR)
    bare, read_only = make_server(make_service()), make_server(make_service())
    make_port(read_only, switch=make_switch(is_writable=False))
    for server, refusal in ((bare, ServerWithoutPort), (read_only, SwitchReadOnly)):
        with pytest.raises(refusal), unit_of_work() as unit:
            block.request_block(unit, operator, server.id or 0, reason="abuse")
    with unit_of_work() as unit:
        assert unit.exec(select(HardwareJob)).all() == []
