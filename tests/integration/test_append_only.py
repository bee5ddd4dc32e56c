"""History cannot be rewritten, not even by our own code."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.audit import trail
from opsportal.domain.refusals import Forbidden
from opsportal.models import AuditEvent, Role
from tests.builders import make_actor

pytestmark = pytest.mark.usefixtures("portal")


@pytest.mark.parametrize("table", ["audit_event", "status_change"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET at = now()", "DELETE FROM {}", "TRUNCATE {}"])
def test_change_is_refused(table: str, statement: str) -> None:
    make_actor()
    with unit_of_work() as unit:
        before = unit.exec(select(AuditEvent)).all()
    assert before
    with pytest.raises(DBAPIError, match="append-only"), unit_of_work() as unit:
        unit.execute(text(statement.format(table)))
    with unit_of_work() as unit:
        assert unit.exec(select(AuditEvent)).all() == before


def test_only_those_who_may_read_the_whole_trail_do() -> None:
    operator, client = make_actor(role=Role.OPERATOR), make_actor()
    with unit_of_work() as unit:
        assert len(trail.list_events(operator, unit)) == 2
        with pytest.raises(Forbidden):
            trail.list_events(client, unit)


def test_pages_follow_each_other() -> None:
    operator = make_actor(role=Role.OPERATOR)
    with unit_of_work() as unit:
        for n in range(trail.PAGE + 5):
            trail.record(unit, "test:thing", actor=operator, object_kind="thing", object_id=n)
    with unit_of_work() as unit:
        first = trail.list_events(operator, unit, tag="test:")[: trail.PAGE]
        second = trail.list_events(operator, unit, tag="test:", before=first[-1].id)
    assert [event.object_id for event in [*first, *second]] == list(range(trail.PAGE + 4, -1, -1))
