"""Every code of a BMC's events, and of what a partial answer lacks, has words."""

from __future__ import annotations

import bmc
import switches.errors
from bmc.ipmi import event_codes
from opsportal.components import labels, machine_labels
from opsportal.domain.hardware.block import PortIsUplink, PortMissing, SwitchReadOnly
from workers.clock import SCHEDULE


def test_every_event_has_words() -> None:
    assert set(machine_labels.EVENT) == event_codes.CODES
    assert set(machine_labels.SEVERITY) == {severity.value for severity in bmc.Severity}


def test_every_reading_has_words() -> None:
    assert set(machine_labels.SENSOR_KIND) == {kind.value for kind in bmc.SensorKind}
    assert set(machine_labels.HEALTH) == set(machine_labels.HEALTH_TONE) == {one.value for one in bmc.Health}
    assert {partial.value for partial in bmc.Partial} <= set(machine_labels.PARTIAL)


def test_everything_the_clock_does_has_words() -> None:
    assert set(labels.TASK) == set(SCHEDULE)


def test_every_outcome_of_a_switch_has_words() -> None:
    codes = set(switches.errors.ERRORS) - {"switch_without_ports"}
    assert codes <= set(labels.OUTCOME)
    assert {PortIsUplink.code, SwitchReadOnly.code, PortMissing.code, ""} == set(machine_labels.PLANNED)
