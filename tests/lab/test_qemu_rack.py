"""The rack of real parts: what its supervisor owns, and that nothing of it is left. No guest boots here."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.bmcs.client import ask, read_fleet, read_screens
from tests.lab.labs import ROOT, ipmitool
from tests.tools import need_tool
from tests.workers.site import is_running, tree, until

NAME = "node-001"


class RunningRack:
    """`python -m lab.qemu serve` with one server."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        command = [sys.executable, "-m", "lab.qemu", "serve", "--state", str(directory), "--servers", "1"]
        directory.mkdir(exist_ok=True)
        with (directory / "log").open("ab") as log:
            self.process = subprocess.Popen([*command, *options], cwd=ROOT, stderr=log)
        self.identity = read_fleet(directory, timeout=60)[0]

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        answer: dict[str, Any] = ask(self.directory, op, name=NAME, **fields)
        return answer

    def ipmitool(self, *words: str) -> str:
        return ipmitool(self.identity, *words)


@pytest.fixture
def start_rack(tmp_path: Path) -> Iterator[Callable[..., RunningRack]]:
    for tool in ("ipmi_sim", "qemu-system-x86_64"):
        need_tool(tool)
    racks: list[RunningRack] = []

    def start(*options: str) -> RunningRack:
        racks.append(RunningRack(tmp_path / "rack", *options))
        return racks[-1]

    yield start
    for rack in racks:
        if rack.process.poll() is None:
            rack.process.send_signal(signal.SIGTERM)
        rack.process.wait(60)


def test_chassis_follows_its_bmc(start_rack: Callable[..., RunningRack]) -> None:
    rack = start_rack()
    assert rack.ipmitool("chassis", "power", "status") == "Chassis Power is off"
    rack.ipmitool("chassis", "bootdev", "pxe")
    rack.ipmitool("chassis", "power", "on")
    rack.ask("wait", power="on", timeout=60)
    assert rack.ipmitool("chassis", "power", "status") == "Chassis Power is on"
    rack.ipmitool("chassis", "power", "reset")
    until(lambda: rack.ask("show")["starts"] == 2, timeout=60)
    shown = rack.ask("show")
    assert (shown["orders"], shown["next_boot"]) == (["boot pxe", "power 1", "reset 1"], "default")
    screen = read_screens(rack.directory)[NAME]
    assert until(lambda: _greeting(screen["host"], screen["port"]), timeout=60) == b"RFB 003.008\n"
    rack.ipmitool("chassis", "power", "off")
    rack.ask("wait", power="off", timeout=60)
    assert rack.ipmitool("chassis", "power", "status") == "Chassis Power is off"
    rack.process.send_signal(signal.SIGTERM)
    assert rack.process.wait(60) == 0
    assert "Traceback" not in rack.log


def _greeting(host: str, port: int) -> bytes:
    """What the screen says first; nothing before QEMU listens."""
    try:
        with socket.create_connection((host, port), timeout=30) as viewer:
            return viewer.recv(12)
    except ConnectionRefusedError:
        return b""


def test_nothing_outlives_a_supervisor_that_is_killed(start_rack: Callable[..., RunningRack]) -> None:
    rack = start_rack()
    rack.ask("press", button="on")
    rack.ask("wait", power="on", timeout=60)
    children = tree(rack.process.pid)[1:]
    assert len(children) == 2  # the BMC and the machine
    rack.process.kill()
    rack.process.wait(30)
    until(lambda: not any(is_running(pid) for pid in children), timeout=60)


def test_a_forgotten_machine_is_switched_off(start_rack: Callable[..., RunningRack]) -> None:
    rack = start_rack("--hours", "0.0003")
    rack.ask("press", button="on")
    until(lambda: "power-off" in rack.log, timeout=60)
    assert rack.ask("wait", power="off", timeout=60)["power"] == "off"
    assert "time-limit" in rack.log


def test_identity_and_screen_stay_from_one_start_to_the_next(start_rack: Callable[..., RunningRack]) -> None:
    rack = start_rack()
    before = [rack.identity, json.loads((rack.directory / "screens.json").read_text())]
    rack.process.send_signal(signal.SIGTERM)
    rack.process.wait(60)
    again = start_rack()
    after = [again.identity, json.loads((again.directory / "screens.json").read_text())]
    assert after == before
