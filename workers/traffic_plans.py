"""What plans include of traffic, looked at every few minutes: mails, blocks, overages. One transaction a service.

Many services are looked at in parts, each a task of its own on the queue, so that payments come in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog
from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.refusals import Refusal
from opsportal.domain.traffic import alerts, blocks, limits, overages
from opsportal.models import Outbox
from workers import queues

log = structlog.get_logger("traffic_plans")
QUEUE = "billing"
STEPS, OVERAGES = "traffic_steps", "traffic_overages"
PART = 100
"""Services of one task: about a second's work."""


class Listed(Protocol):
    """So many services that are to be looked at, by number, beyond one."""

    def __call__(self, unit: Unit, *, after: int, limit: int) -> list[int]: ...


PARTS: dict[str, tuple[Listed, Callable[[Unit, int], object]]] = {
    STEPS: (alerts.list_metered, alerts.evaluate),
    OVERAGES: (overages.list_billed, overages.bill_last_cycle),
}


def run() -> None:
    """Look at the first part of the services and call for the rest; do what plans ask for."""
    if not _is_under_way(STEPS):
        _part(STEPS, 0)
    _act()
    if not _is_under_way(OVERAGES):
        _part(OVERAGES, 0)


def run_steps(after: int) -> None:
    """The next part of the services, compared with what their plans include. After the last one: what they ask for."""
    if _part(STEPS, after):
        _act()


def run_overages(after: int) -> None:
    """The next part of the services whose last cycle may have to be billed."""
    _part(OVERAGES, after)


def _is_under_way(task: str) -> bool:
    """Whether the last round is still at it: a second one would only make the queue longer."""
    with unit_of_work() as unit:
        calls = select(Outbox).where(col(Outbox.task) == task)
        last = unit.exec(calls.order_by(col(Outbox.id).desc()).limit(1)).first()
    return last is not None and (last.sent_at is None or queues.is_on_its_way(last))


def _part(task: str, after: int) -> bool:
    """Whether it was the last one."""
    listed, work = PARTS[task]
    with unit_of_work() as unit:
        due = listed(unit, after=after, limit=PART)
        if len(due) == PART:  # called for first: whatever becomes of this part, the others come
            unit.enqueue(QUEUE, task, due[-1])
    for number in due:
        _each(work, number)
    return len(due) < PART


def _act() -> None:
    """What steps that were reached ask for, and what ends with its cycle."""
    for listed, work in (
        (blocks.list_wanted, blocks.block_now),
        (alerts.list_blocks_over, blocks.unblock_if_over),
        (limits.list_never_set, limits.close_if_over),
        (limits.list_set, limits.remind_if_over),
    ):
        with unit_of_work() as unit:
            due = listed(unit)
        for number in due:
            _each(work, number)


def _each(work: Callable[[Unit, int], object], number: int) -> None:
    """One that fails, or takes all the time that its task has, stops no other."""
    try:
        with unit_of_work() as unit:
            work(unit, number)
    except Refusal as refusal:  # it is tried again with the next knock
        log.info("traffic_plan_waits", work=work.__name__, number=number, code=refusal.code)
    except Exception:
        log.exception("traffic_plan_failed", work=work.__name__, number=number)
