"""Temporary users of BMCs: made for one session, shown once, gone with it, and never forgotten."""

from __future__ import annotations

import io
import json

import pytest
from sqlalchemy import text
from sqlmodel import select

import bmc
from bmc.memory import MemoryBmc, MemoryPower, MemoryUser
from opsportal import screens_on_record
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.accounts.elevation import ElevationRequired
from opsportal.domain.consoles import access_work, bmc_access, screens
from opsportal.domain.consoles.refusals import (
    AccessExists,
    AccessFull,
    AccessNotOffered,
    AccessNotReady,
    AccessShown,
    ConsoleNotActive,
)
from opsportal.domain.consoles.screens import ScreenEndpoint
from opsportal.domain.inventory import rotation
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.live.feed import Watch
from opsportal.models import AuditEvent, JobKind, JobStatus, Person, Role
from opsportal.state.consoles.tab import CONSOLES, read_consoles
from tests.builders import lift, make_actor, make_company, suspend
from tests.conftest import _forget_process_caches
from tests.doors import world
from tests.integration.accesses import HOST, ask, leave, page, put, raised, rented, row, show, tags, woken
from tests.integration.test_protections import IS_TAKEN_OUT, Died, take_out
from workers import bmc_access as worker

__all__ = ["page"]
pytestmark = [pytest.mark.usefixtures("portal", "page"), pytest.mark.xdist_group("protections")]


def test_from_the_wish_to_the_end() -> None:
    machine = MemoryBmc()
    with rented(machine) as (server, actor):
        number = ask(server, actor)
        assert machine.users == {}  # a click touches no BMC
        with pytest.raises(AccessNotReady):
            show(actor, number)
        worker.run(number)
        [(name, user)] = machine.users.items()
        assert user.privilege is bmc.Privilege.OPERATOR
        assert (len(name), len(user.password)) == (12, 16)
        worker.run(number)  # called again: nothing is left to do
        assert list(machine.users) == [name]

        shown = show(actor, number)
        assert (shown.username, shown.password) == (name, user.password)
        assert shown.url == f"https://kvm.example/{server.name}/{HOST}/"
        assert row(number).password is None
        with pytest.raises(AccessShown):
            show(actor, number)

        with unit_of_work() as unit:
            view = read_consoles(unit, actor, server.id or 0)
        [seen] = view.accesses
        assert (seen.status, seen.is_mine, seen.is_shown, view.offers_access) == ("ready", True, True, True)
        assert user.password not in repr(view)
        assert HOST not in repr(view)

        leave(actor, number)
        worker.run(number)
        assert machine.users == {}
        assert (row(number).status, row(number).end_reason) == ("gone", "left")
        assert tags(server) == ["access_requested", "access_made", "access_shown", "access_removed"]
        with unit_of_work() as unit:
            written = json.dumps([event.data for event in unit.exec(select(AuditEvent))])
        assert user.password not in written


def test_what_is_refused_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    company = make_company()
    with rented(MemoryBmc(), company) as (server, actor):
        number = server.id or 0

        def refused(refusal: type[Exception], who: Actor) -> None:
            before = world.everything()
            with pytest.raises(refusal):
                ask(server, who)
            assert world.everything() == before

        refused(ElevationRequired, make_actor(company=company))
        refused(NotFound, raised(make_actor()))
        with unit_of_work() as unit:
            screens.put_screen(unit, number, ScreenEndpoint("127.0.0.1", 5901))
        refused(AccessNotOffered, actor)  # its screen opens here
        with unit_of_work() as unit:
            unit.execute(text("DELETE FROM server_screen"))
        operator = suspend(server.service_id or 0)
        refused(ConsoleNotActive, actor)
        lift(operator, server.service_id or 0)
        ask(server, actor)
        refused(AccessExists, actor)
        ask(server, raised(make_actor(company=company)))
        refused(AccessFull, raised(make_actor(role=Role.TECHNICIAN)))
        monkeypatch.setenv("BMC_PAGE", "")
        _forget_process_caches()
        refused(AccessNotOffered, actor)


