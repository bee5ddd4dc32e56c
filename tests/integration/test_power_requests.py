"""What a click on power writes, and what it refuses."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims, power, reconciliation
from opsportal.domain.refusals import (
    Forbidden,
    JobNotCancellable,
    JobNotRetryable,
    NotFound,
    Refusal,
    ServerBusy,
    ServerWithoutBmc,
    ServiceNotActive,
)
from opsportal.models import (
    AuditEvent,
    HardwareJob,
    JobKind,
    JobStatus,
    JobStep,
    Mail,
    Outbox,
    Power,
    Role,
    Server,
    ServiceStatus,
    StatusChange,
)
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_company, make_server, make_service
from tests.conftest import _forget_process_caches
from tests.stock import hand_over

pytestmark = pytest.mark.usefixtures("portal")


def _everything() -> tuple[int, int, int, int]:
    with unit_of_work() as unit:
        return tuple(len(unit.exec(select(m)).all()) for m in (HardwareJob, JobStep, Outbox, StatusChange))  # type: ignore[return-value]


def _request(actor: object, server: Server, kind: JobKind = JobKind.POWER_OFF) -> HardwareJob:
    with unit_of_work() as unit:
        return power.request_power(unit, actor, server.id, kind=kind)  # type: ignore[arg-type]


def test_request_writes_job_steps_wake_up_call_and_audit() -> None:
    company = make_company()
    server = make_server(make_service(company))
    actor = make_actor(company=company)
    job = _request(actor, server, JobKind.REBOOT)
    with unit_of_work() as unit:
        steps = [step.name for step in unit.exec(select(JobStep).order_by(JobStep.position))]
        outbox = unit.exec(select(Outbox)).one()
        event = unit.exec(select(AuditEvent).where(AuditEvent.tag == "server:reboot_requested")).one()
    assert (job.status, job.company_id, job.actor_id) == ("queued", company.id, actor.person_id)
    assert steps == ["read", "switch_off", "verify_off", "switch_on", "verify_on"]
    assert (outbox.queue, outbox.task, outbox.ref, outbox.sent_at) == (
        "hardware",
        "hardware_job",
        job.id,
        None,
    )
    assert (event.actor_id, event.object_id, event.ip) == (actor.person_id, server.id, "192.0.2.7")


def test_second_click_is_refused_and_changes_nothing() -> None:
    company = make_company()
    server = make_server(make_service(company))
    first, second = make_actor(company=company), make_actor(company=company)
    job = _request(first, server)
    before = _everything()
    with pytest.raises(ServerBusy) as refused:
        _request(second, server, JobKind.POWER_ON)
    assert refused.value.params == {
        "actor": first.name, "server": server.name, "job": job.id, "step": 1, "steps": 3,
    }  # fmt: skip
    assert _everything() == before


def test_of_many_clicks_at_once_exactly_one_gets_in() -> None:
    company = make_company()
    server = make_server(make_service(company))
    actors = [make_actor(company=company) for _ in range(8)]
    outcomes: list[str] = []
    start = threading.Barrier(len(actors))

    def click(actor: object) -> None:
        start.wait()
        try:
            _request(actor, server)
            outcomes.append("in")
        except ServerBusy:
            outcomes.append("busy")

    threads = [threading.Thread(target=click, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["busy"] * 7 + ["in"]
    assert _everything()[0] == 1


@pytest.mark.parametrize("status", [s for s in ServiceStatus if s is not ServiceStatus.ACTIVE])
def test_client_cannot_switch_what_is_not_active(status: ServiceStatus) -> None:
    company = make_company()
    server = make_server(make_service(company, status=status))
    before = _everything()
    with pytest.raises(ServiceNotActive):
        _request(make_actor(company=company), server)
    assert _everything() == before


def test_foreign_server_looks_like_none() -> None:
    server = make_server(make_service())
    stranger = make_actor()
    for wanted in (server.id, 987_654_321):
        with unit_of_work() as unit, pytest.raises(NotFound):
            power.request_power(unit, stranger, wanted, kind=JobKind.POWER_OFF)
    assert _everything() == (0, 0, 0, 0)


def test_server_without_bmc_is_refused() -> None:
    server = make_server(has_bmc=False)
    with pytest.raises(ServerWithoutBmc):
        _request(make_actor(role=Role.OPERATOR), server)
    assert _everything() == (0, 0, 0, 0)


def test_cancel_only_before_a_worker_begins() -> None:
    company = make_company()
    actor = make_actor(company=company)
    server = make_server(make_service(company))
    job = _request(actor, server)
    with unit_of_work() as unit:
        power.cancel_job(unit, actor, job.id)
    with unit_of_work() as unit:
        assert claims.claim(unit, job.id, worker="w") is None
        assert unit.get_one(HardwareJob, job.id).status == "cancelled"
        assert unit.get_one(Server, server.id).lease_fence == 0
    second = _request(actor, server)
    with unit_of_work() as unit:
        assert claims.claim(unit, second.id, worker="w") is not None
    with pytest.raises(JobNotCancellable), unit_of_work() as unit:
        power.cancel_job(unit, actor, second.id)
    with unit_of_work() as unit:
        assert unit.get_one(HardwareJob, second.id).status == "running"


def test_former_tenant_can_neither_see_nor_cancel() -> None:
    company, other = make_company(), make_company()
    service = make_service(company)
    server = make_server(service)
    job = _request(make_actor(company=company), server)
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, make_service(other).id)
    for actor in (make_actor(company=company), make_actor(company=other)):
        with unit_of_work() as unit, pytest.raises(NotFound):
            power.cancel_job(unit, actor, job.id)
    with unit_of_work() as unit:
        assert unit.get_one(HardwareJob, job.id).status == "queued"


def test_claim_once_and_fence_grows() -> None:
    company = make_company()
    server = make_server(make_service(company))
    job = _request(make_actor(company=company), server)
    with unit_of_work() as unit:
        first = claims.claim(unit, job.id, worker="one")
    with unit_of_work() as unit:
        assert claims.claim(unit, job.id, worker="two") is None
    assert first is not None
    assert first.fence == 1
    assert "secret" not in repr(first)


def test_click_that_waited_too_long_expires_untouched() -> None:
    company = make_company()
    server = make_server(make_service(company))
    job = _request(make_actor(company=company), server)
    with unit_of_work() as unit:
        unit.get_one(HardwareJob, job.id).not_after = utcnow() - dt.timedelta(seconds=1)
    with unit_of_work() as unit:
        assert claims.claim(unit, job.id, worker="late") is None
    with unit_of_work() as unit:
        row = unit.get_one(HardwareJob, job.id)
        assert (row.status, row.outcome_code, row.commands_sent) == ("expired", "waited_too_long", 0)


@pytest.mark.parametrize(
    ("is_sent", "status", "calls"),
    [(True, "unknown", ["hardware_job", "reconcile_job"]), (False, "queued", ["hardware_job"] * 2)],
)
def test_stale_worker_is_fenced_off_and_writes_nothing(is_sent: bool, status: str, calls: list[str]) -> None:
    """Before a command was written down another worker may begin anew; after it the BMC must be asked."""
    company = make_company()
    server = make_server(make_service(company))
    job = _request(make_actor(company=company), server)
    with unit_of_work() as unit:
        held = claims.claim(unit, job.id, worker="frozen")
    assert held is not None
    if is_sent:
        with unit_of_work() as unit:
            claims.announce_command(unit, held, command="off")
    with unit_of_work() as unit:
        unit.get_one(Server, server.id).lease_expires_at = utcnow() - dt.timedelta(seconds=1)
    with unit_of_work() as unit:
        assert reconciliation.fence_off_dead(unit) == 1
    for stale in (
        lambda u: claims.announce_command(u, held, command="off"),
        lambda u: claims.renew(u, held),
        lambda u: claims.begin_step(u, held, "verify_off"),
        lambda u: claims.finish(u, held, JobStatus.SUCCEEDED, outcome_code="verified"),
    ):
        with pytest.raises(claims.LeaseLost), unit_of_work() as unit:
            stale(unit)
    with unit_of_work() as unit:
        row = unit.get_one(HardwareJob, job.id)
        assert (row.status, row.commands_sent) == (status, int(is_sent))
        assert unit.exec(select(Outbox.task).order_by(Outbox.id)).all() == calls


def test_lost_worker_of_a_click_that_is_too_old_lets_it_expire_untouched() -> None:
    company = make_company()
    server = make_server(make_service(company))
    job = _request(make_actor(company=company), server)
    with unit_of_work() as unit:
        claims.claim(unit, job.id, worker="killed")
    with unit_of_work() as unit:
        unit.get_one(Server, server.id).lease_expires_at = utcnow() - dt.timedelta(seconds=1)
        unit.get_one(HardwareJob, job.id).not_after = utcnow() - dt.timedelta(seconds=1)
    with unit_of_work() as unit:
        assert reconciliation.fence_off_dead(unit) == 1
    with unit_of_work() as unit:
        row = unit.get_one(HardwareJob, job.id)
        lease = unit.get_one(Server, server.id)
        assert (row.status, row.outcome_code, row.commands_sent) == ("expired", "waited_too_long", 0)
        assert (lease.lease_job_id, lease.lease_expires_at, lease.lease_fence) == (None, None, 2)


def test_command_sent_again_does_not_count_as_verified() -> None:
    """A BMC that ignored the first command: nobody has seen the server off, whatever steps were begun."""
    company = make_company()
    server = make_server(make_service(company))
    job = _request(make_actor(company=company), server, JobKind.REBOOT)
    with unit_of_work() as unit:
        held = claims.claim(unit, job.id, worker="w")
    assert held is not None
    for name in ("read", "switch_off", "verify_off", "switch_off"):
        with unit_of_work() as unit:
            claims.begin_step(unit, held, name)
    with unit_of_work() as unit:
        assert not reconciliation.was_verified_off(unit, job.id)
        statuses = {s.name: s.status for s in unit.exec(select(JobStep).order_by(JobStep.position))}
    assert (statuses["read"], statuses["verify_off"]) == ("done", "waiting")
    with unit_of_work() as unit:
        claims.begin_step(unit, held, "verify_off")
        claims.phase_done(unit, held, Power.OFF)
    with unit_of_work() as unit:
        assert reconciliation.was_verified_off(unit, job.id)


def test_job_that_does_not_come_to_an_end_is_fenced_off_though_its_worker_renews() -> None:
    company = make_company()
    server = make_server(make_service(company))
    job = _request(make_actor(company=company), server)
    with unit_of_work() as unit:
        held = claims.claim(unit, job.id, worker="endless")
    assert held is not None
    with unit_of_work() as unit:
        assert reconciliation.fence_off_dead(unit) == 0
        unit.get_one(HardwareJob, job.id).deadline_at = utcnow() - dt.timedelta(seconds=1)
    with unit_of_work() as unit:
        assert reconciliation.fence_off_dead(unit) == 1
    with pytest.raises(claims.LeaseLost), unit_of_work() as unit:
        claims.renew(unit, held)


def _unknown_job() -> int:
    company = make_company()
    server = make_server(make_service(company))
    job = _request(make_actor(company=company), server)
    with unit_of_work() as unit:
        held = claims.claim(unit, job.id, worker="killed")
    assert held is not None
    with unit_of_work() as unit:
        claims.announce_command(unit, held, command="off")
        claims.leave_unknown(unit, held, line="killed")
    return job.id


def test_unknown_job_is_asked_about_once_per_attempt() -> None:
    job_id = _unknown_job()
    with unit_of_work() as unit:
        assert reconciliation.wake_unknown(unit) == 0  # its first wake-up call is on its way
    with unit_of_work() as unit:
        first = claims.claim_unknown(unit, job_id, worker="one")
    assert first is not None
    with unit_of_work() as unit:
        assert claims.claim_unknown(unit, job_id, worker="two") is None
    with unit_of_work() as unit:
        claims.postpone(unit, first, line="no answer", delay=dt.timedelta(seconds=5))
    with unit_of_work() as unit:
        assert claims.claim_unknown(unit, job_id, worker="too early") is None
        assert reconciliation.wake_unknown(unit) == 0
    with unit_of_work() as unit:
        unit.get_one(HardwareJob, job_id).reconcile_due_at = utcnow()
    with unit_of_work() as unit:
        assert [reconciliation.wake_unknown(unit), reconciliation.wake_unknown(unit)] == [1, 0]


def test_attempts_that_kill_their_worker_come_to_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_MAIL", "desk@test.example")
    _forget_process_caches()
    job_id = _unknown_job()
    for _ in range(reconciliation.MAX_ATTEMPTS):
        with unit_of_work() as unit:
            held = claims.claim_unknown(unit, job_id, worker="killed")
            assert held is not None
        with unit_of_work() as unit:
            unit.get_one(Server, held.server_id).lease_expires_at = utcnow() - dt.timedelta(seconds=1)
    with unit_of_work() as unit:
        assert reconciliation.wake_unknown(unit) == 0
    with unit_of_work() as unit:
        row = unit.get_one(HardwareJob, job_id)
        assert (row.status, row.outcome_code) == ("failed", "never_answered")
        server = unit.get_one(Server, row.server_id)
        assert server.lease_job_id is None
        [mail] = unit.exec(select(Mail)).all()
    assert mail.subject == f"Nobody knows how a job on {server.name} ended"
    assert f"Job #{job_id}" in mail.body_text


ON, OFF = Power.ON, Power.OFF


@pytest.mark.parametrize(
    ("kind", "says", "was_off", "may_resume", "status", "outcome", "resumes"),
    [
        (JobKind.POWER_ON, ON, False, True, "succeeded", "reconciled", False),
        (JobKind.POWER_ON, OFF, False, True, "failed", "not_carried_out", False),
        (JobKind.POWER_OFF, OFF, False, True, "succeeded", "reconciled", False),
        (JobKind.POWER_OFF, ON, False, True, "failed", "not_carried_out", False),
        (JobKind.REBOOT, ON, True, True, "succeeded", "reconciled", False),
        (JobKind.REBOOT, ON, False, True, "failed", "reboot_uncertain", False),
        (JobKind.REBOOT, OFF, True, True, "succeeded", "reconciled", True),
        (JobKind.REBOOT, OFF, False, True, "succeeded", "reconciled", True),
        (JobKind.REBOOT, OFF, True, False, "failed", "reboot_left_off", False),
        (JobKind.REBOOT, OFF, False, False, "failed", "reboot_left_off", False),
    ],
)
def test_what_the_bmcs_answer_means(
    kind: JobKind, says: Power, was_off: bool, may_resume: bool, status: str, outcome: str, resumes: bool
) -> None:
    meant = reconciliation.resolve(kind, says, was_verified_off=was_off, may_resume=may_resume)
    assert meant == reconciliation.Resolution(JobStatus(status), outcome, resumes)


def test_expired_lease_alone_stops_a_worker_even_before_anybody_noticed() -> None:
    company = make_company()
    server = make_server(make_service(company))
    job = _request(make_actor(company=company), server)
    with unit_of_work() as unit:
        held = claims.claim(unit, job.id, worker="slow")
    assert held is not None
    with unit_of_work() as unit:
        unit.get_one(Server, server.id).lease_expires_at = utcnow() - dt.timedelta(seconds=1)
    with pytest.raises(claims.LeaseLost), unit_of_work() as unit:
        claims.announce_command(unit, held, command="off")


def test_retry_only_of_what_has_ended_badly() -> None:
    company = make_company()
    actor = make_actor(company=company)
    server = make_server(make_service(company))
    job = _request(actor, server)
    with pytest.raises(JobNotRetryable), unit_of_work() as unit:
        power.retry_job(unit, actor, job.id)
    with unit_of_work() as unit:
        power.cancel_job(unit, actor, job.id)
    with unit_of_work() as unit:
        again = power.retry_job(unit, actor, job.id)
    assert (again.kind, again.retry_of_id, again.status) == (job.kind, job.id, "queued")


def test_refusals_say_what_to_do() -> None:
    for refusal in Refusal.__subclasses__():
        assert refusal.code != Refusal.code, refusal
        assert refusal.msgid.endswith("."), refusal
        assert refusal.msgid.count(".") >= 2 or refusal is Forbidden, refusal
