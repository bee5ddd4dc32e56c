"""A process that serves a directory of state: alone, and no longer than it is wanted."""

import asyncio
import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import IO

from lab.bmcs.logs import log

PARENT_SECONDS = 0.5
CLAIM_SECONDS = 2.0


class DirectoryInUse(Exception):
    """Another process serves this directory."""

    code = "lab_directory_in_use"


async def stopped(stop: asyncio.Event, *, parent: int | None) -> None:
    """Return when `stop` is set, or when `parent` is no longer our parent."""
    while parent is None or os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), None if parent is None else PARENT_SECONDS)
            return
    log("parent-gone", level="warning", parent=parent)


def claimed(directory: Path) -> IO[bytes]:
    """Lock `directory` for this process; the lock goes with the process, however it ends.

    Waits CLAIM_SECONDS for a predecessor that is just ending.
    """
    lock = (directory / "lock").open("ab")
    deadline = time.monotonic() + CLAIM_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
        lock.close()
        message = (
            f"Another lab already serves {directory}; nothing was started. Use that one, or stop it first."
        )
        raise DirectoryInUse(message)
