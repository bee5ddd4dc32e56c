"""What came of a job on a machine or of an order to a port, in words: pages and letters say the same sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.locale import N_

Words = Mapping[str, str]

_OF_INSTALLATIONS: Final[Words] = {
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
PORT_OUTCOME: Final[Words] = {
    "switch_unreachable": N_(
        "The switch does not answer, so its port was not set. Try again, or ask support."
    ),
    "switch_credentials_refused": N_(
        "The switch refused our credentials, so its port was not set. Support has to correct them."
    ),
    "switch_bad_answer": N_("The switch answered in a form that cannot be used. Support has to look at it."),
    "switch_write_refused": N_(
        "It does not let us set its ports. Nothing was changed. Support has to change its credentials."
    ),
    "switch_port_moved": N_(
        "The switch has renumbered its ports. Nothing was changed. Try again in a few minutes."
    ),
    "switch_port_unmoved": N_(
        "The switch took the order, but its port did not follow. Ask support to look at it."
    ),
    "switch_answer_too_big": N_("The switch cannot answer as we need it. Support has to look at it."),
    "switch_outside_networks": N_(
        "The switch's address is outside the networks that we may talk to. Support has to correct it."
    ),
    "switch_misconfigured": N_(
        "What is on record about the switch cannot be used. Support has to correct it."
    ),
    "switch_error": N_("The switch did not do what was asked. Support has to look at it."),
    "switch_without_ports": N_("The switch shows no ports. Support has to look at it."),
    "switch_never_answered": N_(
        "The switch stopped answering, so it is not known whether its port has followed. Unblock the server when the"
        " switch answers again, or ask support."
    ),
    "never_answered": N_("The switch never answered, so its port was not set. Ask for it again."),
    "not_carried_out": N_("Its job ended before this was done. The port was not set."),
    "blocked_in_part": N_(
        "One switch port is down, but another could not be set. Unblock the server, then block it again."
    ),
    "blocked_left_on": N_(
        "The switch ports are down, but the server could not be switched off. Switch it off if it should be."
    ),
    "bmc_unsupported": N_("This server's management controller cannot do that. Nothing was changed."),
}
OUTCOME: Final[Words] = {
    **_OF_INSTALLATIONS,
    **PORT_OUTCOME,
    "ended_by_hand": N_("Ended by somebody who looked at the machine."),
    "verified": N_("Read back from the server and confirmed."),
    "reconciled": N_(
        "The connection was lost on the way; the server was asked afterwards and has reached the goal."
    ),
    "cancelled": N_("Cancelled before it began. The server was not touched."),
    "changed_hands": N_(
        "The server was handed on before this was done. Nothing more was done to it in your name."
    ),
    "waited_too_long": N_(
        "It waited too long and was dropped, so that nothing happens by surprise. The server was not touched."
        " Start it again if you still need it."
    ),
    "reboot_uncertain": N_(
        "The server is on, but nobody can say whether it restarted. Look at it, then reboot again if needed."
    ),
    "reboot_left_off": N_("The server was switched off and did not come back on. Power it on."),
    "not_carried_out": N_(
        "The connection was lost on the way; the server was asked afterwards and nothing had changed. Start it again."
    ),
    "never_answered": N_(
        "The management controller stopped answering, so the outcome is not known. Check the server before you try again."
    ),
    "bmc_error": N_(
        "The management controller did not do what was asked. Check the server before you try again, or contact support."
    ),
    "server_without_bmc": N_("This server has no management controller on record, so it cannot be asked."),
    "bmc_unreachable": N_(
        "The management controller does not answer. Nothing was changed. Try again in a minute, or contact support."
    ),
    "bmc_credentials_refused": N_(
        "The management controller refused our password. Nothing was changed. We have to correct it; please contact support."
    ),
    "bmc_user_unknown": N_(
        "The management controller does not know our user name. Nothing was changed. We have to correct it; please contact support."
    ),
    "bmc_certificate_unknown": N_(
        "The management controller shows another certificate than the one on record. Nothing was changed."
        " We have to look into it; please contact support."
    ),
    "bmc_busy": N_("The management controller is busy. Nothing was changed. Wait a minute and try again."),
    "bmc_protocol_error": N_(
        "The management controller answers in a way we do not understand. Nothing was changed. Please contact support."
    ),
    "bmc_ignored_command": N_(
        "The management controller accepted the command, but the server did not follow. Try again, or contact support."
    ),
    "bmc_refused_command": N_(
        "The management controller refused the command in the server's present state. Nothing was changed. Please contact support."
    ),
    "bmc_outside_networks": N_(
        "The address of the management controller is outside the networks the portal may reach. Nothing was changed."
        " We have to correct it; please contact support."
    ),
    "bmc_session_lost": N_(
        "The connection to the management controller was lost. Nothing was changed. Try again in a minute."
    ),
    "bmc_misconfigured": N_(
        "What we have on record about the management controller cannot be used. Nothing was changed."
        " We have to correct it; please contact support."
    ),
    "clean_interrupted": N_(
        "Gathering the evidence was interrupted. What was found stays on record; the server may be switched off."
        " Look at it, then gather it again."
    ),
    "machine_silent": N_("The machine did not report in time. Look at it, then start it again."),
    "burn_in_interrupted": N_(
        "The burn-in was interrupted, so it has proved nothing; the server may be switched off. Look at it, then start"
        " it again."
    ),
    "inspect_interrupted": N_(
        "The hardware check was interrupted. Nothing about the server was changed. Start it again."
    ),
    "internal": N_(
        "Something went wrong on our side. The power state is being read again. Check it before you try again."
    ),
    "bmc_deadline_exceeded": N_(
        "The time was used up before the result could be confirmed. Check the power state before you try again."
    ),
}
