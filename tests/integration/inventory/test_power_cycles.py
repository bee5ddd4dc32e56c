"""The power cycles of a burn-in: health and event log are read in each, and the first bad one ends it."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

import bmc
from bmc.memory import MemoryBmc
from opsportal.db import unit_of_work
from opsportal.domain.inventory import work
from opsportal.models import CleaningEvidence, JobLog
from tests.integration.inventory.machines import begin_cleaning, evidence, run, stock_status, stocked

pytestmark = pytest.mark.usefixtures("portal")


def _hot(health: bmc.Health) -> bmc.SensorAnswer:
    kind = bmc.SensorKind.TEMPERATURE
    return bmc.SensorAnswer((bmc.SensorReading("CPU", kind, 60.0, "°C", health, number=1),))


def _log(*records: int) -> bmc.EventAnswer:
    """An event log with one critical event a record."""
    events = [
        bmc.BmcEvent(
            record_id=number,
            at=None,
            code="power_unit_failed",
            kind="power",
            severity=bmc.Severity.CRITICAL,
            is_over=False,
        )
        for number in records
    ]
    return bmc.EventAnswer(tuple(events), total=len(events))


ON_AND_OFF = [bmc.PowerGoal.ON, bmc.PowerGoal.OFF]


def burn_in_facts() -> dict[str, object]:
    with unit_of_work() as unit:
        return (
            unit.exec(select(CleaningEvidence.facts).order_by(col(CleaningEvidence.id).desc())).first() or {}
        )


@pytest.mark.parametrize("state", [bmc.PowerState.OFF, bmc.PowerState.ON])
def test_burn_in_is_three_power_cycles_with_health_read_in_each(state: bmc.PowerState) -> None:
    machine = MemoryBmc(state=state, sensors=_hot(bmc.Health.OK), events=_log(7))
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        job = run(work.burn_in, actor, server)
        assert job.status == "succeeded"
        first = [bmc.PowerGoal.OFF] if state is bmc.PowerState.ON else []
        assert machine.commands == first + ON_AND_OFF * 3
        assert evidence(server) == {
            "burn_in": ("open", "switched")
        }  # nothing has loaded it: a person decides
        assert stock_status(server) == "cleaning"
        assert burn_in_facts() == {
            "run under load": "not done", "power cycles": "3 of 3", "sensors read": 3, "event log compared": 3,
            "new critical events": 0,
        }  # fmt: skip
        with unit_of_work() as unit:
            lines = [line.line for line in unit.exec(select(JobLog).where(col(JobLog.job_id) == job.id))]
        assert [line for line in lines if line.startswith("power cycle")] == [
            f"power cycle {number} of 3" for number in (1, 2, 3)
        ]


def test_burn_in_ends_with_the_first_bad_cycle_and_the_machine_is_off() -> None:
    machine = MemoryBmc(state=bmc.PowerState.OFF, sensors=_hot(bmc.Health.CRITICAL))
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.burn_in, actor, server).status == "succeeded"
        assert machine.commands == ON_AND_OFF
        assert evidence(server) == {"burn_in": ("bad", "switched")}
        assert burn_in_facts()["critical"] == "temperature sensor"
        assert stock_status(server) == "faulty"


class FailsInItsSecondStart(MemoryBmc):
    """The second time it is switched on, its event log has a new critical event."""

    def obey(self, goal: bmc.PowerGoal) -> None:
        super().obey(goal)
        if self.commands.count(bmc.PowerGoal.ON) == 2:
            self.events = _log(7, 8)


def test_burn_in_compares_the_event_log_after_each_cycle() -> None:
    machine = FailsInItsSecondStart(state=bmc.PowerState.OFF, sensors=_hot(bmc.Health.OK), events=_log(7))
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.burn_in, actor, server).status == "succeeded"
        assert machine.commands == ON_AND_OFF * 2
        assert burn_in_facts() == {
            "run under load": "not done", "power cycles": "2 of 3", "sensors read": 2, "event log compared": 2,
            "critical": "power_unit_failed",
        }  # fmt: skip
        assert stock_status(server) == "faulty"


def test_burn_in_without_sensors_and_log_is_left_to_a_person() -> None:
    machine = MemoryBmc(state=bmc.PowerState.OFF, unsupported={bmc.Sensors, bmc.EventLog})
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.burn_in, actor, server).status == "succeeded"
        assert machine.commands == ON_AND_OFF * 3
        assert (evidence(server), stock_status(server)) == ({}, "cleaning")
