"""Child processes of a benchmark: started in a group of their own, and gone when the block ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from benchmarks.places import ROOT
from stack import tether

PATIENCE_S = 60.0


class BenchmarkError(Exception):
    """Something could not be measured; the message says what and where to look."""


@contextlib.contextmanager
def running(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    directory: Path = ROOT,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """The command runs during the block, its output in `log`; afterwards nothing of its group is left.

    It is tethered: it ends too when we are killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    lock = log.with_suffix(".lock")
    with tether.held(lock):
        with log.open("wb") as output:
            child = subprocess.Popen(
                tether.tethered(lock, command, stop_signal=stop_signal),
                cwd=directory,
                env={**environment, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield child
        finally:
            end(child)


def end(child: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Ask the child to end, wait, and kill what is left of its group."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(40)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def wait_until_answering(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    """Return as soon as the address answers with a success; raise BenchmarkError when it does not in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not _answers(url):
        if child.poll() is not None or time.monotonic() > deadline:
            raise BenchmarkError(f"{url} does not answer: {log} says why.")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def memory_kb(pid: int) -> float:
    """Resident memory of a process and all its descendants, in KB."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return sum(one.memory_info().rss for one in family) / 1024
