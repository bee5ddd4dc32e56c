"""The staff's desk: the queue, and a ticket with everything that staff need beside it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field
from sqlmodel import col, select

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission, access_server_for, access_ticket_for
from opsportal.domain.billing import invoice_lists
from opsportal.domain.hardware import topics as hardware
from opsportal.domain.lifecycle import TICKET
from opsportal.domain.support import desk, lists, tickets, topics
from opsportal.domain.support.desk import DeskFilter
from opsportal.models import Company, Plan, Server, Service, Ticket, TicketStatus
from opsportal.state.guard import allow, current_actor
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.support import rows
from opsportal.state.support.sending import Body, Draft, Files, take
from opsportal.state.support.tickets import Number, see
from opsportal.state.support.views import (
    AgentView,
    AnswerView,
    ClientContextView,
    DeskTicketView,
    DeskView,
)
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Address, Id, Page, address

Status = Literal["new", "open", "waiting", "resolved", "reopened", "closed"]


class DeskAddress(Page):
    """/desk?whose=&department=&importance=&status=&company=&q=&page="""

    page: Annotated[int, Field(ge=1, le=lists.LAST_PAGE)] = 1
    whose: Literal["", "mine", "unassigned", "unread"] = ""
    department: Literal["", "technical", "finance"] = ""
    importance: Literal["", "high"] = ""
    status: Literal["", "new", "open", "waiting", "reopened", "resolved", "closed"] = ""
    company: Number = 0


class DeskTicketAddress(Address):
    """/desk/7?before="""

    ticket_id: Annotated[int, Field(gt=0, lt=2**63)]
    before: Number = 0


class DeskState(rx.State):
    """The queue of the desk, for operators and technicians."""

    desk: DeskView = DeskView()
    problem: ProblemView = ProblemView()
    q: str = ""

    @allow(Permission.DESK_WORK)
    async def open(self) -> Any:
        wanted = address(self, DeskAddress)
        self.q = wanted.q.strip()
        chosen = DeskFilter(
            whose=wanted.whose or desk.Whose.ALL,
            department=wanted.department,
            importance=wanted.importance,
            status=wanted.status,
            company_id=wanted.company or None,
            search=self.q,
            page=wanted.page,
        )
        return await show(self, *SHELL, (DESK, chosen))


class DeskTicketState(rx.State):
    """One ticket, as staff see it: with notes, and with what is known of the client."""

    ticket: DeskTicketView = DeskTicketView()
    client: ClientContextView = ClientContextView()
    problem: ProblemView = ProblemView()
    client_problem: ProblemView = ProblemView()
    answer: AnswerView = AnswerView()

    @allow(Permission.DESK_WORK)
    async def open(self) -> Any:
        wanted = address(self, DeskTicketAddress)
        around = await in_unit(_around, current_actor(), wanted.ticket_id)
        return await show(
            self,
            *SHELL,
            (DESK_TICKET, (wanted.ticket_id, wanted.before)),
            (CLIENT, (wanted.ticket_id, *around)),
        )

    @allow(Permission.DESK_WORK)
    async def reply(
        self,
        ticket_id: Id,
        draft: Draft,
        body: Body,
        attachments: Files,
        then: Literal["", "open", "resolved"],
    ) -> None:
        """Answer the client; `then` says what becomes of the ticket if it is not the client's turn."""
        words = {"body": body, "attachment_ids": attachments, "draft": draft, "then": then}
        await take(self, draft, _reply, current_actor(), ticket_id, **words)

    @allow(Permission.DESK_WORK)
    async def note(self, ticket_id: Id, draft: Draft, body: Body, attachments: Files) -> None:
        """Note something that no client will ever read."""
        words = {"body": body, "attachment_ids": attachments, "draft": draft}
        await take(self, draft, _note, current_actor(), ticket_id, **words)

    @allow(Permission.DESK_WORK)
    async def assign(self, ticket_id: Id, person_id: Number) -> None:
        """Give it to somebody of the desk; 0: back to all."""
        await in_unit(desk.assign, current_actor(), ticket_id, person_id=person_id or None)

    @allow(Permission.DESK_WORK)
    async def set_status(self, ticket_id: Id, status: Status) -> None:
        """Move it along its declared steps."""
        await in_unit(desk.set_status, current_actor(), ticket_id, status=status)

    @allow(Permission.DESK_WORK)
    async def set_importance(self, ticket_id: Id, importance: Literal["normal", "high"]) -> None:
        """Say how urgent it is."""
        await in_unit(desk.set_importance, current_actor(), ticket_id, importance=importance)

    @allow(Permission.DESK_WORK)
    async def set_department(self, ticket_id: Id, department: Literal["technical", "finance"]) -> None:
        """Hand it over to the other department."""
        await in_unit(desk.set_department, current_actor(), ticket_id, department=department)

    @allow(Permission.DESK_WORK)
    async def seen(self, ticket_id: Id, message_id: Number) -> None:
        """The messages up to this one have been on the page of this person."""
        await in_unit(see, current_actor(), ticket_id, message_id)


