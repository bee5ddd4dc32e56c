"""How a child process ends: with its parent, whatever happens to either."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Make this process end when its parent does, even by kill -9, and even while stuck.

    Linux kills us with our parent; the end of standard input, which the caller watches, tells everybody
    else. Against hanging, each child sets an alarm of its own.
    """
    for ignored in (signal.SIGINT, signal.SIGTERM):  # sent to whole groups; the parent decides
        signal.signal(ignored, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
