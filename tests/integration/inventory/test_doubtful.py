"""What a BMC says is no proof where it may be wrong: users by our name, parts of others, disks by another name."""

from __future__ import annotations

import pytest

import bmc
from bmc.memory import MemoryBmc, MemoryUser, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims
from opsportal.domain.inventory import parts, rotation, work
from opsportal.domain.vault import unseal
from opsportal.models import (
    Bmc,
    CleaningStepName,
    Role,
    Server,
)
from tests.builders import make_actor, make_server
from tests.integration.inventory.machines import PARTS, begin_cleaning, evidence, run, stocked
from workers.hardware import cleaning, credentials
from workers.hardware.running import Running

pytestmark = pytest.mark.usefixtures("portal")


def test_second_user_by_our_name_is_left_to_a_person() -> None:
    twin = {"opsportal": MemoryUser("x", bmc.Privilege.ADMINISTRATOR)}
    machine = MemoryBmc(username="opsportal", inventory=PARTS, users=twin)
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.clean, actor, server).status == "succeeded"
        assert evidence(server)["bmc_users"] == ("open", "not_by_bmc")


def test_parts_of_another_machine_are_not_taken_from_it_by_what_a_bmc_says() -> None:
    with stocked(MemoryBmc(inventory=PARTS)) as (owner, actor):
        run(work.inspect, actor, owner)
    claimed = bmc.BmcInventory((bmc.BmcPart("Disk Bay 0", "Disk Co", "SSD 960", serial="K1"),), firmware="1")
    with unit_of_work() as unit:
        disk = next(part for part in parts.parts_of(unit, owner.id or 0) if part.serial == "K1")
    with plugged_in("127.0.0.79", MemoryBmc(inventory=claimed)) as endpoint:
        other = make_server(endpoint=endpoint)
        assert run(work.inspect, actor, other).status == "succeeded"
        with unit_of_work() as unit:
            assert unit.get_one(type(disk), disk.id).server_id == owner.id
            newest = parts.newest_inspections(unit, [other.id or 0])[other.id or 0]
            assert [(d["what"], d["kind"]) for d in newest.differences] == [("new", "disk")]
            parts.accept(unit, actor, newest.id or 0)  # a person knows that it has moved
        with unit_of_work() as unit:
            assert unit.get_one(type(disk), disk.id).server_id == other.id


def _sensors(health: bmc.Health, why_partial: bmc.Partial | None = None) -> bmc.SensorAnswer:
    reading = bmc.SensorReading("CPU", bmc.SensorKind.TEMPERATURE, None, "°C", health, number=1)
    return bmc.SensorAnswer((reading,), why_partial)


@pytest.mark.parametrize(
    "sensors",
    [
        bmc.SensorAnswer(()),
        _sensors(bmc.Health.UNKNOWN),
        _sensors(bmc.Health.OK, bmc.Partial.OUT_OF_TIME),
    ],
    ids=["none", "silent", "partial"],
)
def test_burn_in_is_not_proved_by_sensors_that_say_nothing(sensors: bmc.SensorAnswer) -> None:
    machine = MemoryBmc(state=bmc.PowerState.OFF, sensors=sensors, unsupported={bmc.EventLog})
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.burn_in, actor, server).status == "succeeded"
        assert evidence(server) == {}


def test_worker_that_was_frozen_leaves_no_evidence() -> None:
    """It found something long ago: the machine may have had a tenant since, and what it finds now is another's."""
    server, actor = make_server(), make_actor(role=Role.TECHNICIAN)
    begin_cleaning(actor, server)
    with unit_of_work() as unit:
        job = work.clean(unit, actor, server.id or 0)
    with unit_of_work() as unit:
        claim = claims.claim(unit, job.id or 0, worker="frozen")
        assert claim is not None
    running = Running(claim)
    with unit_of_work() as unit:
        unit.get_one(Server, server.id).lease_fence += 1
        rotation.begin(unit, job.id or 0, server.id or 0)
    findings = (
        lambda: cleaning._witness(running, CleaningStepName.BMC_USERS, good=True, method="removed_by_bmc"),
        lambda: credentials._prove(running, rotation.SignIn("hands", "x" * 20)),
    )
    for write in findings:
        with pytest.raises(claims.LeaseLost):
            write()
    assert evidence(server) == {}
    with unit_of_work() as unit:
        assert unseal(unit.get_one(Bmc, server.id).password) == "secret"
