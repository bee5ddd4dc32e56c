"""The staff's side: the queue, notes among themselves, who takes what, and what becomes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_ticket_for
from opsportal.domain.audit import trail
from opsportal.domain.refusals import BadRequest
from opsportal.domain.support import attachments, letters, readers, threads, tickets, topics
from opsportal.domain.support.drafts import find_sent, token_of
from opsportal.domain.support.lists import LAST_PAGE, PAGE, search_clause
from opsportal.domain.support.refusals import NotOfTheDesk, StatusNotPossible
from opsportal.domain.support.threads import FileView, Thread
from opsportal.domain.support.wording import clean_body
from opsportal.models import (
    Attachment,
    Company,
    Department,
    Importance,
    Person,
    Service,
    Ticket,
    TicketNote,
    TicketStatus,
)


class Whose(StrEnum):
    """Whose tickets the queue shows."""

    ALL = "all"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    UNREAD = "unread"


@dataclass(frozen=True)
class DeskFilter:
    """What the queue shows. Empty strings and None do not restrict; without a status, what is open or unread."""

    whose: str = Whose.ALL
    department: str = ""
    importance: str = ""
    status: str = ""
    company_id: int | None = None
    search: str = ""
    page: int = 1


@dataclass(frozen=True)
class DeskRow:
    """A ticket in the queue. `ticket.waiting_since` is null when staff owe nothing."""

    ticket: Ticket
    company_name: str
    service_name: str
    assignee_name: str
    is_unread: bool


@dataclass(frozen=True)
class DeskCounts:
    """The counters of the queue: open tickets. `owed`: staff owe the next word."""

    open: int
    mine: int
    unassigned: int
    unread: int
    owed: int
    high: int


@dataclass(frozen=True)
class Note:
    """What staff have said among themselves."""

    id: int
    author_id: int
    author_name: str
    body: str
    at: dt.datetime
    files: tuple[FileView, ...] = ()


@dataclass(frozen=True)
class DeskThread:
    """A ticket as staff see it. `is_unread`: also when only a note is new."""

    thread: Thread
    company_name: str
    notes: tuple[Note, ...]
    is_unread: bool


def list_desk(actor: Actor, unit: Unit, wanted: DeskFilter) -> tuple[list[DeskRow], int]:
    """One page of the queue, high importance first, then who has waited longest; and how many match."""
    actor.require(Permission.DESK_WORK)
    _check(wanted)
    query = _matching(actor, wanted)
    total = unit.scalar(query.with_only_columns(func.count(), maintain_column_froms=True))
    ordered = query.order_by(
        col(Ticket.importance), col(Ticket.waiting_since).asc().nulls_last(), col(Ticket.id)
    )
    if wanted.status in (TicketStatus.RESOLVED, TicketStatus.CLOSED):
        ordered = query.order_by(col(Ticket.last_message_at).desc(), col(Ticket.id).desc())
    rows = unit.exec(ordered.offset((wanted.page - 1) * PAGE).limit(PAGE)).all()
    unread = readers.marks_of(unit, actor.person_id, [row[0].id for row in rows])
    found = [
        DeskRow(t, company, service or "", who or "", t.id in unread) for t, company, service, who in rows
    ]
    return found, int(total or 0)


def _check(wanted: DeskFilter) -> None:
    known = (
        wanted.whose in set(Whose)
        and wanted.department in {"", *Department}
        and wanted.importance in {"", *Importance}
        and wanted.status in {"", *TicketStatus}
        and 1 <= wanted.page <= LAST_PAGE
    )
    if not known:
        raise BadRequest


def _matching(actor: Actor, wanted: DeskFilter) -> Any:
    query: Any = (
        select(Ticket, Company.name, Service.name, Person.name)
        .select_from(Ticket)
        .join(Company, col(Company.id) == col(Ticket.company_id))
        .outerjoin(Service, col(Service.id) == col(Ticket.service_id))
        .outerjoin(Person, col(Person.id) == col(Ticket.assignee_id))
    )
    exact = {
        Ticket.department: wanted.department,
        Ticket.importance: wanted.importance,
        Ticket.status: wanted.status,
    }
    for column, value in exact.items():
        if value:
            query = query.where(col(column) == value)
    if not wanted.status and wanted.whose != Whose.UNREAD:
        query = query.where(col(Ticket.is_open))
    if wanted.company_id is not None:
        query = query.where(col(Ticket.company_id) == wanted.company_id)
    if wanted.whose == Whose.MINE:
        query = query.where(col(Ticket.assignee_id) == actor.person_id)
    elif wanted.whose == Whose.UNASSIGNED:
        query = query.where(col(Ticket.assignee_id).is_(None))
    elif wanted.whose == Whose.UNREAD:
        query = query.where(col(Ticket.id).in_(readers.unread_of(actor.person_id)))
    return query.where(search_clause(wanted.search)) if wanted.search else query


def count_desk(actor: Actor, unit: Unit) -> DeskCounts:
    """The counters of the queue in one query over what is open."""
    actor.require(Permission.DESK_WORK)
    is_mine, is_free = col(Ticket.assignee_id) == actor.person_id, col(Ticket.assignee_id).is_(None)
    query: Any = select(  # type: ignore[call-overload]
        func.count(),
        func.count().filter(is_mine),
        func.count().filter(is_free),
        func.count().filter(col(Ticket.waiting_since).is_not(None)),
        func.count().filter(col(Ticket.importance) == Importance.HIGH),
    ).where(col(Ticket.is_open))
    everything, mine, free, owed, high = unit.exec(query).one()
    unread = readers.count_unread(unit, person_id=actor.person_id)
    return DeskCounts(everything, mine, free, unread, owed, high)


def list_agents(actor: Actor, unit: Unit) -> list[Person]:
    """Everybody who can be given a ticket, by name."""
    actor.require(Permission.DESK_WORK)
    query = select(Person).where(col(Person.role).in_(readers.DESK_ROLES), col(Person.is_active))
    return list(unit.exec(query.order_by(col(Person.name), col(Person.id))))


def read_desk_thread(actor: Actor, unit: Unit, ticket_id: int, *, before: int | None = None) -> DeskThread:
    """A ticket with its notes, for staff. Notes are never more than a hundred, the newest ones."""
    actor.require(Permission.DESK_WORK)
    thread = threads.read_thread(actor, unit, ticket_id, before=before)
    return DeskThread(
        thread=thread,
        company_name=unit.get_one(Company, thread.ticket.company_id).name,
        notes=tuple(_notes(unit, ticket_id)),
        is_unread=readers.is_unread(unit, ticket_id, person_id=actor.person_id),
    )


def _notes(unit: Unit, ticket_id: int) -> list[Note]:
    query = select(TicketNote).where(col(TicketNote.ticket_id) == ticket_id)
    newest = unit.exec(query.order_by(col(TicketNote.id).desc()).limit(100)).all()
    files = threads.files_of(unit, col(Attachment.note_id), [row.id or 0 for row in newest])
    return [
        Note(
            row.id or 0, row.author_id, row.author_name, row.body, row.created_at, files.get(row.id or 0, ())
        )
        for row in reversed(newest)
    ]


def add_note(
    unit: Unit,
    actor: Actor,
    ticket_id: int,
    *,
    body: str,
    attachment_ids: Sequence[int] = (),
    draft: str = "",
) -> TicketNote:
    """Note something for staff. It changes nothing that a client can see, not even a time, and mails nobody."""
    actor.require(Permission.DESK_WORK)
    access_ticket_for(actor, unit, ticket_id)
    text = clean_body(body)
    token = token_of(draft, ticket_id, text, sorted(attachment_ids))
    ticket = tickets.hold(unit, ticket_id)
    if (sent := find_sent(unit, actor, TicketNote, token)) is not None:
        return sent
    note = TicketNote(
        ticket_id=ticket_id, author_id=actor.person_id, author_name=actor.name, body=text, token=token
    )
    unit.add(note)
    unit.flush()
    attachments.claim(unit, actor, attachment_ids, note_id=note.id)
    readers.news(unit, ticket, by=actor.person_id, message_id=None)
    trail.record(
        unit, "ticket:noted", actor=actor, object_kind="ticket", object_id=ticket_id,
        object_name=f"#{ticket_id}", company_id=None,
    )  # fmt: skip
    unit.changed(topics.ticket_desk(ticket_id), topics.DESK)
    return note


def assign(unit: Unit, actor: Actor, ticket_id: int, *, person_id: int | None) -> Ticket:
    """Give a ticket to somebody of the desk, or (None) back to all. Refuses with `NotOfTheDesk`."""
    actor.require(Permission.DESK_WORK)
    access_ticket_for(actor, unit, ticket_id)
    if person_id is not None:
        person = unit.get(Person, person_id)
        if person is None or person.role not in readers.DESK_ROLES or not person.is_active:
            raise NotOfTheDesk
    ticket = tickets.hold(unit, ticket_id)
    tickets.take(unit, ticket, person_id)
    tickets.record(unit, actor, ticket, "assigned", to=person_id)
    return ticket


def set_status(unit: Unit, actor: Actor, ticket_id: int, *, status: str) -> Ticket:
    """Move a ticket along its declared steps. Refuses with `StatusNotPossible`."""
    actor.require(Permission.DESK_WORK)
    access_ticket_for(actor, unit, ticket_id)
    if status not in set(TicketStatus):
        raise BadRequest
    ticket = tickets.hold(unit, ticket_id)
    if ticket.status == status:
        raise StatusNotPossible
    tickets.step(unit, actor, ticket, TicketStatus(status))
    if status == TicketStatus.RESOLVED:
        letters.tell_resolved(unit, ticket, was_silent=False)
    tickets.record(unit, actor, ticket, "status_set", status=status)
    return ticket


def set_importance(unit: Unit, actor: Actor, ticket_id: int, *, importance: str) -> Ticket:
    """Say how urgent a ticket is."""
    actor.require(Permission.DESK_WORK)
    access_ticket_for(actor, unit, ticket_id)
    if importance not in set(Importance):
        raise BadRequest
    ticket = tickets.hold(unit, ticket_id)
    ticket.importance = importance
    unit.changed(*topics.of_ticket(ticket))
    tickets.record(unit, actor, ticket, "importance_set", importance=importance)
    return ticket


def set_department(unit: Unit, actor: Actor, ticket_id: int, *, department: str) -> Ticket:
    """Hand a ticket over to the other department; whoever had it has it no more."""
    actor.require(Permission.DESK_WORK)
    access_ticket_for(actor, unit, ticket_id)
    if department not in set(Department):
        raise BadRequest
    ticket = tickets.hold(unit, ticket_id)
    if ticket.department != department:
        ticket.department = department
        tickets.take(unit, ticket, None)
    tickets.record(unit, actor, ticket, "department_set", department=department)
    return ticket
