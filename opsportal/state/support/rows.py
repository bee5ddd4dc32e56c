"""From tickets to views. No queries, no rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from opsportal.domain.support.desk import DeskRow, Note
from opsportal.domain.support.lists import TicketRow
from opsportal.domain.support.threads import FileView as File
from opsportal.domain.support.threads import Said, Step, Thread
from opsportal.models import Ticket, TicketStatus
from opsportal.state.support.views import EntryView, FileView, TicketRowView, TicketView
from opsportal.state.views import iso


def _row(ticket: Ticket, *, service: str, is_unread: bool) -> TicketRowView:
    return TicketRowView(
        id=ticket.id or 0,
        subject=ticket.subject,
        department=ticket.department,
        importance=ticket.importance,
        status=ticket.status,
        service_id=ticket.service_id or 0,
        service=service,
        messages=ticket.message_count,
        last_at=iso(ticket.last_message_at),
        last_side=ticket.last_side,
        last_author=ticket.last_author_name,
        is_unread=is_unread,
    )


def row_view(row: TicketRow) -> TicketRowView:
    """A ticket in a client's list: who of staff has it is nobody's business there."""
    return _row(row.ticket, service=row.service_name, is_unread=row.is_unread)


def desk_row_view(row: DeskRow) -> TicketRowView:
    """A ticket in the staff's queue."""
    return dataclasses.replace(
        _row(row.ticket, service=row.service_name, is_unread=row.is_unread),
        company_id=row.ticket.company_id,
        company=row.company_name,
        assignee=row.assignee_name,
        waiting_since=iso(row.ticket.waiting_since),
    )


def _files(files: Iterable[File]) -> list[FileView]:
    return [FileView(file.id, file.name, file.size) for file in files]


def _message(said: Said) -> EntryView:
    return EntryView(
        key=f"m{said.id}",
        kind="message",
        id=said.id,
        side=said.side,
        author_id=said.author_id,
        author=said.author_name,
        body=said.body,
        at=iso(said.at),
        files=_files(said.files),
    )


def note_entry(note: Note) -> EntryView:
    """An internal note. Only views of the desk are made of these."""
    return EntryView(
        key=f"n{note.id}",
        kind="note",
        id=note.id,
        side="staff",
        author_id=note.author_id,
        author=note.author_name,
        body=note.body,
        at=iso(note.at),
        files=_files(note.files),
    )


def _steps(steps: Iterable[Step]) -> Iterator[EntryView]:
    """Only the ends and new beginnings: that somebody answered is seen by the answer."""
    for number, step in enumerate(steps):
        if step.to_status in (TicketStatus.RESOLVED, TicketStatus.CLOSED, TicketStatus.REOPENED):
            at = iso(step.at)
            yield EntryView(
                key=f"s{number}-{at}", kind="step", side=step.side, at=at, to_status=step.to_status
            )


def ticket_view(thread: Thread, *, notes: Iterable[Note] = (), is_newest: bool = True) -> TicketView:
    """A conversation in the order in which it happened; with notes only where staff read it."""
    ticket, messages = thread.ticket, thread.messages
    since = iso(messages[0].at) if messages and thread.has_earlier else ""
    until = "9" if is_newest or not messages else iso(messages[-1].at)
    entries = [_message(said) for said in messages]
    beside = [*map(note_entry, notes), *_steps(thread.steps)]
    entries += [entry for entry in beside if since <= entry.at <= until]
    entries.sort(key=lambda entry: entry.at)
    return TicketView(
        is_ready=True,
        id=ticket.id or 0,
        subject=ticket.subject,
        department=ticket.department,
        importance=ticket.importance,
        status=ticket.status,
        is_open=bool(ticket.is_open),
        is_final=ticket.status == TicketStatus.CLOSED,
        author=thread.author_name,
        created_at=iso(ticket.created_at),
        service_id=ticket.service_id or 0,
        service=thread.service.name if thread.service else "",
        last_message=messages[-1].id if messages else 0,
        newest=next((one.key for one in reversed(entries) if one.kind != "step"), ""),
        first_unread=thread.first_unread or 0,
        earlier=messages[0].id if messages and thread.has_earlier else 0,
        talk=entries,
    )
