"""The history of one server: its jobs with the log of the first in the list, and who did what when."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import reflex as rx
from pydantic import Field

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_job_for, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import fleet, topics
from opsportal.domain.hardware.looking import look_at
from opsportal.domain.refusals import NotFound
from opsportal.models import HardwareJob
from opsportal.state import rows
from opsportal.state.showing import StateView
from opsportal.state.views import ProblemView, ServerHistoryView
from opsportal.state.wire import Address

SHOWN_JOBS = 50


class HistoryAddress(Address):
    """/servers/5?tab=history&job="""

    job: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Chosen(NamedTuple):
    """A server, and the one job of it that somebody looks for; 0: none in particular."""

    server_id: int
    job_id: int = 0


class ServerHistoryState(rx.State):
    """The history that is open in this tab."""

    history: ServerHistoryView = ServerHistoryView()
    problem: ProblemView = ProblemView()


def read_history(unit: Unit, actor: Actor, chosen: Chosen) -> ServerHistoryView:
    server_id = chosen.server_id
    server, _ = access_server_for(actor, unit, server_id)
    jobs = fleet.list_server_jobs(actor, unit, server_id, limit=SHOWN_JOBS)
    if chosen.job_id:
        wanted = _wanted(unit, actor, chosen)
        jobs = [wanted, *(job for job in jobs if job.id != wanted.id)]
    events = trail.list_object_events(actor, unit, "server", server_id)
    has_log = bool(jobs) and actor.may(Permission.JOBS_WATCH)
    first_log = fleet.log_of(actor, unit, jobs[0].id or 0) if has_log else []
    looks = look_at(unit, jobs)
    return ServerHistoryView(
        is_ready=True,
        server_id=server_id,
        job_id=chosen.job_id,
        jobs=[rows.job_view(job, actor=actor, server=server, look=looks[job.id or 0]) for job in jobs],
        log=[f"{entry.at:%H:%M:%S} {entry.line}" for entry in first_log],
        events=[rows.audit_view(event, with_ip=actor.is_staff) for event in events],
    )


def _wanted(unit: Unit, actor: Actor, chosen: Chosen) -> HardwareJob:
    """The job that is looked for, however old it is."""
    job = access_job_for(actor, unit, chosen.job_id)
    if job.server_id != chosen.server_id:
        raise NotFound
    return job


HISTORY = StateView(
    "server_history",
    ServerHistoryState,
    "history",
    read_history,
    lambda _, chosen: frozenset({topics.server(chosen.server_id)}),
    is_personal=True,  # whose hands a job is in depends on who looks
    empty=ServerHistoryView(),
)
