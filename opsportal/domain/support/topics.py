"""The names under which changes to tickets are announced to open pages."""

from __future__ import annotations

from opsportal.models import Ticket

DESK = "desk"
"""Anything that the staff's queue shows."""


def company_tickets(company_id: int) -> str:
    """The list and the counters of a company's tickets."""
    return f"company:{company_id}:tickets"


def ticket(ticket_id: int) -> str:
    """What both sides see of a ticket."""
    return f"ticket:{ticket_id}"


def ticket_desk(ticket_id: int) -> str:
    """What only staff see of a ticket: its notes."""
    return f"ticket:{ticket_id}:desk"


def person_tickets(person_id: int) -> str:
    """What a person has not read."""
    return f"person:{person_id}:tickets"


def of_ticket(row: Ticket) -> tuple[str, ...]:
    """Every topic that a change which both sides see touches."""
    return (ticket(row.id or 0), company_tickets(row.company_id), DESK)
