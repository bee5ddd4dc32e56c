"""What a machine says of itself while it is being installed. It is believed only as far as it can harm nobody."""

from __future__ import annotations

import re

from opsportal.db import Unit
from opsportal.domain.hardware import topics
from opsportal.domain.provisioning import wiped_disks
from opsportal.domain.provisioning.machines import Machine, find_by_token, write_event
from opsportal.domain.provisioning.milestones import PLANS
from opsportal.domain.provisioning.progress import advance, give_up, hand_out
from opsportal.domain.provisioning.refusals import BootRefused
from opsportal.domain.provisioning.wiped_disks import ToldDisk
from opsportal.models import InstallFault, JobKind, MilestoneName

REPORTABLE = frozenset(
    {
        MilestoneName.INSTALLER_STARTED,
        MilestoneName.DISK_PREPARED,
        MilestoneName.SYSTEM_WRITTEN,
        MilestoneName.FIRST_BOOT,
        MilestoneName.ANSWERS,
        MilestoneName.LOAD_PASSED,
    }
)
"""The others are seen by us."""
FAILED = "failed"
PROGRESS = "progress"
DISK_WIPED = "disk_wiped"
DETAIL = re.compile(r"[A-Za-z0-9 ._:%-]{0,64}")
_PER_CENT = re.compile(r"(?:100|[0-9]{1,2})%?")


def report(
    unit: Unit, *, token: str, milestone: str, detail: str, address: str, disk: ToldDisk | None = None
) -> None:
    """Take in one report. Raises `BootRefused` for one that is not expected; then nothing has changed.

    A milestone that is reported again changes nothing and is accepted: the answer may have been lost.
    """
    machine = find_by_token(unit, token, address)
    if not DETAIL.fullmatch(detail):
        raise BootRefused
    if milestone == FAILED:
        _fail(unit, machine, detail)
    elif milestone == PROGRESS:
        _progress(unit, machine, detail)
    elif milestone == DISK_WIPED and disk is not None:
        wiped_disks.keep(unit, machine, disk)
    else:
        _pass(unit, machine, milestone, detail)


def _fail(unit: Unit, machine: Machine, detail: str) -> None:
    fault = InstallFault(detail) if detail in set(InstallFault) else InstallFault.OTHER
    write_event(unit, machine, FAILED, detail)
    give_up(unit, machine.job, machine.installation, f"installer_{fault}")


def _progress(unit: Unit, machine: Machine, detail: str) -> None:
    if not _PER_CENT.fullmatch(detail):
        raise BootRefused
    machine.installation.progress = max(machine.installation.progress, int(detail.rstrip("%")))
    unit.changed(topics.job(machine.installation.job_id), topics.server(machine.installation.server_id))


def _pass(unit: Unit, machine: Machine, milestone: str, detail: str) -> None:
    if milestone not in REPORTABLE or milestone not in PLANS[JobKind(machine.job.kind)]:
        raise BootRefused
    name = MilestoneName(milestone)
    write_event(unit, machine, name, detail)
    # An installer that runs without having asked for a configuration must not be started again either.
    hand_out(unit, machine.installation)
    if name is MilestoneName.ANSWERS and machine.system.answers_port is not None:
        return  # we ask ourselves
    if name is MilestoneName.SYSTEM_WRITTEN:
        machine.installation.progress = 100
    advance(unit, machine.job, name)
