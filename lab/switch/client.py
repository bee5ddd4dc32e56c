"""Where the lab's switches are: what the running lab has written down."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lab.bmcs.files import find_json

FILE = "switches.json"


class SwitchesNotReady(Exception):
    """No lab switches run in this state directory."""


def read_switches(state: Path, *, timeout: float = 0.0) -> list[dict[str, Any]]:
    """Every switch with name, site, host, port and community, waiting until the lab is ready."""
    deadline = time.monotonic() + timeout
    while (found := find_json(state / FILE)) is None:
        if time.monotonic() >= deadline:
            raise SwitchesNotReady(
                f"The switches in {state} are not ready after {timeout:g} s; look at their log."
            )
        time.sleep(0.02)
    switches: list[dict[str, Any]] = found
    return switches
