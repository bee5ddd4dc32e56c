"""Processes of an earlier start that ended without ending them, and how to end them safely.

Process numbers are used again, so a number in a file may be a stranger's by now. A process is known
as ours by what only ours has: the mark in the environment it was started with, or, for the database
servers, which overwrite their environment, a working directory that is our cluster or store.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

MARK = "OPSPORTAL_STACK"
DATABASE_SERVERS = ("postgres", "valkey-server")


def mark_for(data: Path) -> str:
    """What `MARK` is set to for every process of the stack whose state is in `data`."""
    return hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:16]


def find(mark: str, database_directories: Iterable[Path]) -> list[psutil.Process]:
    """The running processes of that stack; ourselves never."""
    directories = {str(directory.resolve()) for directory in database_directories}
    return [
        one for one in psutil.process_iter() if one.pid != os.getpid() and _is_ours(one, mark, directories)
    ]


def end(mark: str, database_directories: Iterable[Path], *, patience: float = 10.0) -> int:
    """Ends every process of that stack, databases after their clients; returns how many there were.

    They are asked first and killed after `patience` seconds. A process that one of them starts
    meanwhile is found by the next look.
    """
    directories = list(database_directories)
    total = 0
    while found := find(mark, directories):
        total += len(found)
        clients = [one for one in found if not _is_database(one)]
        _end_all(clients or found, patience)
    return total


def _is_ours(process: psutil.Process, mark: str, directories: set[str]) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.name() in DATABASE_SERVERS:
            return process.cwd() in directories
        return process.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        return False  # gone meanwhile, or somebody else's, whose environment we may not read


def _is_database(process: psutil.Process) -> bool:
    try:
        return process.name() in DATABASE_SERVERS
    except psutil.NoSuchProcess:
        return False


def _end_all(processes: list[psutil.Process], patience: float) -> None:
    for process in processes:
        _signal(process, _polite(process))
    _gone, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=patience)


def _polite(process: psutil.Process) -> signal.Signals:
    """SIGTERM; for PostgreSQL SIGINT, since SIGTERM waits until every client has gone (18.5)."""
    try:
        return signal.SIGINT if process.name() == "postgres" else signal.SIGTERM
    except psutil.NoSuchProcess:
        return signal.SIGTERM


def _signal(process: psutil.Process, which: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(which)  # psutil checks the start time first: not a successor of that number
