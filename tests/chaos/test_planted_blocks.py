"""Faults planted in what protects switch ports: a block of the wrong server, twice, or only believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import block, claims, port_orders
from opsportal.domain.hardware.refusals import PortBusy, PortIsUplink
from opsportal.domain.traffic import links
from opsportal.models import OrderStatus, PortOrder, Role, Server, SwitchPort
from opsportal.models.base import utcnow
from switches import PortState
from tests.builders import make_actor, make_company, make_server, make_service
from tests.cabling import make_port
from tests.chaos.test_changed_hands import hand_on
from tests.chaos.test_planted import IS_PLANTED
from tests.integration.test_protections import take_out
from tests.workers.site import job_of, let_lease_expire
from workers import clock, hardware
from workers import port_orders as switching
from workers.hardware import blocks

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]


@dataclass
class Port:
    """A switch's port in memory. `meanwhile` happens after it was read and before it is set."""

    is_enabled: bool = True
    commands: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def read(self, _: int) -> PortState:
        return PortState("port", self.is_enabled, self.is_enabled, 0, 0)

    def set_enabled(
        self, if_index: int, if_name: str, *, is_enabled: bool, before_command: Callable[[], None]
    ) -> PortState:
        if self.is_enabled != is_enabled:
            self.meanwhile()
            before_command()
            self.is_enabled = is_enabled
            self.commands.append("up" if is_enabled else "down")
        return PortState(if_name, self.is_enabled, self.is_enabled, 0, 0)


@dataclass
class Rented:
    server: Server
    actor: Actor
    row: SwitchPort
    port: Port

    def block(self) -> int:
        with unit_of_work() as unit:
            return block.request_block(unit, self.actor, self.server.id or 0, reason="abuse").id or 0

    def is_blocked(self) -> bool:
        with unit_of_work() as unit:
            return port_orders.in_force(unit, self.server.id or 0) is not None


@pytest.fixture
def rented(monkeypatch: pytest.MonkeyPatch) -> Rented:
    port = Port()
    monkeypatch.setattr(switching, "port_control", lambda _: port)
    company = make_company()
    server = make_server(make_service(company))
    return Rented(server, make_actor(company=company), make_port(server, if_name="port"), port)


