"""A job is taken over in the very moment in which its worker, a colleague or a click acts: one of them wins, whole."""

from __future__ import annotations

import threading

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import claims, owners, takeover
from opsportal.domain.hardware.claims import LeaseLost
from opsportal.domain.hardware.refusals import JobNotTakeable, JobTakenMeanwhile, ServerTakenOver
from opsportal.models import JobStatus
from tests.integration.takeovers.cases import OFF, Case, must_refuse, power_off
from tests.integration.test_protections import IS_TAKEN_OUT, take_out
from tests.workers.site import job_of, server_of
from workers import hardware
from workers.hardware.running import Reaching

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]


@IS_TAKEN_OUT
def test_the_worker_sends_nothing_more(
    case: Case, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    """The job is late and taken over in the moment before its worker commands the machine."""
    case.click()
    real = Reaching.before_command

    def taken_over(self: Reaching) -> None:
        case.make_late()
        case.take()
        real(self)

    monkeypatch.setattr(Reaching, "before_command", taken_over)
    if is_taken_out:
        fence = (
            "        server.lease_fence += 1\n        server.lease_job_id = server.lease_expires_at = None\n"
        )
        take_out(monkeypatch, takeover, "_fence_off", fence, "        pass\n")
    hardware.run_job(case.job_id)
    assert case.machine.commands == ([OFF] if is_taken_out else [])
    if not is_taken_out:
        assert (job_of(case.job_id).status, job_of(case.job_id).commands_sent) == ("unknown", 0)
        assert server_of(case.server).lease_job_id is None


@IS_TAKEN_OUT
def test_two_people_take_it_at_once(case: Case, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool) -> None:
    case.click()
    case.make_unknown()
    if is_taken_out:
        take_out(
            monkeypatch, takeover, "take_over", "before.person_id not in (actor.person_id, from_id)", "False"
        )
    start, taken, refused = threading.Barrier(2), [], []

    def take(actor: Actor) -> None:
        start.wait()
        try:
            taken.append(case.take(actor).person_id)
        except JobTakenMeanwhile as refusal:
            refused.append(refusal.params["actor"])

    threads = [threading.Thread(target=take, args=(actor,)) for actor in (case.tess, case.ivo)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == (2 if is_taken_out else 1)
    if not is_taken_out:
        assert case.owner is not None
        assert (case.owner.person_id, refused) == (taken[0], [case.owner.name])


def test_the_worker_ends_first_or_not_at_all(case: Case) -> None:
    case.click()
    claim = case.claim()
    case.make_late()
    with unit_of_work() as unit:
        takeover.take_over(unit, case.tess, case.job_id)
        lost: list[type] = []

        def finish() -> None:
            """Waits for the row that the take-over has locked."""
            try:
                with unit_of_work() as own:
                    claims.finish(own, claim, JobStatus.SUCCEEDED, outcome_code="verified")
            except LeaseLost:
                lost.append(LeaseLost)

        worker = threading.Thread(target=finish)
        worker.start()
    worker.join()
    assert (lost, case.end_of_job) == ([LeaseLost], ("unknown", None))

    case.ask()
    case.end(is_done=False)
    case.click()
    claim = case.claim()
    case.make_late()
    with unit_of_work() as unit:
        claims.finish(unit, claim, JobStatus.SUCCEEDED, outcome_code="verified")
    must_refuse(JobNotTakeable, case.take)


@IS_TAKEN_OUT
def test_a_click_at_the_same_moment_sees_the_take_over(
    case: Case, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    """The job is written and only then asked whether the server is free: its reference waits for the other's lock."""
    case.click()
    case.make_failed()
    if is_taken_out:
        monkeypatch.setattr(owners, "require_free", lambda *_: None)
    refused: list[str] = []

    def click_too() -> None:
        try:
            power_off(case.ivo, case.server.id or 0)
        except ServerTakenOver as refusal:
            refused.append(refusal.code)

    with unit_of_work() as unit:
        takeover.take_over(unit, case.tess, case.job_id)
        other = threading.Thread(target=click_too)
        other.start()
    other.join()
    assert refused == ([] if is_taken_out else ["server_taken_over"])
