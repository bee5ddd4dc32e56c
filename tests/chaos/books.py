"""Whether the books and the machines agree: what must hold after any chaos."""

from __future__ import annotations

from collections.abc import Iterable

from bmc import PowerState
from opsportal.models import HardwareJob, JobKind

GOALS = {
    JobKind.POWER_OFF: PowerState.OFF,
    JobKind.POWER_ON: PowerState.ON,
    JobKind.REBOOT: PowerState.ON,
    JobKind.REINSTALL: PowerState.ON,
}
_POWER = {"power off": PowerState.OFF, "power on": PowerState.ON}
UNTOUCHED = {
    "not_carried_out",  # written down, never sent, and the BMC has said so
    "bmc_unreachable",
    "bmc_session_lost",
    "bmc_deadline_exceeded",
    "bmc_busy",
}
"""Outcomes of a failed job that has changed nothing."""
HALF_WAY = {"reboot_uncertain", "reboot_left_off", "changed_hands", "bmc_ignored_command"}
"""Outcomes of a failed job that may have changed something and says so."""


def check_commands(commands: Iterable[str], announced: int) -> PowerState:
    """Replay what reached a machine that was on. Returns its power then.

    Each command found it in the other state: none was carried out a second time. And each was written
    down before.
    """
    power, reached = PowerState.ON, 0
    for command in commands:
        if command not in _POWER:
            continue
        assert _POWER[command] != power, f"{command} a second time"
        power = _POWER[command]
        reached += 1
    assert reached <= announced, f"{reached} commands, {announced} written down"
    return power


def check_end(jobs: list[HardwareJob], power: PowerState) -> None:
    """Every job of one server has ended, and the machine is where the last one that changed it left it."""
    assert all(job.finished_at is not None for job in jobs), jobs
    known: PowerState | None = PowerState.ON
    for job in jobs:
        if job.status == "succeeded":
            known = GOALS[JobKind(job.kind)]
        elif job.status in ("expired", "cancelled"):
            assert job.commands_sent == 0, job
        else:
            assert job.status == "failed", job
            assert job.outcome_code in UNTOUCHED | HALF_WAY, job
            if job.outcome_code == "not_carried_out":
                assert known is None or known != GOALS[JobKind(job.kind)] or job.kind == JobKind.REINSTALL, (
                    job
                )
            if job.outcome_code in HALF_WAY or job.kind == JobKind.REINSTALL:
                known = None
    assert known in (None, power), (known, power, jobs)
