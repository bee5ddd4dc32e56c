"""What clients do with tickets, and the words of either side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_ticket_for
from opsportal.domain.audit import trail
from opsportal.domain.lifecycle import TICKET, move
from opsportal.domain.refusals import BadRequest
from opsportal.domain.support import attachments, letters, readers, topics
from opsportal.domain.support.drafts import find_sent, token_of
from opsportal.domain.support.orders import order_facts
from opsportal.domain.support.refusals import (
    StatusNotPossible,
    TicketAlreadyEnded,
    TicketClosed,
    TicketNotEnded,
    TooManyMessages,
    TooManyTickets,
)
from opsportal.domain.support.wording import clean_body, clean_subject
from opsportal.models import (
    Company,
    Department,
    Importance,
    Side,
    Ticket,
    TicketMessage,
    TicketPerson,
    TicketStatus,
)
from opsportal.models.base import utcnow

NEW_PER_HOUR = 60
"""Tickets that one company may open in an hour: more is a script gone wild."""
UNANSWERED_PER_HOUR = 60
"""Messages of clients in a ticket without a word of staff between: each is mailed to everybody concerned."""
OWED = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.REOPENED)
"""Staff owe the next word."""


@dataclass(frozen=True)
class NewTicket:
    """What a client fills in (checklist 1.29–1.33). `attachment_ids`: own files, uploaded before."""

    department: str
    subject: str
    body: str
    importance: str = Importance.NORMAL
    service_id: int | None = None
    attachment_ids: Sequence[int] = ()
    draft: str = ""


def open_ticket(unit: Unit, actor: Actor, new: NewTicket) -> Ticket:
    """Open a ticket of the actor's company, with its first message, and mail both sides.

    The same draft with the same words again gives the ticket that it has opened already.
    Raises `NotFound` for an order that is not the company's, and the refusals of texts and files.
    """
    actor.require(Permission.TICKETS_USE)
    assert actor.company_id is not None
    if new.department not in set(Department) or new.importance not in set(Importance):
        raise BadRequest
    subject, body = clean_subject(new.subject), clean_body(new.body)
    facts = order_facts(actor, unit, new.service_id) if new.service_id is not None else None
    token = token_of(new.draft, "new", subject, body, sorted(new.attachment_ids))
    _take_turn(unit, actor.company_id)
    if (sent := find_sent(unit, actor, TicketMessage, token)) is not None:
        return unit.get_one(Ticket, sent.ticket_id)
    _check_pace(unit, actor.company_id)
    now = utcnow()
    ticket = Ticket(
        company_id=actor.company_id,
        author_id=actor.person_id,
        department=new.department,
        subject=subject,
        importance=new.importance,
        service_id=new.service_id,
        facts=facts.as_json() if facts else {},
        last_author_name=actor.name,
        waiting_since=now,
        created_at=now,
    )
    unit.add(ticket)
    unit.flush()
    _say(unit, actor, ticket, body, new.attachment_ids, token=token)
    record(unit, actor, ticket, "opened", department=new.department, importance=new.importance)
    return ticket


def _take_turn(unit: Unit, company_id: int) -> None:
    """The company's row is the queue in which its new tickets wait for each other."""
    unit.exec(select(Company.id).where(col(Company.id) == company_id).with_for_update(key_share=True))


def _check_pace(unit: Unit, company_id: int) -> None:
    recent = select(func.count()).where(
        col(Ticket.company_id) == company_id,
        col(Ticket.id).in_(
            select(Ticket.id)
            .where(col(Ticket.company_id) == company_id)
            .order_by(col(Ticket.id).desc())
            .limit(NEW_PER_HOUR)
        ),
        col(Ticket.created_at) > utcnow() - dt.timedelta(hours=1),
    )
    if unit.exec(recent).one() >= NEW_PER_HOUR:
        raise TooManyTickets(limit=NEW_PER_HOUR)


def reply(
    unit: Unit,
    actor: Actor,
    ticket_id: int,
    *,
    body: str,
    attachment_ids: Sequence[int] = (),
    then: str = "",
    draft: str = "",
) -> TicketMessage:
    """Say something in a ticket, to the other side, by mail too; once, however often a `draft` is sent.

    A client's reply reopens a resolved ticket. A reply of staff leaves it waiting for the client, or in
    `then` (`open` or `resolved`), and takes a ticket that nobody has. Refuses with `TicketClosed`.
    """
    access_ticket_for(actor, unit, ticket_id)
    text = clean_body(body)
    if then and (not actor.is_staff or then not in (TicketStatus.OPEN, TicketStatus.RESOLVED)):
        raise BadRequest
    token = token_of(draft, ticket_id, text, sorted(attachment_ids))
    ticket = hold(unit, ticket_id)
    if (sent := find_sent(unit, actor, TicketMessage, token)) is not None:
        return sent
    if ticket.status == TicketStatus.CLOSED:
        raise TicketClosed
    if not actor.is_staff:
        _check_patience(unit, ticket_id)
    if actor.is_staff and ticket.assignee_id is None:
        take(unit, ticket, actor.person_id)
    if ticket.status == TicketStatus.RESOLVED:
        step(unit, actor, ticket, TicketStatus.REOPENED)
    message = _say(
        unit, actor, ticket, text, attachment_ids, token=token, is_last=then == TicketStatus.RESOLVED
    )
    if actor.is_staff:
        target = TicketStatus(then) if then else TicketStatus.WAITING
        if ticket.status != target:
            step(unit, actor, ticket, target)
    elif ticket.status == TicketStatus.WAITING:
        step(unit, actor, ticket, TicketStatus.OPEN)
    record(unit, actor, ticket, "replied")
    return message


