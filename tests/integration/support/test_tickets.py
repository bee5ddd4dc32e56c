"""Tickets of clients: opened, answered, closed, reopened; and everything that is refused changes nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.refusals import Refusal
from opsportal.domain.support import desk, endings, lists, orders, readers, threads, tickets
from opsportal.domain.support.lists import TicketFilter
from opsportal.domain.support.tickets import NewTicket
from opsportal.models import AuditEvent, Mail, Power, Role, Ticket, TicketStatus
from tests.builders import make_actor, make_company, make_server, make_service, make_ticket
from workers import tickets as workers_tickets

pytestmark = pytest.mark.usefixtures("portal")


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table: what a refusal must leave as it was."""
    with unit_of_work() as unit:
        return {
            name: sorted((tuple(row) for row in unit.execute(table.select())), key=repr)
            for name, table in SQLModel.metadata.tables.items()
        }


def refused(code: str, work: Callable[[Unit], object]) -> None:
    """`work` is refused with this code, and nothing has changed."""
    before = everything()
    with pytest.raises(Refusal) as refusal, unit_of_work() as unit:
        work(unit)
    assert refusal.value.code == code
    assert everything() == before


def do(work: Callable[..., Any], actor: Actor, ticket_id: int, **how: Any) -> Any:
    with unit_of_work() as unit:
        return work(unit, actor, ticket_id, **how)


def ticket(ticket_id: int) -> Ticket:
    with unit_of_work() as unit:
        return unit.get_one(Ticket, ticket_id)


def thread(actor: Actor, ticket_id: int) -> threads.Thread:
    with unit_of_work() as unit:
        return threads.read_thread(actor, unit, ticket_id)


def counts(actor: Actor) -> tuple[int, int, int]:
    with unit_of_work() as unit:
        found = lists.count_tickets(actor, unit)
    return found.open, found.closed, found.unread


def listed(actor: Actor, **wanted: Any) -> list[int]:
    with unit_of_work() as unit:
        rows, total = lists.list_tickets(actor, unit, TicketFilter(**wanted))
    assert total == len(rows)
    return [row.ticket.id or 0 for row in rows]


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


def test_a_script_gone_wild_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "NEW_PER_HOUR", 3)
    company = make_company()
    client = make_actor(company=company)
    for _ in range(3):
        make_ticket(client)
    colleague = make_actor(company=company)
    new = NewTicket("technical", "one more", "please")
    refused("too_many_tickets", lambda unit: tickets.open_ticket(unit, colleague, new))
    make_ticket(make_actor())
    with unit_of_work() as unit:
        unit.execute(text("UPDATE ticket SET created_at = created_at - interval '61 minutes'"))
    make_ticket(client)


def test_silence_and_time_end_tickets() -> None:
    client, staff = make_actor(), make_actor(role=Role.OPERATOR)
    answered, fresh, owed, settled = (make_ticket(client) for _ in range(4))
    for number in (answered, fresh):
        do(tickets.reply, staff, number, body="Is it good now?")
    do(tickets.close_ticket, client, settled)
    with unit_of_work() as unit:
        for number, column, days in (
            (answered, "last_message_at", 15),
            (owed, "last_message_at", 40),
            (settled, "last_message_at", 31),
            (settled, "resolved_at", 31),
        ):
            unit.execute(
                text(f"UPDATE ticket SET {column} = now() - interval '{days} days' WHERE id = :id"),
                {"id": number},
            )
    workers_tickets.tidy()
    assert [ticket(n).status for n in (answered, fresh, owed, settled)] == [
        "resolved",
        "waiting",
        "new",
        "closed",
    ]
    with unit_of_work() as unit:
        told = unit.exec(select(Mail).where(col(Mail.kind) == "ticket_resolved")).all()
    assert [(mail.about_id, mail.person_id) for mail in told] == [(answered, client.person_id)]
    assert "We have not heard from you for two weeks." in told[0].body_text
    with unit_of_work() as unit:
        entries = unit.exec(select(AuditEvent).where(col(AuditEvent.actor_id).is_(None)))
        noted = {(one.tag, one.object_id) for one in entries if one.company_id == client.company_id}
    assert noted == {("ticket:resolved", answered), ("ticket:closed", settled)}
    before = everything()
    workers_tickets.tidy()
    assert everything() == before


def test_whoever_speaks_first_keeps_the_ticket_from_ending() -> None:
    client, staff = make_actor(), make_actor(role=Role.OPERATOR)
    number = make_ticket(client)
    do(tickets.reply, staff, number, body="Well?")
    with unit_of_work() as unit:
        unit.execute(text("UPDATE ticket SET last_message_at = now() - interval '15 days'"))
    do(tickets.reply, client, number, body="Here I am.")
    with unit_of_work() as unit:
        endings.end_silent(unit, number)
        endings.end_settled(unit, number)
    assert ticket(number).status == TicketStatus.OPEN


