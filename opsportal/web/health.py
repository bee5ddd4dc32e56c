"""Is everything alive, in one answer for load balancers and people; and numbers for Prometheus."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_thread, in_unit
from opsportal.domain.consoles.bmc_access import count_left
from opsportal.integrations import console_channel, queue_watch
from opsportal.models import HardwareJob, Outbox, ScheduledTask
from opsportal.models.base import utcnow
from opsportal.settings import settings
from opsportal.web.browser import Browser
from opsportal.web.gate import BROWSER_KEY

SCHEDULE_LATE = dt.timedelta(seconds=40)
OUTBOX_LATE = dt.timedelta(seconds=30)


@dataclass(frozen=True)
class Vitals:
    """What this process knows of itself; the application's `state.vitals`."""

    count_tabs: Callable[[], int]
    is_listening: Callable[[], bool]


def _check_database(unit: Unit) -> dict[str, str]:
    """What the database says about itself, the schedule and the dispatcher: name → problem or ''."""
    unit.execute(text("SELECT 1"))
    latest = unit.scalar(select(func.max(col(ScheduledTask.last_finished_at))))
    oldest = unit.scalar(select(func.min(col(Outbox.created_at))).where(col(Outbox.sent_at).is_(None)))
    is_ticking = latest is not None and utcnow() - latest < SCHEDULE_LATE
    is_stuck = oldest is not None and utcnow() - oldest > OUTBOX_LATE
    return {
        "schedule": "" if is_ticking else "no recurring task has ended lately",
        "dispatcher": "work is waiting to be handed to the queues" if is_stuck else "",
    }


async def _check(vitals: Vitals) -> dict[str, str]:
    try:
        problems = {"database": "", **await in_unit(_check_database)}
    except SQLAlchemyError:
        problems = {"database": "does not answer"}
    seen = await in_thread(queue_watch.look)
    problems["redis"] = "does not answer" if seen.is_away else ""
    for queue in seen.queues:
        problems[f"worker:{queue.name}"] = "" if queue.workers else "no worker listens"
    if settings().console_gateway:
        is_there = await console_channel.is_answering()
        problems["consoles"] = "" if is_there else "the console gateway does not answer"
    problems["live"] = "" if vitals.is_listening() else "changes are not being heard"
    return problems


async def healthz(request: Request) -> Response:
    """200 when all is alive, else 503 naming what is not."""
    problems = await _check(request.app.state.vitals)
    failing = {name: why for name, why in problems.items() if why}
    body = {"status": "failing" if failing else "ok", "failing": failing, "checked": sorted(problems)}
    return JSONResponse(body, status_code=503 if failing else 200)


def _count_jobs(unit: Unit) -> dict[str, int]:
    query = select(col(HardwareJob.status), func.count()).group_by(col(HardwareJob.status))
    return {row[0]: row[1] for row in unit.execute(query)}


async def metrics(request: Request) -> Response:
    """Numbers in Prometheus text format, for scrapers on this machine only."""
    browser: Browser = request.scope[BROWSER_KEY]
    if "x-forwarded-for" in request.headers or not ipaddress.ip_address(browser.ip or "::").is_loopback:
        return PlainTextResponse("Not found", status_code=404)
    registry = CollectorRegistry()
    Gauge("opsportal_tabs", "Open tabs of this process", registry=registry).set(
        request.app.state.vitals.count_tabs()
    )
    jobs = Gauge("opsportal_hardware_jobs", "Hardware jobs by status", ["status"], registry=registry)
    for status, number in (await in_unit(_count_jobs)).items():
        jobs.labels(status).set(number)
    accesses = Gauge(
        "opsportal_bmc_accesses", "Temporary users of BMCs by status", ["status"], registry=registry
    )
    for status, number in (await in_unit(count_left)).items():
        accesses.labels(status).set(number)
    waiting = Gauge("opsportal_queue_waiting", "Wake-up calls waiting", ["queue"], registry=registry)
    alive = Gauge("opsportal_queue_workers", "Workers alive", ["queue"], registry=registry)
    for queue in (await in_thread(queue_watch.look)).queues:
        waiting.labels(queue.name).set(queue.waiting)
        alive.labels(queue.name).set(queue.workers)
    problems = Gauge("opsportal_problem", "1 while /healthz names this part", ["part"], registry=registry)
    for part, why in (await _check(request.app.state.vitals)).items():
        problems.labels(part).set(bool(why))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


ROUTES = [Route("/healthz", healthz, methods=["GET"]), Route("/metrics", metrics, methods=["GET"])]
