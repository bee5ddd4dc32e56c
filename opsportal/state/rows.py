"""From rows to views. No queries, no rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import power, takeover
from opsportal.domain.hardware.looking import Look
from opsportal.models import (
    ACTIVE_JOB,
    AuditEvent,
    Company,
    HardwareJob,
    JobOwner,
    JobStatus,
    JobStep,
    Plan,
    Server,
    Service,
    ServiceStatus,
)
from opsportal.state.views import AuditView, HandsView, JobView, RiseView, ServiceView, StepView, iso, iso_day

RETRYABLE = (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED)


def service_view(
    service: Service,
    plan: Plan,
    server: Server | None,
    *,
    company: Company | None = None,
    rise: RiseView | None = None,
) -> ServiceView:
    """A client reads five words; a service that is being prepared is still pending (checklist 2.12)."""
    status = service.status
    return ServiceView(
        id=service.id or 0,
        name=service.name,
        family=plan.family,
        plan=plan.name,
        ip=service.ip or (server.ip if server else "") or "",
        status=ServiceStatus.PENDING.value if status == ServiceStatus.PROVISIONING else status,
        suspension_reason=service.suspension_reason or "",
        suspension_note=service.suspension_note or "",
        also_unpaid=service.also_unpaid,
        termination_on=iso_day(service.termination_requested_on),
        period_end=iso_day(service.period_end),
        price_minor=service.price_minor,
        currency=service.currency,
        term=service.term,
        server_id=(server.id if server else 0) or 0,
        power=server.power if server else "",
        company_id=service.company_id,
        company=company.name if company else "",
        rise=rise or RiseView(),
    )


def hands_view(job: HardwareJob, owner: JobOwner | None, actor: Actor) -> HandsView:
    """In whose hands a job is. A client learns who has it; what the machine said is for staff."""
    if owner is None:
        return HandsView()
    is_mine = owner.person_id == actor.person_id
    told = HandsView(name=owner.name, since=iso(owner.since), is_mine=is_mine, is_other=not is_mine)
    if not actor.is_staff:
        return told
    may_settle = takeover.may_settle(job, owner)
    can_end = is_mine and may_settle and job.status != JobStatus.QUEUED
    return replace(
        told,
        person_id=owner.person_id,
        is_asking=owner.question_due_at is not None,
        answer=owner.answer or "",
        verdict=owner.verdict or "",
        answered_at=iso(owner.answered_at),
        may_settle=may_settle,
        can_retry=is_mine and may_settle and takeover.is_retryable(job),
        can_end=can_end,
        can_be_done=can_end and takeover.may_be_done(job, owner),
    )


def job_view(
    job: HardwareJob,
    *,
    actor: Actor,
    server: Server | None = None,
    company: Company | None = None,
    steps: Sequence[JobStep] = (),
    usual: int | None = None,
    look: Look = Look(),  # noqa: B008 (frozen)
) -> JobView:
    """A job. What only staff may know (the worker, what was seen) is left out for a client."""
    hands = hands_view(job, look.owner, actor)
    may_act = actor.may(Permission.SERVER_POWER) and look.owner is None
    may_take = actor.may(Permission.JOBS_MANAGE) and (look.is_takeable or hands.is_other)
    return JobView(
        id=job.id or 0,
        server_id=job.server_id,
        server=server.name if server else "",
        company=company.name if company else "",
        kind=job.kind,
        status=job.status,
        is_active=job.status in ACTIVE_JOB,
        is_late=look.late_since is not None,
        late_since=iso(look.late_since),
        hands=hands,
        can_take=may_take and not hands.is_mine,
        can_cancel=(may_act or hands.is_mine) and job.status == JobStatus.QUEUED,
        can_retry=may_act and job.status in RETRYABLE and job.kind in power.RETRYABLE,
        can_stop=actor.may(Permission.SERVER_REINSTALL)
        and job.status == JobStatus.WAITING
        and not hands.is_other,
        actor=job.actor_name,
        created_at=iso(job.created_at),
        started_at=iso(job.started_at),
        finished_at=iso(job.finished_at),
        usual_seconds=usual or 0,
        outcome_code=job.outcome_code or "",
        commands_sent=job.commands_sent,
        worker=(job.worker or "") if actor.is_staff else "",
        ended_by=(job.ended_by or "") if actor.is_staff else "",
        end_note=(job.end_note or "") if actor.is_staff else "",
        steps=[
            StepView(
                step.name, step.status, step.note_code or "", iso(step.started_at), iso(step.finished_at)
            )
            for step in steps
        ],
    )


def audit_view(event: AuditEvent, *, with_ip: bool) -> AuditView:
    return AuditView(
        id=event.id or 0,
        at=iso(event.at),
        tag=event.tag,
        actor=event.actor_name,
        object_kind=event.object_kind,
        object_id=event.object_id or 0,
        object_name=event.object_name,
        ip=(event.ip or "") if with_ip else "",
    )
