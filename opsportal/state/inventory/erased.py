"""The disks of a cleaning's newest wipe, one by one."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.inventory import erasures
from opsportal.domain.provisioning import wiped_disks
from opsportal.models import Cleaning
from opsportal.state.inventory.views import ErasedView
from opsportal.state.views import iso


def erased_of(unit: Unit, cleaning: Cleaning) -> list[ErasedView]:
    """What the wipe system has reported; empty before the first wipe has ended."""
    job_id = erasures.newest_wipe(unit, cleaning)
    disks = wiped_disks.list_disks(unit, job_id) if job_id else []
    return [
        ErasedView(
            id=disk.id or 0,
            model=disk.model,
            serial=disk.serial or disk.wwn or disk.device,
            bytes=disk.size_bytes,
            outcome=disk.outcome,
            method=disk.method,
            trouble=disk.trouble,
            seconds=disk.seconds,
            verified=disk.verified,
            job_id=disk.job_id,
            at=iso(disk.at),
        )
        for disk in disks
    ]
