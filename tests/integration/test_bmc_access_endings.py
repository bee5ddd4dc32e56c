"""A temporary user of a BMC goes with its right, whatever took that; one that cannot be taken away is not forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlmodel import select

from bmc.memory import MemoryBmc
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.accounts import administration, sessions
from opsportal.domain.consoles import bmc_access
from opsportal.domain.consoles.refusals import AccessExists, AccessNotReady
from opsportal.models import AuditEvent, LoginSession, Person, Role, Server
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_company, make_service, suspend
from tests.conftest import _forget_process_caches
from tests.integration.accesses import (
    HOST,
    ask,
    counted,
    desk_mails,
    leave,
    page,
    put,
    rented,
    row,
    tags,
    woken,
)
from tests.stock import hand_over
from workers import bmc_access as worker

__all__ = ["page"]
pytestmark = [pytest.mark.usefixtures("portal", "page"), pytest.mark.xdist_group("protections")]


def _sign_out(server: Server, actor: Actor, number: int) -> None:
    with unit_of_work() as unit:
        sessions.end_session(unit, actor, actor.session_id)


def _suspend(server: Server, actor: Actor, number: int) -> None:
    suspend(server.service_id or 0)


def _hand_over(server: Server, actor: Actor, number: int) -> None:
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, make_service(make_company()).id or 0)


def _deactivate(server: Server, actor: Actor, number: int) -> None:
    with unit_of_work() as unit:
        person = unit.get_one(Person, actor.person_id)
        administration.deactivate(unit, person.email, by="a test")


def _too_long(server: Server, actor: Actor, number: int) -> None:
    put(number, "expires_at = now()")
    worker.wake_due()


def _session_runs_out(server: Server, actor: Actor, number: int) -> None:
    with unit_of_work() as unit:
        unit.get_one(LoginSession, actor.session_id).expires_at = utcnow()
    worker.wake_due()


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (_sign_out, "signed_out"),
        (_suspend, "service_suspended"),
        (_hand_over, "server_transferred"),
        (_deactivate, "signed_out"),
        (_too_long, "limit"),
        (_session_runs_out, "right_lost"),
    ],
)
@pytest.mark.parametrize("is_made", [True, False], ids=["made", "asked for"])
def test_it_ends_with_its_right(
    happens: Callable[[Server, Actor, int], None], reason: str, is_made: bool
) -> None:
    machine = MemoryBmc()
    with rented(machine) as (server, actor):
        number = ask(server, actor)
        if is_made:
            worker.run(number)
            assert len(machine.users) == 1
        calls = woken(number)
        happens(server, actor, number)
        ended = row(number)
        assert (ended.status, ended.password, ended.end_reason) == ("ending", None, reason)
        assert woken(number) == calls + 1  # by whatever it ended, a worker is called at once
        worker.run(number)
        assert machine.users == {}
        assert row(number).status == "gone"
        assert bool(machine.other_commands) is is_made  # never made: the BMC never heard of it


def test_what_no_trigger_saw_is_found_by_the_clock() -> None:
    """Asked for in the very moment in which the service was suspended: the trigger did not see the row."""
    with rented(MemoryBmc()) as (server, actor):
        number = ask(server, actor)
        with unit_of_work() as unit:
            unit.execute(text("ALTER TABLE service DISABLE TRIGGER service_ends_consoles"))
        _suspend(server, actor, number)
        assert row(number).status == "asked"
        worker.wake_due()
        assert (row(number).status, row(number).end_reason) == ("ending", "right_lost")


def test_a_silent_bmc_is_not_forgotten_and_a_person_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_MAIL", "desk@test.example")
    _forget_process_caches()
    machine = MemoryBmc(sleep=lambda _: None)
    with rented(machine) as (server, actor):
        number = ask(server, actor)
        worker.run(number)
        leave(actor, number)
        machine.is_silent = True
        worker.run(number)
        left = row(number)
        assert (left.status, left.outcome_code, left.attempts) == ("ending", "bmc_unreachable", 1)
        assert left.due_at is not None
        worker.run(number)  # too early
        assert row(number).attempts == 1
        put(number, "due_at = now(), ending_at = now() - interval '15 minutes'")
        worker.run(number)
        assert row(number).status == "stuck"
        assert tags(server)[-1] == "bmc:access_left_behind"
        [(subject, body)] = desk_mails()
        assert subject == f"{server.name}: a temporary user is left on its BMC"
        assert left.username in body
        assert "bmc_unreachable" in body
        assert HOST not in body
        put(number, "due_at = now()")
        worker.run(number)  # fails again: it was said
        assert (row(number).status, len(desk_mails())) == ("stuck", 1)
        assert counted() == {"asked": 0, "ready": 0, "ending": 0, "stuck": 1}
        with pytest.raises(AccessExists):
            ask(server, actor)
        put(number, "due_at = now()")
        calls = woken(number)
        worker.wake_due()
        assert woken(number) == calls + 1  # it is tried again for ever
        machine.is_silent = False
        worker.run(number)
        assert (row(number).status, machine.users) == ("gone", {})
        assert counted() == {"asked": 0, "ready": 0, "ending": 0, "stuck": 0}
        assert tags(server)[-1] == "access_removed"


def test_staff_may_say_that_they_have_removed_one_by_hand() -> None:
    with rented(MemoryBmc(), make_company()) as (server, actor):
        number, staff = ask(server, actor), make_actor(role=Role.TECHNICIAN)
        worker.run(number)
        with unit_of_work() as unit, pytest.raises(AccessNotReady):
            bmc_access.settle_access(unit, staff, number)
        leave(actor, number)
        put(number, "status = 'stuck'")
        with unit_of_work() as unit:
            bmc_access.settle_access(unit, staff, number)
        assert row(number).status == "gone"
        with unit_of_work() as unit:
            event = unit.exec(select(AuditEvent).where(AuditEvent.tag == "console:access_settled")).one()
            assert event.data["by"] == staff.name
