"""A note never reaches a client: whatever is done in whatever order, nothing a client reads or is mailed has any."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.refusals import Refusal
from opsportal.domain.support import attachments, desk, endings, lists, readers, threads, tickets
from opsportal.domain.support.lists import Tab, TicketFilter
from opsportal.domain.support.tickets import NewTicket
from opsportal.models import (
    Attachment,
    AuditEvent,
    Mail,
    Outbox,
    Role,
    StatusChange,
    Ticket,
    TicketPerson,
    TicketTally,
    TicketUnread,
)
from tests.builders import make_actor, make_company, make_service

pytestmark = pytest.mark.usefixtures("portal")

SECRET = "zanzibar"
"""A word that only notes and their files contain."""
SPOKEN = "hello"
"""A word of every message: what finds it would find a note too."""


@dataclasses.dataclass
class Cast:
    """Two clients of one company, two of the desk, and the tickets they make."""

    clients: tuple[Actor, Actor]
    staff: tuple[Actor, Actor]
    service_id: int
    numbers: list[int] = dataclasses.field(default_factory=list)


def make_cast() -> Cast:
    company = make_company()
    return Cast(
        (make_actor(company=company), make_actor(company=company)),
        (make_actor(role=Role.OPERATOR), make_actor(role=Role.TECHNICIAN)),
        make_service(company).id or 0,
    )


def visible(cast: Cast, client: Actor) -> list[object]:
    """Everything that a client can get out of the domain, and every row that is told or mailed to clients."""
    seen: list[object] = []
    with unit_of_work() as unit:
        for tab, search in itertools.product(Tab, ("", SECRET, SPOKEN, "#")):
            seen.append(lists.list_tickets(client, unit, TicketFilter(tab=tab, search=search)))
        seen.append(lists.count_tickets(client, unit))
        for number in unit.exec(select(Ticket.id)).all():
            with contextlib.suppress(Refusal):
                seen.append(threads.read_thread(client, unit, number or 0))
        for file in unit.exec(select(Attachment.id)).all():
            with contextlib.suppress(Refusal):
                seen.append(attachments.read_attachment(client, unit, file or 0))
        own = (Mail, TicketTally, TicketPerson)
        seen.extend(unit.exec(select(table)).all() for table in own)
        mine = select(TicketUnread).where(col(TicketUnread.person_id) == client.person_id)
        seen.append(unit.exec(mine).all())
        seen.append(
            unit.exec(select(AuditEvent).where(col(AuditEvent.company_id) == client.company_id)).all()
        )
        seen.extend((unit.exec(select(StatusChange)).all(), unit.exec(select(Outbox)).all()))
    return [repr(one) for one in seen]


def everything_visible(cast: Cast) -> list[object]:
    return [visible(cast, client) for client in cast.clients]


def note(unit: Unit, cast: Cast, who: Actor, number: int) -> None:
    """A note with a file, each of which says the word."""
    content = f"{SECRET} in a file of {who.name}".encode()
    file = attachments.store_attachment(unit, who, name=f"{SECRET}.txt", content=content)
    desk.add_note(unit, who, number, body=f"They know nothing of {SECRET}.", attachment_ids=[file.id or 0])


def message(unit: Unit, cast: Cast, who: Actor, number: int) -> None:
    file = attachments.store_attachment(unit, who, name=f"{SPOKEN}.txt", content=SPOKEN.encode())
    tickets.reply(unit, who, number, body=f"{SPOKEN} from {who.name}", attachment_ids=[file.id or 0])


def note_with_the_clients_file(unit: Unit, cast: Cast, who: Actor, number: int) -> None:
    """Tries to take over what a client has uploaded and not sent."""
    file = attachments.store_attachment(unit, cast.clients[0], name="mine.txt", content=b"mine")
    desk.add_note(unit, who, number, body=SECRET, attachment_ids=[file.id or 0])


def message_with_a_notes_file(unit: Unit, cast: Cast, who: Actor, number: int) -> None:
    """Tries to send to the client what is a note's already."""
    taken = unit.exec(select(Attachment.id).where(col(Attachment.note_id).is_not(None))).first()
    tickets.reply(unit, who, number, body=SPOKEN, attachment_ids=[taken or 0])


