"""A client's tickets: the lists, one conversation, and a new one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission, access_service_for, access_ticket_for
from opsportal.domain.refusals import NotFound
from opsportal.domain.support import lists, orders, readers, threads, tickets, topics
from opsportal.domain.support.lists import TicketFilter
from opsportal.domain.support.tickets import NewTicket
from opsportal.state.guard import allow, current_actor
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.support import rows
from opsportal.state.support.sending import Body, Draft, Files, take
from opsportal.state.support.views import (
    AnswerView,
    NewTicketView,
    OrderView,
    TicketListView,
    TicketView,
)
from opsportal.state.views import ProblemView
from opsportal.state.wire import Address, Id, Page, address

Number = Annotated[int, Field(ge=0, lt=2**63)]
"""An object's number in an address or a form; 0 for none."""


class TicketsAddress(Page):
    """/tickets?tab=&q=&service=&page="""

    page: Annotated[int, Field(ge=1, le=lists.LAST_PAGE)] = 1
    tab: Literal["", "closed", "unread"] = ""
    service: Number = 0


class NewTicketAddress(Address):
    """/tickets/new?service="""

    service: Number = 0


class TicketAddress(Address):
    """/tickets/7?before="""

    ticket_id: Annotated[int, Field(gt=0, lt=2**63)]
    before: Number = 0


class TicketsState(rx.State):
    """The open, closed or unread tickets of the actor's company."""

    listing: TicketListView = TicketListView()
    problem: ProblemView = ProblemView()
    q: str = ""
    tab: str = ""

    @allow(Permission.TICKETS_USE)
    async def open(self) -> Any:
        wanted = address(self, TicketsAddress)
        self.tab, self.q = wanted.tab, wanted.q.strip()
        chosen = TicketFilter(
            tab=wanted.tab or lists.Tab.OPEN,
            search=self.q,
            service_id=wanted.service or None,
            page=wanted.page,
        )
        return await show(self, *SHELL, (TICKETS, chosen))


class NewTicketState(rx.State):
    """The form of a new ticket."""

    form: NewTicketView = NewTicketView()
    problem: ProblemView = ProblemView()
    answer: AnswerView = AnswerView()

    @allow(Permission.TICKETS_USE)
    async def open(self) -> Any:
        return await show(self, *SHELL, (NEW_TICKET, address(self, NewTicketAddress).service))

    @allow(Permission.TICKETS_USE)
    async def add(
        self,
        draft: Draft,
        department: Literal["technical", "finance"],
        subject: Annotated[str, Field(max_length=5_000)],
        importance: Literal["normal", "high"],
        service_id: Number,
        body: Body,
        attachments: Files,
    ) -> None:
        """Open the ticket; the answer carries its number, and the page goes there."""
        new = NewTicket(
            department=department,
            subject=subject,
            body=body,
            importance=importance,
            service_id=service_id or None,
            attachment_ids=attachments,
            draft=draft,
        )
        await take(self, draft, _open, current_actor(), new)


def _open(unit: Unit, actor: Actor, new: NewTicket) -> int:
    return tickets.open_ticket(unit, actor, new).id or 0


class TicketState(rx.State):
    """One conversation, as the client's company sees it."""

    ticket: TicketView = TicketView()
    problem: ProblemView = ProblemView()
    answer: AnswerView = AnswerView()

    @allow(Permission.TICKETS_USE)
    async def open(self) -> Any:
        wanted = address(self, TicketAddress)
        return await show(self, *SHELL, (TICKET, (wanted.ticket_id, wanted.before)))

    @allow(Permission.TICKETS_USE)
    async def reply(self, ticket_id: Id, draft: Draft, body: Body, attachments: Files) -> None:
        """Say something; the other side sees it at once."""
        words = {"body": body, "attachment_ids": attachments, "draft": draft}
        await take(self, draft, _reply, current_actor(), ticket_id, **words)

    @allow(Permission.TICKETS_USE)
    async def close(self, ticket_id: Id) -> None:
        """The question is settled."""
        await in_unit(tickets.close_ticket, current_actor(), ticket_id)

    @allow(Permission.TICKETS_USE)
    async def reopen(self, ticket_id: Id) -> None:
        """It is not settled after all."""
        await in_unit(tickets.reopen_ticket, current_actor(), ticket_id)

    @allow(Permission.TICKETS_USE)
    async def seen(self, ticket_id: Id, message_id: Number) -> None:
        """The messages up to this one have been on the page of this person."""
        await in_unit(see, current_actor(), ticket_id, message_id)


