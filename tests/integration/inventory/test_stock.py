"""Stock: the way of a machine from tenant to tenant, and every step that is refused."""

from __future__ import annotations

import functools

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.consoles import grants
from opsportal.domain.hardware import claims
from opsportal.domain.inventory import cleanings, parts, stock
from opsportal.domain.inventory.comparison import SeenPart
from opsportal.domain.inventory.refusals import (
    CleaningEnded,
    EvidenceNotOfThisStep,
    FactoryUserLeft,
    ReasonMissing,
    ServerAtWork,
    ServerNotAnswering,
    ServerNotAvailable,
    ServerStillBlocked,
    ServiceHasServer,
    ServiceStillRuns,
    ServiceTakesNoServer,
    StockStepNotPossible,
)
from opsportal.domain.refusals import Forbidden
from opsportal.models import (
    Bmc,
    Cleaning,
    CleaningEvidence,
    CleaningStepName,
    ConsoleGrant,
    ConsoleKind,
    EvidenceResult,
    Family,
    JobStatus,
    Power,
    Role,
    Server,
    ServiceStatus,
    StatusChange,
)
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_company, make_server, make_service
from tests.crowd import at_once
from tests.doors.world import make_job
from tests.integration.inventory.machines import (
    begin_cleaning,
    confirm_all,
    refused_by_database,
    stock_status,
)
from tests.stock import make_available, make_stock

pytestmark = pytest.mark.usefixtures("portal")
DISK = SeenPart("disk", serial="S1", model="SSD 960 GB")


def test_whole_way_from_tenant_to_tenant(marek: Actor) -> None:
    service = make_service()
    server = make_server(service)
    assert stock_status(server) == "leased"
    with unit_of_work() as unit, pytest.raises(ServiceStillRuns):
        stock.take_back(unit, marek, server.id or 0, reason="the client has left")
    with unit_of_work() as unit:
        unit.merge(service).status = ServiceStatus.TERMINATED
    with unit_of_work() as unit:
        stock.take_back(unit, marek, server.id or 0, reason="the client has left")
    begin_cleaning(marek, server)
    confirm_all(marek, server)
    assert stock_status(server) == "verified"
    with unit_of_work() as unit:
        stock.release(unit, marek, server.id or 0)
        stock.let_server(unit, marek, server.id or 0, service_id=make_service().id or 0)
    assert stock_status(server) == "leased"
    with unit_of_work() as unit:
        steps = unit.exec(
            select(StatusChange.from_status, StatusChange.to_status, StatusChange.actor_id)
            .where(col(StatusChange.machine) == "stock")
            .order_by(col(StatusChange.id))
        ).all()
    assert [row[:2] for row in steps] == [
        ("leased", "quarantined"),
        ("quarantined", "cleaning"),
        ("cleaning", "verified"),
        ("verified", "available"),
        ("available", "leased"),
    ]
    assert {row[2] for row in steps} == {marek.person_id}


def test_taking_a_server_back_ends_its_consoles_and_says_why(marek: Actor) -> None:
    """Staff may look at the server of a service that has ended; the taking back itself is what ends that."""
    server = make_server(make_service(status=ServiceStatus.TERMINATED))
    with unit_of_work() as unit:
        grants.grant_console(unit, marek, server.id or 0, ConsoleKind.SERIAL)
    with unit_of_work() as unit:
        stock.take_back(unit, marek, server.id or 0, reason="the client has left")
    with unit_of_work() as unit:
        grant = unit.exec(select(ConsoleGrant).where(col(ConsoleGrant.server_id) == server.id)).one()
        assert (grant.status, grant.end_reason) == ("ended", "server_taken_back")


def test_nobodys_word_makes_a_factory_user_good(marek: Actor) -> None:
    server = make_server()
    begin_cleaning(marek, server)
    with unit_of_work() as unit:
        unit.get_one(Bmc, server.id).username = "ADMIN"
    with pytest.raises(FactoryUserLeft):
        confirm_all(marek, server)
    with unit_of_work() as unit:
        cleaning = cleanings.find_cleaning(unit, server.id or 0)
        states = {
            state.step.name: state for state in cleanings.states_of(unit, (cleaning and cleaning.id) or 0)
        }
    assert states["bmc_users"].entries == 0
    assert stock_status(server) == "cleaning"
    with unit_of_work() as unit:  # what speaks against the machine is taken down from anybody
        cleanings.confirm(
            unit, marek, states["bmc_users"].step.id or 0, result=EvidenceResult.BAD, method="confirmed",
            note="ADMIN is still there",
        )  # fmt: skip
    assert stock_status(server) == "faulty"


