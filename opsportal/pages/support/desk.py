"""The staff's desk: the queue, and one ticket with everything that is needed beside it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.clock import elapsed
from opsportal.components.elements import button, card, key_values, link, or_dash, skeleton, stat, status, tag
from opsportal.components.headers import header
from opsportal.components.states import empty, lines, page_body
from opsportal.components.support import (
    Pick,
    Seen,
    composer,
    conversation,
    importance,
    options,
    ticket_status,
    unread_mark,
)
from opsportal.components.tables import Column, chips, pages, search_field, table
from opsportal.components.text import moment, money, t, t_code, tn
from opsportal.pages.frame import framed
from opsportal.pages.support.tickets import subject_cell
from opsportal.state.shell import ShellState
from opsportal.state.support.desk import DeskState, DeskTicketState


def _who(ticket: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(ticket.company, class_name="truncate"),
        rx.el.small(ticket.last_author, class_name="truncate"),
        class_name="who-cell",
    )


def _status_cell(ticket: Any) -> rx.Component:
    return rx.el.div(
        ticket_status(ticket.status, words=labels.TICKET_FOR_STAFF, flash=True),
        importance(ticket.importance, short=True),
        unread_mark(ticket.is_unread),
        class_name="tags",
    )


def _waiting(since: Any) -> rx.Component:
    return rx.cond(
        since,
        rx.el.span(elapsed(since), class_name="nowrap"),
        rx.el.span("–", class_name="faint", aria_label=t("nobody waits")),
    )


_COLUMNS = (
    Column(t("Ticket"), lambda k: subject_cell(k, f"/desk/{k.id}")),
    Column(t("Status"), _status_cell),
    Column(t("Company"), _who, show="wide"),
    Column(t("Assigned to"), lambda k: or_dash(k.assignee), show="widest"),
    Column(t("Waiting"), lambda k: _waiting(k.waiting_since), right=True),
)


def _counters(view: Any) -> rx.Component:
    ready = view.is_ready
    return rx.el.div(
        stat(t("Wait for an answer"), view.owed, to="/desk", ready=ready),
        stat(t("Mine"), view.mine, to="/desk?whose=mine", ready=ready),
        stat(t("Unassigned"), view.unassigned, to="/desk?whose=unassigned", ready=ready),
        stat(
            t("High importance"),
            view.high,
            to="/desk?importance=high",
            ready=ready,
            note=rx.cond(view.high > 0, tag(t("High"), "bad")),
        ),
        class_name="grid fours",
    )


def _filters(view: Any) -> rx.Component:
    return rx.el.div(
        chips(
            t("Whose"),
            "whose",
            [("", t("All")), ("mine", t("Mine")), ("unassigned", t("Unassigned")), ("unread", t("Unread"))],
        ),
        chips(
            t("Department"),
            "department",
            [("", t("Both departments")), ("technical", t("Technical")), ("finance", t("Finance"))],
        ),
        chips(
            t("Status"),
            "status",
            [
                ("", t("Open")),
                ("new", t("New")),
                ("waiting", t("Waits for the client")),
                ("resolved", t("Resolved")),
                ("closed", t("Closed")),
            ],
        ),
        class_name="filters",
    )


def desk_page() -> rx.Component:
    """High importance first, then whoever has waited longest."""
    view = DeskState.desk
    return framed(
        page_body(
            top=[
                header(t("Desk"), sub=t("High importance first, then whoever has waited longest.")),
            ],
            problem_view=DeskState.problem,
            ready=True,
            content=rx.fragment(
                _counters(view),
                card(
                    rx.el.div(search_field(t("Search by subject, order or number")), class_name="toolbar"),
                    _filters(view),
                    table(
                        _COLUMNS,
                        view.rows,
                        key=lambda k: k.id,
                        label=t("Tickets"),
                        ready=view.is_ready,
                        expected=8,
                        empty=empty(
                            t("Nothing waits here"),
                            t("Tickets of clients appear here the moment they are written."),
                        ),
                    ),
                    pages(view),
                ),
            ),
            loading=rx.fragment(),
            retry=DeskState.open,
        )
    )


def _statuses(view: Any) -> rx.Component:
    """The states that the ticket can be moved to from where it is."""
    return rx.el.div(
        rx.foreach(
            view.next_statuses,
            lambda code: button(
                t_code(code, labels.TICKET_MOVE),
                on_click=DeskTicketState.set_status(view.ticket.id, code),
                key=code,
            ),
        ),
        class_name="row",
    )


def _handling(view: Any) -> rx.Component:
    ticket = view.ticket
    return card(
        rx.el.div(
            Pick.create(
                label=t("Assigned to"),
                value=view.assignee_id,
                none=t("Nobody"),
                options=view.agents,
                on_pick=lambda person: DeskTicketState.assign(ticket.id, person),
            ),
            rx.cond(
                view.assignee_id != ShellState.me.person_id,
                button(t("Take it"), on_click=DeskTicketState.assign(ticket.id, ShellState.me.person_id)),
            ),
            class_name="take",
        ),
        Pick.create(
            label=t("Department"),
            value=ticket.department,
            options=options(labels.DEPARTMENT),
            on_pick=lambda code: DeskTicketState.set_department(ticket.id, code),
        ),
        Pick.create(
            label=t("Importance"),
            value=ticket.importance,
            options=options(labels.IMPORTANCE),
            on_pick=lambda code: DeskTicketState.set_importance(ticket.id, code),
        ),
        _statuses(view),
        title=t("Handling"),
        side=rx.cond(
            view.waiting_since, rx.el.span(t("waits"), " ", elapsed(view.waiting_since), class_name="sub num")
        ),
        class_name="handling",
    )


def _money(client: Any) -> rx.Component:
    return rx.cond(
        client.open_invoices > 0,
        rx.el.span(
            tn("{n} open invoice", "{n} open invoices", n=client.open_invoices),
            " · ",
            money(client.open_minor, client.currency),
        ),
        rx.el.span(t("nothing open")),
    )


def _power(client: Any) -> rx.Component:
    return rx.el.span(
        status(client.power, words=labels.POWER, tones=labels.POWER_TONE, flash=True),
        rx.cond(
            (client.power_then != "") & (client.power_then != client.power),
            rx.el.small(t("when opened:"), " ", t_code(client.power_then, labels.POWER), class_name="sub"),
        ),
        class_name="tags",
    )


def _client(client: Any) -> rx.Component:
    """Company, order, server and money of whoever asks, as they are now."""
    company = rx.cond(
        ShellState.me.role == "operator",
        link(client.company, to=f"/companies/{client.company_id}"),
        rx.el.span(client.company),
    )
    about_order = rx.cond(
        client.service_id > 0,
        key_values(
            (t("Order"), rx.fragment(f"#{client.service_id} · ", client.service)),
            (t("Plan"), client.plan),
            (
                t("Status"),
                rx.el.span(
                    status(
                        client.service_status, words=labels.SERVICE, tones=labels.SERVICE_TONE, flash=True
                    ),
                    class_name="tags",
                ),
            ),
            (t("Server"), or_dash(client.server, link(client.server, to=f"/servers/{client.server_id}"))),
            (t("Power"), or_dash(client.power, _power(client))),
            (t("IP address"), or_dash(client.ip, rx.el.span(client.ip, class_name="num"))),
        ),
        rx.el.p(t("This ticket is not about an order."), class_name="sub"),
    )
    return card(
        rx.cond(
            client.is_ready,
            rx.el.div(
                key_values(
                    (t("Company"), company),
                    (
                        t("Other open tickets"),
                        link(
                            rx.el.span(client.other_tickets, class_name="num"),
                            to=f"/desk?company={client.company_id}",
                        ),
                    ),
                ),
                rx.cond(client.has_money, key_values((t("Invoices"), _money(client)))),
                about_order,
                class_name="facts",
            ),
            lines(5),
        ),
        title=t("Client"),
    )


def _heading(ticket: Any) -> rx.Component:
    return header(
        ticket.subject,
        crumbs=[(t("Desk"), "/desk")],
        beside=rx.el.span(
            ticket_status(ticket.status, words=labels.TICKET_FOR_STAFF, flash=True),
            importance(ticket.importance),
            class_name="tags",
        ),
        sub=rx.fragment(
            rx.el.span(f"#{ticket.id} · ", class_name="num"),
            t_code(ticket.department, labels.DEPARTMENT),
            " · ",
            ticket.author,
            " · ",
            moment(ticket.created_at),
        ),
    )


def _answering(ticket: Any) -> rx.Component:
    return rx.cond(
        ticket.is_final,
        rx.el.p(t("This ticket was closed for good."), class_name="banner mute"),
        card(
            composer(
                ticket=ticket.id,
                owner=ShellState.me.person_id,
                answer=DeskTicketState.answer,
                with_notes=True,
                reopens=~ticket.is_open,
                on_reply=DeskTicketState.reply,
                on_note=DeskTicketState.note,
            )
        ),
    )


def desk_ticket_page() -> rx.Component:
    """One ticket, as staff see it."""
    view = DeskTicketState.ticket
    ticket = view.ticket
    body = rx.fragment(
        _heading(ticket),
        Seen.create(
            ticket=ticket.id,
            message=ticket.last_message,
            newest=ticket.newest,
            on_seen=DeskTicketState.seen,
        ),
        rx.el.div(
            rx.el.div(
                conversation(ticket, me=ShellState.me.person_id, base="/desk"),
                _answering(ticket),
                class_name="stack",
            ),
            rx.el.div(_handling(view), _client(DeskTicketState.client), class_name="stack aside"),
            class_name="grid talk-grid",
        ),
    )
    return framed(
        page_body(
            problem_view=DeskTicketState.problem,
            ready=ticket.id == route_number("ticket_id"),
            content=body,
            loading=rx.fragment(
                header(skeleton("title")),
                rx.el.div(
                    rx.el.div(card(lines(4)), card(lines(3)), class_name="stack"),
                    rx.el.div(card(lines(4)), card(lines(5)), class_name="stack"),
                    class_name="grid talk-grid",
                ),
            ),
            retry=DeskTicketState.open,
        )
    )
