"""The words of installations: what is passed on the way, why something is late, what was checked."""

from __future__ import annotations

from typing import Final

from opsportal.components.labels import Tones, Words
from opsportal.locale import N_

MILESTONE: Final[Words] = {
    "power_cycled": N_("Power cycle to network boot"),
    "network_boot": N_("Boot script fetched"),
    "kernel_fetched": N_("Kernel fetched"),
    "installer_started": N_("Installer started"),
    "disk_prepared": N_("Disks prepared"),
    "system_written": N_("System written"),
    "first_boot": N_("First start of the new system"),
    "answers": N_("The new system answers"),
}
DIAGNOSIS: Final[Words] = {
    "no_power": N_(
        "The server has not come back on. Look at its power state; press Power on when this job has ended."
    ),
    "no_network_boot": N_(
        "The server has not asked for its boot script. Most likely it starts from its disk first, or its network"
        " card, cable or VLAN is not the one on record. Nothing has been erased yet."
    ),
    "no_kernel": N_(
        "The boot script was fetched, but not the kernel. Most likely the connection to the boot service broke."
        " Nothing has been erased yet."
    ),
    "kernel_silent": N_(
        "The kernel was fetched, but the installer has not reported. Most likely the kernel stopped: the serial log"
        " shows where."
    ),
    "disk_not_ready": N_(
        "The installer runs, but the disks are not prepared. Most likely a disk is missing or failing: the serial"
        " log names it."
    ),
    "writing_stuck": N_(
        "Writing the system takes far longer than usual. Most likely a disk or the network is slow or failing."
    ),
    "no_first_boot": N_(
        "The system is written, but it has not started. Most likely the server does not start from its disk: press"
        " Boot from disk when this job has ended."
    ),
    "not_answering": N_(
        "The new system has started, but does not answer. Most likely its network or firewall is not up: the"
        " console shows more."
    ),
}
LAYOUT: Final[Words] = {
    "single": N_("One disk"),
    "mirror": N_("Two disks, mirrored (RAID 1)"),
}
LAYOUT_OBSTACLE: Final[Words] = {
    "too_few_disks": N_("Needs {needed} disks; this server has fewer that are large enough."),
    "disk_too_small": N_("Needs disks of at least {needed} GB."),
    "layout_unknown": N_("Not possible with this system."),
}
CHECK: Final[Words] = {
    "boot_service": N_("Network boot is set up"),
    "bmc_answers": N_("Management controller answers"),
    "mac_known": N_("Network card is on record"),
    "image_verified": N_("Image is complete and unchanged"),
    "port_up": N_("Switch port is up"),
}
CHECK_STATUS: Final[Words] = {
    "ok": N_("In order"),
    "bad": N_("Not in order"),
    "unknown": N_("Checked at the start"),
}
CHECK_TONE: Final[Tones] = {"ok": "ok", "bad": "bad", "unknown": "mute"}
BLOCKED: Final[Words] = {
    "server_busy": N_("{actor} has started something on this server. Wait until it has ended."),
    "service_not_active": N_("The service is not active. Open it to see why."),
    "server_without_bmc": N_("No management controller is on record, so nothing can be started from here."),
}
