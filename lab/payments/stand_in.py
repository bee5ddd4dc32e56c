"""Starting localstripe: a process of its own, on this machine only, gone when we are."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lab.bmcs.identities import PORTS

BESIDE = Path(__file__).parent / "beside"
HOST = "127.0.0.1"
PATIENCE_S = 120.0
"""It takes two seconds on an idle machine; one that starts everything at once is many times slower."""


class StandInSilent(Exception):
    """localstripe did not start; the message says where its log is."""


def free_port() -> int:
    """A port that nobody has, and that the system gives to nobody else before its server listens."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port


class StandIn:
    """One running localstripe. `state`: where it keeps what it knows; None: nowhere."""

    def __init__(self, state: Path | None, log: Path | None) -> None:
        self.port = free_port()
        self.log = log
        self._is_stopping = False
        file = state / "localstripe.pickle" if state else None
        is_new = file is None or not file.exists()
        command = [sys.executable, "-m", "localstripe", "--port", str(self.port)]
        output = log.open("ab") if log else subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                [*command, *(["--from-scratch"] if is_new else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=output,
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "PYTHONPATH": str(BESIDE),
                    "PYTHONUNBUFFERED": "1",
                    "LOCALSTRIPE_STATE": str(file or ""),
                    "LOCALSTRIPE_TETHERED": "1",
                },
            )
        finally:
            if not isinstance(output, int):
                output.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Return when it takes connections. Raises `StandInSilent`."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.is_running:
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise StandInSilent(f"localstripe did not start ({self.log or 'it has no log'})")

    def when_gone(self, act: Callable[[], None]) -> None:
        """Call `act` from a thread when it ends by itself."""

        def watch() -> None:
            self._process.wait()
            if not self._is_stopping:
                act()

        threading.Thread(target=watch, daemon=True).start()

    def stop(self) -> None:
        self._is_stopping = True
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
