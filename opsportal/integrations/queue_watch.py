"""What Redis knows about queues and workers, read for people and for /healthz.

RQ's registry is read as plain keys: the web process needs no RQ, and never writes here.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, field

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from opsportal.settings import settings

RQ_DATABASE = 1
QUEUES = ("hardware", "poll", "billing", "mail", "default")
"""Separate by blast radius: a hanging BMC or mail server must not delay anything but its own kind of work."""
STALE_S = 40
"""A worker that was silent longer is not counted as alive (it beats at least every 20 s)."""


@dataclass(frozen=True)
class SeenWorker:
    name: str
    queue: str
    state: str
    job: str
    heartbeat_at: dt.datetime | None
    started_at: dt.datetime | None

    @property
    def is_alive(self) -> bool:
        if self.heartbeat_at is None:
            return False
        return (dt.datetime.now(dt.UTC) - self.heartbeat_at).total_seconds() < STALE_S


@dataclass(frozen=True)
class SeenQueue:
    name: str
    waiting: int
    workers: int


@dataclass(frozen=True)
class Seen:
    """One look. `is_away`: Redis did not answer, so nothing is known."""

    is_away: bool = False
    queues: list[SeenQueue] = field(default_factory=list)
    workers: list[SeenWorker] = field(default_factory=list)


@functools.cache
def _redis() -> Redis:
    return Redis.from_url(
        settings().redis_database(RQ_DATABASE),
        socket_connect_timeout=1,
        socket_timeout=1,
        retry=Retry(NoBackoff(), 0),  # people wait for the answer that Redis is away
        decode_responses=False,
    )


def look() -> Seen:
    """Queues and workers as they are now."""
    try:
        return _look(_redis())
    except RedisError:
        return Seen(is_away=True)


def _look(redis: Redis) -> Seen:
    keys = sorted(redis.smembers("rq:workers"))  # type: ignore[arg-type]
    with redis.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.hmget(key, ["queues", "state", "last_heartbeat", "birth"])
            pipe.smembers(key + b":executions")
        for name in QUEUES:
            pipe.llen(f"rq:queue:{name}")
        answers = pipe.execute()
    told, counts = answers[: 2 * len(keys)], answers[2 * len(keys) :]
    workers = [_worker(key, *both) for key, *both in zip(keys, told[::2], told[1::2], strict=True)]
    alive = [worker for worker in workers if worker.is_alive]
    return Seen(
        queues=[
            SeenQueue(name, int(count), sum(worker.queue == name for worker in alive))
            for name, count in zip(QUEUES, counts, strict=True)
        ],
        workers=workers,
    )


def _worker(key: bytes, values: list[bytes | None], executions: set[bytes]) -> SeenWorker:
    queue, state, heartbeat, birth = (value.decode() if value else "" for value in values)
    # An execution is "job id:number"; our workers have one at most.
    job = min(executions, default=b"").decode().rpartition(":")[0]
    return SeenWorker(
        name=key.decode().removeprefix("rq:worker:"),
        queue=queue,
        state=state,
        job=job,
        heartbeat_at=_moment(heartbeat),
        started_at=_moment(birth),
    )


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if text else None
    except ValueError:
        return None
