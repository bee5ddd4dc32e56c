"""`sushy-emulator` as it is, with a machine of files behind its fake driver: the files of `chassis.sh`.

    python sushy_machine.py DIRECTORY --fake --config FILE

The fake driver of its own follows each command after 1 to 11 seconds of its choice and has no faults.
Run as a program of its own: nothing here imports ours.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from threading import Timer

from sushy_tools import error
from sushy_tools.emulator import main as emulator
from sushy_tools.emulator.resources.systems.fakedriver import FakeDriver

MACHINE = Path(sys.argv.pop(1))
COMMANDS = {
    "On": "power 1",
    "ForceOn": "power 1",
    "ForceOff": "power 0",
    "GracefulShutdown": "shutdown 1",
    "ForceRestart": "reset 1",
}


def _seconds(fault: str) -> float:
    path = MACHINE / fault
    return float(path.read_text()) if path.exists() else 0.0


def _switch(power: str) -> None:
    fresh = MACHINE / "power.new"  # replaced as a whole: somebody may read it now
    fresh.write_text(power + "\n")
    fresh.replace(MACHINE / "power")


def get_power_state(driver: FakeDriver, identity: str) -> str:
    """The machine's power, after as long as the fault says."""
    driver._get(identity)
    time.sleep(_seconds("slow_answer"))
    return "On" if (MACHINE / "power").read_text().strip() == "1" else "Off"


def set_power_state(driver: FakeDriver, identity: str, state: str) -> None:
    """Do what the faults leave of a command."""
    time.sleep(_seconds("slow_answer"))
    with (MACHINE / "commands").open("a") as commands:
        commands.write(COMMANDS[state] + "\n")
    if (MACHINE / "refuses").exists():
        raise error.FishyError("this machine refuses", code=400)
    if (MACHINE / "ignores").exists() or state == "ForceRestart":
        return
    power = "1" if state in ("On", "ForceOn") else "0"
    delay_s = _seconds("slow_machine")
    if delay_s:
        Timer(delay_s, _switch, [power]).start()
    else:
        _switch(power)


def get_boot_device(driver: FakeDriver, identity: str) -> str:
    return (MACHINE / "boot").read_text().strip()


def set_boot_device(driver: FakeDriver, identity: str, boot_source: str) -> None:
    with (MACHINE / "commands").open("a") as commands:
        commands.write(f"boot {boot_source}\n")
    (MACHINE / "boot").write_text(boot_source + "\n")


def get_bios(driver: FakeDriver, identity: str) -> dict[str, str]:
    return {"BootMode": "Uefi"}


def reset_bios(driver: FakeDriver, identity: str) -> None:
    with (MACHINE / "commands").open("a") as commands:
        commands.write("bios reset\n")


FakeDriver.get_bios = get_bios
FakeDriver.reset_bios = reset_bios
FakeDriver.get_boot_device = get_boot_device
FakeDriver.set_boot_device = set_boot_device
FakeDriver.get_power_state = get_power_state
FakeDriver.set_power_state = set_power_state
emulator.main()
