"""A client's tickets: lists, one conversation, and a new one (checklist 1.25–1.33)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import (
    button,
    button_link,
    card,
    key_values,
    link,
    or_dash,
    skeleton,
    status,
)
from opsportal.components.headers import header
from opsportal.components.states import empty, lines, page_body
from opsportal.components.support import (
    Seen,
    TabLink,
    composer,
    conversation,
    importance,
    ticket_form,
    ticket_status,
    unread_mark,
)
from opsportal.components.tables import Column, pages, search_field, table
from opsportal.components.text import date, moment, money, t, t_code, tn
from opsportal.pages.frame import framed
from opsportal.state.shell import ShellState
from opsportal.state.support.tickets import NewTicketState, TicketsState, TicketState


def _tabs() -> rx.Component:
    """Open, closed, unread, add new: the tabs of checklist 1.26."""
    counters = ShellState.support
    return rx.el.nav(
        TabLink.create(t("Open"), _count(counters.open), to="/tickets"),
        TabLink.create(t("Closed"), to="/tickets?tab=closed"),
        TabLink.create(t("Unread"), _count(counters.unread), to="/tickets?tab=unread"),
        TabLink.create(t("Add ticket"), to="/tickets/new"),
        class_name="tabs",
        aria_label=t("Tickets"),
    )


def _count(number: Any) -> rx.Component:
    return rx.cond(number > 0, rx.el.b(number, class_name="num tab-count"))


def subject_cell(ticket: Any, to: Any) -> rx.Component:
    """What it is about, and whether there is something to read."""
    return rx.el.div(
        rx.el.div(
            link(
                ticket.subject,
                to=to,
                class_name=rx.cond(ticket.is_unread, "row-link strong clamp unread", "row-link strong clamp"),
            ),
            class_name="subject",
        ),
        rx.el.small(
            rx.el.span(f"#{ticket.id}", class_name="num"),
            " · ",
            t_code(ticket.department, labels.DEPARTMENT),
            rx.cond(ticket.service, rx.fragment(" · ", ticket.service)),
        ),
    )


def _status_cell(ticket: Any) -> rx.Component:
    return rx.el.div(
        ticket_status(ticket.status, flash=True),
        importance(ticket.importance, short=True),
        unread_mark(ticket.is_unread),
        class_name="tags",
    )


def _last_cell(ticket: Any) -> rx.Component:
    who = rx.cond(
        ticket.last_side == "staff", rx.fragment(t("Support"), " · ", ticket.last_author), ticket.last_author
    )
    return rx.el.div(ago(ticket.last_at), rx.el.small(who), class_name="last-cell")


_COLUMNS = (
    Column(t("Ticket"), lambda k: subject_cell(k, f"/tickets/{k.id}")),
    Column(t("Status"), _status_cell),
    Column(t("Messages"), lambda k: rx.el.span(k.messages, class_name="num"), right=True, show="widest"),
    Column(t("Last message"), _last_cell, right=True, show="wide"),
)


def _nothing() -> rx.Component:
    add = button_link(t("Add ticket"), to="/tickets/new", kind="primary")
    return rx.cond(
        TicketsState.q,
        empty(
            t("No ticket matches"),
            t("Look in the other tabs, or search for a part of the subject, an order or a number."),
        ),
        rx.match(
            TicketsState.tab,
            ("closed", empty(t("No closed tickets"), t("What is settled is kept here, with every message."))),
            (
                "unread",
                empty(
                    t("Everything is read"), t("Tickets with an answer that you have not seen appear here.")
                ),
            ),
            empty(
                t("No open tickets"),
                t(
                    "Questions about servers, invoices or orders go here. You see every answer live, and get it by mail."
                ),
                add,
            ),
        ),
    )


def tickets_page() -> rx.Component:
    """Open, closed and unread tickets of the company."""
    listing = TicketsState.listing
    return framed(
        page_body(
            top=[
                header(
                    t("Tickets"),
                    sub=rx.cond(
                        listing.is_ready, tn("{n} ticket", "{n} tickets", n=listing.total), skeleton("sub")
                    ),
                ),
                _tabs(),
                rx.el.div(
                    search_field(t("Search by subject, order or number")),
                    rx.cond(
                        listing.service,
                        link(
                            t("Order: {name}", name=listing.service),
                            rx.el.span(" ✕", aria_hidden="true"),
                            to="/tickets",
                            class_name="chip on",
                        ),
                    ),
                    class_name="toolbar",
                ),
            ],
            problem_view=TicketsState.problem,
            ready=True,
            content=card(
                table(
                    _COLUMNS,
                    listing.rows,
                    key=lambda k: k.id,
                    label=t("Tickets"),
                    ready=listing.is_ready,
                    empty=_nothing(),
                    expected=6,
                ),
                pages(listing),
            ),
            loading=rx.fragment(),
            retry=TicketsState.open,
        )
    )


def _about(form: Any) -> rx.Component:
    """The order that the ticket is opened from: support gets these facts with it."""
    return rx.cond(
        form.service_id > 0,
        card(
            key_values(
                (t("Order"), rx.el.span(f"#{form.service_id} · ", form.service)),
                (t("Plan"), form.plan),
                (t("Status"), status(form.status, words=labels.SERVICE, tones=labels.SERVICE_TONE)),
                (t("IP address"), or_dash(form.ip, rx.el.span(form.ip, class_name="num"))),
                (
                    t("Power"),
                    or_dash(form.power, status(form.power, words=labels.POWER, tones=labels.POWER_TONE)),
                ),
                (
                    t("Open invoice"),
                    or_dash(
                        form.invoice_number,
                        rx.fragment(
                            form.invoice_number,
                            " · ",
                            money(form.invoice_open_minor, form.invoice_currency),
                            " · ",
                            date(form.invoice_due_on),
                        ),
                    ),
                ),
            ),
            rx.el.p(t("Support receives this with your ticket."), class_name="sub card-note"),
            title=t("About this order"),
        ),
    )


def _already_open(form: Any) -> rx.Component:
    """So that nobody asks twice."""
    return rx.cond(
        form.open_tickets.length() > 0,
        card(
            rx.el.ul(
                rx.foreach(
                    form.open_tickets,
                    lambda k: rx.el.li(
                        rx.el.span(
                            link(k.subject, to=f"/tickets/{k.id}", class_name="row-link strong clamp"),
                            rx.el.small(f"#{k.id} · ", ago(k.last_at)),
                        ),
                        ticket_status(k.status),
                        key=k.id,
                    ),
                ),
                class_name="list",
            ),
            title=t("Open tickets about this order"),
        ),
    )


def _advice() -> rx.Component:
    return card(
        rx.el.ul(
            rx.el.li(t("Say what you did, what you expected and what happened instead.")),
            rx.el.li(t("Logs and screenshots help: attach them.")),
            rx.el.li(t("Never write passwords into a ticket. Support will not ask for them.")),
            class_name="advice",
        ),
        title=t("For a quick answer"),
    )


def new_ticket_page() -> rx.Component:
    """Department, subject, importance, order, message (checklist 1.29–1.33)."""
    form = NewTicketState.form
    body = rx.el.div(
        card(
            ticket_form(
                owner=ShellState.me.person_id,
                service=form.service_id,
                orders=form.orders,
                answer=NewTicketState.answer,
                on_add=NewTicketState.add,
            )
        ),
        rx.el.div(_about(form), _already_open(form), _advice(), class_name="stack"),
        class_name="grid two-one",
    )
    return framed(
        page_body(
            top=[header(t("Add ticket"), crumbs=[(t("Tickets"), "/tickets")]), _tabs()],
            problem_view=NewTicketState.problem,
            ready=form.is_ready,
            content=body,
            loading=rx.el.div(card(lines(8)), card(lines(4)), class_name="grid two-one"),
            retry=NewTicketState.open,
        )
    )


def _actions(ticket: Any) -> list[rx.Component]:
    return [
        rx.cond(
            ticket.is_open,
            confirm_button(
                t("Close ticket"),
                title=t("Close this ticket?"),
                text=t("It moves to the closed tickets. A reply opens it again."),
                confirm=t("Close ticket"),
                on_confirm=TicketState.close(ticket.id),
            ),
            rx.cond(
                ticket.is_final,
                button_link(t("Add ticket"), to="/tickets/new"),
                button(t("Reopen"), on_click=TicketState.reopen(ticket.id)),
            ),
        )
    ]


def _details(ticket: Any) -> rx.Component:
    return card(
        key_values(
            (t("Number"), rx.el.span(f"#{ticket.id}", class_name="num")),
            (t("Department"), t_code(ticket.department, labels.DEPARTMENT)),
            (t("Importance"), t_code(ticket.importance, labels.IMPORTANCE)),
            (
                t("Order"),
                or_dash(ticket.service, link(ticket.service, to=f"/services/{ticket.service_id}")),
            ),
            (t("Opened by"), ticket.author),
            (t("Opened"), moment(ticket.created_at)),
        ),
        title=t("Details"),
    )


def _answering(ticket: Any) -> rx.Component:
    return rx.cond(
        ticket.is_final,
        rx.el.p(
            t("This ticket was closed for good. Open a new one and mention its number."),
            class_name="banner mute",
        ),
        card(
            composer(
                ticket=ticket.id,
                owner=ShellState.me.person_id,
                answer=TicketState.answer,
                reopens=~ticket.is_open,
                on_reply=TicketState.reply,
            )
        ),
    )


def ticket_page() -> rx.Component:
    """One conversation."""
    ticket = TicketState.ticket
    body = rx.fragment(
        header(
            ticket.subject,
            crumbs=[(t("Tickets"), "/tickets")],
            beside=rx.el.span(
                ticket_status(ticket.status, flash=True), importance(ticket.importance), class_name="tags"
            ),
            actions=_actions(ticket),
        ),
        Seen.create(
            ticket=ticket.id,
            message=ticket.last_message,
            newest=ticket.newest,
            on_seen=TicketState.seen,
        ),
        rx.el.div(
            rx.el.div(
                conversation(ticket, me=ShellState.me.person_id, base="/tickets"),
                _answering(ticket),
                class_name="stack",
            ),
            rx.el.div(_details(ticket), class_name="stack aside"),
            class_name="grid talk-grid",
        ),
    )
    return framed(
        page_body(
            problem_view=TicketState.problem,
            ready=ticket.id == route_number("ticket_id"),
            content=body,
            loading=rx.fragment(
                header(skeleton("title")),
                rx.el.div(
                    rx.el.div(card(lines(4)), card(lines(3)), class_name="stack"),
                    card(lines(5)),
                    class_name="grid talk-grid",
                ),
            ),
            retry=TicketState.open,
        )
    )