@pytest.mark.parametrize("name", CleaningStepName)
def test_no_step_can_be_left_out(marek: Actor, name: CleaningStepName) -> None:
    server = make_server()
    begin_cleaning(marek, server)
    confirm_all(marek, server, but=name)
    assert stock_status(server) == "cleaning"
    refused_by_database(
        "server_cleaning_evidence", "UPDATE server SET stock_status = 'verified' WHERE id = :id", id=server.id
    )
    assert stock_status(server) == "cleaning"


def test_bad_evidence_after_good_makes_faulty_and_a_person_takes_over(marek: Actor) -> None:
    server = make_server()
    cleaning = begin_cleaning(marek, server)
    with unit_of_work() as unit:
        step = cleanings.states_of(unit, cleaning.id or 0)[-1].step
    for result in (EvidenceResult.GOOD, EvidenceResult.BAD):
        with unit_of_work() as unit:
            cleanings.confirm(
                unit, marek, step.id or 0, result=result, method="confirmed", note="fans are loud"
            )
    assert stock_status(server) == "faulty"
    with unit_of_work() as unit:
        ended = unit.get_one(Cleaning, cleaning.id)
        assert (ended.outcome, ended.finished_at is not None) == ("failed", True)
    for reason in ("", "  ", "ok"):
        with unit_of_work() as unit, pytest.raises(ReasonMissing):
            stock.take_over(unit, marek, server.id or 0, reason=reason)
    assert stock_status(server) == "faulty"
    with unit_of_work() as unit:
        stock.take_over(unit, marek, server.id or 0, reason="fan replaced")
    assert stock_status(server) == "quarantined"
    with unit_of_work() as unit, pytest.raises(CleaningEnded):
        cleanings.confirm(
            unit, marek, step.id or 0, result=EvidenceResult.GOOD, method="confirmed", note="again"
        )


def test_each_disk_needs_its_own_certificate(marek: Actor) -> None:
    server = make_server()
    with unit_of_work() as unit:
        parts.adopt(unit, server.id or 0, [DISK])
    cleaning = begin_cleaning(marek, server)
    confirm_all(marek, server, but="inventory")
    with unit_of_work() as unit:  # a second disk is put in when all disks seemed to be done
        parts.adopt(unit, server.id or 0, [SeenPart("disk", serial="S2", model="SSD 960 GB")])
    with unit_of_work() as unit:
        states = {s.step.subject: s for s in cleanings.states_of(unit, cleaning.id or 0) if s.step.subject}
        assert {subject: s.is_good for subject, s in states.items()} == {"S1": True, "S2": False}
        inventory = next(s for s in cleanings.states_of(unit, cleaning.id or 0) if s.step.name == "inventory")
    with unit_of_work() as unit:
        cleanings.confirm(
            unit,
            marek,
            inventory.step.id or 0,
            result=EvidenceResult.GOOD,
            method="confirmed",
            note="counted",
        )
    assert stock_status(server) == "cleaning"
    with unit_of_work() as unit, pytest.raises(EvidenceNotOfThisStep):
        cleanings.confirm(
            unit,
            marek,
            states["S2"].step.id or 0,
            result=EvidenceResult.GOOD,
            method="confirmed",
            note="trust me",
        )
    with unit_of_work() as unit:
        cleanings.confirm(
            unit,
            marek,
            states["S2"].step.id or 0,
            result=EvidenceResult.GOOD,
            method="nvme_format",
            note="report 7",
        )
    assert stock_status(server) == "verified"


def test_two_people_take_the_same_server_out_of_stock() -> None:
    server = make_stock(make_server())
    services = [make_service() for _ in range(4)]
    actors = [make_actor(role=Role.OPERATOR) for _ in services]

    def take(actor: Actor, service_id: int | None) -> None:
        with unit_of_work() as unit:
            stock.let_server(unit, actor, server.id or 0, service_id=service_id or 0)

    takes = (functools.partial(take, who, service.id) for who, service in zip(actors, services, strict=True))
    assert at_once(*takes) == ["done", *["server_not_available"] * 3]
    assert stock_status(server) == "leased"


