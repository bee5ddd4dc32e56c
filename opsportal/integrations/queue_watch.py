"""What Redis knows about queues and workers, read for people and for /healthz.

RQ's registry is read as plain keys: the web process needs no RQ, and never writes here.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, field, replace

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from opsportal.settings import settings

RQ_DATABASE = 1
QUEUES = ("hardware", "poll", "billing", "mail", "default")
"""Separate by blast radius: a hanging BMC or mail server must not delay anything but its own kind of work."""
SHOWN = 20
"""So many calls of a queue are named."""
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
    worked_s: float = 0.0
    """So long it was at jobs since it started, in seconds; the one that it is at does not count yet."""

    @property
    def load_percent(self) -> int:
        """The share of its life that it was at jobs."""
        if self.started_at is None:
            return 0
        age_s = (dt.datetime.now(dt.UTC) - self.started_at).total_seconds()
        return min(100, round(100 * self.worked_s / age_s)) if age_s > 0 else 0

    @property
    def is_alive(self) -> bool:
        if self.heartbeat_at is None:
            return False
        return (dt.datetime.now(dt.UTC) - self.heartbeat_at).total_seconds() < STALE_S


@dataclass(frozen=True)
class SeenQueue:
    """`oldest_at`: when the call was made that is next. `calls` and `failures`: the first of what waits, and what has
    failed lately, by the calls' names; Redis keeps failed ones for a day."""

    name: str
    waiting: int
    workers: int
    failed: int = 0
    oldest_at: dt.datetime | None = None
    calls: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


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
            pipe.hmget(key, ["queues", "state", "last_heartbeat", "birth", "total_working_time"])
            pipe.smembers(key + b":executions")
        for name in QUEUES:
            pipe.llen(f"rq:queue:{name}")
            pipe.lrange(f"rq:queue:{name}", 0, SHOWN - 1)
            pipe.zcard(f"rq:failed:{name}")
            pipe.zrevrange(f"rq:failed:{name}", 0, SHOWN - 1)
        answers = pipe.execute()
    told, counts = answers[: 2 * len(keys)], answers[2 * len(keys) :]
    workers = [_worker(key, *both) for key, *both in zip(keys, told[::2], told[1::2], strict=True)]
    alive = [worker for worker in workers if worker.is_alive]
    at_work = {name: sum(worker.queue == name for worker in alive) for name in QUEUES}
    seen = zip(QUEUES, counts[::4], counts[1::4], counts[2::4], counts[3::4], strict=True)
    queues = [_queue(name, at_work[name], *figures) for name, *figures in seen]
    return Seen(queues=_with_oldest(redis, queues), workers=workers)


def _queue(
    name: str, workers: int, waiting: int, calls: list[bytes], failed: int, failures: list[bytes]
) -> SeenQueue:
    return SeenQueue(
        name,
        int(waiting),
        workers,
        failed=int(failed),
        calls=tuple(call.decode() for call in calls),
        failures=tuple(call.decode() for call in failures),
    )


def _with_oldest(redis: Redis, queues: list[SeenQueue]) -> list[SeenQueue]:
    """Each queue with the time of the call that is next."""
    with redis.pipeline(transaction=False) as pipe:
        for queue in queues:
            if queue.calls:
                pipe.hget(f"rq:job:{queue.calls[0]}", "enqueued_at")
        times = iter(pipe.execute())
    return [
        replace(queue, oldest_at=_moment((next(times) or b"").decode())) if queue.calls else queue
        for queue in queues
    ]


def _worker(key: bytes, values: list[bytes | None], executions: set[bytes]) -> SeenWorker:
    queue, state, heartbeat, birth, worked = (value.decode() if value else "" for value in values)
    # An execution is "job id:number"; our workers have one at most.
    job = min(executions, default=b"").decode().rpartition(":")[0]
    name = key.decode().removeprefix("rq:worker:")
    return SeenWorker(
        name=name,
        queue=queue or name.partition(".")[0],  # Redis forgets one that is long silent, all but its name
        state=state,
        job=job,
        heartbeat_at=_moment(heartbeat),
        started_at=_moment(birth),
        worked_s=float(worked or 0),
    )


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if text else None
    except ValueError:
        return None
