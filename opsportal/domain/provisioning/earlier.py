"""What was ordered before, to order it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_job_for
from opsportal.domain.refusals import NotFound
from opsportal.models import Installation, SystemPurpose


@dataclass(frozen=True)
class EarlierOrder:
    """An order as it was accepted. The password was never kept, so it is not here."""

    system_id: int
    layout: str
    disks: Sequence[str]
    hostname: str
    ssh_keys: Sequence[str]
    time_zone: str
    post_install: str


def earlier_order(actor: Actor, unit: Unit, job_id: int) -> EarlierOrder:
    """What a reinstall ordered, for those who may order one. Refuses with `NotFound` whatever is none.

    A post-install script is told to the person who wrote it and to nobody else.
    """
    job = access_job_for(actor, unit, job_id, permission=Permission.SERVER_REINSTALL)
    row = unit.get(Installation, job_id)
    if row is None or row.purpose != SystemPurpose.INSTALL:
        raise NotFound
    return EarlierOrder(
        system_id=row.system_id,
        layout=row.layout,
        disks=list(row.disks),
        hostname=row.hostname,
        ssh_keys=list(row.ssh_keys),
        time_zone=row.time_zone,
        post_install=row.post_install if job.actor_id == actor.person_id else "",
    )
