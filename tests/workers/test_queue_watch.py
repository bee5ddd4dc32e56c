"""What the operator sees of queues and workers."""

from __future__ import annotations

import datetime as dt

import pytest
import redis

from opsportal.integrations import queue_watch
from opsportal.models import JobKind
from opsportal.models.base import utcnow
from stack.valkey import NO_RETRY
from tests.bmc.ipmi_sim import StartBmc
from tests.workers.site import AT_READ_BACK, Site, click, ended, rent_server, until
from workers import queues

pytestmark = pytest.mark.xdist_group("queue-watch")


def _hardware() -> tuple[int, int]:
    """Waiting calls and living workers of the hardware queue."""
    (queue,) = [one for one in queue_watch.look().queues if one.name == "hardware"]
    return queue.waiting, queue.workers


def test_waiting_working_idle_and_dead(site: Site, start_bmc: StartBmc) -> None:
    assert [(q.name, q.waiting, q.workers) for q in queue_watch.look().queues] == [
        ("hardware", 0, 0),
        ("poll", 0, 0),
        ("billing", 0, 0),
        ("mail", 0, 0),
        ("default", 0, 0),
    ]
    job_id = click(rent_server(start_bmc().endpoint), JobKind.POWER_OFF)
    site.start("dispatcher")
    until(lambda: _hardware() == (1, 0))
    with site.gate(*AT_READ_BACK) as gate:
        (hand,) = site.hands(1)
        gate.wait()
        (seen,) = queue_watch.look().workers
        assert (seen.is_alive, seen.state, seen.queue) == (True, "busy", "hardware")
        assert seen.job.startswith(f"hardware_job-{job_id}-")
        assert seen.name.startswith("hardware.")
        assert f".{hand.pid}." in seen.name
        assert _hardware() == (0, 1)
    assert ended(job_id) == ("succeeded", "verified", 1)
    until(lambda: queue_watch.look().workers[0].state == "idle")
    assert queue_watch.look().workers[0].job == ""
    assert queue_watch.look().workers[0].worked_s > 0
    hand.kill()
    # As if it had been silent for as long as it takes to count as dead.
    silent = utcnow() - dt.timedelta(seconds=queue_watch.STALE_S + 1)
    queues.connection().hset(f"rq:worker:{seen.name}", "last_heartbeat", silent.isoformat())
    (dead,) = queue_watch.look().workers
    assert (dead.name, dead.is_alive) == (seen.name, False)
    assert _hardware() == (0, 0)
    queues.connection().delete(f"rq:worker:{seen.name}")  # as Redis does a minute later
    assert _hardware() == (0, 0)
    (forgotten,) = queue_watch.look().workers
    assert (forgotten.name, forgotten.queue, forgotten.is_alive) == (seen.name, "hardware", False)


def test_redis_away_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = redis.Redis(unix_socket_path=str(site.directory / "nowhere"), retry=NO_RETRY)
    monkeypatch.setattr(queue_watch, "_redis", lambda: nowhere)
    assert queue_watch.look() == queue_watch.Seen(is_away=True)
