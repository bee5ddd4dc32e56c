"""The dashboard's tile of open tickets.

The dashboard puts `pages.support.tiles.open_tickets_tile()` on its page and `(OPEN_TICKETS, None)` into the
`show(...)` of its `open`: the tile then loads, fails and renews itself apart from everything else there.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.support import lists, topics
from opsportal.domain.support.lists import TicketFilter
from opsportal.state.showing import StateView
from opsportal.state.support import rows
from opsportal.state.support.views import OpenTicketsView
from opsportal.state.views import ProblemView

SHOWN = 4


class SupportTileState(rx.State):
    """Open tickets of the actor's company, and what this person has not read."""

    tickets: OpenTicketsView = OpenTicketsView()
    problem: ProblemView = ProblemView()


def read_open_tickets(unit: Unit, actor: Actor, _: Any) -> OpenTicketsView:
    found, _total = lists.list_tickets(actor, unit, TicketFilter())
    counts = lists.count_tickets(actor, unit)
    return OpenTicketsView(
        is_ready=True,
        open=counts.open,
        unread=counts.unread,
        rows=[rows.row_view(row) for row in found[:SHOWN]],
    )


def _topics(actor: Actor, _: Any) -> frozenset[str]:
    return frozenset({topics.company_tickets(actor.company_id or 0), topics.person_tickets(actor.person_id)})


OPEN_TICKETS = StateView(
    "open_tickets",
    SupportTileState,
    "tickets",
    read_open_tickets,
    _topics,
    is_personal=True,
    empty=OpenTicketsView(),
)
