"""Tickets of clients: opened, answered, closed, reopened; and everything that is refused changes nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.support import desk, lists, orders, readers, threads, tickets
from opsportal.domain.support.lists import TicketFilter
from opsportal.domain.support.tickets import NewTicket
from opsportal.models import Power, Role
from tests.builders import make_actor, make_company, make_server, make_service, make_ticket
from tests.integration.support.asked import counts, do, listed, refused, thread, ticket

pytestmark = pytest.mark.usefixtures("portal")


def test_a_ticket_from_an_order_knows_what_support_would_have_to_ask() -> None:
    company = make_company()
    service = make_service(company)
    at = dt.datetime(2026, 11, 20, 8, 30, tzinfo=dt.UTC)
    server = make_server(service, ip="198.51.100.9", power=Power.OFF, power_verified_at=at)
    client = make_actor(company=company)
    with unit_of_work() as unit:
        facts = orders.order_facts(client, unit, service.id or 0)
        choices = orders.list_orders(client, unit)
    assert (facts.name, facts.ip, facts.server_name, facts.power) == (
        service.name,
        "198.51.100.9",
        server.name,
        "off",
    )
    assert facts.power_verified_at == "2026-11-20T08:30:00+00:00"
    assert [choice.service_id for choice in choices] == [service.id]
    number = make_ticket(client, service_id=service.id, importance="high", subject=" Down \n again ")
    made = ticket(number)
    assert (made.subject, made.importance, made.status, made.service_id) == (
        "Down again",
        "high",
        "new",
        service.id,
    )
    assert made.facts["ip"] == "198.51.100.9"
    assert made.facts["power"] == "off"
    assert made.waiting_since == made.created_at
    with unit_of_work() as unit:
        opened = lists.list_open_of_service(client, unit, service.id or 0)
    assert [one.id for one in opened] == [number]


def test_a_conversation_and_the_states_it_goes_through() -> None:
    company = make_company()
    client, colleague = make_actor(company=company), make_actor(company=company)
    staff = make_actor(role=Role.TECHNICIAN)
    number = make_ticket(client)
    states = [ticket(number).status]
    for work, who, how in (
        (tickets.reply, staff, {"body": "Which port?"}),
        (tickets.reply, colleague, {"body": "The second."}),
        (tickets.reply, staff, {"body": "Mended.", "then": "resolved"}),
        (tickets.reply, client, {"body": "No."}),
        (tickets.close_ticket, client, {}),
        (tickets.reopen_ticket, client, {}),
        (desk.set_status, staff, {"status": "open"}),
        (tickets.reply, staff, {"body": "Looking.", "then": "open"}),
        (desk.set_status, staff, {"status": "resolved"}),
        (desk.set_status, staff, {"status": "closed"}),
    ):
        do(work, who, number, **how)
        states.append(ticket(number).status)
    assert states == [
        *(
            "new",
            "waiting",
            "open",
            "resolved",
            "reopened",
            "resolved",
            "reopened",
            "open",
            "open",
            "resolved",
        ),
        "closed",
    ]
    seen = thread(client, number)
    assert [(said.side, said.author_name, said.body) for said in seen.messages] == [
        ("client", client.name, "It does not answer."),
        ("staff", staff.name, "Which port?"),
        ("client", colleague.name, "The second."),
        ("staff", staff.name, "Mended."),
        ("client", client.name, "No."),
        ("staff", staff.name, "Looking."),
    ]
    assert [(step.to_status, step.side) for step in seen.steps] == [
        *(("waiting", "staff"), ("open", "client"), ("resolved", "staff"), ("reopened", "client")),
        *(("resolved", "client"), ("reopened", "client"), ("open", "staff"), ("resolved", "staff")),
        ("closed", "staff"),
    ]
    assert seen.assignee_name == staff.name
    assert (seen.ticket.message_count, seen.ticket.last_side) == (6, "staff")
    for who in (client, staff):
        refused("ticket_closed", lambda unit, who=who: tickets.reply(unit, who, number, body="Still there?"))
    refused("ticket_closed", lambda unit: tickets.reopen_ticket(unit, client, number))


def test_staff_owe_the_next_word_since_the_first_that_nobody_answered() -> None:
    client, staff = make_actor(), make_actor(role=Role.OPERATOR)
    number = make_ticket(client)
    since = ticket(number).waiting_since
    do(tickets.reply, client, number, body="Anybody?")
    assert ticket(number).waiting_since == since
    do(tickets.reply, staff, number, body="Yes.")
    assert ticket(number).waiting_since is None
    do(tickets.reply, client, number, body="Good.")
    later = ticket(number).waiting_since
    assert later is not None
    assert since is not None
    assert later > since
    do(tickets.close_ticket, client, number)
    assert ticket(number).waiting_since is None


NONSENSE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"department": "sales"}, "bad_request"),
    ({"importance": "urgent"}, "bad_request"),
    ({"subject": "\n"}, "subject_missing"),
    ({"subject": "x" * 201}, "subject_too_long"),
    ({"subject": "a\0b"}, "text_unreadable"),
    ({"body": " "}, "message_missing"),
    ({"body": "x" * 1_000_000}, "message_too_long"),
    ({"body": "a\0b"}, "text_unreadable"),
    ({"service_id": 987_654}, "not_found"),
    ({"attachment_ids": [987_654]}, "file_gone"),
    ({"attachment_ids": list(range(1, 12))}, "too_many_files"),
)


def test_a_ticket_that_makes_no_sense_is_refused() -> None:
    client = make_actor()
    for changes, code in NONSENSE:
        new = {"department": "technical", "subject": "No ping", "body": "It does not answer."} | changes
        refused(code, lambda unit, new=new: tickets.open_ticket(unit, client, NewTicket(**new)))


def test_hostile_texts_are_kept_as_typed_and_searched_as_text() -> None:
    client = make_actor()
    body = "<script>alert(1)</script>\n<img src=x onerror=alert(1)>\n[x](javascript:alert(1))"
    number = make_ticket(client, subject="100% <b>_\\'; DROP TABLE ticket;--", body=body)
    assert thread(client, number).messages[0].body == body
    for search in ("100%", "<b>", "_\\", "DROP TABLE", f"#{number}", str(number)):
        assert listed(client, search=search) == [number], search
    for search in ("%b%", "a_b", "\0nothing", "#", "x" * 5_000, str(10**30)):
        assert listed(client, search=search) == [], search


def test_other_companies_tickets_do_not_exist() -> None:
    owner, stranger, staff = make_actor(), make_actor(), make_actor(role=Role.OPERATOR)
    mine = make_service(make_company())
    number = make_ticket(owner)
    do(tickets.reply, staff, number, body="Hm.")
    for work, how in (
        (tickets.reply, {"body": "Let me in."}),
        (tickets.close_ticket, {}),
        (tickets.reopen_ticket, {}),
        (readers.mark_read, {}),
    ):
        refused("not_found", lambda unit, work=work, how=how: work(unit, stranger, number, **how))  # type: ignore[operator]
    refused("not_found", lambda unit: threads.read_thread(stranger, unit, number))
    refused("not_found", lambda unit: orders.order_facts(owner, unit, mine.id or 0))
    foreign = NewTicket("technical", "Whose?", "Not mine.", service_id=mine.id)
    refused("not_found", lambda unit: tickets.open_ticket(unit, owner, foreign))
    assert (listed(stranger), counts(stranger)) == ([], (0, 0, 0))
    assert listed(stranger, search=str(number)) == []


def test_clients_do_nothing_that_is_the_desks() -> None:
    client = make_actor()
    number = make_ticket(client)
    for work, how in (
        (desk.add_note, {"body": "x"}),
        (desk.assign, {"person_id": client.person_id}),
        (desk.set_status, {"status": "closed"}),
        (desk.set_importance, {"importance": "high"}),
        (desk.set_department, {"department": "finance"}),
    ):
        refused("forbidden", lambda unit, work=work, how=how: work(unit, client, number, **how))  # type: ignore[operator]
    for read in (desk.count_desk, desk.list_agents):
        refused("forbidden", lambda unit, read=read: read(client, unit))
    refused("forbidden", lambda unit: desk.list_desk(client, unit, desk.DeskFilter()))
    refused("forbidden", lambda unit: desk.read_desk_thread(client, unit, number))
    refused("bad_request", lambda unit: tickets.reply(unit, client, number, body="x", then="resolved"))


def test_staff_open_no_tickets_and_list_none_as_clients() -> None:
    staff = make_actor(role=Role.OPERATOR)
    refused("forbidden", lambda unit: tickets.open_ticket(unit, staff, NewTicket("technical", "a", "b")))
    refused("forbidden", lambda unit: lists.list_tickets(staff, unit, TicketFilter()))
    refused("forbidden", lambda unit: lists.count_tickets(staff, unit))


def test_steps_that_are_not_declared_are_refused() -> None:
    client, staff = make_actor(), make_actor(role=Role.OPERATOR)
    number = make_ticket(client)
    refused("ticket_not_ended", lambda unit: tickets.reopen_ticket(unit, client, number))
    for status in ("new", "reopened", "closed"):
        refused(
            "status_not_possible",
            lambda unit, status=status: desk.set_status(unit, staff, number, status=status),
        )
    refused("bad_request", lambda unit: desk.set_status(unit, staff, number, status="gone"))
    do(tickets.close_ticket, client, number)
    refused("ticket_already_ended", lambda unit: tickets.close_ticket(unit, client, number))


def test_tabs_and_their_counters() -> None:
    company = make_company()
    client, colleague = make_actor(company=company), make_actor(company=company)
    staff = make_actor(role=Role.OPERATOR)
    first, second, third = (make_ticket(client, subject=name) for name in ("one", "two", "three"))
    assert listed(client) == [third, second, first]
    assert (counts(client), counts(colleague)) == ((3, 0, 0), (3, 0, 3))
    do(tickets.reply, staff, first, body="Aha.")
    do(tickets.close_ticket, client, second)
    assert listed(client) == [first, third]
    assert listed(client, tab="closed") == [second]
    assert (listed(client, tab="unread"), counts(client)) == ([first], (2, 1, 1))
    do(readers.mark_read, client, first)
    assert (counts(client), counts(colleague)) == ((2, 1, 0), (2, 1, 3))
    assert thread(colleague, first).first_unread == thread(colleague, first).messages[0].id
    assert thread(client, first).first_unread is None
    for bad in ({"tab": "all"}, {"page": 0}, {"page": 10_001}):
        refused("bad_request", lambda unit, bad=bad: lists.list_tickets(client, unit, TicketFilter(**bad)))


def test_pages_follow_each_other() -> None:
    client = make_actor()
    numbers = [make_ticket(client, subject=f"ticket {n}") for n in range(27)]
    pages = []
    for page in (1, 2, 3):
        with unit_of_work() as unit:
            rows, total = lists.list_tickets(client, unit, TicketFilter(page=page))
        assert total == 27
        pages.append([row.ticket.id for row in rows])
    assert [len(page) for page in pages] == [25, 2, 0]
    assert [*pages[0], *pages[1]] == numbers[::-1]


def test_a_long_conversation_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "UNANSWERED_PER_HOUR", 100)
    client = make_actor()
    number = make_ticket(client, body="0")
    for n in range(1, 61):
        do(tickets.reply, client, number, body=str(n))
    newest = thread(client, number)
    assert ([said.body for said in newest.messages], newest.has_earlier) == (
        [str(n) for n in range(11, 61)],
        True,
    )
    with unit_of_work() as unit:
        earlier = threads.read_thread(client, unit, number, before=newest.messages[0].id)
    assert ([said.body for said in earlier.messages], earlier.has_earlier) == (
        [str(n) for n in range(11)],
        False,
    )


def test_orders_on_offer_are_the_companys_own_that_run() -> None:
    company = make_company()
    client = make_actor(company=company)
    running = make_service(company)
    make_service(company, status="terminated")
    make_service(make_company())
    with unit_of_work() as unit:
        assert [one.service_id for one in orders.list_orders(client, unit)] == [running.id]