def _check_patience(unit: Unit, ticket_id: int) -> None:
    """A held ticket is not flooded: the newest messages are not all of clients and of this hour."""
    newest = unit.exec(
        select(TicketMessage.side, TicketMessage.created_at)
        .where(col(TicketMessage.ticket_id) == ticket_id)
        .order_by(col(TicketMessage.id).desc())
        .limit(UNANSWERED_PER_HOUR)
    ).all()
    an_hour_ago = utcnow() - dt.timedelta(hours=1)
    flood = [at for side, at in newest if side == Side.CLIENT and at and at > an_hour_ago]
    if len(flood) >= UNANSWERED_PER_HOUR:
        raise TooManyMessages(limit=UNANSWERED_PER_HOUR)


def close_ticket(unit: Unit, actor: Actor, ticket_id: int) -> Ticket:
    """The question is settled. Either side can say so; a reply takes it back."""
    access_ticket_for(actor, unit, ticket_id)
    ticket = hold(unit, ticket_id)
    if not ticket.is_open:
        raise TicketAlreadyEnded
    step(unit, actor, ticket, TicketStatus.RESOLVED)
    if actor.is_staff:
        letters.tell_resolved(unit, ticket, was_silent=False)
    record(unit, actor, ticket, "resolved")
    return ticket


def reopen_ticket(unit: Unit, actor: Actor, ticket_id: int) -> Ticket:
    """It is not settled after all. Refuses with `TicketClosed` when that comes too late."""
    access_ticket_for(actor, unit, ticket_id)
    ticket = hold(unit, ticket_id)
    if ticket.status == TicketStatus.CLOSED:
        raise TicketClosed
    if ticket.status != TicketStatus.RESOLVED:
        raise TicketNotEnded
    step(unit, actor, ticket, TicketStatus.REOPENED)
    record(unit, actor, ticket, "reopened")
    return ticket


def hold(unit: Unit, ticket_id: int) -> Ticket:
    """The ticket with its row locked, as it is now: two who act at once take turns."""
    return unit.get_one(Ticket, ticket_id, with_for_update=True, populate_existing=True)


def step(unit: Unit, actor: Actor | None, ticket: Ticket, target: TicketStatus, *, reason: str = "") -> None:
    """Move a held ticket and keep what depends on its status. Refuses with `StatusNotPossible`."""
    if not TICKET.allows(ticket.status, target):
        raise StatusNotPossible
    now = utcnow()
    if target in OWED:
        ticket.waiting_since = ticket.waiting_since or now
    else:
        ticket.waiting_since = None
    if target == TicketStatus.RESOLVED:
        ticket.resolved_at = now
    elif target != TicketStatus.CLOSED:
        ticket.resolved_at = None
    move(unit, TICKET, ticket, target, actor_id=actor.person_id if actor else None, reason=reason)
    unit.flush()
    unit.refresh(ticket, ["is_open"])
    unit.changed(*topics.of_ticket(ticket))


def take(unit: Unit, ticket: Ticket, person_id: int | None) -> None:
    """Give a held ticket to one of the desk, or back to all. Only who has it is told of its news."""
    ticket.assignee_id = person_id
    if person_id is not None:
        readers.forget(unit, ticket.id or 0, staff_except=person_id)
    unit.changed(*topics.of_ticket(ticket))


def _say(
    unit: Unit,
    actor: Actor,
    ticket: Ticket,
    body: str,
    attachment_ids: Sequence[int],
    *,
    token: str | None,
    is_last: bool = False,
) -> TicketMessage:
    """Add a message to a held ticket with everything that follows from it."""
    assert ticket.id is not None
    side = Side.STAFF if actor.is_staff else Side.CLIENT
    message = TicketMessage(
        ticket_id=ticket.id,
        side=side,
        author_id=actor.person_id,
        author_name=actor.name,
        body=body,
        token=token,
    )
    unit.add(message)
    unit.flush()
    attachments.claim(unit, actor, attachment_ids, message_id=message.id)
    ticket.last_message_at, ticket.last_side = message.created_at, side
    ticket.last_author_name = actor.name
    ticket.message_count += 1
    if side == Side.CLIENT:
        _join(unit, ticket.id, actor.person_id)
        if ticket.status in OWED:
            ticket.waiting_since = ticket.waiting_since or message.created_at
    unit.flush()
    readers.forget(unit, ticket.id, person_id=actor.person_id)  # who answers has read
    readers.news(unit, ticket, by=actor.person_id, message_id=message.id)
    letters.tell(unit, ticket, message, files=len(set(attachment_ids)), is_last=is_last)
    unit.changed(*topics.of_ticket(ticket))
    return message


def _join(unit: Unit, ticket_id: int, person_id: int) -> None:
    if unit.get(TicketPerson, (ticket_id, person_id)) is None:
        unit.add(TicketPerson(ticket_id=ticket_id, person_id=person_id))
        unit.flush()


def record(unit: Unit, actor: Actor | None, ticket: Ticket, action: str, **data: Any) -> None:
    """Enter into the audit trail what was done to a ticket; without an actor the portal did it itself."""
    trail.record(
        unit, f"ticket:{action}", actor=actor, object_kind="ticket", object_id=ticket.id,
        object_name=f"#{ticket.id}", company_id=ticket.company_id, **data,
    )  # fmt: skip
