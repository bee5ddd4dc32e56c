"""Blocks that must not happen, that happen in part, or that must not be taken back; no real switch is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import col, select

import switches
from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import block, claims, port_orders, power, reconciliation
from opsportal.domain.hardware.refusals import BlockedByStaff
from opsportal.domain.refusals import ServerWithoutBmc
from opsportal.domain.traffic import links
from opsportal.models import HardwareJob, OrderStatus, PortOrder, Role, Server, Switch, SwitchPort
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_company, make_server, make_service
from tests.cabling import make_port
from workers import hardware
from workers import port_orders as switching
from workers.hardware import blocks

pytestmark = pytest.mark.usefixtures("portal")
Rented = tuple[Server, SwitchPort, Actor]


@pytest.fixture
def rented() -> Rented:
    company = make_company()
    server = make_server(make_service(company))
    return server, make_port(server), make_actor(company=company)


def ask(server: Server, actor: Actor) -> int:
    with unit_of_work() as unit:
        return block.request_block(unit, actor, server.id or 0, reason="abuse").id or 0


def came_to(job_id: int) -> tuple[str, str | None, list[str], bool]:
    """Status and outcome of a job, what became of its orders, and whether its server is blocked."""
    with unit_of_work() as unit:
        job = unit.get_one(HardwareJob, job_id)
        orders = [order.status for order in unit.exec(select(PortOrder).order_by(col(PortOrder.id)))]
        return job.status, job.outcome_code, orders, port_orders.in_force(unit, job.server_id) is not None


def test_a_client_does_not_take_back_what_staff_has_ordered_against_it(rented: Rented) -> None:
    server, _, client = rented
    by_staff = ask(server, make_actor(role=Role.OPERATOR))
    with pytest.raises(BlockedByStaff), unit_of_work() as unit:
        power.cancel_job(unit, client, by_staff)
    assert came_to(by_staff)[0] == "queued"
    with unit_of_work() as unit:
        power.cancel_job(unit, make_actor(role=Role.TECHNICIAN), by_staff)
    own = ask(server, client)
    with unit_of_work() as unit:
        power.cancel_job(unit, client, own)
    assert came_to(own)[0] == "cancelled"


def test_a_port_that_was_plugged_into_another_server_is_left_alone(rented: Rented) -> None:
    server, port, client = rented
    job = ask(server, client)
    other = make_server(make_service())
    with unit_of_work() as unit:
        links.connect_port(unit, port.id or 0, other.id or 0, at=utcnow())
    hardware.run_job(job)
    assert came_to(job) == ("failed", "switch_port_moved", ["failed"], False)


def _give_up(job_id: int) -> None:
    """As a worker that was lost right afterwards."""
    with unit_of_work() as unit:
        for order in port_orders.orders_of(unit, job_id):
            port_orders.end(unit, order.id or 0, OrderStatus.FAILED, "switch_port_moved")


def test_an_order_that_was_given_up_is_not_taken_for_done_by_the_next_worker(rented: Rented) -> None:
    server, _, client = rented
    job = ask(server, client)
    _give_up(job)
    hardware.run_job(job)
    assert came_to(job) == ("failed", "switch_port_moved", ["failed"], False)


def test_nor_by_whoever_asks_what_became_of_it(rented: Rented) -> None:
    server, _, client = rented
    job = ask(server, client)
    with unit_of_work() as unit:
        claim = claims.claim(unit, job, worker="lost")
        assert claim is not None
        claims.announce_command(unit, claim, command="ifAdminStatus: down")
        claims.leave_unknown(unit, claim, line="lost")
    _give_up(job)
    hardware.reconcile_job(job)
    assert came_to(job) == ("failed", "not_carried_out", ["failed"], False)


class Switches:
    """Switches with one port each. Of a silent one nothing comes back."""

    def __init__(self) -> None:
        self.is_enabled: dict[int, bool] = {}
        self.silent: set[int] = set()

    def control(self, row: Switch) -> OneSwitch:
        return OneSwitch(self, row.id or 0)


class OneSwitch:
    def __init__(self, all_: Switches, number: int) -> None:
        self._all, self._number = all_, number

    def read(self, if_index: int) -> switches.PortState:
        if self._number in self._all.silent:
            raise switches.SwitchUnreachable
        is_enabled = self._all.is_enabled.get(self._number, True)
        return switches.PortState(f"port{if_index}", is_enabled, is_enabled, 0, 0)

    def set_enabled(
        self, if_index: int, if_name: str, *, is_enabled: bool, before_command: Callable[[], None]
    ) -> switches.PortState:
        if self.read(if_index).is_enabled != is_enabled:
            before_command()
            self._all.is_enabled[self._number] = is_enabled
        return self.read(if_index)


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Switches:
    there = Switches()
    monkeypatch.setattr(switching, "port_control", there.control)
    monkeypatch.setattr(blocks, "CACHES_S", 0.0)
    return there


def unblock(server: Server, actor: Actor) -> int:
    with unit_of_work() as unit:
        job = block.request_unblock(unit, actor, server.id or 0).id or 0
    hardware.run_job(job)
    return job


def test_a_block_in_part_is_in_force_and_can_be_lifted(rented: Rented, hall: Switches) -> None:
    """Else the ports that are down would stay so: only a block in force is lifted."""
    server, port, client = rented
    other = make_port(server)
    hall.silent = {other.switch_id}
    job = ask(server, client)
    hardware.run_job(job)
    assert came_to(job) == ("failed", "blocked_in_part", ["done", "failed"], True)
    assert hall.is_enabled == {port.switch_id: False}
    # The port that was never set is left alone, or its silent switch would keep the first one down.
    assert came_to(unblock(server, client))[:2] == ("succeeded", "verified")
    assert hall.is_enabled == {port.switch_id: True}
    hall.silent = set()
    job = ask(server, client)
    hardware.run_job(job)
    assert came_to(job)[0] == "succeeded"
    assert hall.is_enabled == {port.switch_id: False, other.switch_id: False}
    hall.silent = {other.switch_id}
    job = unblock(server, client)
    assert came_to(job)[0::3] == ("failed", True)  # one port is down still
    hall.silent = set()
    assert came_to(unblock(server, client))[0::3] == ("succeeded", False)
    assert hall.is_enabled == {port.switch_id: True, other.switch_id: True}


def _lose_after_first(job_id: int) -> None:
    """As a worker that was lost between setting the first port and the second."""
    with unit_of_work() as unit:
        claim = claims.claim(unit, job_id, worker="lost")
        assert claim is not None
        claims.announce_command(unit, claim, command="ifAdminStatus: down")
        claims.leave_unknown(unit, claim, line="lost")


@pytest.mark.parametrize("is_silent", [False, True])
def test_asking_what_became_of_a_block_finds_it_in_part(
    rented: Rented, hall: Switches, is_silent: bool
) -> None:
    server, port, client = rented
    other = make_port(server)
    job = ask(server, client)
    _lose_after_first(job)
    hall.is_enabled = {port.switch_id: False}
    hall.silent = {other.switch_id} if is_silent else set()
    hardware.reconcile_job(job)
    if not is_silent:
        assert came_to(job) == ("failed", "blocked_in_part", ["done", "failed"], True)
    else:
        assert came_to(job) == ("unknown", None, ["done", "asked"], False)
        with unit_of_work() as unit:
            row = unit.get_one(HardwareJob, job)
            row.reconcile_attempts, row.reconcile_due_at = reconciliation.MAX_ATTEMPTS - 1, utcnow()
        hardware.reconcile_job(job)
        assert came_to(job) == ("failed", "switch_never_answered", ["done", "asked"], True)
        # Whether the second one is down nobody knows: lifting the block is not done before it is up.
        assert came_to(unblock(server, client))[0::3] == ("failed", True)
        hall.silent = set()
        hall.is_enabled[other.switch_id] = False
    assert came_to(unblock(server, client))[0::3] == ("succeeded", False)
    assert set(hall.is_enabled.values()) == {True}


@pytest.mark.parametrize("machine", [MemoryBmc(refuses_commands=True), MemoryBmc()])
def test_ports_are_down_and_the_bmc_does_not_do_its_part(hall: Switches, machine: MemoryBmc) -> None:
    """The block is in force: nobody is told that nothing was changed."""
    company = make_company()
    with plugged_in("127.0.0.79", machine) as endpoint:
        server = make_server(make_service(company), endpoint=endpoint)
        port = make_port(server)
        if not machine.refuses_commands:
            machine.password = "changed by its tenant"
        with unit_of_work() as unit:
            client = make_actor(company=company)
            job = block.request_block(unit, client, server.id or 0, reason="abuse", with_power=True).id or 0
        hardware.run_job(job)
    assert came_to(job) == ("failed", "blocked_left_on", ["done"], True)
    assert (hall.is_enabled, machine.commands) == ({port.switch_id: False}, [])


def test_blocking_needs_no_bmc_unless_the_power_goes_off_too(hall: Switches) -> None:
    company = make_company()
    server, client = make_server(make_service(company), has_bmc=False), make_actor(company=company)
    port = make_port(server)
    with pytest.raises(ServerWithoutBmc), unit_of_work() as unit:
        block.request_block(unit, client, server.id or 0, reason="abuse", with_power=True)
    with unit_of_work() as unit:
        assert unit.exec(select(HardwareJob)).all() == []
    job = ask(server, client)
    hardware.run_job(job)
    assert came_to(job) == ("succeeded", "verified", ["done"], True)
    assert hall.is_enabled == {port.switch_id: False}
    assert came_to(unblock(server, client))[0::3] == ("succeeded", False)
    assert hall.is_enabled == {port.switch_id: True}
