"""What time does to tickets and to files that nobody sent. One transaction each: one failure stops no other."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from opsportal.db import Unit, unit_of_work
from opsportal.domain.support import attachments, endings

log = structlog.get_logger("tickets")


def tidy() -> None:
    """Resolve silent tickets, close settled ones, delete files that were never sent."""
    with unit_of_work() as unit:
        silent, settled = endings.list_silent(unit), endings.list_settled(unit)
    for ticket_id in silent:
        _each(endings.end_silent, ticket_id)
    for ticket_id in settled:
        _each(endings.end_settled, ticket_id)
    with unit_of_work() as unit:
        attachments.forget_unsent(unit)


def _each(work: Callable[[Unit, int], None], ticket_id: int) -> None:
    try:
        with unit_of_work() as unit:
            work(unit, ticket_id)
    except Exception:
        log.exception("ticket_not_ended", ticket=ticket_id)
