"""Recurring work: due rows run once, failures are recorded, lost calls are replaced."""

from __future__ import annotations

import datetime as dt

import pytest
import redis
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.models import Outbox, ScheduledTask
from opsportal.models.base import utcnow
from stack.valkey import NO_RETRY
from tests.crowd import together
from tests.workers.site import Site, click, job_of, rent_server, until
from workers import clock, dispatcher, queues, schedule

pytestmark = [pytest.mark.usefixtures("site"), pytest.mark.xdist_group("clock")]


def _rows() -> dict[str, ScheduledTask]:
    with unit_of_work() as unit:
        return {row.name: row for row in unit.exec(select(ScheduledTask))}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A table of three tasks of the default queue; what ran, in order. `bad` fails."""
    done: list[str] = []

    def fails() -> None:
        done.append("bad")
        raise ZeroDivisionError

    work = {"bad": fails, "good": lambda: done.append("good"), "other": lambda: done.append("other")}
    work["healed"] = lambda: done.append("healed")
    monkeypatch.setattr(clock, "import_attribute", work.__getitem__)
    table = {name: ("default", 60, name) for name in ("bad", "good", "other")}
    monkeypatch.setattr(clock, "SCHEDULE", table)
    return done


def test_planting_makes_rows_agree_with_the_table() -> None:
    with unit_of_work() as unit:
        unit.add(ScheduledTask(name="gone", queue="default", every_s=1))
        far = utcnow() + dt.timedelta(days=400)
        unit.add(ScheduledTask(name="reconcile", queue="poll", every_s=99, due_at=far))
    clock.plant()
    clock.plant()
    rows = _rows()
    assert {name: (row.queue, row.every_s) for name, row in rows.items()} == {
        name: (queue, every_s) for name, (queue, every_s, _) in clock.SCHEDULE.items()
    }
    # A clock that was set back must not silence a task for a year.
    assert rows["reconcile"].due_at <= utcnow() + dt.timedelta(seconds=5)


def test_two_clocks_plant_at_once() -> None:
    together(*[clock.plant] * 4)
    assert sorted(_rows()) == sorted(clock.SCHEDULE)


def test_due_rows_run_once_with_two_clocks(ran: list[str]) -> None:
    clock.plant()
    together(*[clock.run_due] * 3)
    assert sorted(ran) == ["bad", "good", "other"]
    clock.run_due()
    assert len(ran) == 3


def test_failing_task_is_recorded_and_stops_no_other(ran: list[str]) -> None:
    clock.plant()
    before = utcnow()
    clock.run_due()
    rows = _rows()
    assert sorted(ran) == ["bad", "good", "other"]
    assert {name: row.last_error for name, row in rows.items()} == {
        "bad": "ZeroDivisionError",
        "good": None,
        "other": None,
    }
    assert all(row.last_finished_at >= row.last_started_at for row in rows.values())
    assert all(row.due_at > before + dt.timedelta(seconds=50) for row in rows.values())


def test_recovered_task_loses_its_error(ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock.plant()
    clock.run_due()
    monkeypatch.setitem(clock.SCHEDULE, "bad", ("default", 60, "healed"))
    with unit_of_work() as unit:
        unit.get_one(ScheduledTask, "bad").due_at = utcnow()
    clock.run_due()
    assert ran[-1] == "healed"
    assert _rows()["bad"].last_error is None


def test_row_of_another_version_is_left_alone(ran: list[str]) -> None:
    clock.plant()
    with unit_of_work() as unit:
        unit.add(ScheduledTask(name="from_the_future", queue="default", every_s=1))
    clock.run_due()
    assert sorted(ran) == ["bad", "good", "other"]


def test_task_of_another_queue_is_handed_over_and_does_not_pile_up() -> None:
    clock.plant()
    for _ in range(3):
        with unit_of_work() as unit:
            for row in unit.exec(select(ScheduledTask)):
                row.due_at = utcnow() if row.name == "power_sweep" else utcnow() + dt.timedelta(hours=1)
        clock.run_due()
    (job,) = queues.queue("poll").jobs
    assert (job.func_name, job.args) == (
        "workers.clock.run_scheduled",
        [list(clock.SCHEDULE).index("power_sweep")],
    )


def test_redis_away_does_not_stop_what_needs_only_the_database(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    nowhere = redis.Redis(unix_socket_path=str(site.directory / "nowhere"), retry=NO_RETRY)
    monkeypatch.setattr(queues, "connection", lambda: nowhere)
    monkeypatch.setattr(clock, "import_attribute", lambda work: lambda: ran.append(work))
    monkeypatch.setattr(clock, "SCHEDULE", {"a": ("poll", 60, "a"), "b": ("default", 60, "b")})
    clock.plant()
    clock.run_due()
    assert ran == ["b"]


def test_sent_rows_are_forgotten_after_a_week_and_no_others() -> None:
    now = utcnow()
    with unit_of_work() as unit:
        for ref, sent_at in enumerate((now - dt.timedelta(days=8), now - dt.timedelta(days=6), None)):
            old = now - dt.timedelta(days=30)
            unit.add(Outbox(queue="default", task="hardware_job", ref=ref, created_at=old, sent_at=sent_at))
    clock.forget_sent()
    with unit_of_work() as unit:
        assert list(unit.exec(select(Outbox.ref).order_by(col(Outbox.ref)))) == [1, 2]


def test_unheard_knocks_do_not_pile_up() -> None:
    knocking = schedule.Clock(queues.connection())._cron_jobs[0]
    for _ in range(3):
        knocking.enqueue(queues.connection())
    assert queues.queue("default").count == 1


def test_two_schedules_survive_an_emptied_redis(site: Site) -> None:
    for _ in range(2):
        site.start("schedule")
    until(lambda: queues.queue("default").count > 0)
    queues.connection().flushall()
    until(lambda: queues.queue("default").count > 0)
    assert all(process.popen.poll() is None for process in site.processes)


@pytest.mark.parametrize("state", ["waits", "gone", "failed", "unsent"])
def test_only_a_lost_call_is_replaced(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LOST_AFTER", dt.timedelta(0))
    job_id = click(rent_server())
    if state != "unsent":
        dispatcher.dispatch()
    if state == "gone":
        queues.connection().flushall()
    if state == "failed":  # as RQ leaves it when a horse was killed
        (job,) = queues.queue("hardware").jobs
        queues.queue("hardware").remove(job)
        job.set_status("failed")
    expected = int(state in ("gone", "failed"))
    assert clock.replace_lost() == expected
    assert clock.replace_lost() == 0 or state == "unsent"
    with unit_of_work() as unit:
        assert len(unit.exec(select(Outbox).where(col(Outbox.ref) == job_id)).all()) == 1 + expected
    assert job_of(job_id).status == "queued"
