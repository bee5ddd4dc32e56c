"""Faults planted in what brings every job to its end: dispatcher, sweeps and deadlines."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlmodel import col, select

from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims, reconciliation
from opsportal.models import HardwareJob, Outbox
from opsportal.models.base import utcnow
from tests.chaos.test_planted import IS_PLANTED
from tests.integration.test_protections import take_out
from tests.workers.site import click, job_of, rent_server
from workers import clock, dispatcher, hardware, queues

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]


class Enough(BaseException):
    """What ends a dispatcher in a test."""


@IS_PLANTED
def test_two_dispatchers_at_once(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """The second begins when the first has sent a call and not noted it. Whatever it does, the machine is told once."""
    machine, real_put, real_dispatch = MemoryBmc(), queues.put, dispatcher.dispatch

    def one_round() -> int:
        monkeypatch.setattr(queues, "put", real_put)
        real_dispatch()
        raise Enough

    def stands_by(_: float) -> None:
        raise Enough

    def put(*call: Any, **more: Any) -> Any:
        sent = real_put(*call, **more)
        monkeypatch.setattr(dispatcher, "dispatch", one_round)
        with dispatcher.connect() as second, pytest.raises(Enough):
            dispatcher._serve(second)
        return sent

    monkeypatch.setattr(dispatcher.time, "sleep", stands_by)
    monkeypatch.setattr(queues, "put", put)
    with plugged_in("127.9.3.1", machine) as endpoint:
        job_id = click(rent_server(endpoint))
        with dispatcher.connect() as first:
            dispatcher._stand_by(first)
            if is_planted:
                monkeypatch.setattr(dispatcher, "_stand_by", lambda _: None)
            assert real_dispatch() == 1
        calls = queues.queue("hardware").get_job_ids()
        assert len(calls) == (2 if is_planted else 1)
        for _ in calls:
            hardware.run_job(job_id)
    assert [str(goal) for goal in machine.commands] == ["off"]


def _unknown(job_id: int) -> claims.Claim:
    """A command was written down, and its worker lost."""
    with unit_of_work() as unit:
        held = claims.claim(unit, job_id, worker="lost")
        assert held is not None
        claims.announce_command(unit, held, command="off")
        claims.leave_unknown(unit, held, line="lost")
    return held


def _questions() -> int:
    """How many times somebody was called to ask."""
    with unit_of_work() as unit:
        return len(unit.exec(select(Outbox.id).where(col(Outbox.task) == "reconcile_job")).all())


@IS_PLANTED
def test_a_question_that_is_asked_only_once(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """The BMC was silent when it was asked what became of a command: it is asked again when that is due."""
    job_id = click(rent_server())
    _unknown(job_id)
    with unit_of_work() as unit:
        asking = claims.claim_unknown(unit, job_id, worker="asks")
        assert asking is not None
        claims.postpone(unit, asking, line="no answer", delay=dt.timedelta(0))
    before = _questions()
    if is_planted:
        monkeypatch.setattr(reconciliation, "wake_unknown", lambda _: 0)
    clock.reconcile()
    assert _questions() == before + (0 if is_planted else 1)


@IS_PLANTED
def test_a_question_without_an_end(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """A BMC that never answers is a person's business after so many attempts, and the server is free again."""
    job_id = click(rent_server())
    _unknown(job_id)
    with unit_of_work() as unit:
        unit.get_one(HardwareJob, job_id).reconcile_attempts = reconciliation.MAX_ATTEMPTS
    if is_planted:
        monkeypatch.setattr(reconciliation, "MAX_ATTEMPTS", 10**6)
    clock.reconcile()
    job = job_of(job_id)
    assert (job.status, job.outcome_code) == (
        ("unknown", None) if is_planted else ("failed", "never_answered")
    )


@IS_PLANTED
def test_a_worker_that_comes_to_no_end(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """It renews its lease and hangs all the same: the deadline of its kind fences it off."""
    job_id = click(rent_server())
    with unit_of_work() as unit:
        held = claims.claim(unit, job_id, worker="hangs")
        unit.get_one(HardwareJob, job_id).deadline_at = utcnow() - dt.timedelta(seconds=1)
    assert held is not None
    if is_planted:
        take_out(monkeypatch, reconciliation, "_is_held", "is_leased and is_in_time and", "is_leased and")
    clock.reconcile()
    assert job_of(job_id).status == ("running" if is_planted else "queued")
    if is_planted:
        return
    with pytest.raises(claims.LeaseLost), unit_of_work() as unit:
        claims.announce_command(unit, held, command="off")
