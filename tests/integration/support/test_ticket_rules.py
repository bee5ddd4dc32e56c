"""Tickets: what the database itself refuses, drafts that come again, floods, silence and time."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.support import desk, endings, tickets
from opsportal.domain.support.tickets import NewTicket
from opsportal.models import AuditEvent, Mail, Role, TicketStatus
from tests.builders import make_actor, make_company, make_service, make_ticket
from tests.doors.world import everything
from tests.integration.support.asked import DRAFT, counts, do, refused, thread, ticket
from workers import tickets as workers_tickets

pytestmark = pytest.mark.usefixtures("portal")


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
