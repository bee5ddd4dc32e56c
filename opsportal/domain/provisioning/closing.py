"""The end of an installation: whatever ended its job, its token opens nothing and the disk is booted."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.audit import trail
from opsportal.domain.lifecycle import INSTALLATION, move
from opsportal.domain.provisioning.letters import tell_desk
from opsportal.models import HardwareJob, Installation, InstallStage, JobKind, JobStatus, Server
from opsportal.models.base import utcnow


def close_installation(unit: Unit, job: HardwareJob, *, outcome_code: str) -> None:
    """Close the installation of a job that has just ended, if it has one. Called for every job that ends.

    How it ended goes into the trail; of a failure the desk is told by mail.
    """
    row = unit.get(Installation, job.id, with_for_update=True, populate_existing=True)
    if row is None:
        return
    row.password_hash = None
    row.outcome_code = outcome_code
    if row.stage != InstallStage.ENDED:
        move(unit, INSTALLATION, row, InstallStage.ENDED, reason=outcome_code)
        row.ended_at = utcnow()
    server = unit.get_one(Server, job.server_id)
    if job.status == JobStatus.FAILED:
        tell_desk(unit, job, server, outcome_code=outcome_code)
    action = "done" if job.status == JobStatus.SUCCEEDED else "failed"
    trail.record(
        unit,
        f"server:{job.kind}_{action}",
        actor=None,
        actor_name=job.actor_name,
        actor_id=job.actor_id,
        object_kind="server",
        object_id=job.server_id,
        object_name=server.name,
        company_id=job.company_id,
        job=job.id,
        outcome=outcome_code,
    )
    if job.kind == JobKind.LOAD_TEST and job.id is not None:
        unit.enqueue("hardware", "burn_in_after", job.id)
