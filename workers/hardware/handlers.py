"""Who carries out which kind of job: one line per kind."""

from __future__ import annotations

from collections.abc import Callable

import bmc
from opsportal.domain.hardware.resolutions import Resolution
from opsportal.models import JobKind
from workers.hardware import (
    blocks,
    burn_in,
    cleaning,
    credentials,
    inspections,
    network_boot,
    power,
    shutdown,
)
from workers.hardware.running import Running

HANDLERS: dict[JobKind, Callable[[Running], None]] = {
    JobKind.POWER_ON: power.reach_goals,
    JobKind.POWER_OFF: power.reach_goals,
    JobKind.REBOOT: power.reach_goals,
    JobKind.SHUTDOWN: shutdown.shut_down,
    JobKind.BLOCK: blocks.block_server,
    JobKind.UNBLOCK: blocks.unblock_server,
    JobKind.REINSTALL: network_boot.install,
    JobKind.RESCUE: network_boot.install,
    JobKind.MEMORY_TEST: network_boot.install,
    JobKind.WIPE: network_boot.install,
    JobKind.BOOT_DISK: network_boot.boot_disk,
    JobKind.INSPECT: inspections.inspect,
    JobKind.ROTATE_CREDENTIALS: credentials.rotate,
    JobKind.CLEAN: cleaning.clean,
    JobKind.BURN_IN: burn_in.burn_in,
    JobKind.LOAD_TEST: burn_in.begin_load,
}
"""Returning means success, unless the handler has left the server to itself; see `jobs.run_job`."""

RESUMES: dict[JobKind, Callable[[Running, bmc.PowerControl], None]] = {
    JobKind.REBOOT: power.switch_on_again,
    JobKind.SHUTDOWN: shutdown.switch_off_hard,
    JobKind.REINSTALL: network_boot.start_from_network,
    JobKind.RESCUE: network_boot.start_from_network,
    JobKind.MEMORY_TEST: network_boot.start_from_network,
    JobKind.WIPE: network_boot.start_from_network,
    JobKind.LOAD_TEST: network_boot.start_from_network,
    JobKind.BOOT_DISK: network_boot.start_from_disk,
}
"""How the worker that asked carries a job on when its resolution `resumes`."""

ASKERS: dict[JobKind, Callable[[Running], Resolution]] = {
    JobKind.BLOCK: blocks.ask_switch,
    JobKind.UNBLOCK: blocks.ask_switch,
    JobKind.ROTATE_CREDENTIALS: credentials.ask,
}
"""Kinds whose outcome is asked of something else than the BMC's power state, e.g. a switch."""
