"""Runs a command for as long as somebody holds a lock, and ends it when that somebody is gone.

    python -m stack.tether LOCK [--as UID:GID] [--signal INT] [--remove DIRECTORY] -- COMMAND...

The holder takes an exclusive flock on LOCK before it starts us. The kernel lets go of it however
the holder ends, kill -9 included, so the command never outlives the one it was started for.
"""

from __future__ import annotations

import argparse
import fcntl
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from stack.account import Account

GRACE = 25.0
"""Seconds a command has to end after it was asked to, before it is killed."""


class LockHeld(Exception):
    """Somebody else holds the lock."""


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Holds the lock exclusively while the block runs; raises LockHeld at once when it is taken."""
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(str(lock)) from None
        yield


def tethered(
    lock: Path,
    command: Sequence[str],
    *,
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    remove: Path | None = None,
) -> list[str]:
    """The command line that runs `command` for as long as `lock` is held."""
    options = ["--signal", stop_signal.name.removeprefix("SIG")]
    if account is not None:
        options += ["--as", f"{account.uid}:{account.gid}"]
    if remove is not None:
        options += ["--remove", str(remove)]
    return [sys.executable, "-m", "stack.tether", str(lock), *options, "--", *command]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code, or 0 when it was ended because the holder is gone."""
    options = _parse(arguments)
    identity: dict[str, Any] = _identity(options.identity)
    ended_by_us = threading.Event()
    # Told to end before there is a way to pass that on, we would be gone and the command would stay.
    signal.signal(signal.SIGTERM, lambda *_: ended_by_us.set())
    child = subprocess.Popen(options.command, **identity)

    def stop(_signal: int = 0, _frame: FrameType | None = None) -> None:
        ended_by_us.set()
        child.send_signal(getattr(signal, f"SIG{options.signal}"))
        killer = threading.Timer(GRACE, child.kill)
        killer.daemon = True
        killer.start()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    if ended_by_us.is_set():
        stop()
    threading.Thread(target=_wait_for_release, args=(options.lock, stop), daemon=True).start()
    code = child.wait()
    if options.remove is not None:
        _remove(options.remove, options.lock)
    return 0 if ended_by_us.is_set() else code


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stack.tether", description=__doc__)
    parser.add_argument("lock", type=Path)
    parser.add_argument("--as", dest="identity", default="")
    parser.add_argument("--signal", default="TERM")
    parser.add_argument("--remove", type=Path)
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def _identity(value: str) -> dict[str, Any]:
    if not value:
        return {}
    uid, gid = value.split(":")
    return Account("", int(uid), int(gid)).popen_options


def _wait_for_release(lock: Path, stop: Callable[[], None]) -> None:
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
    stop()


def _remove(directory: Path, lock: Path) -> None:
    """Removes what the command left; the last one out also removes the directory with the lock."""
    shutil.rmtree(directory, ignore_errors=True)
    if directory.parent == lock.parent and not any(one.is_dir() for one in lock.parent.iterdir()):
        shutil.rmtree(lock.parent, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
