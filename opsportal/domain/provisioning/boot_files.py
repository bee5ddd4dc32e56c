"""Where the files that machines boot are kept: an operator's own, and verified copies of those from elsewhere."""

from __future__ import annotations

from pathlib import Path

from opsportal.settings import settings

_COPIES = ".verified"


def own_file(source: str) -> Path | None:
    """The file below BOOT_FILES that a system names; None when there is none, or it is elsewhere."""
    root = settings().boot_files.resolve()
    path = (root / source).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


def copy_of(sha256: str) -> Path:
    """Where the content with this checksum is kept once a worker has fetched and verified it.

    Firmware checks nothing: a kernel or initrd of another server is therefore never fetched from there by a
    machine, but by a worker, which keeps it here under its checksum.
    """
    return settings().boot_files.resolve() / _COPIES / sha256.lower()
