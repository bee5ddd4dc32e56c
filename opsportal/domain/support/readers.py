"""Who has read what. A ticket is unread per person: opened by one is not read by the other."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, delete, func, literal
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import GRANTS, Actor, Permission, access_ticket_for
from opsportal.domain.support import topics
from opsportal.models import Person, Role, Ticket, TicketUnread

DESK_ROLES = tuple(role for role in Role if Permission.DESK_WORK in GRANTS[role])


def _readers(ticket: Ticket, *, staff_only: bool = False) -> Any:
    """Active people to whom news of this ticket matter: the company's, and its assignee or else the desk."""
    desk = (
        col(Person.id) == ticket.assignee_id
        if ticket.assignee_id is not None
        else col(Person.role).in_(DESK_ROLES)
    )
    concerned = desk if staff_only else or_(desk, col(Person.company_id) == ticket.company_id)
    return (concerned, col(Person.is_active))


def news(unit: Unit, ticket: Ticket, *, by: int, message_id: int | None) -> None:
    """Mark the ticket unread for everybody concerned except its author. No message: a note, for staff."""
    people = select(col(Person.id), literal(ticket.id), literal(message_id, type_=BigInteger)).where(
        *_readers(ticket, staff_only=message_id is None), col(Person.id) != by
    )
    told = unit.scalars(
        insert(TicketUnread)
        .from_select(["person_id", "ticket_id", "message_id"], people)
        .on_conflict_do_nothing()
        .returning(col(TicketUnread.person_id))
    )
    unit.changed(*(topics.person_tickets(person_id) for person_id in told))


def mark_read(unit: Unit, actor: Actor, ticket_id: int) -> None:
    """Note that the actor has read the ticket up to now."""
    access_ticket_for(actor, unit, ticket_id)
    forget(unit, ticket_id, person_id=actor.person_id)


def forget(
    unit: Unit, ticket_id: int, *, person_id: int | None = None, staff_except: int | None = None
) -> None:
    """Take unread marks of a ticket away: one person's, or those of all staff but one."""
    gone = delete(TicketUnread).where(col(TicketUnread.ticket_id) == ticket_id)
    if person_id is not None:
        gone = gone.where(col(TicketUnread.person_id) == person_id)
    else:
        others = select(Person.id).where(col(Person.role).in_(DESK_ROLES), col(Person.id) != staff_except)
        gone = gone.where(col(TicketUnread.person_id).in_(others))
    people = unit.scalars(gone.returning(col(TicketUnread.person_id))).all()
    unit.changed(*(topics.person_tickets(one) for one in people))


def first_unread(unit: Unit, ticket_id: int, *, person_id: int) -> int | None:
    """The first message that a person has not read; None when there is none."""
    mark = unit.get(TicketUnread, (person_id, ticket_id))
    return mark.message_id if mark else None


def is_unread(unit: Unit, ticket_id: int, *, person_id: int) -> bool:
    """Whether a person has something to read in a ticket, a note included."""
    return unit.get(TicketUnread, (person_id, ticket_id)) is not None


def count_unread(unit: Unit, *, person_id: int) -> int:
    """How many tickets a person has not read."""
    query = select(func.count()).select_from(TicketUnread).where(col(TicketUnread.person_id) == person_id)
    return unit.exec(query).one()


def marks_of(unit: Unit, person_id: int, ticket_ids: list[int]) -> set[int]:
    """Which of these tickets a person has not read."""
    query = select(TicketUnread.ticket_id).where(
        col(TicketUnread.person_id) == person_id, col(TicketUnread.ticket_id).in_(ticket_ids)
    )
    return set(unit.exec(query))


def unread_of(person_id: int) -> Any:
    """The ids of the tickets that a person has not read, as a subquery."""
    return select(TicketUnread.ticket_id).where(col(TicketUnread.person_id) == person_id)
