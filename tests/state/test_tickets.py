"""What pages of tickets are given, and what a form is told."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.refusals import NotFound
from opsportal.domain.support import desk, readers, tickets
from opsportal.domain.support.lists import TicketFilter
from opsportal.domain.support.refusals import MessageMissing
from opsportal.models import Role
from opsportal.state.shell import read_support
from opsportal.state.support.desk import read_client, read_desk_ticket
from opsportal.state.support.sending import take
from opsportal.state.support.tickets import read_new_ticket, read_ticket, read_tickets, see
from opsportal.state.support.tiles import read_open_tickets
from opsportal.state.support.views import AnswerView, NewTicketView
from tests.builders import make_actor, make_company, make_person, make_server, make_service
from tests.doors.world import make_ticket

pytestmark = pytest.mark.usefixtures("portal")
DRAFT = "0123456789abcdef" * 2


def read(reader: Any, actor: Actor, params: Any = None) -> Any:
    with unit_of_work() as unit:
        return reader(unit, actor, params)


def do(command: Any, actor: Actor, *args: Any, **words: Any) -> Any:
    with unit_of_work() as unit:
        return command(unit, actor, *args, **words)


def test_notes_are_in_the_view_of_staff_and_nowhere_in_those_of_clients() -> None:
    client, staff = make_actor(), make_actor(role=Role.TECHNICIAN)
    from opsportal.models import Company

    with unit_of_work() as unit:
        company = unit.get_one(Company, client.company_id)
    number = make_ticket(company, by=client).id or 0
    do(desk.add_note, staff, number, body="the secret note")
    seen = read(read_desk_ticket, staff, (number, 0)).ticket
    assert [(one.kind, one.body) for one in seen.talk] == [
        ("message", "the first message"),
        ("note", "the secret note"),
    ]
    for reader, params in (
        (read_ticket, (number, 0)),
        (read_tickets, TicketFilter()),
        (read_open_tickets, None),
        (read_support, None),
    ):
        shown = json.dumps(dataclasses.asdict(read(reader, client, params)))
        assert "secret" not in shown
        assert "note" not in shown
    before = read(read_ticket, client, (number, 0))
    do(desk.add_note, staff, number, body="another")
    assert read(read_ticket, client, (number, 0)) == before


def test_unread_is_each_persons_own() -> None:
    company = make_company()
    mine, theirs = (make_actor(make_person(company=company)) for _ in range(2))
    staff = make_actor(role=Role.OPERATOR)
    number = make_ticket(company, by=mine).id or 0
    do(readers.mark_read, theirs, number)
    do(tickets.reply, staff, number, body="an answer")
    for actor in (mine, theirs):
        assert read(read_support, actor).unread == 1
        assert read(read_open_tickets, actor).unread == 1
        [row] = read(read_tickets, actor, TicketFilter(tab="unread")).rows
        assert (row.id, row.is_unread, row.status) == (number, True, "waiting")
    view = read(read_ticket, mine, (number, 0))
    assert view.first_unread == view.talk[1].id
    do(see, mine, number, view.talk[0].id)  # told by a page that does not show the answer yet
    assert read(read_support, mine).unread == 1
    do(see, mine, number, view.last_message)
    assert read(read_support, mine).unread == 0
    assert read(read_support, theirs).unread == 1
    assert read(read_tickets, mine, TicketFilter(tab="unread")).rows == []


def test_a_conversation_is_told_in_its_order_with_its_ends() -> None:
    company = make_company()
    client, staff = make_actor(make_person(company=company)), make_actor(role=Role.OPERATOR)
    number = make_ticket(company, by=client).id or 0
    do(tickets.reply, staff, number, body="done", then="resolved")
    do(tickets.reply, client, number, body="not done")
    talk = read(read_ticket, client, (number, 0)).talk
    assert [one.body or one.to_status for one in talk] == [
        "the first message", "done", "resolved", "reopened", "not done",
    ]  # fmt: skip
    assert len({one.key for one in talk}) == len(talk)
    view = read(read_desk_ticket, staff, (number, 0))
    assert view.next_statuses == ["open", "waiting", "resolved"]
    assert view.assignee_id == staff.person_id


def test_long_conversations_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "UNANSWERED_PER_HOUR", 100)
    company = make_company()
    client = make_actor(make_person(company=company))
    number = make_ticket(company, by=client).id or 0
    for n in range(60):
        do(tickets.reply, client, number, body=f"{n}")
    newest = read(read_ticket, client, (number, 0))
    assert [one.body for one in newest.talk] == [f"{n}" for n in range(10, 60)]
    earlier = read(read_ticket, client, (number, newest.earlier))
    assert [one.body for one in earlier.talk] == ["the first message", *(f"{n}" for n in range(10))]
    assert earlier.earlier == 0


def test_a_ticket_from_an_order_knows_it_and_a_foreign_order_is_as_good_as_none() -> None:
    company = make_company()
    client = make_actor(make_person(company=company))
    service = make_service(company, name="db-01")
    server = make_server(service, ip="203.0.113.9")
    form = read(read_new_ticket, client, service.id)
    assert (form.service_id, form.service, form.ip, form.power) == (
        service.id,
        "db-01",
        "203.0.113.9",
        server.power,
    )
    assert [(one.id, one.name) for one in form.orders] == [(service.id, "db-01")]
    foreign = make_service()
    assert read(read_new_ticket, client, foreign.id) == NewTicketView(is_ready=True, orders=form.orders)
    number = make_ticket(company, by=client, service_id=service.id).id or 0
    assert read(read_client, make_actor(role=Role.OPERATOR), (number, company.id, server.id)).has_money
    assert not read(read_client, make_actor(role=Role.TECHNICIAN), (number, company.id, server.id)).has_money
    beside = read(read_client, make_actor(role=Role.TECHNICIAN), (number, company.id, server.id))
    assert (beside.company, beside.service, beside.server, beside.power) == (
        company.name, "db-01", server.name, server.power,
    )  # fmt: skip


class Form:
    """As much of a State as a form needs."""

    answer = AnswerView()


async def test_a_draft_that_was_taken_is_not_taken_again_but_what_was_changed_in_it_is() -> None:
    company = make_company()
    client = make_actor(make_person(company=company))
    number = make_ticket(company, by=client).id or 0
    form = Form()

    def say(unit: Any, body: str) -> int:
        return tickets.reply(unit, client, number, body=body, draft=DRAFT).id or 0

    await take(form, DRAFT, say, "hello")
    first = form.answer
    await take(form, DRAFT, say, "hello")
    assert (form.answer.draft, form.answer.number, form.answer.code) == (DRAFT, first.number, "")
    assert form.answer.id != first.id  # told again: the first answer may have been lost
    await take(form, DRAFT, say, "hello again")
    bodies = [one.body for one in read(read_ticket, client, (number, 0)).talk]
    assert bodies == ["the first message", "hello", "hello again"]


async def test_what_is_wrong_with_a_text_stands_at_the_form_and_the_rest_is_told_as_well() -> None:
    form = Form()

    def empty(unit: Any) -> int:
        raise MessageMissing

    def foreign(unit: Any) -> int:
        raise NotFound

    def broken(unit: Any) -> int:
        raise ValueError("a fault")

    await take(form, DRAFT, empty)
    assert (form.answer.code, form.answer.msgid) == ("message_missing", MessageMissing.msgid)
    with pytest.raises(NotFound):
        await take(form, DRAFT, foreign)
    assert form.answer.code == "not_found"
    with pytest.raises(ValueError, match="a fault"):
        await take(form, DRAFT, broken)
    assert form.answer.code == "fault"
