"""What the caller chose by environment variables: PORT, LAB, DATA and MACHINES, each checked."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.system_tools import command_for, missing_packages

HOST = "127.0.0.1"
MACHINES = {"virtual": {"default": 24, "highest": 5_000}, "qemu": {"default": 2, "highest": 32}}
"""Kinds of servers, and how many there can be: a QEMU takes 256 MB and, while it boots, a processor."""
REAL_PARTS = ("openipmi", "qemu-system-x86", "syslinux", "mtools", "e2fsprogs")
"""Debian's packages that `qemu` servers are made with and run by, of those in requirements-apt.txt."""
PACKAGES = Path(__file__).resolve().parent.parent / "requirements-apt.txt"


class CannotStart(Exception):
    """The stack cannot start; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Options:
    """How to run the stack on this machine."""

    data: Path
    """Directory of all state, absolute."""
    port: int
    servers: int
    """How many servers the lab has."""
    machines: str = "virtual"
    """What the servers are: `virtual` ones, drawn by one process, or `qemu`: see lab/qemu."""
    shutdown_grace_s: int = 60
    """How long a server that was asked to shut down may take before it loses its power."""

    @property
    def url(self) -> str:
        """Where browsers reach the portal."""
        return f"http://{HOST}:{self.port}"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Options:
        """The options in these variables; raises CannotStart when one makes no sense."""
        machines = environment.get("MACHINES") or "virtual"
        if machines not in MACHINES:
            raise CannotStart(f"MACHINES must be one of {', '.join(MACHINES)}, not {machines!r}.")
        return cls(
            data=Path(environment.get("DATA") or ".data").expanduser().absolute(),
            port=_number(environment, "PORT", default=8000, highest=65_535),
            servers=_number(environment, "LAB", **MACHINES[machines]),
            machines=machines,
            shutdown_grace_s=_number(environment, "SHUTDOWN_GRACE_S", default=60, highest=70),
        )


def check_machines(machines: str) -> None:
    """Returns when these servers can be run here; raises CannotStart, which says what to install, when not."""
    missing = (
        [name for name in missing_packages(PACKAGES) if name in REAL_PARTS] if machines == "qemu" else []
    )
    if missing:
        raise CannotStart(
            f"MACHINES=qemu needs programs that are not installed here ({', '.join(missing)})."
            f" As root on Debian or Ubuntu, type: {command_for(missing)}."
            " Or leave MACHINES out: virtual servers need nothing."
        )


def check_port(port: int) -> None:
    """Returns when we can listen on the port; raises CannotStart when not."""
    with socket.socket() as probe:
        # As servers do: a port that only closed connections still remember is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise CannotStart(
                f"Port {port} is for root only: choose another one, as in 'make demo PORT=8000'."
            ) from None
        except OSError:
            raise CannotStart(
                f"Port {port} is taken by another program: end that one, or choose a free port,"
                f" as in 'make demo PORT={_free_port()}'."
            ) from None


def make_data_directory(data: Path) -> None:
    """Makes the directory of all state; raises CannotStart when it cannot be written to."""
    try:
        if not data.exists():
            data.mkdir(parents=True)
            # Everything in it is private itself; as root, the database's account must walk through.
            data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        (data / "log").mkdir(mode=0o700, exist_ok=True)
        (data / "log" / ".writable").touch()
    except OSError as error:
        raise CannotStart(
            f"{data} cannot be used for the state ({error.strerror}): set DATA to another directory."
        ) from None


def _number(environment: Mapping[str, str], name: str, *, default: int, highest: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= highest:
        raise CannotStart(f"{name} must be a number from 1 to {highest}, not {text!r}.")
    return int(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
