"""The three jobs that only reach power goals, and the rest of a reboot whose worker was lost."""

from __future__ import annotations

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims
from opsportal.models import JobKind, Power
from workers.hardware.running import Running

GOALS: dict[JobKind, tuple[bmc.PowerGoal, ...]] = {
    JobKind.POWER_ON: (bmc.PowerGoal.ON,),
    JobKind.POWER_OFF: (bmc.PowerGoal.OFF,),
    JobKind.REBOOT: (bmc.PowerGoal.OFF, bmc.PowerGoal.ON),
}


def reach_goals(running: Running) -> None:
    """Bring the server to each of its kind's goals in turn."""
    goals = GOALS[running.claim.kind]
    with running.connect() as control:
        for goal in goals:
            is_last = goal is goals[-1]
            running.reach(control, goal, goes_on=not is_last, ends_job=is_last)


def switch_on_again(running: Running, control: bmc.PowerControl) -> None:
    """Finish a reboot whose server was just read as off: it must not stay so."""
    with unit_of_work() as unit:
        claims.begin_step(unit, running.claim, "verify_off")
        claims.phase_done(unit, running.claim, Power.OFF)
    running.reach(control, bmc.PowerGoal.ON)
