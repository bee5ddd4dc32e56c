"""The dashboard's tile of open tickets. State and reader: `opsportal.state.support.tiles`."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.clock import ago
from opsportal.components.elements import button_link, card, link
from opsportal.components.states import empty, lines
from opsportal.components.support import ticket_status, unread_mark
from opsportal.components.text import t, t_var, tn
from opsportal.state.support.tiles import SupportTileState


def _row(ticket: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            link(ticket.subject, to=f"/tickets/{ticket.id}", class_name="row-link strong clamp"),
            rx.el.small(f"#{ticket.id} · ", ticket.last_author, " · ", ago(ticket.last_at)),
        ),
        rx.el.span(
            unread_mark(ticket.is_unread), ticket_status(ticket.status, flash=True), class_name="tags end"
        ),
        key=ticket.id,
    )


def open_tickets_tile() -> rx.Component:
    """Open tickets with what is unread; loads, fails and renews itself apart from the rest of its page."""
    view, problem = SupportTileState.tickets, SupportTileState.problem
    shown = rx.cond(
        view.rows.length() > 0,
        rx.fragment(
            rx.el.ul(rx.foreach(view.rows, _row), class_name="list"),
            rx.cond(
                view.open > view.rows.length(),
                rx.el.p(
                    link(
                        tn("All {n} open ticket", "All {n} open tickets", n=view.open),
                        to="/tickets",
                        class_name="sub",
                    ),
                    class_name="card-note",
                ),
            ),
        ),
        empty(
            t("No open tickets"),
            t("Ask support about servers, invoices or orders."),
            button_link(t("Add ticket"), to="/tickets/new"),
        ),
    )
    return card(
        rx.cond(
            problem.code,
            rx.el.p(t_var(problem.msgid), class_name="refusal", role="alert"),
            rx.cond(view.is_ready, shown, lines(3, "two")),
        ),
        title=t("Support"),
        side=link(t("Add ticket"), to="/tickets/new", class_name="sub"),
    )
