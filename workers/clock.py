"""Recurring work. The clock only knocks; rows of `scheduled_task` say what is due."""

from __future__ import annotations

import datetime as dt
import time

import structlog
from redis.exceptions import RedisError
from rq.utils import import_attribute
from sqlalchemy import delete, func, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.hardware import reconciliation
from opsportal.models import Outbox, ScheduledTask
from opsportal.models.base import utcnow
from workers import queues

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
        overdue = reconciliation.end_overdue(unit)
    with unit_of_work() as unit:
        asked = reconciliation.wake_unknown(unit) + reconciliation.wake_questions(unit)
    found = replace_lost()
    if expired or dead or overdue or asked or found:
        log.info("reconciled", expired=expired, dead=dead, overdue=overdue, asked=asked, lost=found)


def replace_lost() -> int:
    """Hand over again every waiting job that Redis no longer works on. Returns how many."""
    with unit_of_work() as unit:
        waiting = reconciliation.list_waiting(unit, older_than=LOST_AFTER)
        calls = select(Outbox).where(tuple_(col(Outbox.task), col(Outbox.ref)).in_(waiting))
        latest = {
            (row.task, row.ref): row for row in (unit.exec(calls.order_by(col(Outbox.id))) if waiting else ())
        }
    lost = [row for row in latest.values() if row.sent_at is not None and not queues.is_on_its_way(row)]
    with unit_of_work() as unit:
        for row in lost:
            unit.enqueue(row.queue, row.task, row.ref)
    return len(lost)


def forget_sent() -> None:
    """Delete outbox rows that were delivered a week ago."""
    with unit_of_work() as unit:
        for row in unit.exec(select(Outbox).where(col(Outbox.sent_at) < utcnow() - KEEP_SENT).limit(10_000)):
            unit.delete(row)


SCHEDULE: dict[str, tuple[str, int, str]] = {
    "reconcile": ("default", 5, "workers.clock.reconcile"),
    "outages": ("default", 15, "workers.watch.run"),
    "provisioning": ("default", 5, "workers.provisioning.run"),
    "power_sweep": ("poll", 30, "workers.power_sweep.run"),
    "traffic_poll": ("poll", 10, "workers.traffic_poll.run"),
    "traffic_compact": ("poll", 900, "workers.traffic_poll.compact"),
    "port_errors": ("poll", 3_600, "workers.traffic_poll.read_errors"),
    "payments": ("billing", 10, "workers.payments.wake_due"),
    "gateway_list": ("billing", 86_400, "workers.payments.compare_with_gateway"),
    "renewal_run": ("billing", 300, "workers.billing_runs.renew"),
    "auto_pay": ("billing", 300, "workers.billing_runs.pay_due"),
    "cost_snapshot": ("billing", 3_600, "workers.billing_runs.record_costs"),
    "documents": ("default", 10, "workers.documents.make_missing"),
    "forget_sent": ("default", 3_600, "workers.clock.forget_sent"),
    "mail": ("mail", 10, "workers.mail.send_mail"),
    "tickets": ("default", 600, "workers.tickets.tidy"),
    "reverse_records": ("default", 5, "workers.dns.run"),
    "port_orders": ("default", 15, "workers.port_orders.wake_overdue"),
    "lights": ("default", 30, "workers.identify.wake_overdue"),
    "bmc_accesses": ("default", 10, "workers.bmc_access.wake_due"),
    "addresses": ("default", 60, "workers.dns.follow_services"),
    "traffic_plans": ("billing", 300, "workers.traffic_plans.run"),
}
"""Name: queue, interval (s), work. The rows are made from this table.

Work is found by its name when it is run, so that a worker imports only that of its own queue. Which
switches are due at a knock of `traffic_poll` the database says (POLL_EVERY_S).
"""


def plant() -> None:
    """Make the database's rows agree with the table. Two clocks may do so at the same time."""
    now = utcnow()
    with unit_of_work() as unit:
        for name, (queue, every_s, _) in SCHEDULE.items():
            made = insert(ScheduledTask).values(name=name, queue=queue, every_s=every_s, due_at=now)
            # Never due later than one interval from now, even if the machine's clock was set back.
            due_at = func.least(col(ScheduledTask.due_at), now + dt.timedelta(seconds=every_s))
            unit.execute(
                made.on_conflict_do_update(
                    index_elements=["name"], set_={"queue": queue, "every_s": every_s, "due_at": due_at}
                )
            )
        unit.execute(delete(ScheduledTask).where(col(ScheduledTask.name).not_in(list(SCHEDULE))))


def run_due(_: int = 0) -> None:
    """Start every task that is due: here if it belongs to this queue, else on its own."""
    now = utcnow()
    with unit_of_work() as unit:
        due = unit.exec(
            select(ScheduledTask)
            .where(col(ScheduledTask.due_at) <= now, col(ScheduledTask.name).in_(list(SCHEDULE)))
            .order_by(col(ScheduledTask.due_at), col(ScheduledTask.name))
            .with_for_update(skip_locked=True)
        ).all()
        for row in due:
            row.due_at = now + dt.timedelta(seconds=row.every_s)
    for row in due:
        if row.queue == "default":
            run_named(row.name)
        else:
            _hand_over(row.queue, row.name)
    with unit_of_work() as unit:
        unit.changed("workers")


def _hand_over(queue: str, name: str) -> None:
    """Put a task on its own queue, unless it still waits there."""
    mark = f"scheduled-{name}-"
    try:
        if not queues.has_waiting(queue, mark):
            number = list(SCHEDULE).index(name)
            queues.put(queue, "scheduled", number, job_id=f"{mark}{time.time_ns()}")
    except RedisError as away:  # the other tasks that are due must not suffer
        log.warning("redis_away", task=name, error=type(away).__name__)


def run_scheduled(number: int) -> None:
    """Run one task of the table on its own queue."""
    run_named(list(SCHEDULE)[number])


def run_named(name: str) -> None:
    """Run a task, and keep when and how it ended."""
    started, error = utcnow(), None
    try:
        import_attribute(SCHEDULE[name][2])()
    except Exception as failed:
        log.exception("scheduled_task_failed", task=name)
        error = type(failed).__name__
    with unit_of_work() as unit:
        row = unit.get(ScheduledTask, name)
        if row is not None:
            row.last_started_at, row.last_finished_at, row.last_error = started, utcnow(), error
