"""A person has a job in hands: no program follows it up, the machine is asked first, and others keep away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from bmc import PowerState
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims, owners, port_orders, standing, takeover
from opsportal.domain.hardware.refusals import (
    JobNotEndable,
    JobNotTakeable,
    JobNotYours,
    JobTakenMeanwhile,
    ReasonMissing,
    ServerTakenOver,
    TruthNotAsked,
    TruthNotTold,
)
from opsportal.domain.hardware.requests import find_obstacle
from opsportal.domain.inventory import bulk
from opsportal.domain.refusals import Forbidden, JobNotRetryable
from opsportal.models import AuditEvent, Company, JobKind, JobStatus, Outbox, PortOrder, Role, Server, Service
from opsportal.models.base import utcnow
from tests.builders import make_actor
from tests.cabling import make_port
from tests.integration.takeovers.cases import OFF, Case, must_refuse, power_off
from tests.workers.site import job_of, log_of, server_of
from workers import clock, hardware

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]


def _in_unit(work: Callable[..., object], case: Case) -> None:
    with unit_of_work() as unit:
        work(unit, case.tess, case.job_id)


def test_nothing_may_happen_before_the_machine_was_asked(case: Case) -> None:
    case.click()
    claim = case.claim()
    with unit_of_work() as unit:
        claims.announce_command(unit, claim, command="chassis power off")
    case.make_late()
    row = case.take()
    leased_until = row.quiet_at
    assert leased_until > utcnow() - dt.timedelta(seconds=1)  # a command may be on its way for that long
    assert (case.stands, case.end_of_job) == ("taken", ("unknown", None))
    hardware.ask_job(case.job_id)
    assert (case.machine.log_ons, case.owner and case.owner.answer) == ([], None)
    must_refuse(TruthNotAsked, case.end)
    must_refuse(TruthNotAsked, _in_unit, takeover.retry, case)

    case.ask()
    told = case.owner
    assert told is not None
    assert (told.answer, told.verdict, told.question_due_at) == ("on", "not_carried_out", None)
    assert told.answered_at is not None
    assert (case.end_of_job, server_of(case.server).power) == (("unknown", None), "on")
    must_refuse(ReasonMissing, case.end, seen="  ")
    case.end(seen="  Its cord was pulled.  ")
    assert case.end_of_job == ("succeeded", "ended_by_hand")
    assert (job_of(case.job_id).ended_by, job_of(case.job_id).end_note) == (
        case.tess.name,
        "Its cord was pulled.",
    )
    assert (case.owner, case.stands, case.machine.commands) == (None, "done", [])
    assert case.tags() == ["job:taken_over", "job:ended_done"]
    assert log_of(case.job_id)[-1] == f"ended as done by {case.tess.name}: Its cord was pulled."


def test_a_machine_that_does_not_answer_has_been_asked_too(case: Case) -> None:
    case.click()
    case.make_unknown()
    case.take()
    case.machine.password = "another"
    case.ask()
    assert case.owner is not None
    assert (case.owner.answer, case.owner.verdict) == ("bmc_credentials_refused", None)
    case.end(is_done=False)
    assert case.end_of_job == ("failed", "ended_by_hand")


def test_a_person_need_not_wait_for_workers_that_are_not_there(case: Case) -> None:
    case.click()
    case.make_unknown()
    case.take()
    must_refuse(TruthNotAsked, case.end)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE job_owner SET quiet_at = now() - interval '61 seconds'"))
    must_refuse(TruthNotTold, case.end)  # as done: nobody has heard from the machine
    case.end(is_done=False)
    assert case.end_of_job == ("failed", "ended_by_hand")


def test_programs_leave_it_alone(case: Case) -> None:
    """Unknown, it is not resolved; waiting, it is neither begun nor expired; also by calls that were under way."""
    case.click()
    case.make_unknown()
    case.take()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE hardware_job SET reconcile_due_at = now(), reconcile_attempts = 10"))
    clock.reconcile()
    hardware.reconcile_job(case.job_id)
    assert (case.end_of_job, case.machine.log_ons) == (("unknown", None), [])
    case.ask()
    case.end(is_done=False)

    case.click()
    case.make_late()
    case.take()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE hardware_job SET not_after = now()"))
    clock.reconcile()
    hardware.run_job(case.job_id)
    assert (case.end_of_job, case.machine.commands) == (("queued", None), [])
    must_refuse(JobNotEndable, case.end)


def test_others_start_nothing_on_its_server(case: Case) -> None:
    case.click()
    case.make_failed()
    case.take()
    server_id = case.server.id or 0
    company = make_actor(company=_tenant(case.server))
    for actor in (company, case.ivo):
        with unit_of_work() as unit:
            obstacle = find_obstacle(unit, actor, server_id)
        assert isinstance(obstacle, ServerTakenOver)
        assert obstacle.params == {"actor": case.tess.name, "server": case.server.name}
        must_refuse(ServerTakenOver, power_off, actor, server_id)
    with unit_of_work() as unit:
        (plan,) = bulk.dry_run(case.ivo, unit, kind=bulk.Action.POWER_OFF, server_ids=[server_id])
        (own,) = bulk.dry_run(case.tess, unit, kind=bulk.Action.POWER_OFF, server_ids=[server_id])
        assert (plan.happens, plan.code, plan.holder) == (False, "busy", case.tess.name)
        assert own.happens
        with pytest.raises(ServerTakenOver):
            owners.require_nobody(unit, unit.get_one(Server, server_id))
    assert power_off(case.tess, server_id).status == "queued"  # who has it may go on working on it
    assert case.owner is not None


def _tenant(server: Server) -> Company:
    with unit_of_work() as unit:
        return unit.get_one(Company, unit.get_one(Service, server_of(server).service_id).company_id)


def test_taking_it_from_somebody(case: Case) -> None:
    case.click()
    case.make_unknown()
    case.take()
    must_refuse(JobTakenMeanwhile, case.take, case.ivo)
    must_refuse(JobTakenMeanwhile, case.take, case.ivo, from_id=case.ivo.person_id)
    case.take(case.ivo, from_id=case.tess.person_id)
    assert case.owner is not None
    assert (case.owner.name, case.tags()) == (case.ivo.name, ["job:taken_over", "job:taken_from"])
    with unit_of_work() as unit:
        entry = unit.exec(select(AuditEvent).where(col(AuditEvent.tag) == "job:taken_from")).one()
    assert (entry.actor_name, entry.data["whose"]) == (case.ivo.name, case.tess.name)
    for work in (takeover.ask_now, takeover.hand_back, takeover.retry):
        must_refuse(JobNotYours, _in_unit, work, case)
    must_refuse(JobNotYours, case.end)
    case.take(case.ivo)  # whose it is already: nothing changes
    assert case.tags() == ["job:taken_over", "job:taken_from"]


def test_handed_back_it_goes_on_by_the_usual_rules(case: Case) -> None:
    case.click()
    case.make_unknown()
    case.take()
    with unit_of_work() as unit:
        takeover.hand_back(unit, case.tess, case.job_id)
    assert (case.owner, case.stands) == (None, "unknown")
    hardware.reconcile_job(case.job_id)
    assert case.end_of_job == ("failed", "not_carried_out")

    case.click()
    case.make_late()
    case.take()
    with unit_of_work() as unit:
        takeover.hand_back(unit, case.tess, case.job_id)
        calls = unit.exec(
            select(Outbox).where(col(Outbox.ref) == case.job_id, col(Outbox.task) == "hardware_job")
        )
        assert len(calls.all()) == 2
    hardware.run_job(case.job_id)
    assert (case.end_of_job, case.machine.commands) == (("succeeded", "verified"), [OFF])
    assert case.tags() == ["job:taken_over", "job:handed_back"] * 2


def test_the_same_again_where_that_harms_nobody(case: Case) -> None:
    case.click()
    case.make_unknown()
    case.machine.state = PowerState.OFF  # the command had its effect
    case.take()
    case.ask()
    with unit_of_work() as unit:
        again = takeover.retry(unit, case.tess, case.job_id)
    assert (case.end_of_job, case.owner) == (("failed", "ended_by_hand"), None)
    hardware.run_job(again.id or 0)
    assert (job_of(again.id or 0).status, case.machine.commands) == ("succeeded", [])  # it was off already

    with unit_of_work() as unit:
        unit.execute(text("UPDATE hardware_job SET kind = 'boot_disk'"))
    case.click(JobKind.POWER_ON)
    case.make_failed()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE hardware_job SET kind = 'clean'"))
    case.take()
    must_refuse(JobNotRetryable, _in_unit, takeover.retry, case)
    case.end(is_done=True, seen="Its BMC was unplugged.")
    job = job_of(case.job_id)
    assert (job.status, job.outcome_code, job.end_note) == (
        "failed",
        "bmc_unreachable",
        "Its BMC was unplugged.",
    )
    assert (case.owner, case.tags()[-1]) == (None, "job:ended_failed")


def test_what_is_in_time_or_has_been_followed_by_another_is_not_taken(case: Case) -> None:
    case.click()
    must_refuse(JobNotTakeable, case.take)
    case.make_failed()
    client = make_actor()
    must_refuse(Forbidden, case.take, client)
    failed = case.job_id
    case.click()
    case.claim()
    must_refuse(JobNotTakeable, case.take)
    case.job_id = failed
    must_refuse(JobNotTakeable, case.take)


def test_late_and_since_when(case: Case) -> None:
    """Nobody begins it; its worker is silent; a step hangs; its time is over."""
    hour_ago = utcnow() - dt.timedelta(hours=1)

    def since() -> dt.datetime | None:
        with unit_of_work() as unit:
            return standing.late_since_of(unit, [case.job_id]).get(case.job_id)

    def set_to(statement: str) -> None:
        with unit_of_work() as unit:
            unit.execute(text(statement), {"then": hour_ago})

    case.click()
    assert (since(), case.stands) == (None, "waits")
    set_to("UPDATE hardware_job SET created_at = :then")
    assert (since(), case.stands) == (hour_ago + standing.LATE_QUEUED, "late")
    claim = case.claim()
    assert (since(), case.stands) == (None, "runs")
    set_to("UPDATE server SET lease_expires_at = :then")
    assert since() == hour_ago
    set_to("UPDATE server SET lease_expires_at = now() + interval '1 minute'")
    assert since() is None
    with unit_of_work() as unit:
        claims.begin_step(unit, claim, "read")
    set_to("UPDATE job_step SET started_at = :then WHERE name = 'read'")
    assert since() == hour_ago + dt.timedelta(seconds=45 + 30)
    set_to("UPDATE hardware_job SET deadline_at = :then")
    assert (since(), case.stands) == (hour_ago, "late")
    with unit_of_work() as unit:
        claims.finish(unit, claim, JobStatus.FAILED, outcome_code="bmc_unreachable")
    assert (since(), case.stands) == (None, "failed")


def test_nobody_else_gets_to_its_port_or_its_bmc(case: Case) -> None:
    port = make_port(case.server)
    case.click()
    case.make_failed()
    case.take()
    colleague = make_actor(role=Role.TECHNICIAN)
    with pytest.raises(ServerTakenOver), unit_of_work() as unit:
        port_orders.request_port(unit, colleague, port.id or 0, wants_up=False, reason="a loop")
    with unit_of_work() as unit:
        assert unit.exec(select(PortOrder)).all() == []
        port_orders.request_port(unit, case.tess, port.id or 0, wants_up=False, reason="a loop")
