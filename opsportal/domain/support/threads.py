"""Reading a conversation. This module knows messages only: a note cannot come out of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, access_ticket_for
from opsportal.domain.support import readers
from opsportal.models import Attachment, Person, Service, Side, StatusChange, Ticket, TicketMessage

PAGE = 50


@dataclass(frozen=True)
class FileView:
    """A file of a message: how to name and offer it, without its content."""

    id: int
    name: str
    media_type: str
    size: int


@dataclass(frozen=True)
class Said:
    """One message with its files. `body` is Markdown as typed: never show it as HTML."""

    id: int
    side: str
    author_id: int
    author_name: str
    body: str
    at: dt.datetime
    files: tuple[FileView, ...] = ()


@dataclass(frozen=True)
class Step:
    """A change of status. `side` is empty when nobody but time did it."""

    at: dt.datetime
    from_status: str
    to_status: str
    side: str


@dataclass(frozen=True)
class Thread:
    """A ticket as both sides see it. `first_unread` is the first message new to the viewer."""

    ticket: Ticket
    service: Service | None
    author_name: str
    assignee_name: str
    messages: tuple[Said, ...]
    steps: tuple[Step, ...]
    has_earlier: bool
    first_unread: int | None


def read_thread(actor: Actor, unit: Unit, ticket_id: int, *, before: int | None = None) -> Thread:
    """The newest fifty messages of a ticket (or those before one) in the order in which they were said."""
    ticket = access_ticket_for(actor, unit, ticket_id)
    query = select(TicketMessage).where(col(TicketMessage.ticket_id) == ticket_id)
    if before is not None:
        query = query.where(col(TicketMessage.id) < before)
    newest = unit.exec(query.order_by(col(TicketMessage.id).desc()).limit(PAGE + 1)).all()
    shown = sorted(newest[:PAGE], key=lambda message: message.id or 0)
    files = files_of(unit, col(Attachment.message_id), [message.id or 0 for message in shown])
    return Thread(
        ticket=ticket,
        service=unit.get(Service, ticket.service_id) if ticket.service_id else None,
        author_name=unit.get_one(Person, ticket.author_id).name,
        assignee_name=_name(unit, ticket.assignee_id),
        messages=tuple(said(message, files) for message in shown),
        steps=tuple(_steps(unit, ticket)),
        has_earlier=len(newest) > PAGE,
        first_unread=readers.first_unread(unit, ticket_id, person_id=actor.person_id),
    )


def said(message: TicketMessage, files: dict[int, tuple[FileView, ...]]) -> Said:
    """A message with its files."""
    return Said(
        id=message.id or 0,
        side=message.side,
        author_id=message.author_id,
        author_name=message.author_name,
        body=message.body,
        at=message.created_at,
        files=files.get(message.id or 0, ()),
    )


def files_of(unit: Unit, home: Any, ids: Sequence[int]) -> dict[int, tuple[FileView, ...]]:
    """The files whose column `home` (of a message or of a note) is one of `ids`, by that."""
    found: dict[int, list[FileView]] = {}
    for row_home, file in unit.exec(
        select(home, Attachment).where(home.in_(ids)).order_by(col(Attachment.id))
    ):
        found.setdefault(row_home, []).append(file_view(file))
    return {number: tuple(files) for number, files in found.items()}


def file_view(file: Attachment) -> FileView:
    return FileView(file.id or 0, file.name, file.media_type, file.size)


def _name(unit: Unit, person_id: int | None) -> str:
    return unit.get_one(Person, person_id).name if person_id else ""


def _steps(unit: Unit, ticket: Ticket) -> Iterable[Step]:
    query = (
        select(StatusChange, Person.role)
        .outerjoin(Person, col(Person.id) == col(StatusChange.actor_id))
        .where(col(StatusChange.machine) == "ticket", col(StatusChange.object_id) == ticket.id)
        .order_by(col(StatusChange.id).desc())
        .limit(PAGE)
    )
    for change, role in reversed(unit.exec(query).all()):
        side = "" if role is None else (Side.CLIENT if role == "client" else Side.STAFF).value
        yield Step(change.at, change.from_status, change.to_status, side)
