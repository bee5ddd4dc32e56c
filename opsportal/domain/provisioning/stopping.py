"""Taking a server back from the machine that is at work on it: the waiting ends, and the server in a known state."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_job_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import owners
from opsportal.domain.hardware.claims import end_waiting
from opsportal.domain.hardware.power import request_power
from opsportal.domain.provisioning.refusals import ConfirmationWrong, JobNotWaiting
from opsportal.domain.provisioning.reinstall import request_boot
from opsportal.models import HardwareJob, JobKind, JobStatus, Server

STOPPED = "stopped"


def stop_waiting(unit: Unit, actor: Actor, job_id: int, *, then: JobKind, confirmation: str) -> HardwareJob:
    """End a job whose machine is at work, and ask for what brings its server into a known state.

    One transaction: when it is committed the job's token opens nothing, the boot service says `disk`,
    what the machine still reports is refused, and the new job (`then`: POWER_OFF or BOOT_DISK), which
    is returned, is the server's only one. A client may stop the own company's jobs, staff any.

    Refuses a server's name that is not typed exactly, and `JobNotWaiting`: the machine may have been
    faster. Then nothing has changed.
    """
    access_job_for(actor, unit, job_id, permission=Permission.SERVER_REINSTALL)
    job = unit.get_one(HardwareJob, job_id, with_for_update=True, populate_existing=True)
    if job.status != JobStatus.WAITING:
        raise JobNotWaiting
    server = unit.get_one(Server, job.server_id)
    if confirmation.strip() != server.name:
        raise ConfirmationWrong(name=server.name)
    owners.require_free(unit, actor, server)
    end_waiting(unit, job, JobStatus.CANCELLED, outcome_code=STOPPED, line=f"stopped by {actor.name}")
    trail.record(
        unit, "job:stopped", actor=actor, object_kind="server", object_id=job.server_id,
        object_name=server.name, company_id=job.company_id, job=job.id, then=then,
    )  # fmt: skip
    if then is JobKind.POWER_OFF:
        return request_power(unit, actor, job.server_id, kind=then)
    assert then is JobKind.BOOT_DISK
    return request_boot(unit, actor, job.server_id, kind=then).job
