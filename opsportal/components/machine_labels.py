"""The words of a machine's health, events and switch ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.locale import N_

SENSOR_KIND: Final[Mapping[str, str]] = {
    "temperature": N_("Temperature"),
    "voltage": N_("Voltage"),
    "current": N_("Current"),
    "fan": N_("Fan"),
    "power": N_("Power draw"),
    "other": N_("Component"),
}
HEALTH: Final[Mapping[str, str]] = {
    "ok": N_("Good"),
    "warning": N_("Warning"),
    "critical": N_("Critical"),
    "unknown": N_("No reading"),
}
HEALTH_TONE: Final[Mapping[str, str]] = {"ok": "ok", "warning": "warn", "critical": "bad", "unknown": "mute"}
SEVERITY: Final[Mapping[str, str]] = {
    "info": N_("Note"),
    "warning": N_("Warning"),
    "critical": N_("Critical"),
}
SEVERITY_TONE: Final[Mapping[str, str]] = {"info": "mute", "warning": "warn", "critical": "bad"}
PARTIAL: Final[Mapping[str, str]] = {
    "too_many": N_("There are more than we read; these are the first."),
    "unreadable": N_("Some records could not be read; the others are shown."),
    "out_of_time": N_("The time was up before all were read; these came in time."),
    "changed": N_("The list changed while it was read; ask again for a complete one."),
    "bmc_unsupported": N_("This management controller does not tell."),
    "bmc_busy": N_("The management controller was busy. Ask again in a minute."),
    "bmc_unreachable": N_("The management controller stopped answering. Ask again in a minute."),
    "bmc_session_lost": N_("The connection was lost before the answer came. Ask again."),
    "bmc_deadline_exceeded": N_("The answer did not come in time. Ask again."),
    "bmc_protocol_error": N_("The answer could not be understood; nothing of it is shown."),
    "bmc_refused_command": N_("The management controller refused to tell."),
    "bmc_credentials_refused": N_("Our rights on the management controller are too few for this."),
}
PLANNED: Final[Mapping[str, str]] = {
    "": N_("will be switched off"),
    "port_is_uplink": N_("is an uplink and is never switched"),
    "switch_read_only": N_("cannot be set: no credentials that may"),
    "port_missing": N_("is not shown by its switch at present"),
}
PLANNED_UP: Final[Mapping[str, str]] = {**PLANNED, "": N_("will be switched on")}
EVENT: Final[Mapping[str, str]] = {
    "unknown": N_("Event without a known meaning"),
    "oem": N_("Event of the manufacturer's own"),
    "threshold.lower_non_critical_falling": N_("Below the lower warning limit"),
    "threshold.lower_non_critical_rising": N_("Above the lower warning limit"),
    "threshold.lower_critical_falling": N_("Below the lower critical limit"),
    "threshold.lower_critical_rising": N_("Above the lower critical limit"),
    "threshold.lower_non_recoverable_falling": N_("Below the lower limit of what the part survives"),
    "threshold.lower_non_recoverable_rising": N_("Above the lower limit of what the part survives"),
    "threshold.upper_non_critical_falling": N_("Below the upper warning limit"),
    "threshold.upper_non_critical_rising": N_("Above the upper warning limit"),
    "threshold.upper_critical_falling": N_("Below the upper critical limit"),
    "threshold.upper_critical_rising": N_("Above the upper critical limit"),
    "threshold.upper_non_recoverable_falling": N_("Below the upper limit of what the part survives"),
    "threshold.upper_non_recoverable_rising": N_("Above the upper limit of what the part survives"),
    "state.asserted": N_("Condition set in"),
    "state.deasserted": N_("Condition over"),
    "predictive_failure.asserted": N_("Expected to fail soon"),
    "predictive_failure.deasserted": N_("No longer expected to fail"),
    "limit.exceeded": N_("Limit exceeded"),
    "limit.not_exceeded": N_("Back within the limit"),
    "performance.met": N_("Performance as expected"),
    "performance.lags": N_("Performance below what is expected"),
    "severity.ok": N_("In order"),
    "severity.non_critical": N_("Needs attention"),
    "severity.critical": N_("Critical condition"),
    "severity.non_recoverable": N_("Beyond repair"),
    "device.absent": N_("Device removed"),
    "device.present": N_("Device present"),
    "device.disabled": N_("Device disabled"),
    "device.enabled": N_("Device enabled"),
    "redundancy.full": N_("Fully redundant"),
    "redundancy.lost": N_("Redundancy lost"),
    "redundancy.degraded": N_("Redundancy reduced"),
    "chassis.opened": N_("Chassis opened"),
    "lan.unplugged": N_("Network cable of the controller unplugged"),
    "processor.internal_error": N_("Processor: internal error"),
    "processor.too_hot": N_("Processor: switched off because of heat"),
    "processor.self_test_failed": N_("Processor: self-test failed"),
    "processor.hung_in_post": N_("Processor: stuck while starting"),
    "processor.did_not_start": N_("Processor: did not start"),
    "processor.misconfigured": N_("Processor: configuration error"),
    "processor.uncorrectable_error": N_("Processor: uncorrectable error"),
    "processor.corrected_error": N_("Processor: error corrected"),
    "processor.present": N_("Processor present"),
    "processor.disabled": N_("Processor disabled"),
    "processor.throttled": N_("Processor slowed down"),
    "power_supply.present": N_("Power supply present"),
    "power_supply.failed": N_("Power supply failed"),
    "power_supply.failing_soon": N_("Power supply expected to fail soon"),
    "power_supply.input_lost": N_("Power supply without mains"),
    "power_supply.input_out_of_range": N_("Power supply: mains out of range"),
    "power_supply.misconfigured": N_("Power supply: configuration error"),
    "power_supply.standby": N_("Power supply on standby"),
    "power.off": N_("Switched off"),
    "power.cycled": N_("Power cycled"),
    "power.input_lost": N_("Mains lost"),
    "power.control_failed": N_("Power could not be switched"),
    "power.failed": N_("Power failure"),
    "power.failing_soon": N_("Power expected to fail soon"),
    "memory.corrected_error": N_("Memory: error corrected"),
    "memory.uncorrectable_error": N_("Memory: uncorrectable error"),
    "memory.parity_error": N_("Memory: parity error"),
    "memory.scrub_failed": N_("Memory: scrubbing failed"),
    "memory.disabled": N_("Memory module disabled"),
    "memory.too_many_corrected": N_("Memory: too many corrected errors"),
    "memory.present": N_("Memory module present"),
    "memory.misconfigured": N_("Memory: configuration error"),
    "memory.spare": N_("Memory module in reserve"),
    "memory.throttled": N_("Memory slowed down"),
    "memory.too_hot": N_("Memory too hot"),
    "drive.present": N_("Drive present"),
    "drive.failed": N_("Drive failed"),
    "drive.failing_soon": N_("Drive expected to fail soon"),
    "drive.spare": N_("Drive in reserve"),
    "drive.checking": N_("Drives are being checked"),
    "drive.array_critical": N_("Disk array without redundancy"),
    "drive.array_failed": N_("Disk array failed"),
    "drive.rebuilding": N_("Disk array is being rebuilt"),
    "drive.rebuild_aborted": N_("Rebuilding of the disk array was aborted"),
    "firmware.error": N_("Firmware: error while starting"),
    "firmware.hung": N_("Firmware: stuck while starting"),
    "firmware.progress": N_("Firmware: starting"),
    "log.memory_errors_muted": N_("Memory errors are no longer logged"),
    "log.events_muted": N_("Some events are no longer logged"),
    "log.cleared": N_("Event log cleared"),
    "log.all_muted": N_("Nothing is logged any more"),
    "log.full": N_("Event log full"),
    "log.almost_full": N_("Event log almost full"),
    "system.reconfigured": N_("System reconfigured"),
    "system.hardware_failure": N_("Unknown hardware failure"),
    "system.filter_action": N_("Action by the event filter"),
    "system.clock_set": N_("Clock set"),
    "interrupt.front_panel": N_("Diagnostic interrupt from the front panel"),
    "interrupt.bus_timeout": N_("Bus timeout"),
    "interrupt.io_check": N_("Input/output check failed"),
    "interrupt.software": N_("Diagnostic interrupt by software"),
    "interrupt.pci_parity": N_("PCI parity error"),
    "interrupt.pci_system": N_("PCI system error"),
    "interrupt.bus_corrected": N_("Bus error corrected"),
    "interrupt.bus_uncorrectable": N_("Uncorrectable bus error"),
    "interrupt.fatal": N_("Fatal interrupt"),
    "interrupt.bus_fatal": N_("Fatal bus error"),
    "button.power": N_("Power button pressed"),
    "button.sleep": N_("Sleep button pressed"),
    "button.reset": N_("Reset button pressed"),
    "boot.power_up": N_("Started by power-on"),
    "boot.hard_reset": N_("Started by hard reset"),
    "boot.warm_reset": N_("Started by warm reset"),
    "boot.network_asked": N_("Network boot was asked for"),
    "boot.no_media": N_("Nothing to boot from"),
    "boot.no_network_server": N_("No boot server in the network"),
    "boot.bad_sector": N_("Invalid boot sector"),
    "boot.no_choice": N_("Nobody chose what to boot"),
    "os.started": N_("Operating system started"),
    "os.started_from_network": N_("Operating system started from the network"),
    "os.started_from_cd": N_("Operating system started from CD"),
    "os.stopped_loading": N_("Operating system stopped while loading"),
    "os.crashed": N_("Operating system crashed"),
    "os.stopped": N_("Operating system stopped"),
    "os.shut_down": N_("Operating system shut down"),
    "os.shut_down_by_filter": N_("Operating system shut down by the event filter"),
    "acpi.working": N_("Running"),
    "acpi.sleeping": N_("Sleeping"),
    "acpi.hibernating": N_("Hibernating"),
    "acpi.soft_off": N_("Off"),
    "acpi.mechanical_off": N_("Off at the mains"),
    "watchdog.expired": N_("Watchdog expired"),
    "watchdog.reset": N_("Watchdog reset the machine"),
    "watchdog.power_off": N_("Watchdog switched the machine off"),
    "watchdog.power_cycle": N_("Watchdog cycled the power"),
    "watchdog.interrupt": N_("Watchdog interrupt"),
    "battery.low": N_("Battery low"),
    "battery.failed": N_("Battery failed"),
    "battery.present": N_("Battery present"),
}
PORT_STEPS: Final[Mapping[str, str]] = {
    "ask_off": N_("Ask the operating system to shut down"),
    "wait_off": N_("Wait until it has shut down"),
    "port_down": N_("Take the switch port down"),
    "port_up": N_("Take the switch port up"),
}
PORT_STEP_NOTES: Final[Mapping[str, str]] = {
    "went_by_itself": N_("It went off by itself."),
    "cannot_ask": N_("This controller cannot ask an operating system; the power is taken away."),
}
PORT_OUTCOMES: Final[Mapping[str, str]] = {
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
TRAIL: Final[Mapping[str, str]] = {
    "server:shutdown_requested": N_("Shutdown requested"),
    "server:block_requested": N_("Block requested"),
    "server:unblock_requested": N_("Unblock requested"),
    "server:described": N_("Description changed"),
    "server:sign_in_saved": N_("Sign-in data saved"),
    "server:sign_in_removed": N_("Sign-in data removed"),
    "server:sign_in_revealed": N_("Password shown"),
    "port:up_requested": N_("Switch port: up requested"),
    "port:down_requested": N_("Switch port: down requested"),
    "port:marked_uplink": N_("Switch port marked as uplink"),
    "port:marked_no_uplink": N_("Switch port no longer an uplink"),
    "switch:write_access_set": N_("Write access to a switch set"),
    "switch:write_access_removed": N_("Write access to a switch taken away"),
    "prefix:changed": N_("Prefix changed"),
    "prefix:removed": N_("Prefix removed"),
    "traffic_plan:changed": N_("Traffic of a plan changed"),
    "traffic_plan:removed": N_("Plan no longer metered"),
    "traffic:limit_set": N_("Port limited by hand"),
    "traffic:limit_lifted": N_("Limit of the port lifted by hand"),
    "person:confirmed_identity": N_("Identity confirmed for sign-in data"),
}
