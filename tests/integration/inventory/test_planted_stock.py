"""What keeps stock honest in the database itself: the same cheat is refused with it and gets through without."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from opsportal.db import unit_of_work
from opsportal.models import JobStatus, Server
from tests.builders import make_server
from tests.doors.world import make_job
from tests.integration.test_protections import IS_TAKEN_OUT
from tests.stock import make_available

pytestmark = pytest.mark.usefixtures("portal")


def _in_cleaning() -> Server:
    """Every step has good evidence."""
    server = make_server()
    with unit_of_work() as unit:
        make_available(unit, server.id or 0, short_of=2)
        assert unit.get_one(Server, server.id).stock_status == "cleaning"
    return server


def _run(statement: str, **values: object) -> None:
    with unit_of_work() as unit:
        unit.execute(text(statement), values)


def _cheat(refusal: str, cheat: str, *, is_taken_out: bool, **values: object) -> None:
    """The database refuses in these words; with its protection taken out it does not notice."""
    with nullcontext() if is_taken_out else pytest.raises(IntegrityError, match=refusal):
        _run(cheat, **values)


def _status(server: Server) -> str:
    with unit_of_work() as unit:
        return unit.get_one(Server, server.id).stock_status


@IS_TAKEN_OUT
def test_a_machine_that_leaves_out_its_way(is_taken_out: bool) -> None:
    server = make_server()
    if is_taken_out:
        _run("DROP TRIGGER server_stock ON server")
    straight = "UPDATE server SET stock_status = 'available' WHERE id = :id"
    _cheat("is not declared", straight, is_taken_out=is_taken_out, id=server.id)
    assert _status(server) == ("available" if is_taken_out else "quarantined")


@IS_TAKEN_OUT
def test_a_machine_that_passes_with_bad_evidence(is_taken_out: bool) -> None:
    """The newest word about one step speaks against the machine."""
    server = _in_cleaning()
    _run(
        "INSERT INTO cleaning_evidence (step_id, result, method, note, actor_id, actor_name)"
        " SELECT max(step_id), 'bad', method, 'one sector was read', actor_id, 'x' FROM cleaning_evidence"
        " GROUP BY method, actor_id"
    )
    if is_taken_out:
        _run(
            "CREATE OR REPLACE FUNCTION check_cleaning(which bigint) RETURNS void LANGUAGE plpgsql"
            " AS 'BEGIN END'"
        )
    verify = "UPDATE server SET stock_status = 'verified' WHERE id = :id"
    _cheat("lacks good evidence of", verify, is_taken_out=is_taken_out, id=server.id)
    assert _status(server) == ("verified" if is_taken_out else "cleaning")


@IS_TAKEN_OUT
def test_evidence_of_another_machines_job(is_taken_out: bool) -> None:
    _in_cleaning()
    other = make_job(make_server(), status=JobStatus.SUCCEEDED, company_id=None)
    if is_taken_out:
        _run("DROP TRIGGER cleaning_evidence_checked ON cleaning_evidence")
    foreign = (
        "INSERT INTO cleaning_evidence (step_id, result, method, note, actor_name, job_id)"
        " SELECT id, 'good', 'confirmed', '', '', :job FROM cleaning_step WHERE name = 'settings'"
    )
    _cheat("this job was another machine", foreign, is_taken_out=is_taken_out, job=other.id)


@IS_TAKEN_OUT
@pytest.mark.parametrize(
    "cheat", ["UPDATE cleaning_evidence SET note = 'better so'", "DELETE FROM cleaning_evidence"]
)
def test_evidence_that_is_changed_afterwards(cheat: str, is_taken_out: bool) -> None:
    _in_cleaning()
    if is_taken_out:
        _run("DROP TRIGGER cleaning_evidence_append_only ON cleaning_evidence")
    _cheat("append-only", cheat, is_taken_out=is_taken_out)
