"""Two hundred switches of 48 ports for pollers to ask: one real snmpd, its answers replayed on 200 ports."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.places import ROOT
from benchmarks.processes import BenchmarkError, end
from tests.switches.namespaces import running_switch

SWITCHES = 200
PORTS = 48
COMMUNITY = "public"


@contextlib.contextmanager
def running_hall(directory: Path) -> Iterator[int]:
    """The first of 200 UDP ports of loopback, each a switch."""
    with running_switch(directory / "snmpd", ports=PORTS) as real:
        first = _free_range(SWITCHES)
        command = [
            sys.executable,
            "-m",
            "benchmarks.snmp_replay",
            str(first),
            str(SWITCHES),
            real.host,
            "161",
        ]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True, text=True)
        try:
            assert child.stdout is not None
            if child.stdout.readline() != "ready\n":
                raise BenchmarkError("the hall of switches did not start")
            yield first
        finally:
            end(child)


def _free_range(count: int) -> int:
    for first in range(41_000, 60_000, count):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise BenchmarkError("no 200 free UDP ports in a row")