def _reply(unit: Unit, actor: Actor, ticket_id: int, **words: Any) -> int:
    return tickets.reply(unit, actor, ticket_id, **words).id or 0


def _note(unit: Unit, actor: Actor, ticket_id: int, **words: Any) -> int:
    return desk.add_note(unit, actor, ticket_id, **words).id or 0


def _around(unit: Unit, actor: Actor, ticket_id: int) -> tuple[int, int]:
    """Company and server of a ticket: what happens to them is shown beside it, live."""
    actor.require(Permission.DESK_WORK)
    ticket = access_ticket_for(actor, unit, ticket_id)
    server = _server(unit, ticket)
    return ticket.company_id, (server.id or 0) if server else 0


def _server(unit: Unit, ticket: Ticket) -> Server | None:
    if ticket.service_id is None:
        return None
    return unit.exec(select(Server).where(col(Server.service_id) == ticket.service_id)).first()


def read_desk(unit: Unit, actor: Actor, wanted: DeskFilter) -> DeskView:
    found, total = desk.list_desk(actor, unit, wanted)
    counts = desk.count_desk(actor, unit)
    return DeskView(
        is_ready=True,
        rows=[rows.desk_row_view(row) for row in found],
        total=total,
        page=wanted.page,
        pages=max(1, -(-total // lists.PAGE)),
        **vars(counts),
    )


def read_desk_ticket(unit: Unit, actor: Actor, params: tuple[int, int]) -> DeskTicketView:
    ticket_id, before = params
    read = desk.read_desk_thread(actor, unit, ticket_id, before=before or None)
    ticket = read.thread.ticket
    return DeskTicketView(
        is_ready=True,
        ticket=rows.ticket_view(read.thread, notes=read.notes, is_newest=not before),
        assignee_id=ticket.assignee_id or 0,
        assignee=read.thread.assignee_name,
        waiting_since=iso(ticket.waiting_since),
        next_statuses=[status for status in TicketStatus if TICKET.allows(ticket.status, status)],
        agents=[AgentView(person.id or 0, person.name) for person in desk.list_agents(actor, unit)],
    )


def read_client(unit: Unit, actor: Actor, params: tuple[int, int, int]) -> ClientContextView:
    """The client's side as it is now; `power_then` is what it was when the ticket was opened."""
    actor.require(Permission.DESK_WORK)
    ticket = access_ticket_for(actor, unit, params[0])
    service = unit.get(Service, ticket.service_id) if ticket.service_id else None
    server = _server(unit, ticket)
    if server is not None:
        access_server_for(actor, unit, server.id or 0)
    others = desk.DeskFilter(company_id=ticket.company_id)
    sees_money = actor.may(Permission.BILLING_VIEW)
    unpaid = invoice_lists.open_total(actor, unit, company_id=ticket.company_id) if sees_money else []
    return ClientContextView(
        is_ready=True,
        company_id=ticket.company_id,
        company=unit.get_one(Company, ticket.company_id).name,
        service_id=service.id or 0 if service else 0,
        service=service.name if service else "",
        service_status=service.status if service else "",
        suspension_reason=(service.suspension_reason or "") if service else "",
        plan=unit.get_one(Plan, service.plan_id).name if service else "",
        ip=((service.ip or "") if service else "") or ((server.ip or "") if server else ""),
        server_id=server.id or 0 if server else 0,
        server=server.name if server else "",
        power=server.power if server else "",
        power_verified_at=iso(server.power_verified_at) if server else "",
        has_money=sees_money,
        open_invoices=sum(one.count for one in unpaid),
        open_minor=unpaid[0].total_minor if unpaid else 0,
        currency=unpaid[0].currency if unpaid else "",
        power_then=str(ticket.facts.get("power", "")),
        other_tickets=max(0, desk.list_desk(actor, unit, others)[1] - (1 if ticket.is_open else 0)),
    )


def _ticket_topics(_: Actor, params: tuple[int, int]) -> frozenset[str]:
    return frozenset({topics.ticket(params[0]), topics.ticket_desk(params[0])})


def _client_topics(_: Actor, params: tuple[int, int, int]) -> frozenset[str]:
    ticket_id, company_id, server_id = params
    found = {
        topics.ticket(ticket_id),
        topics.company_tickets(company_id),
        f"company:{company_id}:services",
        f"company:{company_id}:invoices",
    }
    return frozenset(found | ({hardware.server(server_id)} if server_id else set()))


DESK = StateView(
    "desk",
    DeskState,
    "desk",
    read_desk,
    lambda actor, _: frozenset({topics.DESK, topics.person_tickets(actor.person_id)}),
    is_personal=True,
    empty=DeskView(),
)
DESK_TICKET = StateView(
    "desk_ticket",
    DeskTicketState,
    "ticket",
    read_desk_ticket,
    _ticket_topics,
    is_personal=True,
    empty=DeskTicketView(),
)
CLIENT = StateView(
    "desk_client",
    DeskTicketState,
    "client",
    read_client,
    _client_topics,
    problem_var="client_problem",
    empty=ClientContextView(),
)
