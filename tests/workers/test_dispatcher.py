"""From committed outbox rows to the queues: none lost, none reordered, one dispatcher at a time."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from unittest.mock import MagicMock, call

import psycopg
import pytest
import redis
from sqlmodel import col, select

from opsportal.db import OUTBOX_CHANNEL, unit_of_work
from opsportal.models import Outbox
from opsportal.settings import settings
from stack.valkey import NO_RETRY
from tests.workers.site import Site, until
from workers import dispatcher, queues

pytestmark = [pytest.mark.usefixtures("site"), pytest.mark.xdist_group("dispatcher")]


def _enqueue(*refs: int, queue: str = "hardware", task: str = "hardware_job") -> None:
    with unit_of_work() as unit:
        for ref in refs:
            unit.enqueue(queue, task, ref)


def _unsent() -> list[int]:
    with unit_of_work() as unit:
        return list(
            unit.exec(select(Outbox.ref).where(col(Outbox.sent_at).is_(None)).order_by(col(Outbox.id)))
        )


def _calls(name: str = "hardware") -> list[str]:
    return [job_id.rpartition("-")[0] for job_id in queues.queue(name).get_job_ids()]


def test_rows_go_out_once_in_order() -> None:
    _enqueue(3, 1, 2)
    assert (dispatcher.dispatch(), dispatcher.dispatch()) == (3, 0)
    assert _calls() == ["hardware_job-3", "hardware_job-1", "hardware_job-2"]
    assert _unsent() == []


def test_call_carries_an_id_and_nothing_else() -> None:
    _enqueue(7)
    dispatcher.dispatch()
    (job,) = queues.queue("hardware").jobs
    assert (job.func_name, job.args, job.kwargs, job.timeout) == ("workers.hardware.run_job", [7], {}, 180)
    assert job.retries_left is None


def test_rolled_back_work_sends_nothing() -> None:
    with contextlib.suppress(ZeroDivisionError), unit_of_work() as unit:
        unit.enqueue("hardware", "hardware_job", 1)
        unit.flush()
        raise ZeroDivisionError
    assert dispatcher.dispatch() == 0
    assert _calls() == []


def test_rows_survive_while_redis_is_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _enqueue(1, 2)
    nowhere = redis.Redis(unix_socket_path=str(site.directory / "nowhere"), retry=NO_RETRY)
    with monkeypatch.context() as away:
        away.setattr(queues, "connection", lambda: nowhere)
        with pytest.raises(redis.ConnectionError):
            dispatcher.dispatch()
    assert _unsent() == [1, 2]
    assert dispatcher.dispatch() == 2


def test_what_went_out_before_redis_failed_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _enqueue(1, 2, 3)
    real, sent = queues.put, []

    def fragile(*args: object, **kwargs: object) -> object:
        if len(sent) == 2:
            raise redis.ConnectionError
        sent.append(args)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as failing:
        failing.setattr(queues, "put", fragile)
        with pytest.raises(redis.ConnectionError):
            dispatcher.dispatch()
    assert _unsent() == [3]
    assert dispatcher.dispatch() == 1
    assert _calls() == ["hardware_job-1", "hardware_job-2", "hardware_job-3"]


def test_row_that_nobody_understands_holds_nobody_up() -> None:
    _enqueue(1, task="from_the_future")
    _enqueue(2, queue="elsewhere")
    _enqueue(3)
    assert (dispatcher.dispatch(), dispatcher.dispatch()) == (1, 0)
    assert _calls() == ["hardware_job-3"]
    assert _unsent() == [1, 2]


def test_more_rows_than_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "BATCH", 3)
    _enqueue(*range(7))
    assert [dispatcher.dispatch() for _ in range(4)] == [3, 3, 1, 0]


@pytest.fixture
def watching(site: Site) -> Iterator[psycopg.Connection]:
    with psycopg.connect(site.url, autocommit=True) as connection:
        yield connection


def test_second_dispatcher_stands_by_and_takes_over(site: Site) -> None:
    first = site.start("dispatcher")
    until(lambda: "dispatching" in first.log.read_text())
    second = site.start("dispatcher")
    until(lambda: "standing_by" in second.log.read_text())
    _enqueue(1)
    until(lambda: _unsent() == [])
    assert "dispatching" not in second.log.read_text()
    first.kill()
    _enqueue(2)
    until(lambda: _unsent() == [])
    assert "dispatching" in second.log.read_text()
    assert _calls() == ["hardware_job-1", "hardware_job-2"]


def test_frozen_dispatcher_loses_its_lock(
    watching: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing for too long: another takes over, and the frozen one learns of it before it goes on."""
    monkeypatch.setattr(dispatcher, "STAND_BY_S", 0.1)
    with dispatcher.connect() as frozen, dispatcher.connect() as other:
        dispatcher._stand_by(frozen)
        assert watching.execute("SELECT pg_try_advisory_lock(%s)", (dispatcher.LOCK,)).fetchone() == (False,)
        said = frozen.execute("SHOW idle_session_timeout").fetchone()
        assert said == (f"{dispatcher.SILENT_S}s",)
        frozen.execute("SET idle_session_timeout = '1s'")  # as if most of that time were over
        dispatcher._stand_by(other)
        with pytest.raises(psycopg.OperationalError):
            dispatcher._serve(frozen)


def test_working_dispatcher_lets_itself_be_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round, however busy or idle; and a round takes less than `SILENT_S`, also with a Redis that hangs."""
    listener = MagicMock()
    listener.execute.return_value.fetchone.return_value = (True,)
    answers = iter([dispatcher.BATCH, dispatcher.BATCH, 0, redis.TimeoutError(), 0, ZeroDivisionError()])
    monkeypatch.setattr(dispatcher, "dispatch", MagicMock(side_effect=answers))
    with pytest.raises(ZeroDivisionError):
        dispatcher._serve(listener)
    assert listener.execute.call_args_list.count(call("SELECT 1")) == 6
    assert listener.notifies.call_count == 3
    assert dispatcher.IDLE_S + 30 < dispatcher.SILENT_S


def test_redis_that_hangs_is_as_good_as_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes connections and says nothing."""
    path = site.directory / "hanging.sock"
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(path))
        hanging.listen()
        monkeypatch.setenv("REDIS_URL", f"unix://{path}")
        for cached in (settings, queues.connection):
            cached.cache_clear()
        assert queues.connection().connection_pool.connection_kwargs["socket_timeout"] == 5
        queues.connection().connection_pool.connection_kwargs.update(socket_timeout=0.1, retry=NO_RETRY)
        _enqueue(1)
        with pytest.raises(redis.TimeoutError):
            dispatcher.dispatch()
    assert _unsent() == [1]


def test_dispatcher_whose_connection_is_cut_comes_back(site: Site, watching: psycopg.Connection) -> None:
    process = site.start("dispatcher")
    until(lambda: "dispatching" in process.log.read_text())
    watching.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    until(lambda: process.log.read_text().count("dispatching") == 2)
    _enqueue(1)
    until(lambda: _unsent() == [])
    assert process.popen.poll() is None


def test_announcement_wakes_it_and_a_lost_one_only_delays(site: Site, watching: psycopg.Connection) -> None:
    process = site.start("dispatcher")
    until(lambda: "dispatching" in process.log.read_text())
    watching.execute("INSERT INTO outbox (queue, task, ref) VALUES ('hardware', 'hardware_job', 5)")
    until(lambda: _unsent() == [])
    watching.execute(f"LISTEN {OUTBOX_CHANNEL}")
    _enqueue(6)
    assert len(list(watching.notifies(timeout=60, stop_after=1))) == 1
