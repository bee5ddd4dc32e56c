"""A client's lists: open, closed and unread tickets of the company, with their counters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.refusals import BadRequest
from opsportal.domain.support import readers
from opsportal.models import Service, Ticket, TicketTally, TicketUnread

PAGE = 25
LAST_PAGE = 10_000


class Tab(StrEnum):
    """The tabs of checklist 1.26; the fourth, *add new*, is a form."""

    OPEN = "open"
    CLOSED = "closed"
    UNREAD = "unread"


@dataclass(frozen=True)
class TicketFilter:
    """What a list shows. `search`: part of the subject or of the service's name, or a number."""

    tab: str = Tab.OPEN
    search: str = ""
    service_id: int | None = None
    page: int = 1


@dataclass(frozen=True)
class TicketRow:
    """A ticket in a list, with the name of its order and whether the viewer has something to read."""

    ticket: Ticket
    service_name: str
    is_unread: bool


@dataclass(frozen=True)
class TicketCounts:
    """The counters of the tabs. `unread` is the viewer's own."""

    open: int
    closed: int
    unread: int


def list_tickets(actor: Actor, unit: Unit, wanted: TicketFilter) -> tuple[list[TicketRow], int]:
    """One page of the company's tickets, the newest conversation first, and how many match in all."""
    actor.require(Permission.TICKETS_USE)
    if wanted.tab not in set(Tab) or not 1 <= wanted.page <= LAST_PAGE:
        raise BadRequest
    query = _matching(actor, wanted)
    ordered = query.order_by(col(Ticket.last_message_at).desc(), col(Ticket.id).desc())
    rows = unit.exec(ordered.offset((wanted.page - 1) * PAGE).limit(PAGE)).all()
    unread = readers.marks_of(unit, actor.person_id, [ticket.id for ticket, _ in rows])
    found = [TicketRow(ticket, name or "", ticket.id in unread) for ticket, name in rows]
    return found, _total(actor, unit, wanted, query)


def count_tickets(actor: Actor, unit: Unit) -> TicketCounts:
    """The counters of the tabs, at a cost that does not depend on how many tickets there are."""
    actor.require(Permission.TICKETS_USE)
    tally = unit.get(TicketTally, actor.company_id)
    return TicketCounts(
        open=tally.open_count if tally else 0,
        closed=tally.ended_count if tally else 0,
        unread=readers.count_unread(unit, person_id=actor.person_id),
    )


def list_open_of_service(actor: Actor, unit: Unit, service_id: int) -> list[Ticket]:
    """Open tickets about one order of the actor's company (or of any, for staff), newest first."""
    actor.require(Permission.DESK_WORK if actor.is_staff else Permission.TICKETS_USE)
    query = select(Ticket).where(col(Ticket.service_id) == service_id, col(Ticket.is_open))
    if not actor.is_staff:
        query = query.where(col(Ticket.company_id) == actor.company_id)
    return list(unit.exec(query.order_by(col(Ticket.id).desc()).limit(PAGE)))


def _matching(actor: Actor, wanted: TicketFilter) -> Any:
    query = (
        select(Ticket, Service.name)
        .select_from(Ticket)
        .outerjoin(Service, col(Service.id) == col(Ticket.service_id))
        .where(col(Ticket.company_id) == actor.company_id)
    )
    if wanted.tab == Tab.UNREAD:
        query = query.join(TicketUnread, col(TicketUnread.ticket_id) == col(Ticket.id)).where(
            col(TicketUnread.person_id) == actor.person_id
        )
    else:
        query = query.where(col(Ticket.is_open).is_(wanted.tab == Tab.OPEN))
    if wanted.service_id is not None:
        query = query.where(col(Ticket.service_id) == wanted.service_id)
    return query.where(search_clause(wanted.search)) if wanted.search else query


def search_clause(search: str) -> Any:
    """Matches subject, service name, or the number of a ticket (with or without #)."""
    search = search.replace("\0", "")[:100]
    texts: list[Any] = [
        col(Ticket.subject).icontains(search, autoescape=True),
        col(Service.name).icontains(search, autoescape=True),
    ]
    number = search.strip().removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        texts.append(col(Ticket.id) == int(number))
    return or_(*texts)


def _total(actor: Actor, unit: Unit, wanted: TicketFilter, query: Any) -> int:
    """A whole tab is counted already; only a search has to count."""
    if not wanted.search and wanted.service_id is None:
        return int(getattr(count_tickets(actor, unit), wanted.tab))
    counted = query.with_only_columns(func.count(), maintain_column_froms=True)
    return int(unit.scalar(counted) or 0)
