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

OUTCOMES: Final[Words] = {
    "preflight_failed": N_(
        "A check before the installation failed. Nothing was erased and the server was not touched. Please contact"
        " support."
    ),
    "boot_file_missing": N_(
        "A file of this system cannot be fetched. Nothing was erased and the server was not touched. Choose another"
        " system, or contact support."
    ),
    "boot_file_wrong": N_(
        "A file of this system is not the one on record. Nothing was erased and the server was not touched. Choose"
        " another system, or contact support."
    ),
    "switch_port_down": N_(
        "The server's switch port is down, so it cannot start from the network. Nothing was erased. Check its cable"
        " and whether the server is blocked, then try again."
    ),
    "boot_url_missing": N_(
        "Network boot is not set up on this portal. Nothing was erased and the server was not touched."
    ),
    "stopped": N_(
        "Stopped by a person while the machine was at work. What was on its disks may be lost. Nothing of it counts"
        " any more; the job after it says in which state the server is."
    ),
    "interrupted": N_(
        "It was interrupted, and nobody knows how far the server came. It starts from its disk now. Look at it, then"
        " install again."
    ),
    "no_power": N_(
        "The server was off when it should have been at work: its power was cut, it switched itself off, or it never"
        " came on. If its disks were prepared by then, what was on them is lost. Try again; if it stays off, contact"
        " support."
    ),
    "no_dhcp_request": N_(
        "The server's firmware never asked for an address, so nothing was erased. Put the network first in its boot"
        " order and check its cable and VLAN; then try again."
    ),
    "no_boot_script": N_(
        "The server was given an address, but never fetched its boot script, so nothing was erased. Boot order, cable"
        " and VLAN are right: check TFTP and HTTP to the boot service, then try again."
    ),
    "no_network_boot": N_(
        "The server never asked for its boot script, so nothing was erased. Check that it starts from the network"
        " first, and its cable and VLAN; then try again."
    ),
    "no_kernel": N_(
        "The server never fetched the kernel, so nothing was erased. Try again; if it happens again, contact support."
    ),
    "kernel_silent": N_(
        "The kernel started, but the installer never reported. The serial log shows where it stopped. Try again, or"
        " choose another system."
    ),
    "disk_not_ready": N_(
        "The installer could not prepare the disks in time. The old system is probably lost. Look at the serial log;"
        " if a disk is failing, contact support."
    ),
    "writing_stuck": N_(
        "The system could not be written in time. The old system is lost. Look at the serial log, then install again."
    ),
    "no_first_boot": N_(
        "The system was written, but never started. Press Boot from disk; if that does not help, install again."
    ),
    "not_answering": N_(
        "The new system started, but never answered. Open the console: it may be complete and only unreachable."
    ),
    "installer_no_dhcp": N_(
        "The installer got no address from the network. Nothing was erased. Check the cable and VLAN, then try again."
    ),
    "installer_image_missing": N_(
        "The installer could not fetch the system. The old system may be lost already. Install again; if it happens"
        " again, contact support."
    ),
    "installer_checksum": N_(
        "What the installer fetched was damaged on its way, so it was not used. The serial log says whether a disk was"
        " touched before that. Install again."
    ),
    "installer_no_disk": N_(
        "The installer did not find the disk that was chosen. Nothing was erased. Choose another disk, or contact"
        " support."
    ),
    "installer_write": N_(
        "The disk could not be written. The old system is lost. A disk is probably failing: contact support."
    ),
    "installer_not_erased": N_(
        "A disk could not be erased in a way that can be proved. Its record in the machine's cleaning says which one and"
        " why. A person looks at it."
    ),
    "installer_mount": N_(
        "The new file system could not be used after it was written. Install again; if it happens again, contact"
        " support."
    ),
    "installer_post_install": N_(
        "The system is installed, but the post-install script ended with an error. The serial log shows where."
        " Correct the script, then install again."
    ),
    "load_stuck": N_(
        "The machine never reported the end of its run under load. Most likely it hung or lost its network. A person"
        " looks at it; its disks were only read."
    ),
    "installer_load_memory": N_(
        "Under load a memory module gave back something else than was written. A person looks at the machine."
    ),
    "installer_load_cpu": N_("Under load a processor calculated wrongly. A person looks at the machine."),
    "installer_load_disk": N_(
        "Under load a disk could not be read. A person looks at the machine; the serial log names the disk."
    ),
    "installer_load_hot": N_(
        "Under load a part of the machine reached its critical temperature. A person looks at its fans and heat sinks."
    ),
    "installer_load_hardware": N_(
        "Under load the machine reported a hardware error that could not be corrected. A person looks at it."
    ),
    "installer_other": N_(
        "The installer gave up. The serial log shows why. Install again, or contact support."
    ),
}
