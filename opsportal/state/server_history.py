"""The history of one server: its jobs with the log of the newest, and who did what when."""

from __future__ import annotations

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import fleet, topics
from opsportal.domain.hardware.looking import look_at
from opsportal.state import rows
from opsportal.state.showing import StateView
from opsportal.state.views import ProblemView, ServerHistoryView


class ServerHistoryState(rx.State):
    """The history that is open in this tab."""

    history: ServerHistoryView = ServerHistoryView()
    problem: ProblemView = ProblemView()


def read_history(unit: Unit, actor: Actor, server_id: int) -> ServerHistoryView:
    server, _ = access_server_for(actor, unit, server_id)
    jobs = fleet.list_server_jobs(actor, unit, server_id)
    events = trail.list_object_events(unit, "server", server_id)
    if not actor.is_staff:
        events = [event for event in events if event.company_id == actor.company_id]
    has_log = bool(jobs) and actor.may(Permission.JOBS_WATCH)
    newest_log = fleet.log_of(actor, unit, jobs[0].id or 0) if has_log else []
    looks = look_at(unit, jobs)
    return ServerHistoryView(
        is_ready=True,
        server_id=server_id,
        jobs=[rows.job_view(job, actor=actor, server=server, look=looks[job.id or 0]) for job in jobs],
        log=[f"{entry.at:%H:%M:%S} {entry.line}" for entry in newest_log],
        events=[rows.audit_view(event, with_ip=actor.is_staff) for event in events],
    )


HISTORY = StateView(
    "server_history",
    ServerHistoryState,
    "history",
    read_history,
    lambda _, server_id: frozenset({topics.server(server_id)}),
    is_personal=True,  # whose hands a job is in depends on who looks
    empty=ServerHistoryView(),
)
