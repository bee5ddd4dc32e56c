"""Waiting for what another process does, where it offers no event to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil


def wait_until(condition: Callable[[], bool], *, timeout: float = 60.0) -> None:
    """Returns when the condition is true; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def lives(process: psutil.Process) -> bool:
    """Whether the process is there, and not only its number until somebody takes note of its end."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
