"""Loaded by Python itself before localstripe starts, because this directory is on its PYTHONPATH.

localstripe listens on every interface and writes everything it knows to one fixed file in /tmp, again at
each request. Here it is kept on this machine, with its state where LOCALSTRIPE_STATE says (nowhere, if
empty), and it ends when whoever started it does. Nothing of localstripe is imported or changed.
"""

from __future__ import annotations

import builtins
import io
import os
import pickle
import socket
import sys
import threading
from typing import Any

_THEIRS = "/tmp/localstripe.pickle"  # noqa: S108
_STATE = os.environ.get("LOCALSTRIPE_STATE", "")
_open = builtins.open


class _Whole(io.BytesIO):
    """A file that is on the disk either as it was or as it shall be, never in between."""

    def close(self) -> None:
        if not self.closed and _STATE:
            with _open(_STATE + ".new", "wb") as file:
                file.write(self.getvalue())
            os.replace(_STATE + ".new", _STATE)
        super().close()


def _redirected(path: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
    if path != _THEIRS:
        return _open(path, mode, *arguments, **named)
    return _Whole() if "w" in mode else _open(_STATE or os.devnull, mode)


class _HereOnly(socket.socket):
    """IPv4, and the loopback where *everywhere* was asked for."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        if family == socket.AF_INET6 and fileno is None:
            family = socket.AF_INET
        super().__init__(family, type, proto, fileno)

    def bind(self, address: Any) -> None:
        super().bind(("127.0.0.1", address[1]) if address[0] == "::" else address)


def _end_with_starter() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


builtins.open = _redirected  # type: ignore[assignment]
socket.socket = _HereOnly  # type: ignore[misc]
if not _STATE:
    pickle.dump = lambda *_, **__: None
if os.environ.get("LOCALSTRIPE_TETHERED"):
    threading.Thread(target=_end_with_starter, daemon=True).start()
