"""What the queues' page shouts: workers that have gone silent, queues that nobody works on."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from opsportal.db import unit_of_work
from opsportal.integrations.queue_watch import STALE_S, Seen, SeenQueue, SeenWorker
from opsportal.models import Role
from opsportal.models.base import utcnow
from opsportal.state.queue_views import QueuesView
from opsportal.state.queues import Chosen, read_queues
from tests.builders import make_actor

pytestmark = pytest.mark.usefixtures("portal")
HOUR = dt.timedelta(hours=1)


def _worker(name: str, **changes: object) -> SeenWorker:
    now = utcnow()
    one = SeenWorker(name, "hardware", "busy", "", heartbeat_at=now, started_at=now - HOUR, worked_s=900.0)
    return dataclasses.replace(one, **changes)  # type: ignore[arg-type]


def _read(seen: Seen) -> QueuesView:
    actor = make_actor(role=Role.TECHNICIAN)
    with unit_of_work() as unit:
        return read_queues(unit, actor, Chosen(), seen)


def test_a_worker_that_has_gone_silent_is_lost_whatever_it_said_last() -> None:
    silent = utcnow() - dt.timedelta(seconds=STALE_S + 1)
    view = _read(
        Seen(
            workers=[
                _worker("works"),
                _worker("silent", heartbeat_at=silent),
                _worker("forgotten", heartbeat_at=None),
            ]
        )
    )
    assert [(one.name, one.state) for one in view.workers] == [
        ("works", "busy"), ("silent", "lost"), ("forgotten", "lost"),
    ]  # fmt: skip
    assert view.lost == 2


def test_a_queue_that_nobody_works_on_is_named() -> None:
    view = _read(Seen(queues=[SeenQueue("hardware", 3, 0), SeenQueue("mail", 0, 1)]))
    assert (view.unattended, view.lost) == (["hardware"], 0)


def test_nothing_is_said_of_workers_while_redis_is_away() -> None:
    view = _read(Seen(is_away=True))
    assert (view.is_redis_away, view.unattended, view.lost) == (True, [], 0)


def test_load_is_the_share_of_a_workers_life() -> None:
    young = _worker("young", started_at=utcnow(), worked_s=0.0)
    unknown = _worker("unknown", started_at=None)
    assert [one.load_percent for one in (_worker("old"), young, unknown)] == [25, 0, 0]
