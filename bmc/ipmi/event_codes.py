"""What an event or a discrete state means, as our stable codes: IPMI v2.0 tables 42-1, 42-2 and 42-3.

Child processes only; callers find the words for people by the code.
"""

from __future__ import annotations

UNKNOWN, OEM = "unknown", "oem"
SEVERITIES = ("info", "warning", "critical")
_I, _W, _C = SEVERITIES

_THRESHOLD, _SENSOR_SPECIFIC = 0x01, 0x6F
_NON_CRITICAL, _CRITICAL, _NON_RECOVERABLE = "non_critical", "critical", "non_recoverable"

KINDS = {
    0x01: "temperature",
    0x02: "voltage",
    0x03: "current",
    0x04: "fan",
    0x05: "physical_security",
    0x07: "processor",
    0x08: "power_supply",
    0x09: "power_unit",
    0x0C: "memory",
    0x0D: "drive",
    0x0F: "firmware",
    0x10: "event_log",
    0x12: "system",
    0x13: "interrupt",
    0x14: "button",
    0x1D: "boot",
    0x1E: "boot_error",
    0x1F: "os_boot",
    0x20: "os_stop",
    0x22: "acpi",
    0x23: "watchdog",
    0x29: "battery",
}

_GENERIC: dict[int, tuple[tuple[str, str], ...]] = {  # table 42-2
    0x03: (("state.deasserted", _I), ("state.asserted", _W)),
    0x04: (("predictive_failure.deasserted", _I), ("predictive_failure.asserted", _W)),
    0x05: (("limit.not_exceeded", _I), ("limit.exceeded", _W)),
    0x06: (("performance.met", _I), ("performance.lags", _W)),
    0x07: (
        ("severity.ok", _I),
        ("severity.non_critical", _W),
        ("severity.critical", _C),
        ("severity.non_recoverable", _C),
        ("severity.non_critical", _W),
        ("severity.critical", _C),
        ("severity.non_recoverable", _C),
    ),
    0x08: (("device.absent", _I), ("device.present", _I)),
    0x09: (("device.disabled", _I), ("device.enabled", _I)),
    0x0B: (
        ("redundancy.full", _I),
        ("redundancy.lost", _C),
        ("redundancy.degraded", _W),
        ("redundancy.lost", _W),
        ("redundancy.lost", _W),
        ("redundancy.lost", _C),
        ("redundancy.degraded", _W),
        ("redundancy.degraded", _W),
    ),
}

