"""One RQ worker for one queue. `python -m workers.worker hardware`

One queue per process: only then does RQ move a job in one step out of the queue, so that a worker
that dies in between loses nothing. The database is not opened here but in each forked work horse.
"""

from __future__ import annotations

import os
import socket
import sys
import time
import uuid

import structlog
from redis.exceptions import RedisError
from rq import Worker
from rq.serializers import JSONSerializer

import workers.clock
import workers.hardware  # noqa: F401  (imported before the fork, so that each horse starts at once)
from opsportal.logs import configure_logs
from workers import queues

log = structlog.get_logger("worker")


def make_worker(name: str) -> Worker:
    """A worker whose death others notice within half a minute."""
    return Worker(
        [queues.queue(name)],
        name=f"{name}.{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:6]}",
        connection=queues.connection(),
        serializer=JSONSerializer,
        worker_ttl=20,
        job_monitoring_interval=5,
        maintenance_interval=5,
        log_job_description=False,
    )


def main(name: str) -> None:
    configure_logs(f"worker-{name}")
    while True:
        try:
            make_worker(name).work(logging_level="WARNING")
            return
        except RedisError as away:
            log.warning("redis_away", error=type(away).__name__)
            time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1])
