"""Boot flags, identify light and soft shutdown as scripts. Child processes only."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

from bmc.ipmi.asking import APPLICATION, CHASSIS, Command, Refusal, Refused, answer_of, ask, word
from bmc.quirks import STANDARD, BootMethod, quirks_of

Script = Generator[Command, Any, Any]

_FLAGS = 5  # parameter selector, IPMI v2.0 table 28-14
_VALID_BIT_CLEARING = 3
_KEEP_FLAGS = 0x08  # do not clear them when nobody resets within 60 s: a big machine powers on for longer
_VALID, _PERSISTENT, _EFI = 0x80, 0x40, 0x20
DEVICES = {"default": 0, "network": 1, "disk": 2, "cdrom": 5, "setup": 6}
_REMOTE_DISK = 9
_CLEAR_CMOS = 0x80  # data 2, bit 7
_NAMES = {number: name for name, number in DEVICES.items()}


def shutdown() -> Script:
    """Chassis Control 5: soft shutdown by emulated over-temperature (IPMI v2.0 section 28.3). Sent once."""
    yield from ask(CHASSIS, 0x02, 5, once=True)
    return True


def identify(seconds: int) -> Script:
    """Chassis Identify (IPMI v2.0 section 28.5)."""
    yield from ask(CHASSIS, 0x04, max(0, min(255, seconds)))
    return True


def read_boot() -> Script:
    """Get System Boot Options, boot flags (IPMI v2.0 section 28.13)."""
    flags = yield from _flags()
    if not flags[0] & _VALID:
        return {"device": "default", "is_once": True, "is_uefi": bool(flags[0] & _EFI)}
    return {
        "device": _NAMES.get(flags[1] >> 2 & 0x0F, "default"),
        "is_once": not flags[0] & _PERSISTENT,
        "is_uefi": bool(flags[0] & _EFI),
    }


def set_boot(device: str, once: bool, uefi: bool | None) -> Script:
    """Set System Boot Options (IPMI v2.0 section 28.12). Repeatable: it states a wish, it does not act."""
    if uefi is None:
        uefi = bool((yield from _flags())[0] & _EFI)
    with suppress(Refused):  # optional (table 28-14); without it the wish lasts 60 s
        yield from ask(CHASSIS, 0x08, _VALID_BIT_CLEARING, _KEEP_FLAGS)
    first = _VALID | (0 if once else _PERSISTENT) | (_EFI if uefi else 0)
    selector = yield from _selector(device, is_uefi=uefi)
    yield from ask(CHASSIS, 0x08, _FLAGS, first, selector << 2, 0, 0, 0)
    return True


def clear_cmos() -> Script:
    """Boot flags with "CMOS clear" (table 28-14, parameter 5, data 2, bit 7): the firmware forgets its settings at the
    next start. For one start only, whatever was set to last; a boot device set after this takes the wish back.
    """
    flags = yield from _flags()
    with suppress(Refused):
        yield from ask(CHASSIS, 0x08, _VALID_BIT_CLEARING, _KEEP_FLAGS)
    yield from ask(CHASSIS, 0x08, _FLAGS, _VALID | flags[0] & _EFI, _CLEAR_CMOS, 0, 0, 0)
    return True


def read_cmos_clear() -> Script:
    """Whether "CMOS clear" still stands in valid boot flags: firmware that has done it takes the flags back."""
    flags = yield from _flags()
    return bool(flags[0] & _VALID and flags[1] & _CLEAR_CMOS)


def _selector(device: str, *, is_uefi: bool) -> Script:
    """The number of a boot device; which one is the disk depends on who made the BMC."""
    method = (yield from quirks_here()).boot
    if method is BootMethod.FIRMWARE_ORDER:
        raise Refusal("bmc_unsupported")
    if device == "disk" and is_uefi and method is BootMethod.REMOTE_DISK_IN_UEFI:
        return _REMOTE_DISK
    return DEVICES[device]


def quirks_here() -> Script:
    """The quirks of the BMC that is being asked; a BMC that does not say who it is has none."""
    try:
        device = yield from answer_of(11, APPLICATION, 0x01)
    except Refusal:
        return STANDARD
    return quirks_of(device[6] | device[7] << 8 | (device[8] & 0x0F) << 16, word(device, 9))


def _flags() -> Script:
    try:
        answer = yield from answer_of(4, CHASSIS, 0x09, _FLAGS, 0, 0)
    except Refused:
        return b"\0\0"
    return answer[2:4]
