"""A machine of real parts in the place of one of the demo's: QEMU behind ipmi_sim, on the same portal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.bmcs.client import ask, read_fleet, read_screens
from lab.qemu.images import CACHE, build
from tests.e2e.portal import ROOT, Portal
from tests.tools import need_tool

TOOLS = ("ipmi_sim", "qemu-system-x86_64", "syslinux", "mcopy", "mke2fs")
PATIENCE_S = 60.0


@dataclass(frozen=True)
class RackMachine:
    """The machine: the server that it stands for, the system that fits it, and its place in the rack."""

    server_id: int
    server: str
    system: str
    state: Path

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """An operation of the rack on it: see `lab.qemu.rack`."""
        answer: dict[str, Any] = ask(self.state, op, name="node-001", **fields)
        return answer


@contextmanager
def real_machine(portal: Portal, server: str, directory: Path) -> Iterator[RackMachine]:
    """For the block, `server` of the demo is a machine of QEMU, off and with an empty disk.

    The portal then has another system in its catalogue, which fits no other server.
    """
    for tool in TOOLS:
        need_tool(tool)
    images = build(CACHE)
    state = directory / "rack"
    state.mkdir()
    (mac,) = portal.rows("SELECT mac FROM server WHERE name = %s", server)[0]
    command = [
        sys.executable,
        "-m",
        "lab.qemu",
        "serve",
        "--state",
        str(state),
        "--servers",
        "1",
        "--mac",
        mac,
    ]
    with (state / "log").open("wb") as log:
        rack = subprocess.Popen(
            [*command, "--hours", "0.5", "--boot-url", portal.url, "--with-parent"], cwd=ROOT, stderr=log
        )
    try:
        machine = read_fleet(state, timeout=PATIENCE_S)[0]
        screen = read_screens(state)[machine["name"]]
        told = {"server": server, "machine": machine, "screen": screen, "images": str(images.directory)}
        before = json.loads(_in_portal(portal, told))
        try:
            yield RackMachine(before["id"], server, before["system"], state)
        finally:
            _in_portal(portal, {"server": server, "restore": before})
    finally:
        rack.send_signal(signal.SIGTERM)
        rack.wait(PATIENCE_S)


def _in_portal(portal: Portal, told: dict[str, Any]) -> str:
    """Change what is on record, in a process with the portal's own settings."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.rack_data"],
        input=json.dumps(told),
        env=portal.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]
