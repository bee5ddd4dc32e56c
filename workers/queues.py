"""The queues and what may be put on them. Only ids travel; the database row is the job."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass

from redis import Redis
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import now

from opsportal.integrations.queue_watch import QUEUES, RQ_DATABASE
from opsportal.models import Outbox
from opsportal.settings import settings

MONITORING_S = 5
"""How often a worker says that the horse it has forked still runs."""
HEARTBEAT = dt.timedelta(seconds=3 * MONITORING_S)


@dataclass(frozen=True)
class Task:
    """A function that takes one id, how long it may run (s), and which queue it is put on."""

    function: str
    timeout_s: int
    queue: str | None
    """None: on several."""


TASKS = {
    "hardware_job": Task("workers.hardware.run_job", 180, "hardware"),
    "reconcile_job": Task("workers.hardware.reconcile_job", 180, "hardware"),
    "job_question": Task("workers.hardware.ask_job", 60, "hardware"),
    "server_health": Task("workers.health.run", 90, "hardware"),
    "server_light": Task("workers.identify.run", 60, "hardware"),
    "burn_in_after": Task("workers.burn_in.goes_on", 60, "hardware"),
    "bmc_sweep": Task("workers.discovery.run", 600, "hardware"),
    "bmc_access": Task("workers.bmc_access.run", 120, "hardware"),
    "port_order": Task("workers.port_orders.run", 60, "hardware"),
    "switch_check": Task("workers.switch_checks.run", 90, "hardware"),
    "mail": Task("workers.mail.send_mail", 180, "mail"),
    "payment": Task("workers.payments.run_payment", 180, "billing"),
    "refund": Task("workers.payments.run_refund", 60, "billing"),
    "renewal_run": Task("workers.billing_runs.renew_again", 300, "billing"),
    "gateway_event": Task("workers.payments.run_event", 180, "billing"),
    "card_setup": Task("workers.payments.run_setup", 60, "billing"),
    "forget_card": Task("workers.payments.forget_card", 60, "billing"),
    "payment_letter": Task("workers.payments.send_letter", 60, "billing"),
    "reverse_record": Task("workers.dns.run", 60, "default"),
    "traffic_steps": Task("workers.traffic_plans.run_steps", 120, "billing"),
    "traffic_overages": Task("workers.traffic_plans.run_overages", 120, "billing"),
    "clock": Task("workers.clock.run_due", 60, "default"),
    "scheduled": Task("workers.clock.run_scheduled", 300, None),
}


@functools.cache
def connection() -> Redis:
    """This process's connection to the Redis of the queues. One that hangs is as good as away.

    RQ's workers raise the timeout for themselves, because they wait for work on it.
    """
    return Redis.from_url(
        settings().redis_database(RQ_DATABASE),
        socket_connect_timeout=5,
        socket_timeout=5,
        health_check_interval=30,
    )


def queue(name: str) -> Queue:
    """One of our queues; refuses any other name."""
    if name not in QUEUES:
        raise ValueError(f"no such queue: {name}")
    return Queue(name, connection=connection(), serializer=JSONSerializer)


def put(name: str, task: str, ref: int, *, job_id: str) -> Job:
    """Put a wake-up call on a queue. Calling again with the same `job_id` is harmless."""
    chosen = TASKS[task]
    return queue(name).enqueue_call(
        chosen.function,
        args=(ref,),
        timeout=chosen.timeout_s,
        job_id=job_id,
        result_ttl=0,
        failure_ttl=86_400,
        description=f"{task}({ref})",
    )


def wake_up_id(row: Outbox) -> str:
    """The queue's id for an outbox row."""
    return f"{row.task}-{row.ref}-{row.id}"


def has_waiting(name: str, mark: str) -> bool:
    """Whether a call whose id begins with `mark` still waits for a worker."""
    return any(job_id.startswith(mark) for job_id in queue(name).get_job_ids())


def is_on_its_way(row: Outbox) -> bool:
    """Whether the wake-up call of an outbox row waits on its queue, or a live worker is busy with it.

    That Redis still knows the call is not enough: it keeps failed ones for a day, and those of a
    worker that was killed for a minute or more.
    """
    job_id = wake_up_id(row)
    if queue(row.queue).connection.lpos(queue(row.queue).key, job_id) is not None:
        return True
    try:
        job = Job.fetch(job_id, connection=connection(), serializer=JSONSerializer)
    except NoSuchJobError:
        return False
    if job.get_status(refresh=False) is not JobStatus.STARTED or job.last_heartbeat is None:
        return False
    return now() - job.last_heartbeat < HEARTBEAT
