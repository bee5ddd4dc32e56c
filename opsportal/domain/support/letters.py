"""Which mails a message causes. Only messages come in here: a note has no way into a mail."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.models import Ticket, TicketMessage


def tell(unit: Unit, ticket: Ticket, message: TicketMessage, *, files: int) -> None:
    """Mail a message to everybody concerned but its author."""
