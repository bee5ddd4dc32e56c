"""The names under which changes to hardware are announced to open pages."""

from __future__ import annotations

from opsportal.models import HardwareJob


def server(server_id: int) -> str:
    return f"server:{server_id}"


def company_jobs(company_id: int) -> str:
    return f"company:{company_id}:jobs"


def company_servers(company_id: int) -> str:
    return f"company:{company_id}:servers"


def job(job_id: int) -> str:
    """A job's own progress: milestones, per cent."""
    return f"job:{job_id}"


JOBS = "jobs"
FLEET = "fleet"
LIGHTS = "lights"
"""Identify lights: for pages that know a server by its label only."""


def of_job(job: HardwareJob) -> tuple[str, ...]:
    """Every topic that a change of this job touches."""
    own = (company_jobs(job.company_id),) if job.company_id else ()
    return (server(job.server_id), JOBS, *own)
