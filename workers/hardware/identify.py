"""The identify light."""

from __future__ import annotations

import bmc
from workers.hardware.running import Running

BLINK_S = 240
_ASK_S = 8.0


def blink(running: Running) -> None:
    """Let the light blink for four minutes; it goes out by itself."""
    with running.step("identify"), running.connect() as control:
        light = bmc.capability(control, bmc.Identify)
        running.before_command(f"chassis identify {BLINK_S}")
        light.identify(BLINK_S, timeout_s=_ASK_S)
        running.command_done("the light blinks")
