"""Burn-in: a run under load, then a stated number of power cycles, with sensors and event log read in each of them.

The load is a system of the boot service's that the machine runs by itself (`begin_load`); passed, the power cycles follow
while it is still warm (`burn_in`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.inventory import burn_ins, cleanings
from opsportal.models import CleaningStepName, EvidenceResult
from workers.hardware import network_boot
from workers.hardware.running import Running

CYCLES = 3
"""Times on and off. It finds what dies of a cold start."""
ASK_S = 60.0
POWER_S = 8.0
EVENTS = 50
MAX_NAMED = 5


@dataclass
class Findings:
    """What was seen so far. `sensors` and `logs` count the readings that told something."""

    cycles: int = 0
    sensors: int = 0
    logs: int = 0
    loaded: str = ""
    """For how long it ran under load; "": it did not."""
    bad: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, str | int]:
        """The evidence. What the BMC could not tell is said, and not taken for good."""
        told: dict[str, str | int] = {"power cycles": f"{self.cycles} of {CYCLES}"}
        told["run under load"] = self.loaded or "not done"
        told["sensors read"] = self.sensors or "not by this BMC"
        told["event log compared"] = self.logs or "not by this BMC"
        if self.bad:
            return told | {"critical": ", ".join(self.bad[:MAX_NAMED])}
        return told | {"new critical events": 0} if self.logs else told


def begin_load(running: Running) -> None:
    """Note which critical events there are already, then leave the machine to the system that loads it."""
    with running.connect() as control:
        known = _critical_events(running, control)
    with running.writing() as unit:
        burn_ins.note_events(unit, running.server_id, known)
    network_boot.install(running)


def burn_in(running: Running) -> None:
    """Good: the run under load passed, every power goal read back, no critical sensor and no new critical event since
    the load began.

    It ends with the first cycle that is bad, and always with the machine off. A BMC without sensors and log proves
    nothing, and neither do power cycles without load: then a person decides.
    """
    found = Findings(loaded=_loaded(running))
    with running.connect() as control:
        known = _after_load(running, control, found)
        if control.power_state(timeout_s=POWER_S) is bmc.PowerState.ON:
            running.reach(control, bmc.PowerGoal.OFF, goes_on=True)
        while found.cycles < CYCLES and not found.bad:
            running.begin_round(f"power cycle {found.cycles + 1} of {CYCLES}")
            known = _cycle(running, control, found, known)
    if not found.sensors and not found.logs:
        running.log("the BMC has neither sensors nor an event log; a person confirms the burn-in")
        return
    if not found.loaded and not found.bad:
        running.log(
            "the machine did not run under load: the boot service offers nothing for it; a person decides"
        )
    with running.writing() as unit:
        cleanings.witness(
            unit, running.job_id, CleaningStepName.BURN_IN, result=_result(found), method="switched",
            facts=found.facts(),
        )  # fmt: skip


def _result(found: Findings) -> EvidenceResult:
    if found.bad:
        return EvidenceResult.BAD
    return EvidenceResult.GOOD if found.loaded else EvidenceResult.OPEN


def _loaded(running: Running) -> str:
    with unit_of_work() as unit:
        passed = burn_ins.passed_load(unit, running.server_id)
    if passed is None or passed.started_at is None or passed.finished_at is None:
        return ""
    return f"passed, {round((passed.finished_at - passed.started_at).total_seconds() / 60)} minutes"


def _after_load(running: Running, control: bmc.PowerControl, found: Findings) -> dict[int, str] | None:
    """Look at a machine that is still warm: sensors, and critical events since the load began. Returns those known."""
    now = _critical_events(running, control)
    if not found.loaded:
        return now
    critical = _critical_sensors(running, control)
    if critical is not None:
        found.sensors += 1
        found.bad += critical
    with unit_of_work() as unit:
        before = burn_ins.events_before(unit, running.server_id)
    if now is not None and before is not None:
        found.logs += 1
        found.bad += [code for number, code in now.items() if number not in before]
    return now


def _cycle(
    running: Running, control: bmc.PowerControl, found: Findings, known: dict[int, str] | None
) -> dict[int, str] | None:
    """On, sensors; off, event log compared. Returns the critical events that are known from now on."""
    running.reach(control, bmc.PowerGoal.ON, goes_on=True)
    with running.step("read_health"):
        critical = _critical_sensors(running, control)
    running.reach(control, bmc.PowerGoal.OFF, goes_on=True)
    with running.step("read_health_again"):
        now = _critical_events(running, control)
    found.cycles += 1
    if critical is not None:
        found.sensors += 1
        found.bad += critical
    if known is not None and now is not None:
        found.logs += 1
        found.bad += [code for number, code in now.items() if number not in known]
    return now


def _critical_sensors(running: Running, control: bmc.PowerControl) -> list[str] | None:
    """The kinds of sensors that are critical; None where none is and not all of them said how they are."""
    try:
        with running.kept():
            answer = bmc.capability(control, bmc.Sensors).read_sensors(timeout_s=ASK_S)
    except bmc.BmcUnsupported:
        return None
    critical = [f"{r.kind} sensor" for r in answer.readings if r.health is bmc.Health.CRITICAL]
    is_told = answer.partial is None and any(r.health is not bmc.Health.UNKNOWN for r in answer.readings)
    return critical if critical or is_told else None


def _critical_events(running: Running, control: bmc.PowerControl) -> dict[int, str] | None:
    """The newest critical events by their record; None where there is no event log."""
    try:
        with running.kept():
            answer = bmc.capability(control, bmc.EventLog).read_events(limit=EVENTS, timeout_s=ASK_S)
    except bmc.BmcUnsupported:
        return None
    return {
        event.record_id: event.code
        for event in answer.events
        if event.severity is bmc.Severity.CRITICAL and not event.is_over
    }
