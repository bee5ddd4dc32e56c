"""Kernels and initrds of other servers: fetched, compared with the checksum on record, and kept for machines."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from opsportal.domain.provisioning.boot_files import copy_of

TIMEOUT_S = 10.0
"""For each answer of the other server."""
LONGEST_S = 60.0
"""For a whole file: what takes longer is better kept below BOOT_FILES."""
MOST = 2 << 30
_CHUNK = 1 << 20


class NotFetched(Exception):
    """The file is not there, not reachable, too slow, too large, or cannot be kept."""


class OtherContent(Exception):
    """What came does not have its checksum. Nothing of it was kept."""


def checksum(path: Path) -> str:
    """SHA-256 of a file in hexadecimal. Raises OSError."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def make_copy(url: str, sha256: str, *, renew: Callable[[], None]) -> None:
    """Make sure that a copy of what is at `url`, with this checksum, is there. Raises `NotFetched`, `OtherContent`.

    A copy that is there and still right is not fetched again. `renew` is called at least every few seconds.
    """
    copy = copy_of(sha256)
    with contextlib.suppress(OSError):
        if checksum(copy) == copy.name:
            return
    try:
        copy.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=copy.parent, prefix="fresh-", delete=False) as fresh:
            try:
                if _fetch(url, fresh, renew) != copy.name:
                    raise OtherContent
                Path(fresh.name).chmod(0o644)
                os.replace(fresh.name, copy)
            finally:
                Path(fresh.name).unlink(missing_ok=True)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise NotFetched from error


def _fetch(url: str, into: IO[bytes], renew: Callable[[], None]) -> str:
    """Write what is at `url` and return its checksum."""
    digest = hashlib.sha256()
    end = time.monotonic() + LONGEST_S
    size = 0
    renewed = time.monotonic()
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 (http or https, see preflight)
        while chunk := answer.read1(_CHUNK):
            digest.update(chunk)
            into.write(chunk)
            size += len(chunk)
            now = time.monotonic()
            if size > MOST or now > end:
                raise NotFetched
            if now - renewed > 1:
                renew()
                renewed = now
    into.flush()
    return digest.hexdigest()
