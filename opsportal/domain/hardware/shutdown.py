"""Asking a server to end by itself: soft first, and hard only when it does not."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware.requests import request_job
from opsportal.models import HardwareJob, JobKind

STEPS = ("ask_off", "wait_off", "read", "switch_off", "verify_off")


def request_shutdown(unit: Unit, actor: Actor, server_id: int) -> HardwareJob:
    """Write a job that asks the operating system to shut down and, after a grace, takes the power away."""
    return request_job(
        unit, actor, server_id, kind=JobKind.SHUTDOWN, permission=Permission.SERVER_POWER, steps=STEPS
    )
