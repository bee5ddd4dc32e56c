"""One RQ worker for one queue. `python -m workers.worker hardware`

One queue per process: only then does RQ move a job in one step out of the queue, so that a worker
that dies in between loses nothing. The database is not opened here but in each forked work horse.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import sys
import time
import uuid
from threading import Thread
from types import FrameType

import structlog
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, Worker, worker_registration
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import import_attribute
from rq.worker_registration import REDIS_WORKER_KEYS

from opsportal.db import prepare_for_forks
from opsportal.logs import configure_logs
from workers import clock, queues
from workers.standby import AT_WORK, Standby, call_myself

log = structlog.get_logger("worker")
READINESS = "workers.hardware.readiness.get_ready"
"""What a work horse of the `hardware` queue does while it stands by."""


class LastingWorker(Worker):
    """RQ's worker, for a Redis that may be killed, emptied or away for a while."""

    max_connection_wait_time = 2.0
    """RQ would wait up to three minutes longer than Redis is away, and clicks would have lost their meaning."""
    is_asked_to_stop = False

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Also signs up again when Redis has forgotten us: else a worker at work is counted as dead."""
        super().heartbeat(timeout, pipeline)
        if pipeline is None and not self.connection.sismember(REDIS_WORKER_KEYS, self.key):
            self.connection.hset(self.key, mapping=self.serialize())
            with self.connection.pipeline() as writing:
                worker_registration.register(self, writing)
                writing.execute()

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Also lets everybody see which processes are at work."""
        call_myself(AT_WORK)
        super().main_work_horse(job, queue)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.is_asked_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


class ReadyWorker(LastingWorker):
    """A worker whose next work horse stands by, for work that somebody waits for (`workers/standby.py`)."""

    _next_horse: Standby | None = None

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        self._keep_standby()
        return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)

    def run_maintenance_tasks(self) -> None:
        """Every few seconds while there is nothing to do."""
        self._keep_standby()
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]

    def _keep_standby(self) -> None:
        if self._next_horse is None or not self._next_horse.is_alive():
            self._next_horse = Standby(get_ready, self._carry_out)

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """The horse that stands by takes the job. If it has died meanwhile, a fresh one does."""
        ready, self._next_horse = self._next_horse, None
        assert self.execution is not None
        if ready is not None and ready.order([job.id, queue.name, self.execution.id]):
            self._horse_pid = ready.pid
        else:
            super().fork_work_horse(job, queue)

    def _carry_out(self, order: list[str]) -> None:
        """In the horse: what RQ does after its own fork. Only ids have come through the pipe."""
        job_id, queue, execution_id = order
        job = self.job_class.fetch(job_id, connection=self.connection, serializer=self.serializer)
        self.execution = execution = Execution.fetch(execution_id, job_id, connection=self.connection)
        execution._job = job
        self.main_work_horse(job, queues.queue(queue))

    def teardown(self) -> None:
        """Nobody stands by for a worker that has ended."""
        ready, self._next_horse = self._next_horse, None
        if ready is not None:
            ready.dismiss()
        super().teardown()  # type: ignore[no-untyped-call]


def get_ready() -> None:
    """Prepare for the next job, as `READINESS` says: only that queue's worker imports it."""
    import_attribute(READINESS)()


def list_modules(queue: str) -> list[str]:
    """What the work of a queue is found in. It is imported before the fork, so that each horse starts at once."""
    functions = [READINESS] if queue == "hardware" else []
    functions += [task.function for task in queues.TASKS.values() if task.queue in (queue, None)]
    functions += [work for on, _, work in clock.SCHEDULE.values() if on == queue]
    return sorted({function.rpartition(".")[0] for function in functions})


def make_worker(name: str) -> LastingWorker:
    """A worker whose death others notice within half a minute."""
    kind = ReadyWorker if name == "hardware" else LastingWorker
    return kind(
        [queues.queue(name)],
        name=f"{name}.{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:6]}",
        connection=queues.connection(),
        serializer=JSONSerializer,
        worker_ttl=20,
        job_monitoring_interval=queues.MONITORING_S,
        maintenance_interval=5,
        log_job_description=False,
    )


def main(name: str) -> None:
    """Work until asked to stop. RQ's own loop ends at the first surprise; this one begins another."""
    configure_logs(f"worker-{name}")
    for module in list_modules(name):
        importlib.import_module(module)
    prepare_for_forks()
    while True:
        worker = None
        try:
            worker = make_worker(name)
            worker.work(logging_level="WARNING")
        except RedisError as away:
            log.warning("redis_away", error=type(away).__name__)
        if worker is not None and worker.is_asked_to_stop:
            return
        if worker is not None and worker.horse_pid:
            Thread(target=_bury, args=(worker.horse_pid,), daemon=True).start()
        time.sleep(1)


def _bury(horse_pid: int) -> None:
    """Wait for a work horse that nobody waits for since its worker lost Redis: it would stay a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(horse_pid, 0)


if __name__ == "__main__":
    main(sys.argv[1])
