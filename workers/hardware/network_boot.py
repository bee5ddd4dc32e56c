"""Jobs that start a server otherwise: from the network for an installer and its siblings, or from its disk."""

from __future__ import annotations

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims
from opsportal.domain.provisioning import progress
from opsportal.models import HardwareJob, JobStatus, MilestoneName
from workers.hardware import preflight
from workers.hardware.running import Running

SET_BOOT_S = 8.0


def install(running: Running) -> None:
    """Check everything, start the server from the network once, and leave it to what it boots.

    The order matters: the server is off before the boot service may answer with the installer, so that
    no start but ours can begin it.
    """
    with running.step("preflight"), running.connect() as control:
        control.power_state(timeout_s=SET_BOOT_S)
        preflight.check(running.job_id, renew=running.renew)
    with running.connect() as control:
        start_from_network(running, control)


def start_from_network(running: Running, control: bmc.PowerControl) -> None:
    """Everything after the checks. Repeated for a lost worker, unless the machine has been seen since."""
    with unit_of_work() as unit:
        claims.renew(unit, running.claim)
        may_begin = progress.disarm(unit, running.job_id)
    if not may_begin:
        _leave(running)
        return
    running.reach(control, bmc.PowerGoal.OFF, goes_on=True)
    with running.step("boot_network"):
        _set_boot(running, control, bmc.BootDevice.NETWORK)
    with unit_of_work() as unit:
        claims.renew(unit, running.claim)
        progress.arm(unit, running.job_id)
    running.reach(control, bmc.PowerGoal.ON, goes_on=True)
    _leave(running)


def _leave(running: Running) -> None:
    with unit_of_work() as unit:
        claims.begin_step(unit, running.claim, "machine")
        job = unit.get_one(HardwareJob, running.job_id, with_for_update=True, populate_existing=True)
        progress.advance(unit, job, MilestoneName.POWER_CYCLED)
        ended = progress.leave_to_machine(unit, running.claim)
        if ended is not None:
            status = JobStatus.SUCCEEDED if ended == progress.VERIFIED else JobStatus.FAILED
            claims.finish(unit, running.claim, status, outcome_code=ended)
    running.is_waiting = True


def boot_disk(running: Running) -> None:
    """Restart the server from its disk. Whatever the boot service said before, it says `disk` now."""
    with running.connect() as control:
        running.reach(control, bmc.PowerGoal.OFF, goes_on=True)
        start_from_disk(running, control)


def start_from_disk(running: Running, control: bmc.PowerControl) -> None:
    """The second half: also what is left of it when its worker was lost."""
    with running.step("boot_disk"):
        _set_boot(running, control, bmc.BootDevice.DISK)
    running.reach(control, bmc.PowerGoal.ON)


def _set_boot(running: Running, control: bmc.PowerControl, device: bmc.BootDevice) -> None:
    """Wish for a boot device, once. A help only: servers start from the network first and are told `disk`.

    Many BMCs cannot, or forget it; then the order stored in the firmware decides.
    """
    try:
        boot = bmc.capability(control, bmc.BootControl)
        running.before_command(f"boot device {device}, once")
        boot.set_boot(device, once=True, timeout_s=SET_BOOT_S)
        running.command_done(f"boot device {device} set")
    except bmc.BmcUnsupported:
        running.command_done("this BMC cannot choose the boot device")
    except bmc.BmcError as error:
        running.command_done(f"boot device not set: {error.code}")
