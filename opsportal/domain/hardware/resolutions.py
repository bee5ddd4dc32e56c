"""What is known about a job whose worker was lost, and what follows from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from opsportal.models import HardwareJob, JobStatus, Power


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the BMC's answer means for a job.

    `resumes`: the worker that asked carries it on first, e.g. by switching the server on.
    `until`: for a job that goes on waiting for its machine, the new deadline.
    """

    status: JobStatus
    outcome_code: str
    resumes: bool = False
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known about a job whose worker was lost, and what the BMC says about its server now."""

    job: HardwareJob
    power: Power
    was_verified_off: bool
    may_resume: bool