def see(unit: Unit, actor: Actor, ticket_id: int, message_id: int) -> None:
    """Mark a ticket as read unless there is something newer: a page may tell before it shows the newest."""
    access_ticket_for(actor, unit, ticket_id)
    first = readers.first_unread(unit, ticket_id, person_id=actor.person_id)
    if first is None or first <= message_id:
        readers.mark_read(unit, actor, ticket_id)


def _reply(unit: Unit, actor: Actor, ticket_id: int, **words: Any) -> int:
    return tickets.reply(unit, actor, ticket_id, **words).id or 0


def read_tickets(unit: Unit, actor: Actor, wanted: TicketFilter) -> TicketListView:
    found, total = lists.list_tickets(actor, unit, wanted)
    counts = lists.count_tickets(actor, unit)
    service = access_service_for(actor, unit, wanted.service_id) if wanted.service_id else None
    return TicketListView(
        is_ready=True,
        rows=[rows.row_view(row) for row in found],
        total=total,
        page=wanted.page,
        pages=max(1, -(-total // lists.PAGE)),
        open=counts.open,
        closed=counts.closed,
        unread=counts.unread,
        service=service.name if service else "",
    )


def read_new_ticket(unit: Unit, actor: Actor, service_id: int) -> NewTicketView:
    """The form's choices. An order that is not the company's is as good as none."""
    choices = [
        OrderView(one.service_id, one.name, one.family, one.status) for one in orders.list_orders(actor, unit)
    ]
    try:
        facts = orders.order_facts(actor, unit, service_id) if service_id else None
    except NotFound:
        facts = None
    if facts is None:
        return NewTicketView(is_ready=True, orders=choices)
    if all(one.id != service_id for one in choices):  # one that has ended can still be asked about
        choices.insert(0, OrderView(service_id, facts.name, facts.family, facts.status))
    return NewTicketView(
        is_ready=True,
        orders=choices,
        service_id=service_id,
        service=facts.name,
        plan=facts.plan,
        family=facts.family,
        status=facts.status,
        ip=facts.ip,
        power=facts.power,
        power_verified_at=facts.power_verified_at,
        invoice_number=facts.invoice_number,
        invoice_open_minor=facts.invoice_open_minor,
        invoice_currency=facts.invoice_currency,
        invoice_due_on=facts.invoice_due_on,
        open_tickets=[
            rows.row_view(lists.TicketRow(ticket, facts.name, False))
            for ticket in lists.list_open_of_service(actor, unit, service_id)
        ],
    )


def read_ticket(unit: Unit, actor: Actor, params: tuple[int, int]) -> TicketView:
    """The conversation without anything that staff say among themselves."""
    ticket_id, before = params
    actor.require(Permission.TICKETS_USE)
    thread = threads.read_thread(actor, unit, ticket_id, before=before or None)
    return rows.ticket_view(thread, is_newest=not before)


def _list_topics(actor: Actor, _: Any) -> frozenset[str]:
    return frozenset({topics.company_tickets(actor.company_id or 0), topics.person_tickets(actor.person_id)})


TICKETS = StateView(
    "tickets", TicketsState, "listing", read_tickets, _list_topics, is_personal=True, empty=TicketListView()
)
NEW_TICKET = StateView(
    "new_ticket",
    NewTicketState,
    "form",
    read_new_ticket,
    lambda actor, _: frozenset({f"company:{actor.company_id}:services"}),
    empty=NewTicketView(),
)
TICKET = StateView(
    "ticket",
    TicketState,
    "ticket",
    read_ticket,
    lambda _, params: frozenset({topics.ticket(params[0])}),
    is_personal=True,
    empty=TicketView(),
)
