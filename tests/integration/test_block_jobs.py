"""Blocks that must not happen, or must not be taken back; no switch is asked."""

from __future__ import annotations

import pytest
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import block, claims, port_orders, power
from opsportal.domain.hardware.refusals import BlockedByStaff
from opsportal.domain.traffic import links
from opsportal.models import HardwareJob, OrderStatus, PortOrder, Role, Server, SwitchPort
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_company, make_server, make_service
from tests.cabling import make_port
from workers import hardware

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
        orders = [order.status for order in unit.exec(select(PortOrder))]
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