_SPECIFIC: dict[int, dict[int, tuple[str, str]]] = {  # table 42-3, by sensor type
    0x05: {0: ("chassis.opened", _W), 4: ("lan.unplugged", _W)},
    0x07: {
        0: ("processor.internal_error", _C),
        1: ("processor.too_hot", _C),
        2: ("processor.self_test_failed", _C),
        3: ("processor.hung_in_post", _C),
        4: ("processor.did_not_start", _C),
        5: ("processor.misconfigured", _C),
        6: ("processor.uncorrectable_error", _C),
        7: ("processor.present", _I),
        8: ("processor.disabled", _W),
        10: ("processor.throttled", _W),
        11: ("processor.uncorrectable_error", _C),
        12: ("processor.corrected_error", _W),
    },
    0x08: {
        0: ("power_supply.present", _I),
        1: ("power_supply.failed", _C),
        2: ("power_supply.failing_soon", _W),
        3: ("power_supply.input_lost", _C),
        4: ("power_supply.input_lost", _C),
        5: ("power_supply.input_out_of_range", _W),
        6: ("power_supply.misconfigured", _W),
        7: ("power_supply.standby", _I),
    },
    0x09: {
        0: ("power.off", _I),
        1: ("power.cycled", _I),
        4: ("power.input_lost", _W),
        5: ("power.control_failed", _C),
        6: ("power.failed", _C),
        7: ("power.failing_soon", _W),
    },
    0x0C: {
        0: ("memory.corrected_error", _W),
        1: ("memory.uncorrectable_error", _C),
        2: ("memory.parity_error", _C),
        3: ("memory.scrub_failed", _W),
        4: ("memory.disabled", _W),
        5: ("memory.too_many_corrected", _W),
        6: ("memory.present", _I),
        7: ("memory.misconfigured", _W),
        8: ("memory.spare", _I),
        9: ("memory.throttled", _W),
        10: ("memory.too_hot", _C),
    },
    0x0D: {
        0: ("drive.present", _I),
        1: ("drive.failed", _C),
        2: ("drive.failing_soon", _W),
        3: ("drive.spare", _I),
        4: ("drive.checking", _I),
        5: ("drive.array_critical", _C),
        6: ("drive.array_failed", _C),
        7: ("drive.rebuilding", _W),
        8: ("drive.rebuild_aborted", _C),
    },
    0x0F: {0: ("firmware.error", _C), 1: ("firmware.hung", _C), 2: ("firmware.progress", _I)},
    0x10: {
        0: ("log.memory_errors_muted", _W),
        1: ("log.events_muted", _W),
        2: ("log.cleared", _I),
        3: ("log.all_muted", _W),
        4: ("log.full", _W),
        5: ("log.almost_full", _W),
    },
    0x12: {
        0: ("system.reconfigured", _I),
        2: ("system.hardware_failure", _C),
        4: ("system.filter_action", _I),
        5: ("system.clock_set", _I),
    },
    0x13: {
        0: ("interrupt.front_panel", _I),
        1: ("interrupt.bus_timeout", _C),
        2: ("interrupt.io_check", _C),
        3: ("interrupt.software", _I),
        4: ("interrupt.pci_parity", _C),
        5: ("interrupt.pci_system", _C),
        7: ("interrupt.bus_corrected", _W),
        8: ("interrupt.bus_uncorrectable", _C),
        9: ("interrupt.fatal", _C),
        10: ("interrupt.bus_fatal", _C),
    },
    0x14: {0: ("button.power", _I), 1: ("button.sleep", _I), 2: ("button.reset", _I)},
    0x1D: {
        0: ("boot.power_up", _I),
        1: ("boot.hard_reset", _I),
        2: ("boot.warm_reset", _I),
        3: ("boot.network_asked", _I),
    },
    0x1E: {
        0: ("boot.no_media", _W),
        2: ("boot.no_network_server", _W),
        3: ("boot.bad_sector", _W),
        4: ("boot.no_choice", _W),
    },
    0x1F: {
        1: ("os.started", _I),
        2: ("os.started_from_network", _I),
        4: ("os.started_from_cd", _I),
        6: ("os.started", _I),
    },
    0x20: {
        0: ("os.stopped_loading", _C),
        1: ("os.crashed", _C),
        2: ("os.stopped", _I),
        3: ("os.shut_down", _I),
        4: ("os.shut_down_by_filter", _I),
    },
    0x22: {
        0: ("acpi.working", _I),
        1: ("acpi.sleeping", _I),
        4: ("acpi.hibernating", _I),
        5: ("acpi.soft_off", _I),
        6: ("acpi.soft_off", _I),
        7: ("acpi.mechanical_off", _I),
    },
    0x23: {
        0: ("watchdog.expired", _W),
        1: ("watchdog.reset", _W),
        2: ("watchdog.power_off", _W),
        3: ("watchdog.power_cycle", _W),
        8: ("watchdog.interrupt", _W),
    },
    0x29: {0: ("battery.low", _W), 1: ("battery.failed", _C), 2: ("battery.present", _I)},
}

_THRESHOLDS = tuple(  # table 42-2, event type 01h: low and high side of each, going low and going high
    f"threshold.{side}_{level}_{direction}"
    for side in ("lower", "upper")
    for level in (_NON_CRITICAL, _CRITICAL, _NON_RECOVERABLE)
    for direction in ("falling", "rising")
)

CODES = frozenset(
    {UNKNOWN, OEM, *_THRESHOLDS}
    | {code for entries in _GENERIC.values() for code, _ in entries}
    | {code for entries in _SPECIFIC.values() for code, _ in entries.values()}
)
"""Every code that can come out of here; whoever shows them has words for each."""


def kind_of(sensor_type: int) -> str:
    """The sensor type in one word; "other" for what is not told apart."""
    return KINDS.get(sensor_type, "other")


def describe(sensor_type: int, event_type: int, offset: int) -> tuple[str, str]:
    """Code and severity of an offset; `UNKNOWN` for what the tables above do not have."""
    if event_type == _THRESHOLD:
        return _threshold(offset)
    if event_type == _SENSOR_SPECIFIC:
        return _SPECIFIC.get(sensor_type, {}).get(offset, (UNKNOWN, _I))
    entries = _GENERIC.get(event_type, ())
    return entries[offset] if offset < len(entries) else (UNKNOWN, _I)


def _threshold(offset: int) -> tuple[str, str]:
    if offset >= len(_THRESHOLDS):
        return UNKNOWN, _I
    code = _THRESHOLDS[offset]
    return code, _W if _NON_CRITICAL in code else _C