def test_it_belongs_to_one_session_and_one_tenancy() -> None:
    company = make_company()
    with rented(MemoryBmc(), company) as (server, actor):
        number = ask(server, actor)
        worker.run(number)
        with unit_of_work() as unit:
            person = unit.get_one(Person, actor.person_id)
        other_session = raised(make_actor(person))
        colleague, stranger = raised(make_actor(company=company)), raised(make_actor())
        staff = raised(make_actor(role=Role.TECHNICIAN))
        for who in (other_session, colleague, stranger, staff):
            with pytest.raises(NotFound):
                show(who, number)
        for who in (colleague, stranger):
            with pytest.raises(NotFound):
                leave(who, number)
        with unit_of_work() as unit, pytest.raises(Forbidden):
            bmc_access.settle_access(unit, actor, number)
        shown_to = {Watch.make(CONSOLES, who, server.id) for who in (actor, other_session, colleague)}
        assert len(shown_to) == 3  # what one session sees as its own is pushed to no other
        assert row(number).status == "ready"
        leave(other_session, number)  # the same person may end it from anywhere
        assert row(number).status == "ending"


def test_a_bmc_without_users_says_so_and_nothing_is_left() -> None:
    machine = MemoryBmc(unsupported={bmc.Users})
    with rented(machine) as (server, actor):
        number = ask(server, actor)
        worker.run(number)
        assert (row(number).status, row(number).end_reason) == ("ending", "not_made")
        worker.run(number)  # nothing was ever sent: there is nothing to ask a BMC that cannot answer
        assert (row(number).status, row(number).outcome_code) == ("gone", "bmc_unsupported")
        assert machine.other_commands == []


def _as_administrator(
    self: MemoryPower, name: str, password: str, *, privilege: bmc.Privilege, timeout_s: float
) -> bmc.BmcUser:
    machine = self._able_bmc(bmc.Users, timeout_s)
    machine.users[name] = MemoryUser(password, bmc.Privilege.ADMINISTRATOR)
    return bmc.BmcUser(3, name, privilege, is_enabled=True)


def test_more_rights_than_meant_are_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """A BMC that makes administrators of everybody, and says otherwise: its list tells."""
    machine = MemoryBmc()
    monkeypatch.setattr(MemoryPower, "create_user", _as_administrator)
    with rented(machine) as (server, actor):
        number = ask(server, actor)
        worker.run(number)
        assert (row(number).status, row(number).outcome_code) == ("asked", "bmc_ignored_command")
        put(number, "asked_at = now() - interval '2 minutes'")
        worker.run(number)
        assert (row(number).status, row(number).end_reason, machine.users) == ("gone", "not_made", {})


def _dies(*_: object) -> None:
    raise Died


@pytest.mark.parametrize("is_suspended", [False, True], ids=["still wanted", "ended meanwhile"])
def test_a_worker_that_dies_half_way_leaves_no_stranger(
    monkeypatch: pytest.MonkeyPatch, is_suspended: bool
) -> None:
    machine = MemoryBmc()
    with rented(machine) as (server, actor):
        number = ask(server, actor)
        with monkeypatch.context() as patch:
            patch.setattr(access_work, "made", _dies)
            with pytest.raises(Died):
                worker.run(number)
        assert len(machine.users) == 1  # the BMC has it, and the row knows its name
        worker.run(number)  # its lease has not passed: it may only be slow
        assert row(number).attempts == 1
        if is_suspended:
            suspend(server.service_id or 0)
            worker.run(number)
            assert len(machine.users) == 1
        put(number, "held_until = now(), woken_at = now() - interval '1 hour', due_at = NULL")
        calls = woken(number)
        worker.wake_due()
        assert woken(number) == calls + 1
        worker.run(number)
        if is_suspended:
            assert (row(number).status, machine.users) == ("gone", {})
        else:
            assert list(machine.users) == [show(actor, number).username]


