"""Which mails a message causes. Only messages come in here: a note has no way into a mail."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.mail.letters import Link, Mailbox, Piece, Quote, Text, queue_letter
from opsportal.models import Company, Person, Side, Ticket, TicketMessage, TicketPerson
from opsportal.settings import settings


def tell(unit: Unit, ticket: Ticket, message: TicketMessage, *, files: int, is_last: bool = False) -> None:
    """Mail a message to everybody concerned but its author; an opening to its author as well.

    Client side: the people on the ticket. Staff side: whoever has it, or else the desk's address.
    `is_last`: staff consider the ticket settled with it.
    """
    is_opening = ticket.message_count == 1
    for person in _people(unit, ticket):
        if person.id != message.author_id or is_opening:
            _to_client(unit, ticket, message, person, files=files, is_last=is_last)
    for desk in _desk(unit, ticket, message):
        _to_desk(unit, ticket, message, desk, files=files)


def tell_resolved(unit: Unit, ticket: Ticket, *, was_silent: bool) -> None:
    """Tell the client's people that a ticket counts as settled, and how to take that back."""
    settled = Text(msgid="We consider this ticket settled. If it is not, write a reply and it is open again.")
    silence = Text(msgid="We have not heard from you for two weeks.")
    at = ticket.resolved_at.isoformat() if ticket.resolved_at else ""
    for person in _people(unit, ticket):
        queue_letter(
            unit,
            to=person,
            kind="ticket_resolved",
            subject=_subject(ticket),
            body=[
                *([silence] if was_silent else []),
                settled,
                Link(msgid="Open the ticket", path=f"/tickets/{ticket.id}"),
            ],
            about=("ticket", ticket.id or 0),
            key=f"ticket:{ticket.id}:resolved:{at}",
        )


def _people(unit: Unit, ticket: Ticket) -> Sequence[Person]:
    """The client's people on the ticket; when all of them have gone, the whole company's."""
    company = select(Person).where(col(Person.company_id) == ticket.company_id, col(Person.is_active))
    taking_part = select(TicketPerson.person_id).where(col(TicketPerson.ticket_id) == ticket.id)
    ordered = company.order_by(col(Person.id))
    return unit.exec(ordered.where(col(Person.id).in_(taking_part))).all() or unit.exec(ordered).all()


def _desk(unit: Unit, ticket: Ticket, message: TicketMessage) -> Sequence[Person | Mailbox]:
    assignee = unit.get(Person, ticket.assignee_id) if ticket.assignee_id else None
    if assignee is not None and assignee.is_active:
        return () if assignee.id == message.author_id else (assignee,)
    address = settings().desk_mail
    return (Mailbox(address),) if address and message.side == Side.CLIENT else ()


def _to_client(
    unit: Unit, ticket: Ticket, message: TicketMessage, person: Person, *, files: int, is_last: bool
) -> None:
    if message.side == Side.STAFF:
        lead = Text(msgid="{name} of {brand} answered:", params=_names(message))
    elif person.id == message.author_id:
        lead = Text(
            msgid="We have received your ticket. The answer comes to the portal and by mail. You wrote:"
        )
    else:
        lead = Text(msgid="{name} wrote:", params={"name": message.author_name})
    body: list[Piece] = [lead, Quote(message.body), *_attached(files)]
    if is_last:
        body.append(
            Text(msgid="We consider this ticket settled. If it is not, write a reply and it is open again.")
        )
    queue_letter(
        unit,
        to=person,
        kind="ticket_message",
        subject=_subject(ticket),
        body=[*body, Link(msgid="Open the ticket", path=f"/tickets/{ticket.id}")],
        about=("ticket", ticket.id or 0),
        key=f"ticket_message:{message.id}",
        ticket_message_id=message.id,
    )


def _to_desk(
    unit: Unit, ticket: Ticket, message: TicketMessage, desk: Person | Mailbox, *, files: int
) -> None:
    company = unit.get_one(Company, ticket.company_id)
    lead = Text(
        msgid="{name} ({company}) wrote:", params={"name": message.author_name, "company": company.name}
    )
    if message.side == Side.STAFF:
        lead = Text(msgid="{name} of {brand} answered:", params=_names(message))
    queue_letter(
        unit,
        to=desk,
        kind="desk_message",
        subject=_subject(ticket),
        body=[
            lead,
            Quote(message.body),
            *_attached(files),
            Link(msgid="Open the ticket", path=f"/desk/{ticket.id}"),
        ],
        about=("ticket", ticket.id or 0),
        key=f"ticket_message:{message.id}",
        ticket_message_id=message.id,
    )


def _subject(ticket: Ticket) -> Text:
    return Text(msgid="[#{number}] {subject}", params={"number": ticket.id or 0, "subject": ticket.subject})


def _names(message: TicketMessage) -> dict[str, str]:
    return {"name": message.author_name, "brand": settings().brand}


def _attached(files: int) -> list[Piece]:
    if not files:
        return []
    return [Text(msgid="Attached files: {count}. You find them in the portal.", params={"count": files})]