def test_one_service_gets_one_server(marek: Actor) -> None:
    service = make_service()
    first, second = make_stock(make_server()), make_stock(make_server())
    with unit_of_work() as unit:
        stock.let_server(unit, marek, first.id or 0, service_id=service.id or 0)
    with unit_of_work() as unit, pytest.raises(ServiceHasServer):
        stock.let_server(unit, marek, second.id or 0, service_id=service.id or 0)
    for wrong in (
        make_service(family=Family.VPN),
        make_service(status=ServiceStatus.TERMINATED),
    ):
        with unit_of_work() as unit, pytest.raises(ServiceTakesNoServer):
            stock.let_server(unit, marek, second.id or 0, service_id=wrong.id or 0)
    assert stock_status(second) == "available"


def test_a_job_under_way_keeps_the_server_where_it_is(marek: Actor) -> None:
    server = make_stock(make_server())
    make_job(server, status=JobStatus.RUNNING, company_id=None)
    with unit_of_work() as unit, pytest.raises(ServerAtWork):
        stock.let_server(unit, marek, server.id or 0, service_id=make_service().id or 0)
    assert stock_status(server) == "available"


def test_out_of_order_steps_are_refused(marek: Actor) -> None:
    server = make_server()
    with unit_of_work() as unit, pytest.raises(StockStepNotPossible):
        stock.release(unit, marek, server.id or 0)
    with unit_of_work() as unit, pytest.raises(StockStepNotPossible):
        stock.take_over(unit, marek, server.id or 0, reason="no reason")
    with unit_of_work() as unit, pytest.raises(ServerNotAvailable):
        stock.let_server(unit, marek, server.id or 0, service_id=make_service().id or 0)
    leased = make_server(make_service())
    with unit_of_work() as unit, pytest.raises(StockStepNotPossible):
        cleanings.start_cleaning(unit, marek, leased.id or 0)
    assert (stock_status(server), stock_status(leased)) == ("quarantined", "leased")


def test_a_server_whose_bmc_is_silent_is_not_let_until_it_answers(marek: Actor) -> None:
    server = make_stock(make_server())
    service = make_service()
    with unit_of_work() as unit:
        row = unit.get_one(Server, server.id)
        row.power, row.bmc_error_code, row.bmc_failed_at = Power.UNKNOWN, "bmc_unreachable", utcnow()
    with unit_of_work() as unit, pytest.raises(ServerNotAnswering):
        stock.let_server(unit, marek, server.id or 0, service_id=service.id or 0)
    assert stock_status(server) == "available"
    with unit_of_work() as unit:
        claims.record_power(unit, unit.get_one(Server, server.id), Power.OFF, company_id=None)
        stock.let_server(unit, marek, server.id or 0, service_id=service.id or 0)
    assert stock_status(server) == "leased"


def test_a_block_of_the_last_tenancy_is_lifted_before_the_release(marek: Actor) -> None:
    server = make_server()
    with unit_of_work() as unit:
        make_available(unit, server.id or 0, short_of=1)
        unit.execute(
            text(
                "WITH s AS (INSERT INTO switch (name, site, host, port, snmp_version, community, is_polled)"
                " VALUES ('sw-block', '', '', 161, '2c', '', true) RETURNING id), p AS (INSERT INTO switch_port"
                " (switch_id, if_name, counter_bits) SELECT id, 'ge-0/0/1', 64 FROM s RETURNING id)"
                " INSERT INTO server_block (server_id, port_id, reason, is_by_staff, is_with_power, by_name,"
                " blocked_at) SELECT :server, id, 'abuse', true, false, 'somebody', now() FROM p"
            ),
            {"server": server.id},
        )
    with unit_of_work() as unit, pytest.raises(ServerStillBlocked):
        stock.release(unit, marek, server.id or 0)
    assert stock_status(server) == "verified"
    with unit_of_work() as unit:
        unit.execute(text("UPDATE server_block SET ended_at = now() WHERE server_id = :s"), {"s": server.id})
        stock.release(unit, marek, server.id or 0)
    assert stock_status(server) == "available"


def test_stock_is_not_for_clients() -> None:
    company = make_company()
    client, server = make_actor(company=company), make_server(make_service(company))
    for attempt in (
        lambda unit: stock.take_back(unit, client, server.id or 0, reason="mine"),
        lambda unit: cleanings.start_cleaning(unit, client, server.id or 0),
        lambda unit: stock.mark_faulty(unit, client, server.id or 0, reason="broken"),
        lambda unit: stock.let_server(unit, client, server.id or 0, service_id=1),
    ):
        with unit_of_work() as unit, pytest.raises(Forbidden):
            attempt(unit)
    with unit_of_work() as unit:
        assert unit.exec(select(Cleaning)).all() == []
        assert unit.exec(select(CleaningEvidence)).all() == []
