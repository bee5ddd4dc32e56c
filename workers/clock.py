"""Recurring work. The clock only knocks; rows of `scheduled_task` say what is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import structlog
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.hardware import reconciliation
from opsportal.models import Outbox, ScheduledTask
from opsportal.models.base import utcnow
from workers import power_sweep, queues

log = structlog.get_logger("clock")
LOST_AFTER = dt.timedelta(seconds=8)
KEEP_SENT = dt.timedelta(days=7)


def reconcile() -> None:
    """End what waited too long, fence off dead workers, ask again, and replace lost wake-up calls."""
    with unit_of_work() as unit:
        expired = reconciliation.expire_waiting(unit)
    with unit_of_work() as unit:
        dead = reconciliation.fence_off_dead(unit)
    with unit_of_work() as unit:
        asked = reconciliation.wake_unknown(unit)
    found = replace_lost()
    if expired or dead or asked or found:
        log.info("reconciled", expired=expired, dead=dead, asked=asked, lost=found)


def replace_lost() -> int:
    """Hand over again every waiting job that Redis no longer knows. Returns how many."""
    with unit_of_work() as unit:
        waiting = reconciliation.list_waiting(unit, older_than=LOST_AFTER)
        latest = {
            row.ref: row
            for row in unit.exec(
                select(Outbox)
                .where(col(Outbox.task) == "hardware_job", col(Outbox.ref).in_(waiting))
                .order_by(col(Outbox.id))
            )
        }
    lost = [
        row.ref
        for row in latest.values()
        if row.sent_at is not None and not queues.is_on_its_way(f"{row.task}-{row.ref}-{row.id}")
    ]
    with unit_of_work() as unit:
        for job_id in lost:
            unit.enqueue("hardware", "hardware_job", job_id)
    return len(lost)


def forget_sent() -> None:
    """Delete outbox rows that were delivered a week ago."""
    with unit_of_work() as unit:
        for row in unit.exec(select(Outbox).where(col(Outbox.sent_at) < utcnow() - KEEP_SENT).limit(10_000)):
            unit.delete(row)


SCHEDULE: dict[str, tuple[str, int, Callable[[], None]]] = {
    "reconcile": ("default", 5, reconcile),
    "power_sweep": ("poll", 30, power_sweep.run),
    "forget_sent": ("default", 3_600, forget_sent),
}
"""Name: queue, interval (s), work. The rows are made from this table."""


def plant() -> None:
    """Make the database's rows agree with the table."""
    with unit_of_work() as unit:
        known = {row.name: row for row in unit.exec(select(ScheduledTask))}
        for name, (queue, every_s, _) in SCHEDULE.items():
            row = known.pop(name, None) or ScheduledTask(name=name, queue=queue, every_s=every_s)
            row.queue, row.every_s = queue, every_s
            unit.add(row)
        for row in known.values():
            unit.delete(row)


def run_due(_: int = 0) -> None:
    """Start every task that is due: here if it belongs to this queue, else on its own."""
    now = utcnow()
    with unit_of_work() as unit:
        due = unit.exec(
            select(ScheduledTask)
            .where(col(ScheduledTask.due_at) <= now)
            .order_by(col(ScheduledTask.due_at))
            .with_for_update(skip_locked=True)
        ).all()
        for row in due:
            row.due_at = now + dt.timedelta(seconds=row.every_s)
    for row in due:
        if row.queue == "default":
            run_named(row.name)
        else:
            number = list(SCHEDULE).index(row.name)
            queues.put(row.queue, "scheduled", number, job_id=f"scheduled-{row.name}", ttl_s=row.every_s)
    with unit_of_work() as unit:
        unit.changed("workers")


def run_scheduled(number: int) -> None:
    """Run one task of the table on its own queue."""
    run_named(list(SCHEDULE)[number])


def run_named(name: str) -> None:
    """Run a task, and keep when and how it ended."""
    started, error = utcnow(), None
    try:
        SCHEDULE[name][2]()
    except Exception as failed:
        log.exception("scheduled_task_failed", task=name)
        error = type(failed).__name__
    with unit_of_work() as unit:
        row = unit.get(ScheduledTask, name)
        if row is not None:
            row.last_started_at, row.last_finished_at, row.last_error = started, utcnow(), error
