"""Burn-in: a stated number of power cycles, with sensors and event log read in each of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import bmc
from opsportal.domain.inventory import cleanings
from opsportal.models import CleaningStepName, EvidenceResult
from workers.hardware.running import Running

CYCLES = 3
"""Times on and off. It finds what dies of a cold start; load over days is a person's evidence beside it."""
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
    bad: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, str | int]:
        """The evidence. What the BMC could not tell is said, and not taken for good."""
        told: dict[str, str | int] = {"power cycles": f"{self.cycles} of {CYCLES}"}
        told["sensors read"] = self.sensors or "not by this BMC"
        told["event log compared"] = self.logs or "not by this BMC"
        if self.bad:
            return told | {"critical": ", ".join(self.bad[:MAX_NAMED])}
        return told | {"new critical events": 0} if self.logs else told


def burn_in(running: Running) -> None:
    """Good: every power goal read back, no critical sensor and no new critical event in any cycle.

    It ends with the first cycle that is bad, and always with the machine off. A BMC without sensors and log proves
    nothing, and the step stays without evidence.
    """
    found = Findings()
    with running.connect() as control:
        if control.power_state(timeout_s=POWER_S) is bmc.PowerState.ON:
            running.reach(control, bmc.PowerGoal.OFF, goes_on=True)
        known = _critical_events(running, control)
        while found.cycles < CYCLES and not found.bad:
            running.begin_round(f"power cycle {found.cycles + 1} of {CYCLES}")
            known = _cycle(running, control, found, known)
    if not found.sensors and not found.logs:
        running.log("the BMC has neither sensors nor an event log; a person confirms the burn-in")
        return
    with running.writing() as unit:
        cleanings.witness(
            unit, running.job_id, CleaningStepName.BURN_IN,
            result=EvidenceResult.BAD if found.bad else EvidenceResult.GOOD,
            method="switched",
            facts=found.facts(),
        )  # fmt: skip


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
