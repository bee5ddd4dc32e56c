"""Browsers, and tests that change this machine's addresses, one after the other.

An address that comes or goes on this machine makes Chromium drop what it is loading (ERR_NETWORK_CHANGED).
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from stack.disposable import Run


@contextmanager
def kept(run: Run) -> Iterator[None]:
    """For the block no test of this run changes an address. Several at a time."""
    with _locked(run, fcntl.LOCK_SH):
        yield


@contextmanager
def changing(run: Run) -> Iterator[None]:
    """The block begins when no test of this run needs this machine's addresses to stay."""
    with _locked(run, fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(run: Run, how: int) -> Iterator[None]:
    with (run.directory / "addresses").open("a") as file:
        fcntl.flock(file, how)
        yield
