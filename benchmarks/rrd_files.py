"""RRDtool: one file per port with five-minute steps for a year, read by `rrdtool fetch` in one lasting process."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import BenchmarkError, end
from opsportal.domain.traffic.figures import Span
from tests.tools import need_tool

STEP = 300
_DAY = 86_400 // STEP
SPANS = {Span.DAY: 86_400, Span.WEEK: 7 * 86_400, Span.MONTH: 31 * 86_400, Span.YEAR: 366 * 86_400}
RESOLUTIONS = {Span.DAY: STEP, Span.WEEK: STEP, Span.MONTH: 1_800, Span.YEAR: 86_400}
_UPDATES = 4_000
"""In one command."""


class Rrdtool:
    """`rrdtool -`: commands on its standard input, answers that end with OK or ERROR."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child

    def ask(self, command: str) -> int:
        """Run one command; returns the number of lines it has printed."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(command + "\n")
        self._child.stdin.flush()
        for count, line in enumerate(self._child.stdout):
            if line.startswith("OK"):
                return count
            if line.startswith("ERROR"):
                raise BenchmarkError(f"rrdtool: {line.strip()}")
        raise BenchmarkError("rrdtool has ended")


@contextlib.contextmanager
def running_rrdtool() -> Iterator[Rrdtool]:
    """One process for the block."""
    command = [need_tool("rrdtool"), "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield Rrdtool(child)
        finally:
            end(child)


def fill(rrdtool: Rrdtool, path: Path, *, days: int) -> None:
    """One port with a full year: every five minutes for the year, as billing needs them, and days for graphs."""
    now = int(time.time()) // STEP * STEP
    begin = now - days * 86_400
    rrdtool.ask(
        f"create {path} --start {begin} --step {STEP} DS:in:DERIVE:600:0:U DS:out:DERIVE:600:0:U"
        f" RRA:AVERAGE:0.5:1:{_DAY * days} RRA:AVERAGE:0.5:6:{31 * 48} RRA:AVERAGE:0.5:288:{days}"
    )
    for first in range(begin + STEP, now + 1, STEP * _UPDATES):
        moments = range(first, min(first + STEP * _UPDATES, now + 1), STEP)
        rrdtool.ask(f"update {path} " + " ".join(f"{at}:{at * 125_000}:{at * 75_000}" for at in moments))


def fetch(rrdtool: Rrdtool, path: Path, span: Span) -> float:
    """Read one span of one port; seconds."""
    begun = time.perf_counter()
    lines = rrdtool.ask(f"fetch {path} AVERAGE --resolution {RESOLUTIONS[span]} --start end-{SPANS[span]}s")
    seconds = time.perf_counter() - begun
    if lines < SPANS[span] // RESOLUTIONS[span]:
        raise BenchmarkError(f"rrdtool gave {lines} lines for a {span.value}")
    return seconds
