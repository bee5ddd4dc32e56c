"""The real portal, started as `make demo` starts it, on a free port with a state of its own."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.places import HOST, ROOT, SCRATCH, free_port
from benchmarks.processes import BenchmarkError, end, running, wait_until_answering
from stack.installation import Installation, end_leftovers
from stack.options import Options
from stack.programs import web

DATA = SCRATCH / "data"
CLIENT = "petr@acme.example"
"""Signs in without a second factor, and rents the server below."""
SERVER_ID = 1
PATIENCE_S = 300.0
"""The frontend may have to be built first."""


@dataclass(frozen=True)
class Portal:
    """A portal that answers."""

    url: str
    port: int
    environment: dict[str, str]
    """What its processes have: settings and addresses."""

    def cookies(self, number: int) -> list[str]:
        """Cookies of so many fresh signed-in sessions of the client.

        They are opened by the domain's own function: signing in so often by the door would be refused.
        """
        printed = self._inside("sessions", CLIENT, str(number))
        found: list[str] = json.loads(printed)
        return [f"portal={cookie}" for cookie in found]

    def change_server(self) -> float:
        """Commit one change of the server as a worker does; the monotonic time right before the commit."""
        return float(self._inside("change", str(SERVER_ID)))

    def _inside(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "benchmarks.inside", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchmarkError(f"benchmarks.inside {arguments[0]} failed: {done.stderr[-500:]}")
        return done.stdout


_shared: contextlib.ExitStack = contextlib.ExitStack()
_portal: list[Portal] = []


def shared() -> Portal:
    """The one portal of this run, started at first use."""
    if not _portal:
        _portal.append(_shared.enter_context(demo(fresh=True)))
    return _portal[0]


def close() -> None:
    """End the shared portal, if it was started."""
    _portal.clear()
    _shared.close()


@contextlib.contextmanager
def demo(*, fresh: bool) -> Iterator[Portal]:
    """The demo, healthy, during the block."""
    with _started(fresh=fresh) as (portal, _):
        yield portal


def seconds_to_start(*, fresh: bool) -> float:
    """Start the demo, end it again; the seconds from the command to its address being printed."""
    with _started(fresh=fresh) as (_, seconds):
        return seconds


@contextlib.contextmanager
def _started(*, fresh: bool) -> Iterator[tuple[Portal, float]]:
    if fresh:
        _forget_state()
    DATA.parent.mkdir(parents=True, exist_ok=True)
    port = free_port()
    chosen = {"PORT": str(port), "DATA": str(DATA), "LAB": "24"}
    begun = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "stack", "demo", "--ends-with-parent"],
        cwd=ROOT,
        env={**os.environ, **chosen},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        url = _wait_for_address(child)
        seconds = time.monotonic() - begun
        environment = Installation.prepare(Options.read(chosen)).environment()
        yield Portal(url, port, environment), seconds
    finally:
        end(child)


def _forget_state() -> None:
    """Remove what an earlier run left, also where the stack keeps it when root works below /root."""
    if not DATA.exists():
        return
    end_leftovers(DATA)
    for link in (one for one in DATA.iterdir() if one.is_symlink()):
        shutil.rmtree(link.resolve())
    shutil.rmtree(DATA)


def _wait_for_address(child: subprocess.Popen[str]) -> str:
    """The address that the demo prints when it is healthy. Its output is read to the end, lest it blocks."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(child, lines), daemon=True).start()
    said: list[str] = []
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            line = None
        if line is None:
            raise BenchmarkError(f"the demo did not start: {' / '.join(said[-3:])}")
        if line.startswith("portal "):
            return line.split()[1]
        said.append(line.strip())


def _read(child: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line)
    lines.put(None)


@contextlib.contextmanager
def fresh_web(portal: Portal) -> Iterator[tuple[Portal, int]]:
    """One more web process beside the portal's own, untouched by anybody yet, and its process number."""
    port = free_port()
    program = web(port)
    url = f"http://{HOST}:{port}"
    environment = {**portal.environment, **program.environment, "PUBLIC_URL": url}
    log = SCRATCH / "fresh-web.log"
    with running(program.command, environment=environment, log=log) as child:
        wait_until_answering(f"{url}/sign-in", child, log)
        yield Portal(url, port, environment), child.pid
