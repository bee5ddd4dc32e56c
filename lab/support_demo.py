"""The demo's tickets, in three languages, made by the portal's own rules and then dated back.

What was just done is moved to the day on which the story has it: only a laboratory may do that, so
the database's guards of history are off for exactly those statements.
"""

from __future__ import annotations

import datetime as dt
import struct
import zlib
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import col, select

from lab.support_stories import STORIES, Story, Turn
from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.support import attachments, desk, readers, tickets
from opsportal.domain.support.tickets import NewTicket
from opsportal.models import Person, Role, Service, Ticket
from opsportal.models.base import utcnow

_BACK = (
    "UPDATE ticket_message SET created_at = :at WHERE ticket_id = :ticket AND created_at >= :began",
    "UPDATE ticket_note SET created_at = :at WHERE ticket_id = :ticket AND created_at >= :began",
    "UPDATE status_change SET at = :at WHERE machine = 'ticket' AND object_id = :ticket AND at >= :began",
    "UPDATE audit_event SET at = :at WHERE object_kind = 'ticket' AND object_id = :ticket AND at >= :began",
    *(
        f"UPDATE ticket SET {column} = :at WHERE id = :ticket AND {column} >= :began"  # noqa: S608
        for column in ("created_at", "last_message_at", "waiting_since", "resolved_at")
    ),
)


@dataclass(frozen=True)
class _Stage:
    """Who can appear, by e-mail."""

    people: dict[str, Actor]

    @classmethod
    def set(cls, unit: Unit) -> _Stage:
        return cls({person.email: _actor(person) for person in unit.exec(select(Person))})


def _actor(person: Person) -> Actor:
    return Actor(person.id or 0, 0, Role(person.role), person.company_id, person.name)


def seed_tickets() -> int:
    """Tell every story, unless the portal has tickets already. Returns how many were told."""
    with unit_of_work() as unit:
        if unit.exec(select(Ticket.id).limit(1)).first() is not None:
            return 0
        stage = _Stage.set(unit)
    for story in sorted(STORIES, key=lambda one: -one.turns[0].hours_ago):
        _tell(story, stage)
    return len(STORIES)


def _tell(story: Story, stage: _Stage) -> None:
    first, *others = story.turns
    began = utcnow()
    with unit_of_work() as unit:
        author = stage.people[first.who]
        new = NewTicket(
            department=story.department,
            subject=story.subject,
            body=first.text,
            importance=story.importance,
            service_id=_service(unit, author, story.order),
            attachment_ids=_upload(unit, author, first),
        )
        number = tickets.open_ticket(unit, author, new).id or 0
    _date_back(number, began, first)
    for turn in others:
        began = utcnow()
        with unit_of_work() as unit:
            _act(unit, stage.people[turn.who], number, turn)
        _date_back(number, began, turn)


def _act(unit: Unit, actor: Actor, number: int, turn: Turn) -> None:
    match turn.what:
        case "note":
            desk.add_note(unit, actor, number, body=turn.text, attachment_ids=_upload(unit, actor, turn))
        case "close":
            tickets.close_ticket(unit, actor, number)
        case "read":
            readers.mark_read(unit, actor, number)
        case "take":
            desk.assign(unit, actor, number, person_id=actor.person_id)
        case then:
            files = _upload(unit, actor, turn)
            tickets.reply(unit, actor, number, body=turn.text, attachment_ids=files, then=then)


def _service(unit: Unit, author: Actor, name: str) -> int | None:
    """The company's order of this name; a laboratory with few servers may lack it."""
    query = select(Service.id).where(col(Service.company_id) == author.company_id, col(Service.name) == name)
    return unit.exec(query).first() if name else None


def _upload(unit: Unit, actor: Actor, turn: Turn) -> list[int]:
    files = [(name, content.encode()) for name, content in turn.logs]
    files += [(name, _picture(number)) for number, name in enumerate(turn.pictures)]
    stored = [
        attachments.store_attachment(unit, actor, name=name, content=content) for name, content in files
    ]
    return [one.id or 0 for one in stored]


def _picture(number: int) -> bytes:
    """A small PNG: a graph that rises and falls."""
    width, height = 480, 200
    heights = [height // 3 + (x * x // 97 + x * (7 + number)) % (height // 3) for x in range(width)]
    rows = b"".join(
        b"\0"
        + b"".join(b"\x2f\x6f\xed" if height - y < heights[x] else b"\xf4\xf6\xfa" for x in range(width))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _date_back(number: int, began: dt.datetime, turn: Turn) -> None:
    """Move what one turn has written to its time in the story."""
    values = {"ticket": number, "began": began, "at": utcnow() - dt.timedelta(hours=turn.hours_ago)}
    with unit_of_work() as unit:
        unit.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _BACK:
            unit.execute(text(statement), values)