@IS_TAKEN_OUT
def test_what_ends_before_the_command_is_never_made(
    monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    """The service is suspended after the worker has claimed the access and before it commands the BMC."""
    machine = MemoryBmc()
    with rented(machine) as (server, actor):
        number = ask(server, actor)
        if is_taken_out:
            proof = "row.status != AccessStatus.ASKED or row.attempts != held.attempt"
            take_out(monkeypatch, access_work, "announce", proof, "False")
        real = access_work.announce

        def suspended_first(unit: object, held: access_work.Held) -> bool:
            suspend(server.service_id or 0)
            return real(unit, held)  # type: ignore[arg-type]

        monkeypatch.setattr(access_work, "announce", suspended_first)
        worker.run(number)
        assert bool(machine.other_commands) is is_taken_out
        worker.run(number)
        assert (row(number).status, machine.users) == ("gone", {})


def test_what_ends_while_it_is_made_goes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = MemoryBmc()
    with rented(machine) as (server, actor):
        number = ask(server, actor)
        real = access_work.made

        def suspended_first(unit: object, held: access_work.Held) -> None:
            suspend(server.service_id or 0)
            worker.run(number)  # the call that the suspension made: somebody is at it, it is left alone
            assert len(machine.users) == 1
            real(unit, held)  # type: ignore[arg-type]

        monkeypatch.setattr(access_work, "made", suspended_first)
        worker.run(number)
        assert row(number).status == "ending"
        worker.run(number)
        assert (row(number).status, machine.users) == ("gone", {})


def test_one_at_a_time_is_at_the_users_of_a_bmc() -> None:
    """Two who look for a free slot at once could take the same: so could our own new user."""
    company = make_company()
    with rented(MemoryBmc(), company) as (server, actor):
        first, second = ask(server, actor), ask(server, raised(make_actor(company=company)))
        with unit_of_work() as unit:
            held = access_work.claim(unit, first)
        assert held is not None
        with unit_of_work() as unit:
            assert access_work.claim(unit, second) is None
            assert rotation.sent(unit, server.id or 0) is False
        with unit_of_work() as unit:
            access_work.failed(unit, held, "bmc_busy", is_hopeless=True)
        job = world.make_job(server, status=JobStatus.RUNNING, company_id=company.id)
        with unit_of_work() as unit:
            unit.merge(job).kind = JobKind.ROTATE_CREDENTIALS
        put(second, "due_at = NULL")
        with unit_of_work() as unit:
            assert access_work.claim(unit, second) is None
        with unit_of_work() as unit:
            unit.execute(text("UPDATE hardware_job SET status = 'failed'"))
        put(second, "due_at = NULL")
        with unit_of_work() as unit:
            assert access_work.claim(unit, second) is not None


def test_a_screen_on_record_takes_the_place_of_temporary_access(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with rented(MemoryBmc()) as (server, actor):

        def put_on_record(host: str) -> int:
            monkeypatch.setattr("sys.stdin", io.StringIO("s3cret\n"))
            return screens_on_record.main(["put", server.name, "--host", host])

        def offered() -> tuple[bool, bool]:
            with unit_of_work() as unit:
                view = read_consoles(unit, actor, server.id or 0)
            return view.has_screen, view.offers_access

        assert put_on_record("192.0.2.1") == 1  # outside of BMC_NETWORKS: our gateway would dial it
        assert offered() == (False, True)
        assert put_on_record("127.0.0.1") == 0
        assert offered() == (True, False)
        with unit_of_work() as unit:
            assert screens.find_screen(unit, server.id or 0) == ScreenEndpoint("127.0.0.1", 5901, "s3cret")
        assert screens_on_record.main(["remove", server.name]) == 0
        assert offered() == (False, True)
        assert "s3cret" not in capsys.readouterr().out
