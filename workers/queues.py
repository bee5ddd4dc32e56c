"""The queues and what may be put on them. Only ids travel; the database row is the job."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from opsportal.settings import settings

RQ_DATABASE = 1
QUEUES = ("hardware", "poll", "default")
"""Separate by blast radius: a hanging BMC must not delay anything but hardware."""


@dataclass(frozen=True)
class Task:
    """A function that takes one id, and how long it may run (s)."""

    function: str
    timeout_s: int


TASKS = {
    "hardware_job": Task("workers.hardware.run_job", 180),
    "reconcile_job": Task("workers.hardware.reconcile_job", 120),
    "clock": Task("workers.clock.run_due", 60),
    "scheduled": Task("workers.clock.run_scheduled", 300),
}


@functools.cache
def connection() -> Redis:
    """This process's connection to the Redis of the queues."""
    return Redis.from_url(
        settings().redis_database(RQ_DATABASE), socket_connect_timeout=5, health_check_interval=30
    )


def queue(name: str) -> Queue:
    """One of our queues; refuses any other name."""
    if name not in QUEUES:
        raise ValueError(f"no such queue: {name}")
    return Queue(name, connection=connection(), serializer=JSONSerializer)


def put(name: str, task: str, ref: int, *, job_id: str, ttl_s: int | None = None) -> Job:
    """Put a wake-up call on a queue. Calling again with the same `job_id` is harmless."""
    chosen = TASKS[task]
    return queue(name).enqueue_call(
        chosen.function,
        args=(ref,),
        timeout=chosen.timeout_s,
        job_id=job_id,
        ttl=ttl_s,
        result_ttl=0,
        failure_ttl=86_400,
        description=f"{task}({ref})",
    )


def is_on_its_way(job_id: str) -> bool:
    """Whether Redis still knows this wake-up call."""
    return Job.exists(job_id, connection=connection())
