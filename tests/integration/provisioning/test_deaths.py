"""Workers that die at every step of a reinstall: it goes on, and nothing is installed twice."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from bmc import PowerGoal
from bmc.memory import MemoryPower
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims, reconciliation
from opsportal.domain.provisioning import progress
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import InstallStage, JobStatus
from opsportal.settings import settings
from tests.integration.provisioning.rack import Place
from tests.workers.site import let_lease_expire, log_of
from workers import hardware
from workers.hardware import preflight

OFF, ON = PowerGoal.OFF, PowerGoal.ON


class Died(BaseException):
    """kill -9, as far as the code can tell: nothing behind it runs."""


def _dies(*_: object, **__: object) -> Any:
    raise Died


def _dies_at_goal(goal: PowerGoal, *, is_sent: bool) -> Any:
    real = MemoryPower.set_power

    def set_power(self: MemoryPower, wanted: PowerGoal, *, timeout_s: float) -> None:
        if wanted is goal and not is_sent:
            raise Died
        real(self, wanted, timeout_s=timeout_s)
        if wanted is goal:
            raise Died

    return set_power


# Where the worker dies, and what the BMC has been told when all is done.
DEATHS: dict[str, tuple[Any, str, Any, list[PowerGoal]]] = {
    "in the checks": (preflight, "check", _dies, [OFF, ON]),
    "off written, not sent": (MemoryPower, "set_power", _dies_at_goal(OFF, is_sent=False), [OFF, ON]),
    "off sent": (MemoryPower, "set_power", _dies_at_goal(OFF, is_sent=True), [OFF, ON]),
    "boot device written, not sent": (MemoryPower, "set_boot", _dies, [OFF, ON]),
    "before it is armed": (progress, "arm", _dies, [OFF, ON]),
    "on written, not sent": (MemoryPower, "set_power", _dies_at_goal(ON, is_sent=False), [OFF, ON]),
    "on sent": (MemoryPower, "set_power", _dies_at_goal(ON, is_sent=True), [OFF, ON, OFF, ON]),
    "before it leaves": (progress, "leave_to_machine", _dies, [OFF, ON, OFF, ON]),
}


def _dies_at(place: Place, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """A reinstall whose worker dies at this point."""
    where, name, deadly, _ = DEATHS[point]
    place.bmc.commands.clear()
    place.reinstall()
    with monkeypatch.context() as patch:
        patch.setattr(where, name, deadly)
        with pytest.raises(Died):
            place.work()


def _carry_on(place: Place) -> None:
    """What clock and queue do with a job whose worker is gone."""
    let_lease_expire(place.server)
    with unit_of_work() as unit:
        assert reconciliation.fence_off_dead(unit) == 1
    if place.job().status == JobStatus.QUEUED:
        place.work()
    else:
        hardware.reconcile_job(place.job_id)


def test_worker_dies_and_another_carries_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for point, (*_, commands) in DEATHS.items():
        _dies_at(place, monkeypatch, point)
        _carry_on(place)
        assert (place.end, place.bmc.commands) == (("waiting", None), commands), (point, log_of(place.job_id))
        place.boot_installer()
        place.install()
        assert (place.end, place.installation().fetched) == (("succeeded", "verified"), ["image"]), point


def test_machine_that_was_seen_is_left_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is dead, and its machine has begun: switching it off now would be the harm."""
    for point in ("on sent", "before it leaves"):
        _dies_at(place, monkeypatch, point)
        place.boot_installer()
        place.fetch("image")
        _carry_on(place)
        assert (place.end, place.bmc.commands) == (("waiting", None), [OFF, ON])
        for milestone in ("disk_prepared", "system_written", "answers"):
            place.report(milestone)
        assert place.end == ("succeeded", "verified")


@pytest.mark.parametrize("is_taken_out", [False, True], ids=["kept", "taken out"])
def test_machine_that_begins_while_a_worker_takes_over(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    """Between the BMC's answer and the command the machine gets its configuration: it is left alone."""
    _dies_at(place, monkeypatch, "before it leaves")
    real = hardware.jobs.RESUMES[place.installation_kind()]

    def late(running: Any, control: Any) -> None:
        place.boot_installer()
        if is_taken_out:
            monkeypatch.setattr(progress, "disarm", lambda *_: True)
        real(running, control)

    monkeypatch.setitem(hardware.jobs.RESUMES, place.installation_kind(), late)
    _carry_on(place)
    assert place.bmc.commands == ([OFF, ON, OFF, ON] if is_taken_out else [OFF, ON])
    assert place.end == ("waiting", None)


def test_machine_ends_while_nobody_looks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is dead, the installation goes through, or fails: the reconciler finds it written down."""
    for report, end in (("", ("succeeded", "verified")), ("checksum", ("failed", "installer_checksum"))):
        _dies_at(place, monkeypatch, "before it leaves")
        place.boot_installer()
        if report:
            place.report("failed", report)
            assert place.installation().stage == InstallStage.ENDED
        else:
            place.install()
        _carry_on(place)
        assert (place.end, place.script()) == (end, LOCAL_DISK)


def test_late_worker_can_do_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen before the command that switches the server off; another has taken the job over meanwhile."""
    real = claims.announce_command
    place.reinstall()

    def frozen(unit: Any, held: claims.Claim, **announced: str) -> None:
        monkeypatch.setattr(claims, "announce_command", real)
        unit.rollback()
        _carry_on(place)
        assert place.end == ("waiting", None)
        real(unit, held, **announced)

    monkeypatch.setattr(claims, "announce_command", frozen)
    place.work()
    assert (place.end, place.bmc.commands) == (("waiting", None), [OFF, ON])


def test_interrupted_for_too_long(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants a server to be switched off an hour after the click."""
    _dies_at(place, monkeypatch, "before it is armed")
    with unit_of_work() as unit:
        unit.connection().exec_driver_sql(
            "UPDATE hardware_job SET started_at = now() - interval '1 hour' WHERE id = %s", (place.job_id,)
        )
    _carry_on(place)
    assert (place.end, place.bmc.commands) == (("failed", "interrupted"), [OFF])
    assert place.script() == LOCAL_DISK


def test_bmc_that_fell_silent_before_the_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off is read back, on is sent, and the BMC answers no more: unknown, asked again, carried on."""
    place.reinstall()
    real = MemoryPower.set_power

    def falls_silent(self: MemoryPower, goal: PowerGoal, *, timeout_s: float) -> None:
        real(self, goal, timeout_s=timeout_s)
        place.bmc.is_silent = goal is ON

    with monkeypatch.context() as patch:
        patch.setenv("POWER_DEADLINE_S", "4")  # enough to come as far on any machine
        settings.cache_clear()
        patch.setattr(MemoryPower, "set_power", falls_silent)
        place.work()
    settings.cache_clear()
    assert place.end == ("unknown", None)
    assert place.installation().stage == InstallStage.ARMED  # the machine may be on its way
    place.bmc.is_silent = False
    place.boot_installer()
    hardware.reconcile_job(place.job_id)
    assert (place.end, place.bmc.commands) == (("waiting", None), [OFF, ON])


def test_events_are_only_added(place: Place) -> None:
    place.reinstall()
    place.work()
    place.script()
    with pytest.raises(DBAPIError, match="append-only"), unit_of_work() as unit:
        unit.connection().exec_driver_sql("DELETE FROM install_event")
