"""The desk: its queue, who takes what, and people who act at the same moment."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.support import desk, lists, readers, tickets
from opsportal.domain.support.desk import DeskFilter
from opsportal.models import Person, Role, StatusChange, Ticket, TicketMessage
from tests.builders import make_actor, make_company, make_person, make_service, make_ticket
from tests.crowd import at_once
from tests.integration.support.asked import do, refused

pytestmark = pytest.mark.usefixtures("portal")


def queue(actor: Actor, **wanted: Any) -> list[int]:
    with unit_of_work() as unit:
        rows, total = desk.list_desk(actor, unit, DeskFilter(**wanted))
    assert total == len(rows)
    return [row.ticket.id or 0 for row in rows]


def together(*works: Callable[[Unit], object]) -> list[str]:
    """Each work in a transaction of its own, all at once. What each came to, sorted."""

    def run(work: Callable[[Unit], object]) -> None:
        with unit_of_work() as unit:
            work(unit)

    return at_once(*(functools.partial(run, work) for work in works))


def test_high_comes_first_then_whoever_has_waited_longest() -> None:
    client, staff = make_actor(), make_actor(role=Role.TECHNICIAN)
    answered, first, second, urgent = (
        make_ticket(client, importance=importance) for importance in ("normal", "normal", "normal", "high")
    )
    do(tickets.reply, staff, answered, body="Well?")
    do(tickets.reply, client, first, body="Still there?")
    assert queue(staff) == [urgent, first, second, answered]


def test_every_filter_shows_what_it_says() -> None:
    company = make_company(name="Quiet Ltd")
    client, other = make_actor(company=company), make_actor()
    staff, colleague = make_actor(role=Role.OPERATOR), make_actor(role=Role.TECHNICIAN)
    service = make_service(company, name="prg-web-07")
    plain = make_ticket(client)
    money = make_ticket(client, department="finance", subject="Invoice twice")
    urgent = make_ticket(other, importance="high", subject="Fire")
    about = make_ticket(client, service_id=service.id)
    done = make_ticket(client)
    do(tickets.close_ticket, client, done)
    do(desk.assign, staff, money, person_id=staff.person_id)
    do(desk.assign, staff, plain, person_id=colleague.person_id)
    assert set(queue(staff)) == {plain, money, urgent, about}
    for wanted, found in (
        ({"whose": "mine"}, [money]),
        ({"whose": "unassigned"}, [urgent, about]),
        ({"whose": "unread"}, [urgent, money, about, done]),
        ({"department": "finance"}, [money]),
        ({"importance": "high"}, [urgent]),
        ({"status": "resolved"}, [done]),
        ({"status": "new", "company_id": other.company_id}, [urgent]),
        ({"search": "invoice"}, [money]),
        ({"search": "web-07"}, [about]),
        ({"search": f"#{urgent}"}, [urgent]),
        ({"page": 2}, []),
    ):
        if "page" in wanted:
            with unit_of_work() as unit:
                assert desk.list_desk(staff, unit, DeskFilter(page=2)) == ([], 4)
        else:
            assert queue(staff, **wanted) == found, wanted  # type: ignore[arg-type]
    with unit_of_work() as unit:
        assert desk.count_desk(staff, unit) == desk.DeskCounts(
            open=4, mine=1, unassigned=2, unread=4, owed=4, high=1
        )
        row = desk.list_desk(staff, unit, DeskFilter(search="web-07"))[0][0]
    assert (row.company_name, row.service_name, row.assignee_name) == ("Quiet Ltd", "prg-web-07", "")
    for bad in (
        {"whose": "all of them"},
        {"department": "x"},
        {"importance": "x"},
        {"status": "x"},
        {"page": 0},
    ):
        refused("bad_request", lambda unit, bad=bad: desk.list_desk(staff, unit, DeskFilter(**bad)))  # type: ignore[arg-type]


def test_a_ticket_is_given_to_somebody_of_the_desk_only() -> None:
    client, staff = make_actor(), make_actor(role=Role.OPERATOR)
    gone = make_person(Role.TECHNICIAN, is_active=False)
    number = make_ticket(client)
    for person_id in (client.person_id, gone.id, 987_654):
        refused("not_of_the_desk", lambda unit, to=person_id: desk.assign(unit, staff, number, person_id=to))
    with unit_of_work() as unit:
        assert [one.id for one in desk.list_agents(staff, unit)] == [staff.person_id]
    refused("not_found", lambda unit: desk.assign(unit, staff, 987_654, person_id=staff.person_id))


def test_only_who_has_a_ticket_is_told_of_its_news() -> None:
    client = make_actor()
    first, second = make_actor(role=Role.OPERATOR), make_actor(role=Role.TECHNICIAN)
    number = make_ticket(client)

    def unread() -> list[int]:
        with unit_of_work() as unit:
            return [readers.count_unread(unit, person_id=one.person_id) for one in (first, second)]

    assert unread() == [1, 1]
    do(readers.mark_read, second, number)
    do(desk.assign, first, number, person_id=first.person_id)
    assert unread() == [1, 0]
    do(tickets.reply, first, number, body="Mine.")
    assert unread() == [0, 0]
    do(tickets.reply, client, number, body="Thanks.")
    assert unread() == [1, 0]
    do(desk.add_note, second, number, body="It is the cable.")
    do(desk.set_department, first, number, department="finance")
    do(tickets.reply, client, number, body="Hello?")
    assert unread() == [1, 1]


def test_a_first_answer_takes_the_ticket() -> None:
    client, first, second = make_actor(), make_actor(role=Role.OPERATOR), make_actor(role=Role.OPERATOR)
    number = make_ticket(client)
    do(tickets.reply, first, number, body="Mine.")
    do(tickets.reply, second, number, body="And I say.")
    assert queue(first, whose="mine") == [number]
    do(desk.set_importance, second, number, importance="high")
    assert queue(first, importance="high") == [number]


def resolved_by_two() -> tuple[list[str], list[tuple[str, str]]]:
    """Both sides resolve a new ticket at once: what each came to, and the ticket's history."""
    client, staff = make_actor(), make_actor(role=Role.OPERATOR)
    number = make_ticket(client)
    came_to = together(
        *(lambda unit, who=who: tickets.close_ticket(unit, who, number) for who in (client, staff))
    )
    with unit_of_work() as unit:
        query = select(StatusChange).where(
            col(StatusChange.object_id) == number, col(StatusChange.machine) == "ticket"
        )
        return came_to, [(one.from_status, one.to_status) for one in unit.exec(query)]


