"""What is late says why, what is far too late has failed, and the usual times come from the past."""

from __future__ import annotations

import datetime as dt

from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims, reconciliation
from opsportal.domain.provisioning import milestones
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import Diagnosis, InstallStage, Milestone, MilestoneName, Power, Server
from opsportal.models.base import utcnow
from tests.integration.provisioning.rack import Place
from workers import provisioning

REPORTS = ("installer_started", "disk_prepared", "system_written", "first_boot", "answers")
# Up to where the machine comes, and what is said when it comes no further.
STANDSTILLS: dict[str, Diagnosis] = {
    "nothing": Diagnosis.NO_NETWORK_BOOT,
    "script": Diagnosis.NO_KERNEL,
    "kernel": Diagnosis.KERNEL_SILENT,
    "installer_started": Diagnosis.DISK_NOT_READY,
    "disk_prepared": Diagnosis.WRITING_STUCK,
    "system_written": Diagnosis.NO_FIRST_BOOT,
    "first_boot": Diagnosis.NOT_ANSWERING,
}


def _go(place: Place, how_far: str) -> None:
    if how_far == "nothing":
        return
    place.script()
    if how_far == "script":
        return
    place.fetch("kernel")
    for report in REPORTS[: REPORTS.index(how_far) + 1 if how_far in REPORTS else 0]:
        place.report(report)


def _let_pass(place: Place, seconds: int) -> None:
    """As if so much time had passed since the machine was last heard of."""
    shift = f"interval '{seconds} seconds'"
    with unit_of_work() as unit:
        run = unit.connection().exec_driver_sql
        run(f"UPDATE milestone SET reached_at = reached_at - {shift} WHERE job_id = %s", (place.job_id,))
        run(f"UPDATE hardware_job SET deadline_at = deadline_at - {shift} WHERE id = %s", (place.job_id,))


def _waited(place: Place) -> Milestone:
    with unit_of_work() as unit:
        row = milestones.waited_for(unit, place.job_id)
    assert row is not None
    return row


def _sweep() -> int:
    with unit_of_work() as unit:
        return reconciliation.end_overdue(unit)


def test_machine_stands_still(place: Place) -> None:
    for how_far, diagnosis in STANDSTILLS.items():
        place.reinstall()  # nothing of the one before is in the way
        place.work()
        _go(place, how_far)
        provisioning.run()
        row = _waited(place)
        assert (row.late_at, row.diagnosis) == (None, None)
        _let_pass(place, row.late_s + 1)
        provisioning.run()
        provisioning.run()
        row = _waited(place)
        assert (row.late_at is not None, row.diagnosis) == (True, diagnosis)
        assert (_sweep(), place.end) == (0, ("waiting", None))  # late is not lost
        _let_pass(place, row.limit_s - row.late_s)
        assert (_sweep(), place.end) == (1, ("failed", diagnosis))
        assert place.script() == LOCAL_DISK
        installation = place.installation()
        assert (installation.stage, installation.password_hash) == (InstallStage.ENDED, None)


def _told_power(place: Place, power: Power) -> None:
    """As the sweep keeps what the BMC has just said."""
    with unit_of_work() as unit:
        claims.record_power(unit, unit.get_one(Server, place.job().server_id), power, company_id=None)


def test_machine_without_power_is_told_at_once(place: Place) -> None:
    place.reinstall()
    place.work()
    place.boot_installer()
    place.report("disk_prepared")

    def late() -> Diagnosis | None:
        provisioning.run()
        row = _waited(place)
        assert (row.late_at is None) == (row.diagnosis is None)
        return row.diagnosis

    assert late() is None
    _told_power(place, Power.OFF)
    assert late() == Diagnosis.NO_POWER
    _told_power(place, Power.ON)  # by itself, as some firmware does
    assert late() is None
    _let_pass(place, _waited(place).late_s + 1)
    assert late() == Diagnosis.WRITING_STUCK
    _told_power(place, Power.OFF)
    assert late() == Diagnosis.NO_POWER
    _let_pass(place, _waited(place).limit_s)
    assert (_sweep(), place.end) == (1, ("failed", Diagnosis.NO_POWER))


def test_report_after_the_deadline_and_before_the_sweep_still_counts(place: Place) -> None:
    place.reinstall()
    place.work()
    _let_pass(place, 10_000)
    place.boot_installer()
    assert (_sweep(), place.end) == (0, ("waiting", None))
    deadline = place.job().deadline_at
    assert deadline is not None
    limit = milestones.EXPECTED[MilestoneName.DISK_PREPARED].limit_s
    assert abs(deadline - utcnow() - dt.timedelta(seconds=limit)) < dt.timedelta(seconds=120)


def test_usual_times_come_from_the_past(place: Place) -> None:
    def usual() -> dict[str, int]:
        with unit_of_work() as unit:
            return {row.name: row.usual_s for row in milestones.milestones_of(unit, place.job_id)}

    place.reinstall()
    assert usual()["kernel_fetched"] == milestones.EXPECTED[MilestoneName.KERNEL_FETCHED].usual_s
    place.work()
    place.boot_installer()
    place.install()
    with unit_of_work() as unit:
        unit.connection().exec_driver_sql(
            "UPDATE milestone SET reached_at = "
            "timestamptz '2026-01-01 00:00Z' + position * position * interval '10 s'"
        )
    place.reinstall()
    assert usual() == {
        "power_cycled": 5, "network_boot": 10, "kernel_fetched": 30, "installer_started": 50,
        "disk_prepared": 70, "system_written": 90, "first_boot": 110, "answers": 130,
    }  # fmt: skip
