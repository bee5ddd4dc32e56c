"""The serial console of an installed machine: sign in as the client would, and ask the system what it is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from tests.chain.portals import Tenancy

PATIENCE_S = 300.0


@dataclass
class Shell:
    """What a person types into a machine, and what it prints."""

    machine: Tenancy
    password: str = field(repr=False)
    host: str

    def sign_in(self) -> None:
        """Wait for the sign-in of the installed system, and get in with the password that the portal showed."""
        self._wait(f"{self.host} login:", since=0)
        self._say("root", until="Password:")
        self._say(self.password, until="~#")
        self._say("stty -echo cols 500; PS1=; export TERM=dumb PAGER=cat; echo rea''dy", until="ready")

    def run(self, command: str) -> str:
        """What a command prints."""
        mark = secrets.token_hex(8)
        begun = len(self._log())
        self._say(f"echo {mark}-begin; {command}; echo {mark}-end", until=f"{mark}-end")
        said = self._log()[begun:].decode(errors="replace").replace("\r", "")
        return said.partition(f"{mark}-begin\n")[2].rpartition(f"{mark}-end")[0].strip()

    def _say(self, text: str, *, until: str) -> None:
        since = self.machine.ask("show")["written"]
        self.machine.ask("type", text=f"{text}\n")
        self._wait(until, since=since)

    def _wait(self, text: str, *, since: int) -> None:
        self.machine.ask("wait", text=text, since=since, timeout=PATIENCE_S)

    def _log(self) -> bytes:
        return serial_log(self.machine).read_bytes()


def serial_log(machine: Tenancy) -> Path:
    """All that a machine has printed."""
    return machine.lab / "machines" / machine.name / "serial.log"
