"""Engine, unit of work, and the hand-over after commit.

A unit of work is one transaction. What it changed (live topics) and what must happen next
(outbox rows) become visible to others in the same instant as its data, because PostgreSQL
delivers NOTIFY at commit: nobody hears of a change that was rolled back.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import configure_mappers
from sqlmodel import Session

from opsportal.models.outbox import Outbox
from opsportal.settings import settings

LIVE_CHANNEL = "opsportal_live"
OUTBOX_CHANNEL = "opsportal_outbox"
# A process that is frozen inside a transaction would keep its row locks for as long as it is frozen, and
# whoever has to end what it had begun would wait for it: so the database ends such a transaction.
OPTIONS = "-c timezone=UTC -c lock_timeout=10s -c idle_in_transaction_session_timeout=10s"
# A connection may lie unused for days, and what is between may forget it: so it is kept alive, and one that is
# dead is known to be after a minute (libpq's own default: two hours).
ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
NOTIFY_BYTES = 7_500  # PostgreSQL refuses payloads of 8,000 bytes and more

P = ParamSpec("P")
R = TypeVar("R")


class Unit(Session):
    """A session that remembers which live topics it touched."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topics: set[str] = set()
        self.wakes_dispatcher = False

    def changed(self, *topics: str) -> None:
        """Say that open pages showing these topics must be told after commit."""
        self.topics.update(topics)

    def rollback(self) -> None:
        """Undo everything, also what was about to be announced."""
        super().rollback()
        self.topics = set()
        self.wakes_dispatcher = False

    def enqueue(self, queue: str, task: str, ref: int) -> None:
        """Hand work over to a queue after commit. Only an id travels; the row is the truth."""
        self.add(Outbox(queue=queue, task=task, ref=ref))
        self.wakes_dispatcher = True


@event.listens_for(Unit, "before_commit")
def _notify(unit: Unit) -> None:
    if unit.in_nested_transaction():
        return  # a savepoint ends, and may yet be undone together with what would be announced inside it
    for payload in _payloads(unit.topics):
        unit.execute(text("SELECT pg_notify(:c, :p)"), {"c": LIVE_CHANNEL, "p": payload})
    if unit.wakes_dispatcher:
        unit.execute(text("SELECT pg_notify(:c, '')"), {"c": OUTBOX_CHANNEL})
    unit.topics = set()
    unit.wakes_dispatcher = False


def _payloads(topics: set[str]) -> Iterator[str]:
    batch: list[str] = []
    size = 0
    for topic in sorted(topics):
        if size + len(topic) > NOTIFY_BYTES:
            yield json.dumps(batch)
            batch, size = [], 0
        batch.append(topic)
        size += len(topic) + 4
    if batch:
        yield json.dumps(batch)


@functools.cache
def engine() -> Engine:
    """The process's connection pool. It opens at first use, which in a process that forks is its children's."""
    config = settings()
    return create_engine(
        config.sqlalchemy_url,
        pool_size=config.database_pool,
        max_overflow=4,
        pool_pre_ping=True,
        pool_timeout=10,
        hide_parameters=True,  # or an error would put values into the log
        connect_args={"connect_timeout": 5, "options": OPTIONS, **ALIVE},
    )


def prepare_for_forks() -> None:
    """Load the driver and work out the mappers once, for all children to come. Opens no connection."""
    configure_mappers()
    engine()  # its pool is empty: a child that inherits it opens connections of its own
    # A child that looks for garbage among what it inherits would copy all of it, and find none.
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def unit_of_work() -> Iterator[Unit]:
    """One transaction: commits at the end, rolls everything back on any exception."""
    with Unit(engine(), expire_on_commit=False) as unit:
        yield unit
        unit.commit()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=settings().database_pool, thread_name_prefix="unit")


async def in_unit(work: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """Run `work(unit, …)` as a unit of work in a thread, off the event loop."""

    def run() -> R:
        with unit_of_work() as unit:
            return work(unit, *args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_threads(), run)


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run blocking work without a transaction in the same thread pool."""
    return await asyncio.get_running_loop().run_in_executor(
        _threads(), functools.partial(work, *args, **kwargs)
    )
