"""Burn-in: the machine is switched on and off, and its sensors and event log are read around it."""

from __future__ import annotations

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.inventory import cleanings
from opsportal.models import CleaningStepName, EvidenceResult
from workers.hardware.running import Running

ASK_S = 60.0
EVENTS = 50


def burn_in(running: Running) -> None:
    """A test of minutes, not of days: a longer one (memory test, load) is a person's evidence beside it.

    Good: both power goals read back, no critical sensor, no new critical event. A BMC without sensors and log
    proves nothing, and the step stays without evidence.
    """
    with running.connect() as control:
        running.reach(control, bmc.PowerGoal.ON, goes_on=True)
        with running.step("read_health"):
            before = _events(control)
            critical = _critical_sensors(control)
        running.reach(control, bmc.PowerGoal.OFF, goes_on=True)
        with running.step("read_health_again"):
            after = _events(control)
    new = _new_critical(before, after)
    if critical is None and after is None:
        running.log("the BMC has neither sensors nor an event log; a person confirms the burn-in")
        return
    bad = [*(critical or []), *(new or [])]
    with unit_of_work() as unit:
        cleanings.witness(
            unit, running.job_id, CleaningStepName.BURN_IN,
            result=EvidenceResult.BAD if bad else EvidenceResult.GOOD,
            method="switched",
            facts={"critical": ", ".join(bad)[:200]} if bad else {"new critical events": 0},
        )  # fmt: skip


def _critical_sensors(control: bmc.PowerControl) -> list[str] | None:
    """The kinds of sensors that are critical; None where there are no sensors."""
    try:
        answer = bmc.capability(control, bmc.Sensors).read_sensors(timeout_s=ASK_S)
    except bmc.BmcUnsupported:
        return None
    return [f"{r.kind} sensor" for r in answer.readings if r.health is bmc.Health.CRITICAL]


def _events(control: bmc.PowerControl) -> bmc.EventAnswer | None:
    try:
        return bmc.capability(control, bmc.EventLog).read_events(limit=EVENTS, timeout_s=ASK_S)
    except bmc.BmcUnsupported:
        return None


def _new_critical(before: bmc.EventAnswer | None, after: bmc.EventAnswer | None) -> list[str] | None:
    """Codes of critical events that came in between."""
    if before is None or after is None:
        return None
    known = {event.record_id for event in before.events}
    return [
        event.code
        for event in after.events
        if event.record_id not in known and event.severity is bmc.Severity.CRITICAL and not event.is_over
    ]
