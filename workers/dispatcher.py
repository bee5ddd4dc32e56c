"""Carries committed outbox rows to the queues. `python -m workers.dispatcher`

It sleeps until PostgreSQL announces a new row, and looks by itself every few seconds in case an
announcement was missed. Rows stay until Redis has acknowledged them, so Redis may be away for
hours. Of several dispatchers one works and the others stand by (an advisory lock decides). The lock
is lost with its connection, which the database ends when nothing was heard on it for too long: so
the work of a dispatcher that is dead, frozen or cut off is taken over.

Beside that it watches the workers (`workers/watch.py`): it is the process that needs none of them.
"""

from __future__ import annotations

import threading
import time

import psycopg
import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from opsportal.db import OUTBOX_CHANNEL, unit_of_work
from opsportal.domain.hardware import reconciliation
from opsportal.integrations.queue_watch import QUEUES
from opsportal.logs import configure_logs
from opsportal.models import Outbox
from opsportal.models.base import utcnow
from opsportal.settings import settings
from workers import queues, watch

LOCK = 4_207_302
IDLE_S = 3.0
STAND_BY_S = 1.0
SILENT_S = 45
"""A dispatcher that the database has not heard for so long is frozen. Longer than Redis may keep it waiting."""
BATCH = 200

log = structlog.get_logger("dispatcher")


def dispatch() -> int:
    """Put every unsent row on its queue. Returns how many. Raises RedisError when Redis is away.

    Redis is called between two transactions, not inside one. Dying in between sends a row twice,
    which is harmless: a job is claimed once. A row that this version does not know waits for one that
    does, and holds nobody up.
    """
    known = col(Outbox.queue).in_(QUEUES) & col(Outbox.task).in_(list(queues.TASKS))
    with unit_of_work() as unit:
        rows = unit.exec(
            select(Outbox).where(col(Outbox.sent_at).is_(None), known).order_by(col(Outbox.id)).limit(BATCH)
        ).all()
    sent: list[int] = []
    try:
        for row in rows:
            queues.put(row.queue, row.task, row.ref, job_id=queues.wake_up_id(row))
            sent.append(row.id or 0)
    finally:
        if sent:
            with unit_of_work() as unit:
                for row in unit.exec(select(Outbox).where(col(Outbox.id).in_(sent))):
                    row.sent_at = utcnow()
    return len(sent)


def connect() -> psycopg.Connection:
    """A connection that ends by itself, and a lock with it, when it is silent for `SILENT_S`."""
    url = settings().database_url.get_secret_value()
    options = f"-c idle_session_timeout={SILENT_S}s"
    return psycopg.connect(url, autocommit=True, connect_timeout=5, options=options)


def _stand_by(listener: psycopg.Connection) -> None:
    """Wait for the lock by asking: a statement that waits would hold up the database's vacuum for as long."""
    said = False
    while listener.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone() != (True,):
        if not said:
            log.info("standing_by")
        said = True
        time.sleep(STAND_BY_S)


def _serve(listener: psycopg.Connection) -> None:
    _stand_by(listener)
    listener.execute(f"LISTEN {OUTBOX_CHANNEL}")
    log.info("dispatching")
    while True:
        listener.execute("SELECT 1")  # heard, and certain that the lock is still ours
        try:
            if dispatch() == BATCH:
                continue
        except RedisError as away:
            log.warning("redis_away", error=type(away).__name__)
            _expire_waiting()
        for _ in listener.notifies(timeout=IDLE_S, stop_after=1):
            pass


def _expire_waiting() -> None:
    """The clock knocks through Redis. While that is away, clicks that waited too long are told so here."""
    with unit_of_work() as unit:
        reconciliation.expire_waiting(unit)


def main() -> None:
    configure_logs("dispatcher")
    threading.Thread(target=watch.forever, name="watch", daemon=True).start()
    while True:
        try:
            with connect() as listener:
                _serve(listener)
        except (psycopg.OperationalError, OperationalError) as away:
            log.warning("database_away", error=type(away).__name__)
            time.sleep(1)


if __name__ == "__main__":
    main()
