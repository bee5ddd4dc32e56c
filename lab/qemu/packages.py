"""Debian packages that are only unpacked, never installed: the guests' kernel and programs."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import tempfile
from pathlib import Path

KERNEL_CHOICE = "linux-image-cloud-amd64"
"""The package that depends on the present kernel for virtual machines: the smallest one there is."""
BUSYBOX = "busybox-static"
PATIENCE_S = 300


class PackageMissing(Exception):
    """Debian's archive did not give a package; the message says what to do."""


def kernel_package() -> str:
    """The package with the present kernel, as in linux-image-6.1.0-26-cloud-amd64. Raises PackageMissing."""
    said = _run(["apt-cache", "depends", "--important", KERNEL_CHOICE], None)
    found = re.search(r"Depends: (linux-image-\S+-cloud-amd64)", said)
    if found is None:
        raise PackageMissing(f"apt knows no {KERNEL_CHOICE}; run 'apt-get update' and try again.")
    return found[1]


def unpack(package: str, directory: Path) -> Path:
    """Download `package` with apt-get and unpack it into `directory`/PACKAGE; once, also for several processes.

    Raises PackageMissing.
    """
    target = directory / package
    if target.exists():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file is closed, or its process ends
        return target if target.exists() else _fetch(package, directory, target)


def _fetch(package: str, directory: Path, target: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=directory.resolve(), prefix=".fetch-") as scratch:
        _run(["apt-get", "download", "-qq", package], Path(scratch))
        (archive,) = Path(scratch).glob("*.deb")
        _run(["dpkg", "-x", str(archive), f"{scratch}/tree"], Path(scratch))
        Path(scratch, "tree").rename(target)
    return target


def _run(command: list[str], directory: Path | None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, "LC_ALL": "C.UTF-8"},  # what it says is read, too
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or error).strip()
        raise PackageMissing(
            f"'{' '.join(command)}' failed: {said[-300:]} This needs Debian's apt and its archive;"
            " run 'apt-get update' and try again."
        ) from error
    return done.stdout