FORBIDDEN = (
    "UPDATE ticket SET service_id = :foreign",
    "UPDATE ticket SET company_id = :stranger WHERE service_id IS NOT NULL",
    "INSERT INTO ticket_note (ticket_id, author_id, author_name, body) VALUES (:ticket, :client, 'x', 'x')",
    "INSERT INTO ticket_message (ticket_id, side, author_id, author_name, body)"
    " VALUES (:ticket, 'staff', :client, 'x', 'x')",
    "INSERT INTO ticket_message (ticket_id, side, author_id, author_name, body)"
    " VALUES (:ticket, 'client', :staff, 'x', 'x')",
    "INSERT INTO ticket_message (ticket_id, side, author_id, author_name, body)"
    " VALUES (:ticket, 'client', :other, 'x', 'x')",
    "INSERT INTO ticket_person VALUES (:ticket, :other)",
    "INSERT INTO ticket_person VALUES (:ticket, :staff)",
    "INSERT INTO ticket_unread (person_id, ticket_id, message_id) VALUES (:other, :ticket, :message)",
    "INSERT INTO ticket_unread (person_id, ticket_id, message_id) VALUES (:client, :ticket, NULL)",
    "UPDATE ticket_message SET body = 'y'",
    "DELETE FROM ticket_message",
    "UPDATE ticket_note SET body = 'y'",
    "UPDATE ticket SET status = 'gone'",
    "UPDATE ticket SET subject = E'a\\nb'",
    "UPDATE ticket SET status = 'resolved'",
    "UPDATE mail SET body_text = 'y'",
    "UPDATE mail SET to_address = 'other@example.com'",
    "DELETE FROM mail",
    "UPDATE person SET email = 'nobody'",
    "UPDATE person SET mail_to = 'a@b.example, c@d.example'",
)


def test_the_database_itself_refuses() -> None:
    company = make_company()
    client, other, staff = make_actor(company=company), make_actor(), make_actor(role=Role.OPERATOR)
    number = make_ticket(client, service_id=make_service(company).id)
    do(desk.add_note, staff, number, body="for us")
    values = {
        "ticket": number,
        "client": client.person_id,
        "other": other.person_id,
        "staff": staff.person_id,
        "stranger": other.company_id,
        "foreign": make_service(make_company()).id,
        "message": thread(client, number).messages[0].id,
    }
    before = everything()
    for statement in FORBIDDEN:
        with pytest.raises(DBAPIError), unit_of_work() as unit:
            unit.execute(text(statement), {k: v for k, v in values.items() if f":{k}" in statement})
    assert everything() == before


def test_tallies_are_those_of_the_tickets() -> None:
    client, other = make_actor(), make_actor()
    for number in [make_ticket(client) for _ in range(3)]:
        do(tickets.close_ticket, client, number)
    do(tickets.reopen_ticket, client, number)
    make_ticket(other)
    with unit_of_work() as unit:
        unit.execute(
            text("UPDATE ticket SET company_id = :other WHERE id = :id"), {"other": other.company_id, "id": 1}
        )
    assert (counts(client)[:2], counts(other)[:2]) == ((1, 1), (1, 1))


def test_orders_on_offer_are_the_companys_own_that_run() -> None:
    company = make_company()
    client = make_actor(company=company)
    running = make_service(company)
    make_service(company, status="terminated")
    make_service(make_company())
    with unit_of_work() as unit:
        assert [one.service_id for one in orders.list_orders(client, unit)] == [running.id]


def test_a_ticket_cannot_be_flooded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "UNANSWERED_PER_HOUR", 3)
    company = make_company()
    client, colleague = make_actor(company=company), make_actor(company=company)
    staff = make_actor(role=Role.TECHNICIAN)
    number = make_ticket(client)
    do(tickets.reply, client, number, body="Hello?")
    do(tickets.reply, colleague, number, body="Hello??", draft=DRAFT)
    for who in (client, colleague):
        refused("too_many_messages", lambda unit, who=who: tickets.reply(unit, who, number, body="Hello???"))
    do(tickets.reply, colleague, number, body="Hello??", draft=DRAFT)  # it was taken: that is the answer
    do(tickets.reply, staff, number, body="Yes.")
    do(tickets.reply, client, number, body="Good.")


DRAFT = "0123456789abcdef" * 2


def test_a_draft_that_comes_again_is_written_once() -> None:
    company = make_company()
    client, colleague = make_actor(company=company), make_actor(company=company)
    staff = make_actor(role=Role.TECHNICIAN)
    new = NewTicket("technical", "Down", "Help", draft=DRAFT)

    def opened(who: Actor, what: NewTicket) -> int:
        with unit_of_work() as unit:
            return tickets.open_ticket(unit, who, what).id or 0

    number = opened(client, new)
    others = [
        opened(client, dataclasses.replace(new, body="Help at once")),  # changed before it was sent again
        opened(client, dataclasses.replace(new, draft=DRAFT[::-1])),
        opened(colleague, new),  # somebody else's number is nobody's proof
    ]
    assert len({number, *others}) == 4
    said = do(tickets.reply, client, number, body="Hello?", draft=DRAFT).id
    noted = do(desk.add_note, staff, number, body="Hm.", draft=DRAFT).id
    answer = do(tickets.reply, staff, number, body="Done.", then="resolved", draft=DRAFT).id
    before = everything()
    assert opened(client, new) == number
    assert do(tickets.reply, client, number, body="Hello?", draft=DRAFT).id == said
    assert do(desk.add_note, staff, number, body="Hm.", draft=DRAFT).id == noted
    assert do(tickets.reply, staff, number, body="Done.", then="resolved", draft=DRAFT).id == answer
    assert everything() == before


def test_the_database_takes_a_draft_once_even_from_code_that_forgets_to_ask() -> None:
    client = make_actor()
    number = make_ticket(client)
    do(tickets.reply, client, number, body="Hello?", draft=DRAFT)
    with pytest.raises(DBAPIError, match="uq_ticket_message_author_id_token"), unit_of_work() as unit:
        unit.execute(
            text(
                "INSERT INTO ticket_message (ticket_id, side, author_id, author_name, body, token)"
                " SELECT ticket_id, side, author_id, author_name, body, token FROM ticket_message"
                " WHERE token IS NOT NULL"
            )
        )
