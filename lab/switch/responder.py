"""Starts snmpsim's responder in this process, in a state directory of ours.

Two things in it do not fit a data centre on a laptop: as root it wants to become another user, who can read
neither our virtual environment nor our state, and it loads modules for databases that are not there.
"""

from __future__ import annotations

import contextlib
import dbm.dumb  # noqa: F401  (before anything else looks for it)
import random
import shutil
import socket
import sys
from pathlib import Path
from types import TracebackType

from snmpsim import daemon, variation
from snmpsim.commands import responder

from lab.bmcs.identities import PORTS

HOST = "127.0.0.1"
LINK = "link"
"""lab/switch/link.py"""


class _AsWeAre:
    """In place of snmpsim's change of user."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __enter__(self) -> _AsWeAre:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def respond(state: Path, port: int, modules: tuple[str, ...] = ("numeric", LINK)) -> None:
    """Answer for every `<community>.snmprec` in state/data until ended.

    `modules` make values move, answer with errors, or let ports be taken down: snmpsim's, and our own `LINK`.
    """
    daemon.PrivilegesOf = _AsWeAre
    for part in ("cache", "modules"):
        shutil.rmtree(state / part, ignore_errors=True)
        (state / part).mkdir()
    for module in modules:
        here = Path(__file__).parent if module == LINK else Path(variation.__file__).parent / "variation"
        shutil.copy(here / f"{module}.py", state / "modules")
    sys.argv[1:] = [
        f"--data-dir={state / 'data'}",
        f"--cache-dir={state / 'cache'}",
        f"--variation-modules-dir={state / 'modules'}",
        f"--agent-udpv4-endpoint={HOST}:{port}",
        "--log-level=error",
    ]
    sys.exit(responder.main())


def free_port(wanted: int | None) -> int:
    """The wanted UDP port if nobody has it, else another, which the system gives to nobody before we listen."""
    for candidate in (wanted, *random.sample(PORTS, len(PORTS))):
        if candidate is not None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
                probe.bind((HOST, candidate))
                return candidate
    raise OSError("no free UDP port on loopback")