def settle(unit: Unit, cast: Cast, who: Actor, number: int) -> None:
    unit.execute(text("UPDATE ticket SET last_message_at = last_message_at - interval '15 days'"))
    endings.end_silent(unit, number)


Operation = Callable[[Unit, Cast, Actor, int], object]
OF_STAFF: tuple[Operation, ...] = (
    note,
    note,
    message,
    note_with_the_clients_file,
    message_with_a_notes_file,
    lambda unit, cast, who, n: tickets.reply(unit, who, n, body=SPOKEN, then="resolved"),
    lambda unit, cast, who, n: tickets.close_ticket(unit, who, n),
    lambda unit, cast, who, n: desk.assign(unit, who, n, person_id=cast.staff[1].person_id),
    lambda unit, cast, who, n: desk.assign(unit, who, n, person_id=None),
    lambda unit, cast, who, n: desk.set_status(unit, who, n, status="open"),
    lambda unit, cast, who, n: desk.set_department(unit, who, n, department="finance"),
    lambda unit, cast, who, n: readers.mark_read(unit, who, n),
    settle,
)
OF_CLIENTS: tuple[Operation, ...] = (
    message,
    lambda unit, cast, who, n: tickets.close_ticket(unit, who, n),
    lambda unit, cast, who, n: tickets.reopen_ticket(unit, who, n),
    lambda unit, cast, who, n: readers.mark_read(unit, who, n),
    lambda unit, cast, who, n: cast.numbers.append(
        tickets.open_ticket(
            unit, who, NewTicket("technical", f"{SPOKEN} {n}", SPOKEN, service_id=cast.service_id)
        ).id
        or 0
    ),
    note,
    lambda unit, cast, who, n: desk.read_desk_thread(who, unit, n),
)
STEPS = st.one_of(
    st.tuples(st.just("staff"), st.sampled_from(OF_STAFF), st.integers(0, 1), st.integers(0, 3)),
    st.tuples(st.just("clients"), st.sampled_from(OF_CLIENTS), st.integers(0, 1), st.integers(0, 3)),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(STEPS, min_size=4, max_size=12))
def test_no_order_of_doings_shows_a_note_to_a_client(steps: list[tuple[str, Operation, int, int]]) -> None:
    cast = make_cast()
    with unit_of_work() as unit:
        first = tickets.open_ticket(unit, cast.clients[0], NewTicket("technical", SPOKEN, SPOKEN))
        cast.numbers.append(first.id or 0)
        note(unit, cast, cast.staff[0], first.id or 0)
    for side, operation, who, which in steps:
        number = cast.numbers[which % len(cast.numbers)]
        with contextlib.suppress(Refusal), unit_of_work() as unit:
            operation(unit, cast, getattr(cast, side)[who], number)
    seen = repr(everything_visible(cast))
    assert SPOKEN in seen
    assert SECRET not in seen


def test_a_note_changes_nothing_that_a_client_sees_not_even_a_time() -> None:
    cast = make_cast()
    told: set[str] = set()
    with unit_of_work() as unit:
        number = tickets.open_ticket(unit, cast.clients[0], NewTicket("technical", SPOKEN, SPOKEN)).id or 0
        message(unit, cast, cast.staff[0], number)
    before = everything_visible(cast)
    with unit_of_work() as unit:
        note(unit, cast, cast.staff[1], number)
        told |= unit.topics
    assert everything_visible(cast) == before
    # Nothing that a client's page listens to was announced, so not even a push tells of it.
    others = {f"person:{cast.staff[0].person_id}:tickets"}
    assert told == {"audit", "desk", f"ticket:{number}:desk", *others}


def test_staff_read_notes_and_their_files() -> None:
    cast = make_cast()
    with unit_of_work() as unit:
        number = tickets.open_ticket(unit, cast.clients[0], NewTicket("technical", SPOKEN, SPOKEN)).id or 0
        note(unit, cast, cast.staff[0], number)
    with unit_of_work() as unit:
        seen = desk.read_desk_thread(cast.staff[1], unit, number)
        (read,) = seen.notes
        (file,) = read.files
        content = attachments.read_attachment(cast.staff[1], unit, file.id).content
    assert read.body == f"They know nothing of {SECRET}."
    assert content == f"{SECRET} in a file of {cast.staff[0].name}".encode()
    assert seen.is_unread
    assert seen.thread.first_unread == seen.thread.messages[0].id