@IS_PLANTED
def test_a_port_set_by_a_worker_that_was_overtaken(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """It was frozen between reading the port and setting it; another has the server by now."""
    job_id = rented.block()

    def overtaken() -> None:
        let_lease_expire(rented.server)
        clock.reconcile()

    rented.port.meanwhile = overtaken
    if is_planted:
        monkeypatch.setattr(blocks, "_announcing", lambda *_: lambda: None)
    hardware.run_job(job_id)
    assert rented.port.commands == (["down"] if is_planted else [])


@IS_PLANTED
def test_a_port_of_a_server_that_changed_hands(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """Its old owner has asked for it; the new one's server stays on the network."""
    job_id = rented.block()
    rented.port.meanwhile = lambda: hand_on(rented.server)
    if is_planted:
        monkeypatch.setattr(claims, "has_changed_hands", lambda *_: False)
    hardware.run_job(job_id)
    assert rented.port.commands == (["down"] if is_planted else [])
    if not is_planted:
        assert (job_of(job_id).status, job_of(job_id).outcome_code) == ("failed", "changed_hands")


@IS_PLANTED
def test_a_port_that_was_plugged_into_another_server(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    job_id = rented.block()
    other = make_server(make_service())
    with unit_of_work() as unit:
        links.connect_port(unit, rented.row.id or 0, other.id or 0, at=utcnow())
    if is_planted:
        monkeypatch.setattr(port_orders, "_is_for_its_server", lambda *_: True)
    hardware.run_job(job_id)
    assert rented.port.commands == (["down"] if is_planted else [])


@IS_PLANTED
def test_a_block_that_is_only_believed(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """The worker died with its command written down and not sent; the switch says that the port is up."""
    job_id = rented.block()
    with unit_of_work() as unit:
        held = claims.claim(unit, job_id, worker="lost")
        assert held is not None
        claims.announce_command(unit, held, command="ifAdminStatus: down")
        claims.leave_unknown(unit, held, line="lost")
    monkeypatch.setattr(blocks, "CACHES_S", 0.0)
    if is_planted:
        monkeypatch.setattr(blocks, "_has_followed", lambda _: True)
    hardware.reconcile_job(job_id)
    assert rented.port.is_enabled
    assert rented.is_blocked() is is_planted


@IS_PLANTED
def test_an_order_for_an_uplink(rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """Code that has forgotten what an uplink is: the database has not."""
    with unit_of_work() as unit:
        unit.get_one(SwitchPort, rented.row.id).is_uplink = True
        if is_planted:
            unit.execute(text("DROP TRIGGER port_order_guard ON port_order"))
    take_out(monkeypatch, port_orders, "order", "if port.is_uplink:", "if False:")
    if is_planted:
        assert rented.block()
    else:
        with pytest.raises(PortIsUplink):
            rented.block()


@IS_PLANTED
def test_two_orders_for_one_port(rented: Rented, is_planted: bool) -> None:
    """Staff and client at once: one of them is told that the port is under orders."""
    staff = make_actor(role=Role.TECHNICIAN)
    with unit_of_work() as unit:
        if is_planted:
            unit.execute(text("DROP INDEX uq_port_order_active"))
        port_orders.request_port(unit, staff, rented.row.id or 0, wants_up=True)
    if is_planted:
        assert rented.block()
    else:
        with pytest.raises(PortBusy):
            rented.block()


@IS_PLANTED
def test_an_order_carried_out_by_a_worker_that_was_late(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """Staff's order without a job: its worker wakes up when its time is over and another may be at it."""
    staff = make_actor(role=Role.TECHNICIAN)
    with unit_of_work() as unit:
        order_id = port_orders.request_port(
            unit, staff, rented.row.id or 0, wants_up=False, reason="abuse"
        ).id

    def late() -> None:
        with unit_of_work() as unit:
            unit.get_one(PortOrder, order_id).due_at = utcnow()

    rented.port.meanwhile = late
    if is_planted:
        monkeypatch.setattr(port_orders, "still_holds", lambda *_: True)
    switching.run(order_id or 0)
    assert rented.port.commands == (["down"] if is_planted else [])


@IS_PLANTED
def test_two_blocks_of_one_server(rented: Rented, is_planted: bool) -> None:
    """A second one in force would stay when the first is lifted."""
    row: dict[str, Any] = {"server": rented.server.id, "port": rented.row.id}
    adding = text(
        "INSERT INTO server_block (server_id, port_id, reason, is_by_staff, is_with_power, by_name, blocked_at)"
        " VALUES (:server, :port, 'abuse', false, false, 'somebody', now())"
    )
    with unit_of_work() as unit:
        if is_planted:
            unit.execute(text("DROP INDEX uq_server_block_in_force"))
        unit.execute(adding, row)
    if is_planted:
        with unit_of_work() as unit:
            unit.execute(adding, row)
    else:
        with pytest.raises(DBAPIError, match="uq_server_block_in_force"), unit_of_work() as unit:
            unit.execute(adding, row)


@IS_PLANTED
def test_an_order_that_was_given_up(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """A worker gave it up and was lost; nothing is left to be done, and that does not mean that it is done."""
    job_id = rented.block()
    with unit_of_work() as unit:
        block.close_orders(unit, job_id, OrderStatus.FAILED, "switch_port_moved")
    if is_planted:
        monkeypatch.setattr(block, "has_given_up", lambda *_: False)
    hardware.run_job(job_id)
    assert rented.port.commands == []
    assert rented.is_blocked() is is_planted
