"""The queues' page: what it shouts, how jobs stand by queue and by server, and in whose hands they are."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import claims, power, takeover
from opsportal.domain.hardware.standing import LATE_QUEUED
from opsportal.domain.upkeep import outages
from opsportal.integrations.queue_watch import STALE_S, Seen, SeenQueue, SeenWorker
from opsportal.models import HardwareJob, JobKind, JobStatus, Outage, Role, Server
from opsportal.models.base import utcnow
from opsportal.state.queue_views import QueuesView
from opsportal.state.queues import Chosen, read_queues
from opsportal.state.server import read_server
from opsportal.state.shell import counter_topics, read_counters
from opsportal.state.views import JobView, iso
from tests.builders import make_actor, make_company, make_server, make_service

pytestmark = pytest.mark.usefixtures("portal")
HOUR = dt.timedelta(hours=1)


def _worker(name: str, **changes: object) -> SeenWorker:
    now = utcnow()
    one = SeenWorker(name, "hardware", "busy", "", heartbeat_at=now, started_at=now - HOUR, worked_s=900.0)
    return dataclasses.replace(one, **changes)  # type: ignore[arg-type]


def _read(seen: Seen, *, actor: Actor | None = None, **chosen: str) -> QueuesView:
    actor = actor or make_actor(role=Role.TECHNICIAN)
    with unit_of_work() as unit:
        return read_queues(unit, actor, Chosen(**chosen), seen)


def test_a_worker_that_has_gone_silent_is_lost_whatever_it_said_last() -> None:
    silent = utcnow() - dt.timedelta(seconds=STALE_S + 1)
    view = _read(
        Seen(
            workers=[
                _worker("works"),
                _worker("silent", heartbeat_at=silent),
                _worker("forgotten", heartbeat_at=None),
            ]
        )
    )
    assert [(one.name, one.state) for one in view.workers] == [
        ("works", "busy"), ("silent", "lost"), ("forgotten", "lost"),
    ]  # fmt: skip
    assert view.lost == 2


def test_a_queue_that_nobody_works_on_is_named() -> None:
    view = _read(Seen(queues=[SeenQueue("hardware", 3, 0), SeenQueue("mail", 0, 1)]))
    assert (view.unattended, view.lost) == (["hardware"], 0)


def test_nothing_is_said_of_workers_while_redis_is_away() -> None:
    view = _read(Seen(is_away=True))
    assert (view.is_redis_away, view.unattended, view.lost) == (True, [], 0)


def test_load_is_the_share_of_a_workers_life() -> None:
    young = _worker("young", started_at=utcnow(), worked_s=0.0)
    unknown = _worker("unknown", started_at=None)
    assert [one.load_percent for one in (_worker("old"), young, unknown)] == [25, 0, 0]


def test_what_waits_there_and_since_when_it_is_late() -> None:
    made = utcnow() - dt.timedelta(minutes=1)
    queue = SeenQueue(
        "mail", 2, 1, failed=3, oldest_at=made, calls=("scheduled-mail-71",), failures=("mail-5-9",)
    )
    young = SeenQueue("poll", 1, 1, oldest_at=utcnow())
    seen = Seen(queues=[queue, young], workers=[_worker("busy", queue="mail", job="mail-6-4")])
    view = _read(seen, queue="mail")
    assert [(q.name, q.waiting, q.running, q.failed, q.workers, q.late_since) for q in view.queues] == [
        ("mail", 2, 1, 3, 1, iso(made + LATE_QUEUED)), ("poll", 1, 0, 0, 1, ""),
    ]  # fmt: skip
    assert [(call.name, call.state, call.task) for call in view.calls] == [
        ("mail-6-4", "runs", ""), ("scheduled-mail-71", "waits", "mail"), ("mail-5-9", "failed", ""),
    ]  # fmt: skip
    assert (view.jobs, _read(seen).calls) == ([], [])


def _job(server: Server, status: JobStatus, *, minutes: int = 0, kind: JobKind = JobKind.POWER_OFF) -> int:
    then = utcnow() - dt.timedelta(minutes=minutes)
    with unit_of_work() as unit:
        job = HardwareJob(
            server_id=server.id, company_id=None, kind=kind, status=status, actor_name="somebody",
            created_at=then, started_at=then, deadline_at=then + dt.timedelta(seconds=1), not_after=then,
        )  # fmt: skip
        unit.add(job)
    return job.id or 0


def test_jobs_by_how_they_stand_by_kind_and_by_server() -> None:
    first, second, third = (make_server(name=name) for name in ("rack-10", "rack-1", "rack-2"))
    late = _job(first, JobStatus.QUEUED, minutes=5)
    failed = _job(second, JobStatus.FAILED)
    done = _job(third, JobStatus.SUCCEEDED, kind=JobKind.WIPE)
    unknown = _job(third, JobStatus.UNKNOWN, kind=JobKind.WIPE)
    shown = lambda **chosen: [job.id for job in _read(Seen(), **chosen).jobs]  # noqa: E731
    assert shown() == [unknown, done, failed, late]
    assert shown(state="open") == [unknown, late]
    assert [shown(state=one) for one in ("late", "failed", "unknown", "done", "waits", "taken")] == [
        [late], [failed], [unknown], [done], [], [],
    ]  # fmt: skip
    assert (shown(group="system"), shown(server="rack-1"), shown(queue="poll")) == (
        [unknown, done],
        [failed],
        [],
    )
    assert shown(server="RACK-1") == [failed, late]  # a part of names, where it is nobody's whole one
    assert (shown(server="rack", state="failed", group="power"), shown(server="%")) == ([failed], [])
    counts = _read(Seen()).counts
    assert {word: number for word, number in counts.items() if number} == {
        "": 4, "open": 2, "late": 1, "failed": 1, "unknown": 1, "done": 1,
    }  # fmt: skip
    assert _read(Seen(), server="rack-1").counts["failed"] == 1
    assert _read(Seen(), server="rack-1").counts[""] == 1
    listed = _read(Seen(), by="server")
    assert [(s.name, {k: n for k, n in s.counts.items() if n}) for s in listed.servers] == [
        ("rack-1", {"failed": 1}), ("rack-10", {"late": 1}), ("rack-2", {"unknown": 1}),
    ]  # fmt: skip
    (view,) = _read(Seen(), state="late").jobs
    assert (view.is_late, view.can_take) == (True, True)
    assert dt.datetime.fromisoformat(view.late_since) < utcnow() - dt.timedelta(minutes=4)


def test_a_job_in_hands_as_its_owner_another_and_a_client_see_it() -> None:
    company = make_company()
    server = make_server(make_service(company))
    with unit_of_work() as unit:
        job = power.request_power(unit, make_actor(company=company), server.id or 0, kind=JobKind.POWER_OFF)
        claim = claims.claim(unit, job.id or 0, worker="w")
        assert claim is not None
        claims.finish(unit, claim, JobStatus.FAILED, outcome_code="bmc_unreachable")
    tess, ivo, client = (
        make_actor(role=Role.TECHNICIAN),
        make_actor(role=Role.OPERATOR),
        make_actor(company=company),
    )
    with unit_of_work() as unit:
        takeover.take_over(unit, tess, job.id or 0)
    views = {}
    for actor in (tess, ivo, client):
        with unit_of_work() as unit:
            views[actor.person_id] = read_server(unit, actor, server.id or 0)
    mine, theirs, clients = (views[actor.person_id] for actor in (tess, ivo, client))
    for view in (mine, theirs, clients):
        assert (view.taken.id, view.taken.hands.name, view.job.hands.name) == (job.id, tess.name, tess.name)
        assert not view.job.can_retry
    assert (mine.taken.hands.is_mine, theirs.taken.hands.is_other, clients.taken.hands.is_other) == (
        True,
    ) * 3
    assert [view.taken.hands.is_asking for view in (mine, theirs, clients)] == [True, True, False]
    assert [view.taken.can_take for view in (mine, theirs, clients)] == [False, True, False]
    assert [view.taken.hands.can_retry for view in (mine, theirs, clients)] == [True, False, False]
    assert clients.taken.hands.person_id == 0
    assert [one.id for one in _read(Seen(), actor=tess).mine] == [job.id]
    assert _read(Seen(), actor=ivo).mine == []
    (listed,) = _read(Seen(), actor=ivo, state="taken").jobs
    assert (listed.hands.name, listed.hands.person_id) == (tess.name, tess.person_id)

    with unit_of_work() as unit:
        takeover.end_by_hand(unit, tess, job.id or 0, is_done=False, seen="Burnt.")
    with unit_of_work() as unit:
        notes = [read_server(unit, actor, server.id or 0).job.end_note for actor in (ivo, client)]
        assert read_server(unit, ivo, server.id or 0).taken == JobView()
    assert notes == ["Burnt.", ""]


def test_outages_are_beside_every_page_of_staff() -> None:
    with unit_of_work() as unit:
        unit.add(Outage(part="queue:mail", told_at=utcnow()))
        unit.add(Outage(part="lost:poll"))
        unit.add(Outage(part="redis", told_at=utcnow(), over_at=utcnow()))
    with unit_of_work() as unit:
        shown = [read_counters(unit, make_actor(role=role), None).outages for role in Role]
    assert {role: [(o.kind, o.queue) for o in found] for role, found in zip(Role, shown, strict=True)} == {
        Role.CLIENT: [], Role.TECHNICIAN: [("queue", "mail")], Role.OPERATOR: [("queue", "mail")],
    }  # fmt: skip
    assert outages.TOPIC in counter_topics(make_actor(role=Role.TECHNICIAN), None)
    assert outages.TOPIC not in counter_topics(make_actor(), None)
