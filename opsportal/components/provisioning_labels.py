"""The words of installations: what is passed on the way, why something is late, what was checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.locale import N_

Words = Mapping[str, str]
Tones = Mapping[str, str]

MILESTONE: Final[Words] = {
    "power_cycled": N_("Power cycle to network boot"),
    "address_given": N_("Address given (DHCP)"),
    "network_boot": N_("Boot script fetched"),
    "kernel_fetched": N_("Kernel fetched"),
    "installer_started": N_("Installer started"),
    "disk_prepared": N_("Disks prepared"),
    "system_written": N_("System written"),
    "first_boot": N_("First start of the new system"),
    "answers": N_("The new system answers"),
    "load_passed": N_("Run under load passed"),
}
DIAGNOSIS: Final[Words] = {
    "no_power": N_(
        "The server is off, so nothing goes on: its power was cut, it switched itself off, or it never came on. End this"
        " with Stop and power off, then try again; if it stays off, contact support."
    ),
    "no_dhcp_request": N_(
        "The server's firmware has not asked for an address: the boot network's DHCP server has not heard of it. Most"
        " likely it starts from its disk first, or its network card, cable or VLAN is not the one on record. Nothing has"
        " been erased yet: end this with Stop and boot from disk, put the network first in the firmware's boot order,"
        " then try again."
    ),
    "no_boot_script": N_(
        "The server was given an address, but has not fetched its boot script. So boot order, cable and VLAN are right."
        " Most likely TFTP or HTTP does not get through to the boot service, or its firmware starts by UEFI HTTP boot."
        " Nothing has been erased yet: end this with Stop and boot from disk, and try again when it gets through."
    ),
    "no_network_boot": N_(
        "The server has not asked for its boot script. Most likely it starts from its disk first, or its network"
        " card, cable or VLAN is not the one on record. Nothing has been erased yet."
        " End this with Stop and boot from disk, put the network first in the firmware's boot order, then try"
        " again."
    ),
    "no_kernel": N_(
        "The boot script was fetched, but not the kernel. Most likely the connection to the boot service broke."
        " Nothing has been erased yet."
        " End this with Stop and boot from disk, then try again."
    ),
    "kernel_silent": N_(
        "The kernel was fetched, but the installer has not reported. Most likely the kernel stopped: the serial log"
        " shows where."
        " End this with Stop and power off, then try again."
    ),
    "disk_not_ready": N_(
        "The installer runs, but the disks are not prepared. Most likely a disk is missing or failing: the serial"
        " log names it."
        " End this with Stop and power off, and try again when the disk is in order."
    ),
    "writing_stuck": N_(
        "Writing the system takes far longer than usual. Most likely a disk or the network is slow or failing."
        " Wait while the serial log goes on; if it stands still, end this with Stop and power off, then try"
        " again."
    ),
    "no_first_boot": N_(
        "The system is written, but it has not started. Most likely the server does not start from its disk: press"
        " Boot from disk when this job has ended."
    ),
    "not_answering": N_(
        "The new system has started, but does not answer. Most likely its network or firewall is not up: the"
        " console shows more."
        " Open the Console tab, sign in there and look at its network."
    ),
    "load_stuck": N_(
        "The machine runs under load for longer than it was to. Most likely it hangs: the serial log and its sensors"
        " show more."
        " End this with Stop and power off, and look at the machine before you try again."
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
    "image_verified": N_("Files of the system are complete and unchanged"),
    "port_up": N_("Switch port is up"),
}
CHECK_STATUS: Final[Words] = {
    "ok": N_("In order"),
    "bad": N_("Not in order"),
    "unknown": N_("Checked at the start"),
}
CHECK_TONE: Final[Tones] = {"ok": "ok", "bad": "bad", "unknown": "mute"}
BLOCKED: Final[Words] = {
    "server_busy": N_(
        "Locked by job #{job} at step {step} of {steps}, started by {actor}. Wait until it has ended."
    ),
    "server_taken_over": N_(
        "{actor} has taken over a job of this server. Nothing else can be started on it until that is settled."
    ),
    "service_not_active": N_("The service is not active. Open it to see why."),
    "server_without_bmc": N_("No management controller is on record, so nothing can be started from here."),
}
