"""The clock: RQ's cron, which knocks every few seconds. `python -m workers.schedule`"""

from __future__ import annotations

import contextlib
import time

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.cron import CronJob, CronScheduler
from rq.job import Job
from sqlalchemy.exc import OperationalError

from opsportal.logs import configure_logs
from workers import clock, queues

KNOCK_S = 5
log = structlog.get_logger("schedule")


class Knock(CronJob):
    """RQ's cron job, put on our JSON queue; while one knock is unheard there is no other."""

    def enqueue(self, connection: Redis) -> Job | None:  # type: ignore[override]
        if queues.has_waiting("default", "clock-"):
            return None
        return queues.put("default", "clock", 0, job_id=f"clock-{time.time_ns()}")


class Clock(CronScheduler):
    """RQ's scheduler with the one job we need."""

    def __init__(self, connection: Redis) -> None:
        super().__init__(connection, logging_level="WARNING")
        self._cron_jobs = [Knock("default", func=clock.run_due, interval=KNOCK_S)]

    def register_death(self) -> None:  # type: ignore[override]
        """Best effort: with Redis away, a clock that is asked to stop must stop all the same."""
        with contextlib.suppress(RedisError):
            super().register_death()


def main() -> None:
    configure_logs("schedule")
    while True:
        try:
            clock.plant()
            Clock(queues.connection()).start()  # type: ignore[no-untyped-call]
            return
        except (RedisError, OperationalError) as away:
            log.warning("store_away", error=type(away).__name__)
            time.sleep(1)


if __name__ == "__main__":
    main()