def test_two_who_resolve_at_once_are_one() -> None:
    for _ in range(5):
        assert resolved_by_two() == (["done", "ticket_already_ended"], [("new", "resolved")])


def test_answers_at_the_same_moment_are_all_counted() -> None:
    company = make_company()
    crowd = [make_actor(company=company) for _ in range(4)]
    number = make_ticket(crowd[0])
    assert (
        together(
            *(lambda unit, who=who: tickets.reply(unit, who, number, body="Me too.") for who in crowd * 2)
        )
        == ["done"] * 8
    )
    with unit_of_work() as unit:
        ticket = unit.get_one(Ticket, number)
        said = unit.exec(select(TicketMessage.id).where(col(TicketMessage.ticket_id) == number)).all()
    assert (ticket.message_count, len(said)) == (9, 9)


def test_a_draft_sent_twice_at_the_same_moment_is_written_once() -> None:
    """A double click: both arrive before either has an answer. Fails when the token is asked for without the lock."""
    client, draft = make_actor(), "0123456789abcdef" * 2
    new = tickets.NewTicket("technical", "Fire", "Help", draft=draft)
    assert together(*[lambda unit: tickets.open_ticket(unit, client, new)] * 4) == ["done"] * 4
    with unit_of_work() as unit:
        number = unit.exec(select(Ticket.id)).one()
    assert number is not None
    answers = [lambda unit: tickets.reply(unit, client, number, body="Hello?", draft=draft)] * 4
    assert together(*answers) == ["done"] * 4
    with unit_of_work() as unit:
        assert unit.exec(select(TicketMessage.body).order_by(col(TicketMessage.id))).all() == [
            "Help",
            "Hello?",
        ]


def test_tickets_opened_at_once_are_limited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "NEW_PER_HOUR", 2)
    company = make_company()
    crowd = [make_actor(company=company) for _ in range(5)]
    new = tickets.NewTicket("technical", "Fire", "Help")
    came_to = together(*(lambda unit, who=who: tickets.open_ticket(unit, who, new) for who in crowd))
    assert came_to == ["done"] * 2 + ["too_many_tickets"] * 3
    with unit_of_work() as unit:
        assert lists.count_tickets(crowd[0], unit).open == 2


def test_somebody_who_has_left_is_told_nothing() -> None:
    client, staff = make_actor(), make_actor(role=Role.OPERATOR)
    with unit_of_work() as unit:
        unit.get_one(Person, staff.person_id).is_active = False
    number = make_ticket(client)
    with unit_of_work() as unit:
        people = unit.execute(
            text("SELECT person_id FROM ticket_unread WHERE ticket_id = :id"), {"id": number}
        ).all()
    assert people == []
