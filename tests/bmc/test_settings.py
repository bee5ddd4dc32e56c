"""Back to the factory's settings: what goes over the wire, byte for byte, and what a driver says of it."""

from __future__ import annotations

import pytest

import bmc
from bmc.memory import MemoryBmc, plugged_in
from tests.bmc.rmcp_plus import SessionBmc
from tests.bmc.test_hostile_bmc import hostile_bmc

_S = 30.0
CHASSIS, GET, SET = 0x00, 0x09, 0x08


def test_ipmi_asks_for_a_cleared_cmos_at_the_next_start_only() -> None:
    """Table 28-14: parameter 5, data 2 bit 7. UEFI is kept; nothing lasts longer than one start.

    What is left to be done is read out of the flags, which firmware takes back when it has done it. A boot device that
    is set before takes the wish back, too: so a start has to come first.
    """
    flags = bytearray(b"\x00\x01\x05\xe0\x04\x00\x00\x00")  # valid, persistent, UEFI: from the network

    def respond(netfn: int, command: int, data: bytes) -> bytes:
        if (netfn, command, data[:1]) == (CHASSIS, SET, b"\x05"):
            flags[3:] = data[1:]
        return bytes(flags) if (netfn, command) == (CHASSIS, GET) else b"\x00"

    server = SessionBmc(respond)
    with hostile_bmc(server) as endpoint, bmc.connect(endpoint) as control:
        settings = bmc.capability(control, bmc.FactorySettings)
        assert settings.is_reset_pending(timeout_s=_S) is False
        server.commands.clear()
        reset = settings.reset_settings(timeout_s=_S)
        asked = [(command, data) for netfn, command, data in server.commands if netfn == CHASSIS]
        assert settings.is_reset_pending(timeout_s=_S) is True
        bmc.capability(control, bmc.BootControl).set_boot(bmc.BootDevice.NETWORK, timeout_s=_S)
        assert settings.is_reset_pending(timeout_s=_S) is False
        settings.reset_settings(timeout_s=_S)
        flags[3] &= 0x7F  # the firmware
        assert settings.is_reset_pending(timeout_s=_S) is False
    assert reset == bmc.SettingsReset(bios=bmc.SettingsMeans.IPMI_CMOS_CLEAR)
    assert asked == [
        (GET, bytes([5, 0, 0])), (SET, bytes([3, 0x08])), (SET, bytes([5, 0xA0, 0x80, 0, 0, 0])),
    ]  # fmt: skip


def test_a_bmc_that_can_set_nothing_back_says_so() -> None:
    machine = MemoryBmc()
    with plugged_in("memory-1", machine) as endpoint, bmc.connect(endpoint) as control:
        settings = bmc.capability(control, bmc.FactorySettings)
        with pytest.raises(bmc.BmcUnsupported):
            settings.reset_settings(timeout_s=_S)
        assert machine.other_commands == []
        machine.settings_reset = bmc.SettingsReset(bios=bmc.SettingsMeans.REDFISH_RESET_BIOS, ejected=0)
        assert settings.reset_settings(timeout_s=_S) == machine.settings_reset
        assert machine.other_commands == ["reset settings"]
