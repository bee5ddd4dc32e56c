"""From rows to views. No queries, no rules."""

from __future__ import annotations

from collections.abc import Sequence

from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import power
from opsportal.models import (
    ACTIVE_JOB,
    AuditEvent,
    Company,
    HardwareJob,
    JobStatus,
    JobStep,
    Plan,
    Server,
    Service,
    ServiceStatus,
)
from opsportal.models.base import utcnow
from opsportal.state.views import AuditView, JobView, RiseView, ServiceView, StepView, iso, iso_day

LATE_QUEUED_S = 10
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


def is_late(job: HardwareJob, *, milestone: bool = False) -> bool:
    """Waiting longer than a healthy queue takes, running past its deadline, or late with its next `milestone`."""
    now = utcnow()
    if job.status == JobStatus.QUEUED:
        return (now - job.created_at).total_seconds() > LATE_QUEUED_S
    is_over = job.deadline_at is not None and now > job.deadline_at
    return job.status in ACTIVE_JOB and (is_over or milestone)


def job_view(
    job: HardwareJob,
    *,
    actor: Actor,
    server: Server | None = None,
    company: Company | None = None,
    steps: Sequence[JobStep] = (),
    usual: int | None = None,
    milestone_late: bool = False,
) -> JobView:
    """A job. What only staff may know (the worker) is left out for a client."""
    may_act = actor.may(Permission.SERVER_POWER)
    return JobView(
        id=job.id or 0,
        server_id=job.server_id,
        server=server.name if server else "",
        company=company.name if company else "",
        kind=job.kind,
        status=job.status,
        is_active=job.status in ACTIVE_JOB,
        is_late=is_late(job, milestone=milestone_late),
        can_cancel=may_act and job.status == JobStatus.QUEUED,
        can_retry=may_act and job.status in RETRYABLE and job.kind in power.RETRYABLE,
        can_stop=actor.may(Permission.SERVER_REINSTALL) and job.status == JobStatus.WAITING,
        actor=job.actor_name,
        created_at=iso(job.created_at),
        started_at=iso(job.started_at),
        finished_at=iso(job.finished_at),
        usual_seconds=usual or 0,
        outcome_code=job.outcome_code or "",
        commands_sent=job.commands_sent,
        worker=(job.worker or "") if actor.is_staff else "",
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
