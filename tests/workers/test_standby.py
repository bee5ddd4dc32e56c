"""Processes that stand by for a job: what becomes of an order, and what is ready when it comes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import engine
from tests.workers.site import click, is_running, job_of, rent_server, until
from workers import hardware, worker
from workers.hardware import readiness
from workers.standby import Standby
from workers.worker import ReadyWorker


class Broken(Exception):
    """Something that a process needs cannot be had."""


def _answer(get_ready: Callable[[], None]) -> tuple[int, bytes]:
    """The process that stood by, and what it wrote when it got its order."""
    reading, writing = os.pipe()

    def work(order: Any) -> None:
        os.write(writing, f"{order} {os.getpid()}".encode())

    standby = Standby(get_ready, work)
    os.close(writing)
    assert standby.is_alive()
    assert standby.order(["job", 7])
    with open(reading, "rb") as answer:
        written = answer.read()
    os.waitpid(standby.pid, 0)
    return standby.pid, written


def test_an_order_is_carried_out_by_the_process_that_stood_by() -> None:
    pid, written = _answer(lambda: None)
    assert written == f"['job', 7] {pid}".encode()


def test_who_could_not_get_ready_works_all_the_same() -> None:
    def fail() -> None:
        raise Broken

    pid, written = _answer(fail)
    assert written == f"['job', 7] {pid}".encode()


def test_an_order_to_the_dead_is_refused() -> None:
    standby = Standby(lambda: None, lambda order: None)
    os.kill(standby.pid, signal.SIGKILL)
    until(lambda: not is_running(standby.pid))
    assert not standby.order(["job", 7])
    with pytest.raises(ChildProcessError):
        os.waitpid(standby.pid, 0)  # it was buried


def test_who_is_dismissed_is_gone() -> None:
    standby = Standby(lambda: None, lambda order: None)
    standby.dismiss()
    assert not os.path.exists(f"/proc/{standby.pid}")


def test_who_died_standing_by_is_buried_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "get_ready", lambda: None)
    idle = ReadyWorker.__new__(ReadyWorker)
    idle._keep_standby()
    first = idle._next_horse
    assert first is not None
    idle._keep_standby()
    assert idle._next_horse is first
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not is_running(first.pid))
    idle._keep_standby()
    second = idle._next_horse
    assert second is not None
    assert second.is_alive()
    assert not os.path.exists(f"/proc/{first.pid}")
    second.dismiss()


def test_a_job_goes_to_who_stands_by(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()

    def carry_out(_: ReadyWorker, order: list[str]) -> None:
        os.write(writing, f"{order} {os.getpid()}".encode())

    monkeypatch.setattr(worker, "get_ready", lambda: None)
    monkeypatch.setattr(ReadyWorker, "_carry_out", carry_out)
    hand: Any = ReadyWorker.__new__(ReadyWorker)
    hand.executions = {"e": SimpleNamespace(id="e")}
    hand._keep_standby()
    ready = hand._next_horse.pid
    hand.fork_work_horse(SimpleNamespace(id="j"), SimpleNamespace(name="hardware"))
    assert (hand.horse_pid, hand._next_horse) == (ready, None)
    os.close(writing)
    with open(reading, "rb") as answer:
        assert answer.read() == f"['j', 'hardware', 'e'] {ready}".encode()
    os.waitpid(ready, 0)


@pytest.mark.usefixtures("portal")
def test_a_power_job_repeats_only_statements_that_were_made_before() -> None:
    machine = MemoryBmc()
    with plugged_in("127.9.2.77", machine) as endpoint:
        job_id = click(rent_server(endpoint))
        readiness.make_statements()
        made: set[str] = set()

        def note(_: Any, __: Any, statement: str, ___: Any, context: Any, *____: Any) -> None:
            if context.cache_hit.name == "CACHE_MISS":
                made.add(statement.split("(")[0].strip())

        event.listen(engine(), "before_cursor_execute", note)
        try:
            hardware.run_job(job_id)
        finally:
            event.remove(engine(), "before_cursor_execute", note)
    assert job_of(job_id).status == "succeeded"
    # Rows that do not exist can be read and changed beforehand, not added.
    assert made <= {"INSERT INTO job_log", "INSERT INTO status_change"}
