"""Faults planted in what protects reinstalls: the same check passes with each in place and fails without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from bmc import PowerGoal
from bmc.memory import MemoryPower
from opsportal.db import unit_of_work
from opsportal.domain.hardware import reconciliation
from opsportal.domain.provisioning import deliveries, machines, progress
from opsportal.domain.provisioning.refusals import BootRefused
from opsportal.integrations.installers import LOCAL_DISK
from tests.chaos.test_planted import IS_PLANTED
from tests.integration.provisioning.conftest import place
from tests.integration.provisioning.rack import IMAGE, Place
from tests.integration.test_protections import take_out
from workers import clock
from workers.hardware import preflight

__all__ = ["place"]
pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]
STRANGER = "203.0.113.9"


def _is_refused(place: Place, name: str, **how: str) -> bool:
    try:
        place.fetch(name, **how)
    except BootRefused:
        return True
    return False


@IS_PLANTED
def test_a_second_installation_of_one_server(place: Place, is_planted: bool) -> None:
    """A job was ended by code that has forgotten its installation: the next one would find two that are open."""
    place.reinstall()
    with unit_of_work() as unit:
        if is_planted:
            unit.execute(text("DROP INDEX uq_installation_open"))
        ending = "UPDATE hardware_job SET status = 'failed', finished_at = now() WHERE id = :job"
        unit.execute(text(ending), {"job": place.job_id})
    if is_planted:
        place.reinstall()
    else:
        with pytest.raises(IntegrityError, match="uq_installation_open"):
            place.reinstall()
    with unit_of_work() as unit:
        still_open = unit.execute(text("SELECT count(*) FROM installation WHERE stage <> 'ended'")).scalar()
    assert still_open == (2 if is_planted else 1)


@IS_PLANTED
def test_a_callback_from_elsewhere(place: Place, monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """Somebody who has read the token off the wire says that the system is written, and fetches its secrets."""
    place.reinstall()
    place.work()
    place.boot_installer()
    if is_planted:
        monkeypatch.setattr(machines, "is_own_address", lambda *_: True)
        place.report("system_written", address=STRANGER)
    else:
        with pytest.raises(BootRefused):
            place.report("system_written", address=STRANGER)
    assert (place.installation().progress == 100) is is_planted
    assert _is_refused(place, "shadow", address=STRANGER) is not is_planted


@IS_PLANTED
def test_a_token_after_its_installation(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """It has failed; its machine, or whoever has the token, comes again for what was never fetched."""
    place.reinstall()
    place.work()
    place.boot_installer()
    place.report("failed", "checksum")
    if is_planted:  # two stand in the way
        take_out(monkeypatch, machines, "_lock", "job.status not in ACTIVE_JOB or ", "False and ")
        stages = "machine is None or machine.stage not in (InstallStage.ARMED, InstallStage.HANDED_OUT)"
        take_out(monkeypatch, machines, "find_by_token", stages, "machine is None")
        monkeypatch.setattr(deliveries, "find_by_token", machines.find_by_token)
    assert _is_refused(place, "hostname") is not is_planted


@IS_PLANTED
def test_a_file_that_leaves_twice(place: Place, monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    """Whoever comes second for what is the machine's alone gets nothing."""
    place.reinstall()
    place.work()
    place.boot_installer()
    if is_planted:
        once = "name not in row.fetched and _has(name, facts)"
        take_out(monkeypatch, deliveries, "deliver", once, "_has(name, facts)")
    assert not _is_refused(place, "authorized_keys")
    assert _is_refused(place, "authorized_keys") is not is_planted


@IS_PLANTED
def test_a_file_fetched_by_two_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """The second comes while the first has not committed: it has to wait, and cannot read what was before."""
    place.reinstall()
    place.work()
    place.boot_installer()
    if is_planted:
        locks = "with_for_update=True, populate_existing=True"
        rows = "row = unit.get_one(Installation, installation.job_id, {})"
        jobs = "job = unit.get_one(HardwareJob, installation.job_id, {})"
        both = f"    {jobs.format(locks)}\n    {rows.format(locks)}"
        neither = both.replace(locks, "populate_existing=True")
        take_out(monkeypatch, machines, "_lock", both, neither)
    with unit_of_work() as first:
        machines.find_by_token(first, place.token(), place.address)
        with unit_of_work() as second:
            second.execute(text("SET LOCAL lock_timeout = '50ms'"))
            if is_planted:
                machines.find_by_token(second, place.token(), place.address)
            else:
                with pytest.raises(OperationalError, match="lock timeout"):
                    machines.find_by_token(second, place.token(), place.address)
                second.rollback()


@IS_PLANTED
def test_a_server_erased_for_a_broken_image(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """Its image was damaged after the order: nothing may be lost for one that cannot be installed."""
    place.reinstall()
    (tmp_path / "boot" / "image.gz").write_bytes(IMAGE + b"x")
    if is_planted:
        monkeypatch.setattr(preflight, "check", lambda *_, **__: None)
    place.work()
    assert [str(goal) for goal in place.bmc.commands] == (["off", "on"] if is_planted else [])
    assert (place.end == ("failed", "boot_file_wrong")) is not is_planted


@IS_PLANTED
def test_an_installer_armed_before_the_power_is_off(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """A start that is not ours, in the moment before the server loses its power, is from its own disk."""
    seen: list[str] = []
    real = MemoryPower.set_power

    def starts_by_itself(self: MemoryPower, goal: PowerGoal, *, timeout_s: float) -> None:
        if goal is PowerGoal.OFF:
            seen.append(place.script())
        real(self, goal, timeout_s=timeout_s)

    monkeypatch.setattr(MemoryPower, "set_power", starts_by_itself)
    if is_planted:
        monkeypatch.setattr(progress, "disarm", lambda unit, job_id: progress.arm(unit, job_id) is None)
    place.reinstall()
    place.work()
    assert (seen == [LOCAL_DISK]) is not is_planted


@IS_PLANTED
def test_an_installer_that_says_nothing_more(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """No worker is held by it: the limit of the milestone that comes next is the only way out."""
    place.reinstall()
    place.work()
    place.boot_installer()
    with unit_of_work() as unit:
        run = unit.connection().exec_driver_sql
        day = "- interval '1 day' WHERE"
        run(f"UPDATE milestone SET reached_at = reached_at {day} job_id = %s", (place.job_id,))
        run(f"UPDATE hardware_job SET deadline_at = deadline_at {day} id = %s", (place.job_id,))
    if is_planted:
        monkeypatch.setattr(reconciliation, "end_overdue", lambda _: 0)
    clock.reconcile()
    assert place.end == (("waiting", None) if is_planted else ("failed", "disk_not_ready"))
