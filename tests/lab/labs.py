"""A lab in a process of its own, as tests start, kill and question it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lab.bmcs.client import ask, read_fleet
from tests.tools import need_tool

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0


def ipmitool(known: dict[str, Any], *words: str) -> str:
    """What `ipmitool` says to the BMC of a server of `fleet.json`. Raises CalledProcessError."""
    need_tool("ipmitool")
    command = [*_ipmitool_command(known, "3"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.strip()


def _ipmitool_command(known: dict[str, Any], suite: str) -> list[str]:
    # It repeats a command after 15 s without an answer instead of one: a simulator carries out each of them.
    return [
        *("ipmitool", "-I", "lanplus", "-N", "15", "-C", suite),
        *("-H", known["host"], "-p", str(known["port"])),
        *("-U", known["username"], "-P", known["password"]),
    ]


class RunningLab:
    """`python -m lab.bmcs serve` on `directory`. Machines are ten times as fast as real ones by default."""

    def __init__(
        self, directory: Path, *, servers: int, newcomers: int = 0, pace: float = 10.0, boot_url: str = ""
    ) -> None:
        self.directory = directory
        self.servers = servers
        self.newcomers = newcomers
        self.pace = pace
        self.boot_url = boot_url
        self._process: subprocess.Popen[bytes] | None = None
        self._given = 0

    def start(self) -> None:
        command = [sys.executable, "-m", "lab.bmcs", "serve", "--state", str(self.directory)]
        command += ["--servers", str(self.servers), "--pace", str(self.pace)]
        command += ["--boot-url", self.boot_url, "--newcomers", str(self.newcomers)]
        self.directory.mkdir(exist_ok=True)
        (self.directory / "fleet.json").unlink(missing_ok=True)
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stderr=log)
        read_fleet(self.directory, timeout=START_SECONDS)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send `number` and return the exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=60)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def fleet(self) -> list[dict[str, Any]]:
        return read_fleet(self.directory)

    def take(self) -> Server:
        """A server no other test of this lab has touched."""
        self._given += 1
        return Server(self, self._given - 1)


class Server:
    """One machine of a running lab: what the lab says of it, and tools to reach its BMC."""

    def __init__(self, lab: RunningLab, index: int) -> None:
        self.lab = lab
        self.name = str(lab.fleet()[index]["name"])
        self._index = index

    @property
    def identity(self) -> dict[str, Any]:
        return self.lab.fleet()[self._index]

    def ask(self, op: str, **fields: object) -> dict[str, Any]:
        answer: dict[str, Any] = ask(self.lab.directory, op, name=self.name, **fields)
        return answer

    def show(self) -> dict[str, Any]:
        return self.ask("show", lines=200)

    def wait(self, *, timeout: float = 60.0, **what: str) -> dict[str, Any]:
        return self.ask("wait", timeout=timeout, **what)

    def wait_for_effects(self, *expected: str) -> None:
        """Until this is what really happened to the machine: what is over soon is not seen by looking at its state."""
        deadline = time.monotonic() + 60
        while self.effects() != [*expected]:
            assert time.monotonic() < deadline, self.effects()
            time.sleep(0.02)

    def effects(self) -> list[str]:
        """What really happened to the machine, oldest first."""
        return [entry["what"] for entry in self.show()["journal"] if entry["kind"] == "effect"]

    def commands(self) -> list[str]:
        """What was asked of the machine, oldest first."""
        return [entry["what"] for entry in self.show()["journal"] if entry["kind"] == "command"]

    def ipmitool(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """`ipmitool -I lanplus -C 3 … WORDS`; `password` and `username` may be changed."""
        return subprocess.run(
            [*self.ipmitool_command(**changes), *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ipmitool_command(self, *, suite: str = "3", **changes: str) -> list[str]:
        return _ipmitool_command({**self.identity, **changes}, suite)

    def pyghmi(self, *steps: list[Any], **changes: str) -> list[Any]:
        """Run steps of `pyghmi_child` in a process of their own; a failure is the last answer, as a string."""
        known = {**self.identity, **changes}
        request = {key: known[key] for key in ("host", "port", "username", "password")} | {"steps": steps}
        child = subprocess.run(
            [sys.executable, "-m", "tests.lab.pyghmi_child"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=180,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert child.returncode == 0, child.stderr
        answers: list[Any] = json.loads(child.stdout.splitlines()[-1])
        return answers
