"""Watches workers and queues for people who do not look, and mails the desk itself: the queue of mails may be
what is out of order.

Two processes do so, each for the case that the other has ended: the dispatcher, which needs no worker, and the
clock's task on the queue `default`, which needs no dispatcher.
"""

from __future__ import annotations

import datetime as dt
import threading

import structlog
from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.upkeep import outages
from opsportal.domain.upkeep.troubles import Kind, Trouble, kind_of
from opsportal.integrations import queue_watch
from opsportal.integrations.queue_watch import Seen
from opsportal.models import Outbox
from opsportal.models.base import utcnow
from workers import mail

EVERY_S = 10.0
STUCK_AFTER = dt.timedelta(seconds=30)
"""The dispatcher hands over within seconds."""
_BY_REDIS = (Kind.QUEUE, Kind.LOST)

log = structlog.get_logger("watch")


def run() -> None:
    """One look; what is to be said is said."""
    seen = queue_watch.look()
    with unit_of_work() as unit:
        present = {one.part: one for one in (*_in_redis(seen), *_in_database(unit, seen))}
        told = outages.keep(unit, present, is_unsure=lambda part: seen.is_away and kind_of(part) in _BY_REDIS)
    if told:
        log.warning("told", present=sorted(present))
    mail.send_due(kind=outages.MAIL_KIND)


def _in_redis(seen: Seen) -> list[Trouble]:
    if seen.is_away:
        return [Trouble(Kind.REDIS)]
    found = [
        Trouble(f"{Kind.QUEUE}:{queue.name}", waiting=queue.waiting)
        for queue in seen.queues
        if queue.workers == 0
    ]
    lost: dict[str, list[str]] = {}
    for worker in seen.workers:
        if not worker.is_alive:
            lost.setdefault(worker.queue, []).append(worker.name)
    return [
        *found,
        *(Trouble(f"{Kind.LOST}:{queue}", workers=tuple(names)) for queue, names in sorted(lost.items())),
    ]


def _in_database(unit: Unit, seen: Seen) -> list[Trouble]:
    """Work that nobody hands over although Redis would take it."""
    oldest = unit.scalar(select(func.min(col(Outbox.created_at))).where(col(Outbox.sent_at).is_(None)))
    is_stuck = oldest is not None and utcnow() - oldest > STUCK_AFTER and not seen.is_away
    return [Trouble(Kind.DISPATCHER)] if is_stuck else []


def forever() -> None:
    """Look again and again, whatever happens."""
    pause = threading.Event()
    while not pause.wait(EVERY_S):
        try:
            run()
        except Exception as failed:  # a database that is away; whoever watches must not end of it
            log.warning("cannot_look", error=type(failed).__name__)
