"""Processes that end when we do, however we end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


async def start(
    command: Sequence[str | Path], *, directory: Path, log: Path, pass_fds: Sequence[int] = ()
) -> asyncio.subprocess.Process:
    """Start `command` in `directory`. The kernel kills it when our process is gone, kill -9 included.

    The process that asks must start it from its main thread: Linux means that thread by "parent".
    """
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            preexec_fn=_ends_with(os.getpid()),
        )


async def kill(process: asyncio.subprocess.Process) -> None:
    """End `process` at once and reap it."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _ends_with(parent: int) -> Callable[[], None]:
    def prepare() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # gone between the fork and the line above
            os._exit(1)

    return prepare
