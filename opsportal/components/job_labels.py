"""The words of hardware jobs: what is asked for, how it stands, its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.components import inventory_labels
from opsportal.components.machine_labels import PORT_STEP_NOTES, PORT_STEPS
from opsportal.domain.hardware.outcome_words import OUTCOME
from opsportal.locale import N_

JOB_KIND: Final[Mapping[str, str]] = {
    "power_on": N_("Power on"),
    "power_off": N_("Power off"),
    "reboot": N_("Reboot"),
    "shutdown": N_("Shut down"),
    "reinstall": N_("Reinstall"),
    "rescue": N_("Rescue system"),
    "memory_test": N_("Memory test"),
    "wipe": N_("Wipe disks"),
    "boot_disk": N_("Boot from disk"),
    "block": N_("Block"),
    "unblock": N_("Unblock"),
    "inspect": N_("Hardware check"),
    "rotate_credentials": N_("New BMC password"),
    "clean": N_("Cleaning"),
    "burn_in": N_("Burn-in"),
    "load_test": N_("Run under load"),
}
JOB_DOING: Final[Mapping[str, str]] = {
    "power_on": N_("Powering on"),
    "power_off": N_("Powering off"),
    "reboot": N_("Rebooting"),
    "shutdown": N_("Shutting down"),
    "reinstall": N_("Reinstalling"),
    "rescue": N_("Starting the rescue system"),
    "memory_test": N_("Testing the memory"),
    "wipe": N_("Wiping the disks"),
    "boot_disk": N_("Starting from disk"),
    "block": N_("Blocking"),
    "unblock": N_("Unblocking"),
    "inspect": N_("Checking the hardware"),
    "rotate_credentials": N_("Changing the BMC password"),
    "clean": N_("Cleaning for the next client"),
    "burn_in": N_("Burning in"),
    "load_test": N_("Running under load"),
}
JOB: Final[Mapping[str, str]] = {
    "queued": N_("Waiting"),
    "running": N_("Running"),
    "verifying": N_("Checking the result"),
    "waiting": N_("Machine at work"),
    "unknown": N_("Outcome not known yet"),
    "succeeded": N_("Done"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
    "expired": N_("Expired"),
}
JOB_TONE: Final[Mapping[str, str]] = {
    "queued": "mute",
    "running": "info",
    "verifying": "info",
    "waiting": "info",
    "unknown": "warn",
    "succeeded": "ok",
    "failed": "bad",
    "cancelled": "mute",
    "expired": "warn",
}
STEP: Final[Mapping[str, str]] = {
    **inventory_labels.JOB_STEP,
    "read": N_("Read the power state"),
    "switch_off": N_("Switch off"),
    "verify_off": N_("Verify that it is off"),
    "switch_on": N_("Switch on"),
    "verify_on": N_("Verify that it is on"),
    **PORT_STEPS,
    "preflight": N_("Check everything before anything is lost"),
    "boot_network": N_("Set the next start from the network"),
    "boot_disk": N_("Set the next start from its disk"),
    "machine": N_("The machine itself is at work"),
}
STEP_NOTE: Final[Mapping[str, str]] = {
    **OUTCOME,  # a step that fails keeps the error's code
    **inventory_labels.JOB_NOTE,
    "was_on": N_("It was on already; no command was needed."),
    "was_off": N_("It was off already; no command was needed."),
    **PORT_STEP_NOTES,
}
