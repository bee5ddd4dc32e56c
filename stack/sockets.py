"""Where unix sockets go: beside their data, or in a short private directory when that is too deep.

A socket's path has at most 107 bytes on Linux (unix(7)) and 103 on macOS; the longest name we
make is PostgreSQL's `.s.PGSQL.5432.lock`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from stack.account import Account, make_private_directory

LONGEST_NAME = len("/.s.PGSQL.5432.lock")
LONGEST_PATH = 103


def socket_directory(home: Path, account: Account | None = None) -> Path:
    """The directory for sockets of what lives in `home`: always the same one, mode 0700, made if needed."""
    return make_private_directory(_place(home.resolve()), account)


def discard_socket_directory(home: Path) -> None:
    """Removes the directory when it is not in `home`, so that nothing is left in a shared place."""
    place = _place(home.resolve())
    if not place.is_relative_to(home.resolve()):
        shutil.rmtree(place, ignore_errors=True)


def _place(home: Path) -> Path:
    beside = home / "run"
    if len(os.fsencode(beside)) + LONGEST_NAME <= LONGEST_PATH:
        return beside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return short_directory() / f"opsportal-{os.geteuid()}-{digest}"


def short_directory() -> Path:
    """A directory for temporary files with a short path: /tmp where there is one."""
    tmp = Path("/tmp")  # noqa: S108 what we make there is private and checked to be ours
    return tmp if os.access(tmp, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
