"""What tests of tickets ask of the portal, and how a refusal is proved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.refusals import Refusal
from opsportal.domain.support import lists, threads
from opsportal.domain.support.lists import TicketFilter
from opsportal.models import Ticket
from tests.doors.world import everything


def refused(code: str, work: Callable[[Unit], object]) -> None:
    """`work` is refused with this code, and nothing has changed."""
    before = everything()
    with pytest.raises(Refusal) as refusal, unit_of_work() as unit:
        work(unit)
    assert refusal.value.code == code
    assert everything() == before


def do(work: Callable[..., Any], actor: Actor, ticket_id: int, **how: Any) -> Any:
    with unit_of_work() as unit:
        return work(unit, actor, ticket_id, **how)


def ticket(ticket_id: int) -> Ticket:
    with unit_of_work() as unit:
        return unit.get_one(Ticket, ticket_id)


def thread(actor: Actor, ticket_id: int) -> threads.Thread:
    with unit_of_work() as unit:
        return threads.read_thread(actor, unit, ticket_id)


def counts(actor: Actor) -> tuple[int, int, int]:
    with unit_of_work() as unit:
        found = lists.count_tickets(actor, unit)
    return found.open, found.closed, found.unread


def listed(actor: Actor, **wanted: Any) -> list[int]:
    with unit_of_work() as unit:
        rows, total = lists.list_tickets(actor, unit, TicketFilter(**wanted))
    assert total == len(rows)
    return [row.ticket.id or 0 for row in rows]


DRAFT = "0123456789abcdef" * 2
