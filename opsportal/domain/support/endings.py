"""What time does to tickets: silence resolves them, and what stays resolved is closed for good."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.support import letters, tickets
from opsportal.models import Ticket, TicketStatus
from opsportal.models.base import utcnow

SILENCE = dt.timedelta(days=14)
REOPENABLE = dt.timedelta(days=30)


def list_silent(unit: Unit) -> list[int]:
    """Tickets that have waited for their client too long, the longest first."""
    query = select(Ticket.id).where(
        col(Ticket.status) == TicketStatus.WAITING, col(Ticket.last_message_at) < utcnow() - SILENCE
    )
    return [one for one in unit.exec(query.order_by(col(Ticket.last_message_at)).limit(500)) if one]


def list_settled(unit: Unit) -> list[int]:
    """Tickets that were resolved so long ago that nobody will reopen them."""
    settled_before = utcnow() - REOPENABLE
    query = select(Ticket.id).where(
        col(Ticket.status) == TicketStatus.RESOLVED,
        col(Ticket.last_message_at) < settled_before,
        col(Ticket.resolved_at) < settled_before,
    )
    return [one for one in unit.exec(query.order_by(col(Ticket.last_message_at)).limit(500)) if one]


def end_silent(unit: Unit, ticket_id: int) -> None:
    """Resolve a ticket whose client is silent, and tell the client; unless somebody has just spoken."""
    ticket = tickets.hold(unit, ticket_id)
    if ticket.status != TicketStatus.WAITING or ticket.last_message_at >= utcnow() - SILENCE:
        return
    tickets.step(unit, None, ticket, TicketStatus.RESOLVED, reason="silence")
    tickets.record(unit, None, ticket, "resolved", reason="silence")
    letters.tell_resolved(unit, ticket, was_silent=True)


def end_settled(unit: Unit, ticket_id: int) -> None:
    """Close a ticket for good; unless somebody has just reopened it."""
    ticket = tickets.hold(unit, ticket_id)
    if ticket.status == TicketStatus.RESOLVED and (ticket.resolved_at or utcnow()) < utcnow() - REOPENABLE:
        tickets.step(unit, None, ticket, TicketStatus.CLOSED, reason="settled")
        tickets.record(unit, None, ticket, "closed")
