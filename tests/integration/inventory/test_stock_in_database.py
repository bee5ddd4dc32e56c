"""Every way to cheat stock, tried on the database itself."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.models import JobStatus
from tests.builders import make_server, make_service
from tests.doors.world import make_job
from tests.integration.inventory.machines import (
    begin_cleaning,
    confirm_all,
    refused_by_database,
    stock_status,
)
from tests.stock import make_stock

pytestmark = pytest.mark.usefixtures("portal")


def test_disk_written_past_the_program_is_noticed_by_the_database(marek: Actor) -> None:
    server = make_server()
    begin_cleaning(marek, server)
    confirm_all(marek, server, but="inventory")
    insert = (
        "INSERT INTO part (kind, serial, model, slot, firmware, status, note, server_id)"
        " VALUES ('disk', 'HIDDEN', '', '', '', 'installed', '', :id)"
    )
    with unit_of_work() as unit:
        unit.execute(text(insert), {"id": server.id})
    with pytest.raises(IntegrityError, match="lacks good evidence of: disk"):
        confirm_all(marek, server)
    assert stock_status(server) == "cleaning"


CHEATS = {
    "straight to available": (
        "server_stock_step", "UPDATE server SET stock_status = 'available' WHERE id = :id"),
    "straight to verified": (
        "server_stock_step", "UPDATE server SET stock_status = 'verified' WHERE id = :id"),
    "cleaning without one": (
        "server_cleaning_begun", "UPDATE server SET stock_status = 'cleaning' WHERE id = :id"),
    "to a service": ("server_is_available", "UPDATE server SET service_id = :service WHERE id = :id"),
    "to a service, and available at once": (
        "server_is_available",
        "UPDATE server SET service_id = :service, stock_status = 'available' WHERE id = :id"),
    "leased without a service": (
        "server_stock_step", "UPDATE server SET stock_status = 'leased' WHERE id = :id"),
    "born available": (
        "server_begins_in_quarantine",
        "INSERT INTO server (name, site, rack, model, cpu, memory_gb, disks, mac, power, stock_status)"
        " VALUES ('x', '', '', '', '', 1, '', 'x', 'unknown', 'available')"),
    "no such state": ("server_stock_step", "UPDATE server SET stock_status = 'clean' WHERE id = :id"),
    "an empty cleaning": (
        "server_cleaning_evidence",
        "INSERT INTO cleaning (server_id, kind, order_ref, started_by) VALUES (:id, 'return', '', 'x')",
        "UPDATE server SET stock_status = 'cleaning' WHERE id = :id",
        "UPDATE server SET stock_status = 'verified' WHERE id = :id"),
}  # fmt: skip


@pytest.mark.parametrize("cheat", CHEATS)
def test_database_cannot_be_cheated(cheat: str) -> None:
    server, service = make_server(), make_service()
    constraint, *statements = CHEATS[cheat]
    refused_by_database(constraint, *statements, id=server.id, service=service.id)
    assert stock_status(server) == "quarantined"


def test_server_of_one_tenant_cannot_go_straight_to_another() -> None:
    server, other = make_server(make_service()), make_service()
    refused_by_database(
        "server_is_returned_first",
        "UPDATE server SET service_id = :service WHERE id = :id",
        id=server.id,
        service=other.id,
    )
    with unit_of_work() as unit:  # what ends is quarantined, whatever else was asked for
        unit.execute(
            text("UPDATE server SET service_id = NULL, stock_status = 'available' WHERE id = :id"),
            {"id": server.id},
        )
    assert stock_status(server) == "quarantined"


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        ("cleaning_evidence_in_time",
         "INSERT INTO cleaning_evidence (step_id, result, method, note, actor_name, actor_id)"
         " SELECT max(id), 'good', 'confirmed', 'late', 'x', :person FROM cleaning_step"),
        ("cleaning_step_in_time",
         "INSERT INTO cleaning_step (cleaning_id, name, subject) SELECT max(id), 'disk', 'x' FROM cleaning"),
    ],
)  # fmt: skip
def test_nothing_is_added_to_a_cleaning_that_has_ended(marek: Actor, constraint: str, statement: str) -> None:
    make_stock(make_server())
    refused_by_database(constraint, statement, person=marek.person_id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cleaning_evidence SET result = 'good'",
        "DELETE FROM cleaning_evidence",
        "DELETE FROM cleaning_step",
        "UPDATE cleaning SET outcome = 'verified', finished_at = now()",
        "DELETE FROM cleaning",
        "UPDATE inspection SET differences = '[]'",
        "TRUNCATE cleaning_evidence",
    ],
)
def test_evidence_stays_as_it_was_given(statement: str) -> None:
    make_stock(make_server())
    with pytest.raises(IntegrityError), unit_of_work() as unit:
        unit.execute(text(statement))


def test_evidence_needs_a_witness(marek: Actor) -> None:
    server = make_server()
    begin_cleaning(marek, server)
    insert = (
        "INSERT INTO cleaning_evidence (step_id, result, method, note, actor_name, actor_id, job_id)"
        " SELECT min(id), 'good', 'confirmed', :note, 'x', :person, :job FROM cleaning_step"
    )
    other = make_job(make_server(), status=JobStatus.SUCCEEDED, company_id=None)
    witness = "ck_cleaning_evidence_has_witness"
    refused_by_database(witness, insert, note="", person=marek.person_id, job=None)
    refused_by_database(witness, insert, note="seen", person=None, job=None)
    refused_by_database("cleaning_evidence_own_job", insert, note="", person=None, job=other.id)
