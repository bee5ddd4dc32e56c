"""A whole burn-in by its jobs: under load through the boot service, then power cycles; its faults, and a person's part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

import bmc
from bmc.memory import MemoryBmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import block
from opsportal.domain.inventory import work
from opsportal.domain.provisioning.refusals import ServerCutOff
from opsportal.models import HardwareJob, JobKind, Outbox, Person, SystemPurpose
from opsportal.settings import settings
from tests.cabling import make_block, make_port
from tests.integration.inventory.machines import begin_cleaning, evidence, stock_status, stocked
from tests.integration.inventory.test_power_cycles import ON_AND_OFF, _hot, _log, burn_in_facts
from tests.integration.provisioning.rack import BASE_URL, Place, make_files, make_system
from workers import burn_in, hardware

pytestmark = pytest.mark.usefixtures("portal")


@pytest.fixture
def arrived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A machine on its way into stock, whose boot service has a system that loads it; the burn-in is asked for."""
    make_files(tmp_path / "boot")
    monkeypatch.setenv("BOOT_URL", BASE_URL)
    monkeypatch.setenv("BOOT_FILES", str(tmp_path / "boot"))
    settings.cache_clear()
    machine = MemoryBmc(state=bmc.PowerState.OFF, sensors=_hot(bmc.Health.OK), events=_log(7))
    with stocked(machine) as (server, actor):
        system = make_system(purpose=SystemPurpose.LOAD_TEST)
        begin_cleaning(actor, server)
        with unit_of_work() as unit:
            job = work.burn_in(unit, actor, server.id or 0)
        yield Place(server, actor, system, machine, job.id or 0)


def test_machine_that_came_back_blocked_is_unblocked_before_it_is_loaded(arrived: Place) -> None:
    """Never a burn-in without load in its stead: the refusal says what to press, and staff may press it."""
    arrived.bmc.refuses_commands = True
    arrived.work()
    port = make_port(arrived.server)
    make_block(arrived.server, port, is_by_staff=True)
    number = arrived.server.id or 0
    with pytest.raises(ServerCutOff), unit_of_work() as unit:
        work.burn_in(unit, arrived.actor, number)
    with unit_of_work() as unit:
        job = block.request_unblock(unit, arrived.actor, number)
    hardware.run_job(job.id or 0)
    with unit_of_work() as unit:
        assert work.burn_in(unit, arrived.actor, number).kind == JobKind.LOAD_TEST


def jobs() -> list[tuple[str, str]]:
    with unit_of_work() as unit:
        return [
            (job.kind, job.status) for job in unit.exec(select(HardwareJob).order_by(col(HardwareJob.id)))
        ]


def goes_on(place: Place) -> None:
    """What the dispatcher and a worker do after a run under load: its call was put there as it ended."""
    with unit_of_work() as unit:
        calls = unit.exec(select(Outbox.ref).where(col(Outbox.task) == "burn_in_after")).all()
    assert calls == [place.job_id]
    burn_in.goes_on(place.job_id)
    with unit_of_work() as unit:
        newest = unit.exec(select(HardwareJob).order_by(col(HardwareJob.id).desc()).limit(1)).one()
    if newest.kind == JobKind.BURN_IN:
        hardware.run_job(newest.id or 0)


def test_load_then_power_cycles_with_health_read_warm_and_cold(arrived: Place) -> None:
    arrived.work()
    assert arrived.job().status == "waiting"
    arrived.boot_installer()
    assert f"LOAD_S={settings().burn_in_minutes * 60}\n" in arrived.fetch("install.sh")
    arrived.report("progress", "50%")
    arrived.report("load_passed")
    assert arrived.end == ("succeeded", "verified")
    assert evidence(arrived.server) == {}  # under load is not all of it
    goes_on(arrived)
    assert jobs() == [("load_test", "succeeded"), ("burn_in", "succeeded")]
    assert arrived.bmc.commands == [bmc.PowerGoal.ON, bmc.PowerGoal.OFF] + ON_AND_OFF * 3
    assert evidence(arrived.server) == {"burn_in": ("good", "switched")}
    assert burn_in_facts() == {
        "run under load": "passed, 0 minutes", "power cycles": "3 of 3", "sensors read": 4,
        "event log compared": 4, "new critical events": 0,
    }  # fmt: skip
    burn_in.goes_on(arrived.job_id)  # the queue may call twice
    assert len(jobs()) == 2


@pytest.mark.parametrize("is_hot", [True, False])
def test_what_went_wrong_under_load_shows_afterwards(arrived: Place, is_hot: bool) -> None:
    """A sensor that is critical while the machine is warm, or an event that came while it was loaded."""
    arrived.work()
    arrived.boot_installer()
    if is_hot:
        arrived.bmc.sensors = _hot(bmc.Health.CRITICAL)
    else:
        arrived.bmc.events = _log(7, 8)
    arrived.report("load_passed")
    goes_on(arrived)
    assert evidence(arrived.server) == {"burn_in": ("bad", "switched")}
    assert burn_in_facts()["critical"] == ("temperature sensor" if is_hot else "power_unit_failed")
    assert arrived.bmc.state is bmc.PowerState.OFF
    assert stock_status(arrived.server) == "faulty"


def test_fault_that_the_machine_reports_goes_to_a_person(arrived: Place) -> None:
    arrived.work()
    arrived.boot_installer()
    arrived.report("failed", "load_memory")
    assert arrived.end == ("failed", "installer_load_memory")
    goes_on(arrived)
    assert jobs() == [("load_test", "failed")]
    assert evidence(arrived.server) == {"burn_in": ("bad", "loaded")}
    assert stock_status(arrived.server) == "faulty"


def test_run_that_never_began_proves_nothing(arrived: Place) -> None:
    arrived.bmc.refuses_commands = True
    arrived.work()
    assert arrived.job().status == "failed"
    goes_on(arrived)
    assert (evidence(arrived.server), stock_status(arrived.server)) == ({}, "cleaning")


def test_run_that_a_person_has_ended_proves_no_load(arrived: Place) -> None:
    arrived.work()
    arrived.boot_installer()
    arrived.report("load_passed")
    with unit_of_work() as unit:
        unit.exec(select(HardwareJob)).one().ended_by = "Tess"
    goes_on(arrived)
    assert jobs() == [("load_test", "succeeded")]


def test_nothing_follows_for_a_person_who_has_left(arrived: Place) -> None:
    arrived.work()
    arrived.boot_installer()
    with unit_of_work() as unit:
        unit.get_one(Person, arrived.actor.person_id).is_active = False
    arrived.report("load_passed")
    goes_on(arrived)
    assert jobs() == [("load_test", "succeeded")]
