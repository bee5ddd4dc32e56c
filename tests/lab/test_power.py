"""Power and boot device through the two clients that matter, and what the machine really did."""

from __future__ import annotations

import pytest

from tests.lab.labs import Server
from tests.tools import need_tool

NOT_IN_PRESENT_STATE = 0xD5


def test_ipmitool_switches_off_and_on(server: Server) -> None:
    need_tool("ipmitool")
    assert server.ipmitool("power", "status").stdout == "Chassis Power is on\n"

    assert server.ipmitool("power", "off").stdout == "Chassis Power Control: Down/Off\n"
    server.wait(power="off")
    assert server.ipmitool("power", "status").stdout == "Chassis Power is off\n"

    assert server.ipmitool("power", "on").stdout == "Chassis Power Control: Up/On\n"
    assert server.wait(stage="login")["power"] == "on"
    assert server.commands() == ["power-off", "power-on"]
    assert server.effects() == ["power-off", "power-on"]


def test_ipmitool_negotiates_without_being_told_the_suite(server: Server) -> None:
    need_tool("ipmitool")
    command = server.ipmitool_command()
    del command[command.index("-C") : command.index("-C") + 2]
    assert server.ipmitool("mc", "info").returncode == 0


def test_pyghmi_switches_off_and_on(server: Server) -> None:
    assert server.pyghmi(
        ["power"], ["set_power", "off", 10], ["power"], ["set_power", "on", 10], ["power"]
    ) == [
        "on",
        {"powerstate": "off"},
        "off",
        {"powerstate": "on"},
        "on",
    ]
    assert server.effects() == ["power-off", "power-on"]


def test_soft_shutdown_lets_the_system_stop_in_order(server: Server) -> None:
    need_tool("ipmitool")
    server.ipmitool("power", "soft")
    server.wait(power="off")
    assert server.show()["console"][-5:-2] == [
        "[  OK  ] Unmounted boot-efi.mount - /boot/efi.",
        "[  OK  ] Reached target poweroff.target - System Power Off.",
        "[ 4242.171203] reboot: Power down",
    ]
    assert (server.commands(), server.effects()) == (["shutdown"], ["power-off"])


def test_power_cycle_goes_through_off(server: Server) -> None:
    need_tool("ipmitool")
    server.ipmitool("power", "cycle")
    server.wait_for_effects("power-off", "power-on")
    server.wait(stage="login")
    assert server.commands() == ["power-cycle"]


def test_reset_restarts_without_going_off(server: Server) -> None:
    need_tool("ipmitool")
    server.ipmitool("power", "reset")
    assert server.wait(stage="login")["boots"] == 2
    assert server.effects() == ["restart"]


@pytest.mark.parametrize(("directive", "name"), [(2, "power-cycle"), (3, "reset")])
def test_a_machine_that_is_off_refuses_reset_and_cycle(server: Server, directive: int, name: str) -> None:
    server.ask("press", button="off")
    server.wait(power="off")

    assert server.pyghmi(["raw", 0, 2, [directive]], ["power"]) == [[NOT_IN_PRESENT_STATE, []], "off"]

    assert server.commands() == ["power-off", f"{name} refused"]
    assert server.effects() == ["power-off"]


def test_power_on_of_a_running_machine_touches_nothing(server: Server) -> None:
    assert server.pyghmi(["raw", 0, 2, [1]]) == [[0, []]]
    assert (server.commands(), server.effects()) == (["power-on"], [])


def test_a_boot_device_reads_back_with_its_bits_and_serves_one_boot(server: Server) -> None:
    override, none = {"bootdev": "network", "persistent": False, "uefimode": True}, {"bootdev": "default"}
    answers = server.pyghmi(["set_bootdev", "network", False, True], ["bootdev"])
    assert answers == [{"bootdev": "network"}, override]

    server.ask("press", button="reset")
    assert server.show()["boot_device"] == "network"
    assert server.pyghmi(["bootdev"]) == [{**none, "persistent": True}]  # pyghmi's way to say: none is set
    server.wait(stage="login")


def test_a_persistent_boot_device_stays(server: Server) -> None:
    server.pyghmi(["set_bootdev", "setup", True, False])
    server.ask("press", button="reset")
    assert server.wait(stage="setup")["boot_device"] == "setup"
    assert server.pyghmi(["bootdev"]) == [{"bootdev": "setup", "persistent": True, "uefimode": False}]


def test_the_firmware_restarts_and_the_machine_does_not_notice(server: Server) -> None:
    need_tool("ipmitool")
    assert server.ipmitool("mc", "reset", "cold").stdout == "Sent cold reset command to MC\n"
    assert server.show()["sessions"] == 0
    assert server.pyghmi(["power"]) == ["on"]  # retries until the firmware is back
    assert server.effects() == []


def test_unknown_commands_are_answered_as_unknown(server: Server) -> None:
    assert server.pyghmi(["raw", 0x30, 0x70, []], ["raw", 0, 2, [9]], ["raw", 0, 2, []]) == [
        [0xC1, []],
        [0xCC, []],
        [0xC7, []],
    ]
    assert (server.commands(), server.effects()) == ([], [])
