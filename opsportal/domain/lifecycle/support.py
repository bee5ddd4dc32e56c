"""Tickets."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import Ticket, TicketStatus

TICKET = Machine(
    "ticket",
    Ticket,
    "status",
    {
        TicketStatus.NEW: State("Written by a client; nobody of staff has answered.", "Staff answer or take it."),
        TicketStatus.OPEN: State("Staff work on it and owe the next word.", "Staff answer."),
        TicketStatus.WAITING: State(
            "Staff have answered and wait for the client.",
            "The client answers; after 14 days of silence it is resolved.",
        ),
        TicketStatus.RESOLVED: State(
            "Done, says one side. A reply reopens it.", "After 30 days it is closed for good."
        ),
        TicketStatus.REOPENED: State("Was resolved, and is not done after all.", "Staff answer."),
        TicketStatus.CLOSED: State("Done for good; a new question is a new ticket.", is_final=True),
    },
    steps("new open waiting open resolved reopened open", "new waiting resolved closed", "new resolved",
           "reopened waiting", "reopened resolved"),
)  # fmt: skip
