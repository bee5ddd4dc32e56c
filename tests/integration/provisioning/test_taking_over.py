"""A person takes over an installation that its machine is late with: nothing is begun, nothing is believed less."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import owners, standing, takeover
from opsportal.domain.hardware.refusals import JobNotTakeable, ServerTakenOver
from opsportal.domain.provisioning.refusals import BootRefused
from opsportal.domain.refusals import JobNotRetryable
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import HardwareJob, Role
from tests.builders import make_actor
from tests.integration.provisioning.rack import Place
from tests.integration.provisioning.test_stopping import _stop
from workers import clock, hardware, provisioning


def _taken_over(place: Place) -> Actor:
    """Its next milestone is late, and somebody has it from now on."""
    tess = make_actor(role=Role.TECHNICIAN)
    with unit_of_work() as unit, pytest.raises(JobNotTakeable):
        takeover.take_over(unit, tess, place.job_id)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE milestone SET reached_at = reached_at - interval '1 hour'"))
        unit.execute(text("UPDATE milestone SET late_s = 1"))
    provisioning.run()
    with unit_of_work() as unit:
        takeover.take_over(unit, tess, place.job_id)
    return tess


def _stands(place: Place) -> str:
    with unit_of_work() as unit:
        return unit.exec(select(standing.standing()).where(col(HardwareJob.id) == place.job_id)).one()


def test_nothing_is_handed_out_while_a_person_has_it(place: Place) -> None:
    place.reinstall()
    place.work()
    tess = _taken_over(place)
    assert (place.script(), _stands(place)) == (LOCAL_DISK, "taken")
    place.bmc.commands.clear()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE hardware_job SET deadline_at = now()"))
    clock.reconcile()
    assert place.job().status == "waiting"  # its limit ends it no more
    hardware.ask_job(place.job_id)
    with unit_of_work() as unit:
        row = owners.owner_of(unit, place.server.id or 0)
    assert row is not None
    assert (row.answer, row.verdict, place.bmc.commands) == ("on", None, [])
    with unit_of_work() as unit, pytest.raises(JobNotRetryable):
        takeover.retry(unit, tess, place.job_id)
    with unit_of_work() as unit:
        takeover.end_by_hand(unit, tess, place.job_id, is_done=False, seen="Its cable was out.")
    assert (place.end, place.installation().stage) == (("failed", "ended_by_hand"), "ended")
    assert place.script() == LOCAL_DISK


def test_an_installer_that_was_begun_is_given_nothing_more(place: Place) -> None:
    """It has its script and no configuration: its disk is untouched, and stays so until the job is handed back."""
    place.reinstall()
    place.work()
    place.script()
    tess = _taken_over(place)
    for name in ("kernel", "install.sh"):
        with pytest.raises(BootRefused):
            place.fetch(name)
    with unit_of_work() as unit:
        takeover.hand_back(unit, tess, place.job_id)
    place.boot_installer()
    place.install()
    assert place.end == ("succeeded", "verified")


def test_a_machine_at_work_goes_on_and_its_success_frees_the_server(place: Place) -> None:
    place.reinstall()
    place.work()
    place.boot_installer()
    _taken_over(place)
    with pytest.raises(ServerTakenOver):
        _stop(place, place.actor)
    place.install()
    assert place.end == ("succeeded", "verified")
    with unit_of_work() as unit:
        assert owners.owner_of(unit, place.server.id or 0) is None


def test_a_machine_that_says_it_has_failed_stays_with_who_has_it(place: Place) -> None:
    place.reinstall()
    place.work()
    place.boot_installer()
    _taken_over(place)
    place.report("failed", "other")
    assert (place.end, _stands(place)) == (("failed", "installer_other"), "taken")
