"""Faults planted in what protects consoles: a ticket that opens one it should not, a console that should be over."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from opsportal.db import unit_of_work
from opsportal.domain import lifecycle
from opsportal.domain.access import Actor
from opsportal.domain.accounts import sessions
from opsportal.domain.consoles import endings, grants
from opsportal.domain.consoles.refusals import TicketUnusable, TooManyConsoles
from opsportal.models import Company, ConsoleGrant, ConsoleKind, Role, Server
from tests.builders import make_actor, make_company, make_server, make_service
from tests.chaos.test_changed_hands import hand_on
from tests.chaos.test_planted import IS_PLANTED
from tests.integration.test_protections import take_out

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]
Rented = tuple[Server, Actor]
_STATE = "grant.status != GrantStatus.GRANTED or grant.expires_at <= utcnow()"


@pytest.fixture
def rented() -> Rented:
    company = make_company()
    return make_server(make_service(company)), make_actor(company=company)


def ask(server: Server, actor: Actor) -> grants.Granted:
    with unit_of_work() as unit:
        return grants.grant_console(unit, actor, server.id or 0, ConsoleKind.SERIAL)


def opens(actor: Actor, granted: grants.Granted) -> bool:
    """Whether a browser with this session gets in with this ticket."""
    try:
        with unit_of_work() as unit:
            grants.attach(unit, session_id=actor.session_id, ticket=granted.ticket)
    except TicketUnusable:
        return False
    return True


def status(granted: grants.Granted) -> str:
    with unit_of_work() as unit:
        return unit.get_one(ConsoleGrant, granted.grant_id).status


def run(statement: str, **values: object) -> None:
    with unit_of_work() as unit:
        unit.execute(text(statement), values)


@IS_PLANTED
def test_a_ticket_used_twice(rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    server, actor = rented
    granted = ask(server, actor)
    assert opens(actor, granted)
    if is_planted:
        take_out(monkeypatch, grants, "attach", _STATE, "grant.expires_at <= utcnow()")
        monkeypatch.setattr(lifecycle.Machine, "allows", lambda *_: True)  # a second net
    assert opens(actor, granted) is is_planted


@IS_PLANTED
def test_a_ticket_that_is_too_old(rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    server, actor = rented
    granted = ask(server, actor)
    run("UPDATE console_grant SET expires_at = now() - interval '1 second'")
    if is_planted:
        take_out(monkeypatch, grants, "attach", _STATE, "grant.status != GrantStatus.GRANTED")
    assert opens(actor, granted) is is_planted


@IS_PLANTED
def test_a_ticket_of_another_session(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """A colleague, who may open consoles of the same server, has read it over the shoulder."""
    server, actor = rented
    granted = ask(server, actor)
    with unit_of_work() as unit:
        company = unit.get_one(Company, actor.company_id)
    colleague = make_actor(company=company)
    if is_planted:
        take_out(monkeypatch, grants, "attach", " or grant.session_id != session_id", "")
    assert opens(colleague, granted) is is_planted


@IS_PLANTED
def test_a_ticket_whose_right_has_gone(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """The service was suspended between the ticket and the socket, by code that no trigger has seen."""
    server, actor = rented
    granted = ask(server, actor)
    run("ALTER TABLE service DISABLE TRIGGER service_ends_consoles")
    run(
        "UPDATE service SET status = 'suspended', suspension_reason = 'payment' WHERE id = :id",
        id=server.service_id,
    )
    assert status(granted) == "granted"
    if is_planted:
        monkeypatch.setattr(grants, "_check_openable", lambda *_: None)
    assert opens(actor, granted) is is_planted


@IS_PLANTED
def test_a_ticket_of_a_tenancy_that_is_over(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """Staff may open it before and after; a ticket of the old tenant's time is not for the new one's machine."""
    server, _ = rented
    staff = make_actor(role=Role.TECHNICIAN)
    granted = ask(server, staff)
    run("ALTER TABLE server DISABLE TRIGGER server_ends_consoles")
    hand_on(server)
    if is_planted:
        take_out(monkeypatch, grants, "attach", "server.service_id != grant.service_id", "False")
    assert opens(staff, granted) is is_planted


@IS_PLANTED
def test_a_console_that_outlives_its_service(rented: Rented, is_planted: bool) -> None:
    """Whatever suspends a service, its consoles close with it."""
    server, actor = rented
    granted = ask(server, actor)
    assert opens(actor, granted)
    if is_planted:
        run("DROP TRIGGER service_ends_consoles ON service")
    run(
        "UPDATE service SET status = 'suspended', suspension_reason = 'payment' WHERE id = :id",
        id=server.service_id,
    )
    assert status(granted) == ("attached" if is_planted else "ended")


@IS_PLANTED
def test_a_console_that_outlives_its_tenancy(rented: Rented, is_planted: bool) -> None:
    server, actor = rented
    granted = ask(server, actor)
    assert opens(actor, granted)
    if is_planted:
        run("DROP TRIGGER server_ends_consoles ON server")
    hand_on(server)
    assert status(granted) == ("attached" if is_planted else "ended")


@IS_PLANTED
def test_a_console_that_outlives_its_session(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    server, actor = rented
    granted = ask(server, actor)
    assert opens(actor, granted)
    if is_planted:
        monkeypatch.setattr(endings, "end_consoles", lambda *_, **__: 0)
    with unit_of_work() as unit:
        sessions.end_session(unit, actor, actor.session_id)
    assert status(granted) == ("attached" if is_planted else "ended")


@IS_PLANTED
def test_two_who_type(rented: Rented, is_planted: bool) -> None:
    """Exactly one has the keyboard, whatever a gateway believes."""
    server, actor = rented
    both = [ask(server, actor), ask(server, actor)]
    assert all(opens(actor, one) for one in both)
    if is_planted:
        run("DROP INDEX uq_console_grant_writer")
        run("UPDATE console_grant SET is_writer = true")
    else:
        with pytest.raises(IntegrityError, match="uq_console_grant_writer"):
            run("UPDATE console_grant SET is_writer = true")


@IS_PLANTED
def test_more_consoles_than_anybody_needs(
    rented: Rented, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    server, actor = rented
    for _ in range(grants.MOST_PER_PERSON):
        ask(server, actor)
    if is_planted:
        monkeypatch.setattr(grants, "_check_room", lambda *_: None)
        assert ask(server, actor)
    else:
        with pytest.raises(TooManyConsoles):
            ask(server, actor)
