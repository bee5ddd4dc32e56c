"""Each fault, as a client meets it, and that it does exactly what it says."""

from __future__ import annotations

import time

import pytest

from lab.bmcs.client import LabRefusal
from tests.lab.labs import Server
from tests.lab.rmcp import Wire


def test_a_silent_bmc_answers_nothing_and_its_machine_runs_on(server: Server) -> None:
    server.ask("fault", kind="silent")
    assert server.pyghmi(["power"]) == ["IpmiException: None"]
    assert server.show()["stage"] == "login"

    server.ask("clear")
    assert server.pyghmi(["power"]) == ["on"]


def test_a_bmc_that_refuses_our_password_is_left_alone(server: Server) -> None:
    server.ask("fault", kind="refuses")
    assert server.pyghmi(["set_power", "off", False]) == ["IpmiException: Incorrect password provided"]
    assert (server.commands(), server.effects()) == (["fault refuses"], [])

    server.ask("clear")
    assert server.pyghmi(["power"]) == ["on"]


def test_power_commands_are_acknowledged_and_ignored(server: Server) -> None:
    server.ask("fault", kind="ignores")
    assert server.pyghmi(["raw", 0, 2, [0]], ["raw", 0, 2, [3]], ["power"]) == [[0, []], [0, []], "on"]
    assert server.commands() == ["fault ignores", "power-off ignored", "reset ignored"]
    assert server.effects() == []


def test_a_busy_bmc_says_so_and_does_nothing(server: Server) -> None:
    server.ask("fault", kind="busy")
    assert server.pyghmi(["raw", 0, 2, [0]], ["raw", 0, 1, []], ["raw", 6, 1, []])[:2] == [
        [0xC0, []],
        [0xC0, []],
    ]
    assert (server.commands(), server.effects()) == (["fault busy"], [])


def test_a_slow_bmc_runs_a_repeated_command_once(server: Server) -> None:
    """pyghmi repeats its question after 0.5 to 1 s: the machine must be reset once all the same."""
    server.ask("fault", kind="slow", seconds=2)
    began = time.monotonic()
    # The question after it gives a second reset the time to happen.
    assert server.pyghmi(["raw", 0, 2, [3]], ["power"]) == [[0, []], "on"]
    assert time.monotonic() - began > 6  # privilege level, then the two commands
    assert (server.commands(), server.effects()) == (["fault slow", "reset"], ["restart"])


def test_a_machine_that_is_stuck_does_not_come_up(server: Server) -> None:
    server.ask("fault", kind="stuck-off")
    assert server.show()["power"] == "on"
    server.ask("press", button="off")
    server.wait(power="off")

    assert server.pyghmi(["raw", 0, 2, [1]]) == [[0, []]]

    with pytest.raises(LabRefusal, match=r"is off, off after 0\.5 s"):
        server.wait(power="on", timeout=0.5)
    power_fault, restore_previous = 0b1000, 0b01 << 5
    assert server.pyghmi(["raw", 0, 1, []]) == [[0, [power_fault | restore_previous, 0x08, 0, 0]]]
    assert server.effects() == ["power-off", "power-fault"]

    server.ask("clear")
    server.pyghmi(["raw", 0, 2, [1]])
    server.wait(stage="login")
    assert server.effects() == ["power-off", "power-fault", "power-on"]


def test_the_plug_takes_machine_and_bmc_and_both_come_back(server: Server) -> None:
    unplugged = server.ask("unplug")
    assert (unplugged["power"], unplugged["is_plugged"]) == ("off", False)
    with Wire(server.identity) as wire:
        wire.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            wire.open()

    server.ask("plug")
    server.wait(stage="login")
    assert server.pyghmi(["power"]) == ["on"]
    assert server.effects() == ["power-off", "power-on"]


def test_a_machine_that_was_off_stays_off_when_power_returns(server: Server) -> None:
    server.ask("press", button="off")
    server.wait(power="off")
    server.ask("unplug")
    server.ask("plug")
    assert server.pyghmi(["raw", 0, 1, []]) == [[0, [0b01 << 5, 0x01, 0, 0]]]  # last event: AC failed
    assert server.effects() == ["power-off"]


@pytest.mark.parametrize(
    "wrong", [{"kind": "haunted"}, {"kind": "slow", "seconds": 0}, {"kind": "slow", "seconds": 61}, {}]
)
def test_a_fault_that_makes_no_sense_changes_nothing(server: Server, wrong: dict[str, object]) -> None:
    with pytest.raises(LabRefusal, match="nothing was changed") as refusal:
        server.ask("fault", **wrong)
    assert refusal.value.code == "unknown_fault"
    assert (server.show()["fault"], server.commands()) == ("none", [])
