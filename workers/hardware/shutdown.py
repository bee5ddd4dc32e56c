"""Off as a ladder: the operating system is asked first, and loses its power only when it does not listen."""

from __future__ import annotations

import contextlib
import time

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims
from opsportal.models import Power
from opsportal.settings import settings
from workers.hardware.running import Running

_ASK_S = 8.0
_PAUSE_S = 1.0
_SKIPPED = ("read", "switch_off", "verify_off")


def shut_down(running: Running) -> None:
    """Ask, wait as long as the grace allows, then take the power away."""
    with running.connect() as control:
        if _ask(running, control) and _wait(running, control):
            for step in _SKIPPED:
                running.skip_step(step, note_code="went_by_itself")
            return
        running.reach(control, bmc.PowerGoal.OFF)


def switch_off_hard(running: Running, control: bmc.PowerControl) -> None:
    """Finish a shutdown whose worker was lost: the server was just read as on, and has been asked."""
    running.reach(control, bmc.PowerGoal.OFF)


def _ask(running: Running, control: bmc.PowerControl) -> bool:
    """Whether the operating system was asked. A BMC that cannot is no reason to fail: the ladder goes on."""
    with unit_of_work() as unit:
        claims.begin_step(unit, running.claim, "ask_off")
    try:
        if control.power_state(timeout_s=_ASK_S) is bmc.PowerState.OFF:
            running.skip_step("ask_off", note_code="was_off")
            return True
        running.before_command("chassis power soft")
        bmc.capability(control, bmc.SoftShutdown).shutdown(timeout_s=_ASK_S)
    except (bmc.BmcUnsupported, bmc.BmcRefusedCommand):
        running.command_done("the BMC does not ask operating systems to shut down")
        running.skip_step("ask_off", note_code="cannot_ask")
        running.skip_step("wait_off", note_code="cannot_ask")
        return False
    running.command_done("the operating system was asked to shut down")
    running.is_half_done = True
    return True


def _wait(running: Running, control: bmc.PowerControl) -> bool:
    """Whether the machine went off by itself within the grace."""
    with unit_of_work() as unit:
        claims.begin_step(unit, running.claim, "wait_off")
    end = time.monotonic() + settings().shutdown_grace_s
    while True:
        with contextlib.suppress(bmc.BmcUnreachable, bmc.BmcBusy, bmc.BmcSessionLost):
            if control.power_state(timeout_s=_ASK_S) is bmc.PowerState.OFF:
                with unit_of_work() as unit:
                    claims.phase_done(unit, running.claim, Power.OFF)
                running.is_half_done = False
                return True
        if time.monotonic() >= end:
            return False
        running.renew()
        time.sleep(min(_PAUSE_S, settings().shutdown_grace_s))
