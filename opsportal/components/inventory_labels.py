"""What the codes of the inventory mean in words. English msgids; the browser translates them."""

from __future__ import annotations

from opsportal.components import arrival_labels
from opsportal.locale import N_

STOCK = {
    "leased": N_("Leased"),
    "quarantined": N_("Quarantined"),
    "cleaning": N_("Being cleaned"),
    "verified": N_("Verified clean"),
    "available": N_("Available"),
    "faulty": N_("Faulty"),
}
STOCK_TONE = {
    "leased": "info",
    "quarantined": "warn",
    "cleaning": "warn",
    "verified": "ok",
    "available": "ok",
    "faulty": "bad",
}
STOCK_MEANING = {
    "leased": N_("A client's service has this machine."),
    "quarantined": N_("Nobody has it and nobody may get it: what is on it is not known. Start its cleaning."),
    "cleaning": N_("It can be let when every step below has good evidence."),
    "verified": N_("Every step of its cleaning has good evidence. Release it to stock."),
    "available": N_("In stock. A service can get it."),
    "faulty": N_("Something failed. A person takes it over, with a reason."),
}
PART = {
    "chassis": N_("Chassis"),
    "board": N_("Board"),
    "cpu": N_("Processor"),
    "dimm": N_("Memory module"),
    "disk": N_("Disk"),
    "nic": N_("Network card"),
    "psu": N_("Power supply"),
    "controller": N_("Controller"),
    "other": N_("Other part"),
}
PART_STATUS = {
    "installed": N_("Installed"),
    "missing": N_("Missing"),
    "spare": N_("Spare"),
    "broken": N_("Broken"),
    "retired": N_("Retired"),
}
PART_TONE = {"installed": "ok", "missing": "bad", "spare": "info", "broken": "bad", "retired": "mute"}
STEP = {
    "addresses": N_("Addresses unassigned"),
    "reverse_dns": N_("Names of its addresses gone from reverse DNS"),
    "bmc_users": N_("BMC users removed but ours"),
    "bmc_password": N_("New BMC password"),
    "bmc_access": N_("BMC lets nobody in without a password"),
    "settings": N_("BMC and BIOS settings reset, virtual media ejected"),
    "disk": N_("Disk erased"),
    "firmware": N_("Firmware compared with what is approved"),
    "inventory": N_("Parts counted and compared"),
    "burn_in": N_("Burn-in test passed"),
}
FAILED_STEP = {
    "addresses": N_("Addresses"),
    "reverse_dns": N_("Reverse DNS"),
    "bmc_users": N_("BMC users"),
    "bmc_password": N_("BMC password"),
    "bmc_access": N_("Access to the BMC"),
    "settings": N_("BMC and BIOS settings"),
    "disk": N_("Disk"),
    "firmware": N_("Firmware"),
    "inventory": N_("Parts"),
    "burn_in": N_("Burn-in test"),
}
METHOD = {
    "confirmed": N_("Confirmed by a person"),
    "nvme_format": N_("NVMe format"),
    "ata_enhanced_erase": N_("ATA enhanced secure erase"),
    "ata_secure_erase": N_("ATA secure erase"),
    "scsi_sanitize": N_("SCSI sanitize"),
    "secure_discard": N_("Secure discard"),
    "overwrite": N_("Overwritten"),
    "destroyed": N_("Taken out and destroyed"),
    "read_by_bmc": N_("Read from the BMC"),
    "removed_by_bmc": N_("Removed at the BMC and read back"),
    "signed_in": N_("Proved by signing in"),
    "tried": N_("Tried without a password"),
    "wipe_system": N_("Reported by the wipe system"),
    "compared": N_("Compared with what is approved"),
    "reset_by_bmc": N_("Set back by the BMC"),
    "not_by_bmc": N_("The BMC cannot do it"),
    "released": N_("Released by the portal"),
    "asked_name_server": N_("Asked of the name server"),
    "loaded": N_("Run under load"),
    **arrival_labels.METHOD,
    "switched": N_("Switched on and off several times, health and event log read"),
}
DISK_METHOD = {
    code: METHOD[code]
    for code in (
        *("nvme_format", "ata_enhanced_erase", "ata_secure_erase", "scsi_sanitize", "secure_discard"),
        *("overwrite", "destroyed"),
    )
}
RESULT = {
    "good": N_("Good"),
    "bad": N_("Bad"),
    "open": N_("A person decides"),
    "": N_("No evidence yet"),
}
RESULT_TONE = {"good": "ok", "bad": "bad", "open": "warn", "": "mute"}
ERASED = {"erased": N_("Erased"), "failed": N_("Not erased"), "missing": N_("Missing")}
ERASED_TONE = {"erased": "ok", "failed": "bad", "missing": "bad"}
TROUBLE = {
    "unsupported": N_("It has no better method."),
    "frozen": N_("The firmware has frozen its security."),
    "locked": N_("It is locked by a password that is not ours."),
    "hidden": N_("It shows less than it has: an area that nobody can read."),
    "refused": N_("It refused the command, or dropped what was written."),
    "unreadable": N_("It could not be read afterwards, or was another disk by then."),
    "not_proved": N_("It said that it was erased, and was not."),
}
NOT_ERASED = TROUBLE | {
    "unsupported": N_("It is no disk of the machine's own: a stick, or memory that keeps.")
}
"""Why nothing has erased it."""
SCORE = {
    "inspection": N_("Parts inspected"),
    "power": N_("Power verified"),
    "cleaning": N_("Verified clean"),
    "agreement": N_("Parts found as on record"),
}
DIFFERENCE = {
    "missing": N_("Missing"),
    "new": N_("Not on record"),
    "firmware": N_("Other firmware"),
    "count": N_("Not as ordered"),
    **arrival_labels.DIFFERENCE,
}
DIFFERENCE_TONE = {
    "missing": "bad",
    "new": "warn",
    "firmware": "info",
    "count": "bad",
    **arrival_labels.DIFFERENCE_TONE,
}
CLEANING = {"return": N_("Return to stock"), "intake": N_("Intake")}
BULK = {
    "will_power_on": N_("Is switched on."),
    "will_power_off": N_("Loses power at once; programs on it are not asked to finish."),
    "will_reboot": N_("Is switched off and on again; it is away for some minutes."),
    "will_inspect": N_("Its BMC is asked for its parts. Nothing about it changes."),
    "will_identify": N_("Its identify light blinks."),
    "no_bmc": N_("No management controller is on record."),
    "busy": N_("{actor} has a job under way on it."),
    "server_busy": N_("Somebody has just started a job on it."),
    "server_without_bmc": N_("No management controller is on record."),
    "is_on": N_("Is on already."),
    "is_off": N_("Is off already."),
    "forbidden": N_("Your role does not allow it."),
    "not_found": N_("It is not there any more."),
}
JOB_STEP = {
    "read_parts": N_("Read the parts from the BMC"),
    "compare_parts": N_("Compare with what is on record"),
    "keep_new_password": N_("Keep the new password, sealed"),
    "send_new_password": N_("Send it to the BMC"),
    "prove_new_password": N_("Prove it by signing in"),
    "check_addresses": N_("Release addresses and reverse DNS"),
    "check_reverse": N_("Wait until reverse DNS has no name of it"),
    "check_bmc_access": N_("Try the BMC without a password"),
    "remove_bmc_users": N_("Remove BMC users but ours"),
    "check_disks": N_("Take in what the wipe has reported"),
    "note_firmware": N_("Compare firmware with what is approved"),
    "reset_settings": N_("Set back BMC and BIOS settings"),
    "see_firmware": N_("See the firmware carry it out at a start"),
    "read_health": N_("Read health and event log"),
    "read_health_again": N_("Read health and event log again"),
}
JOB_NOTE = {
    "bmc_unsupported": N_("This BMC cannot do it. A person confirms this step by hand."),
    "addresses_left": N_("The server still has addresses. Release them on its network tab."),
    "suite_zero_open": N_("Cipher suite 0 lets anybody in without a password. Switch it off in the BMC."),
    "factory_user": N_("We still sign in by a factory user. Give the BMC a user of ours first."),
    "parts_differ": N_("The parts differ from the record. A person looks at them."),
    "health_bad": N_("A sensor is critical, or the event log has new errors."),
    "sent_before": N_("The BMC has it already; a worker was lost after sending it."),
    "not_tried": N_("This could not be tried. A person confirms it by hand."),
}
AUDIT = {
    **arrival_labels.AUDIT,
    "site:added": N_("Site added"),
    "rack:added": N_("Rack added"),
    "rack:filled": N_("Equipment placed in a rack"),
    "rack:cleared": N_("Taken out of a rack"),
    "server:placed": N_("Placed in a rack"),
    "server:taken_in": N_("Taken in"),
    "server:inspect_requested": N_("Hardware check requested"),
    "server:clean_requested": N_("Gathering of evidence requested"),
    "server:burn_in_requested": N_("Burn-in requested"),
    "server:load_test_requested": N_("Run under load requested"),
    "server:load_test_done": N_("Run under load passed"),
    "server:load_test_failed": N_("Run under load failed"),
    "server:identify_requested": N_("Identify light requested"),
    "server:rotate_credentials_requested": N_("New BMC password requested"),
    "bmc:password_rotated": N_("BMC password changed and proved"),
    "bmc:record_corrected": N_("Record of the BMC corrected"),
    "firmware:approved": N_("Firmware version approved"),
    "firmware:withdrawn": N_("Firmware version withdrawn"),
    "part:added": N_("Part added"),
    "part:installed": N_("Part installed"),
    "part:spare": N_("Part put into the store"),
    "part:broken": N_("Part marked as broken"),
    "part:retired": N_("Part retired"),
    "parts:accepted": N_("Differences of parts taken into the record"),
    "stock:let": N_("Given to a service"),
    "stock:taken_back": N_("Taken back from a service"),
    "stock:quarantined": N_("Put into quarantine"),
    "stock:faulty": N_("Marked as faulty"),
    "stock:taken_over": N_("Taken over by a person"),
    "stock:return_begun": N_("Cleaning started"),
    "stock:intake_begun": N_("Intake started"),
    "stock:verified": N_("Verified clean"),
    "stock:released": N_("Released to stock"),
}
