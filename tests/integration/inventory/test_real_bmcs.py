"""Cleaning and rotation as whole jobs against BMCs that nobody here wrote: ipmi_sim, sushy-emulator."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

import bmc
from bmc.ipmi.control import IpmiPower
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import reconciliation
from opsportal.domain.inventory import firmware, work
from opsportal.models import (
    BmcRotation,
    CleaningEvidence,
    CleaningStep,
    HardwareJob,
    JobStatus,
    Role,
    Server,
)
from tests.bmc.furnished import emulation
from tests.bmc.ipmi_sim import SimulatedBmc, StartBmc
from tests.bmc.redfish_service import MANAGER, RESET, SYSTEM, V1, Asked, RedfishService, Reply, reference
from tests.bmc.redfish_sim import StartRedfish, _redfish_pool, start_redfish
from tests.builders import make_actor, make_server
from tests.integration.inventory.machines import (
    NO_BMC_NEEDED,
    begin_cleaning,
    evidence,
    password_on_record,
    run,
    stock_status,
)
from tests.integration.test_protections import Died
from tests.workers.site import let_lease_expire
from workers import hardware
from workers.hardware import cleaning, credentials, factory_settings

__all__ = ["_redfish_pool", "start_redfish"]
pytestmark = pytest.mark.usefixtures("portal")
_S = 30.0


def facts_of(step: str) -> dict[str, Any]:
    """What the newest evidence of a step says."""
    with unit_of_work() as unit:
        query = (
            select(CleaningEvidence.facts)
            .join(CleaningStep, col(CleaningStep.id) == col(CleaningEvidence.step_id))
            .where(col(CleaningStep.name) == step)
        )
        return unit.exec(query.order_by(col(CleaningEvidence.id).desc())).first() or {}


def approve(actor: Actor, **versions: str) -> None:
    with unit_of_work() as unit:
        for component, version in versions.items():
            firmware.approve(unit, actor, model="Test 1U", component=component, version=version)


def opens(machine: SimulatedBmc, username: str, password: str) -> bool:
    """Whether the BMC lets somebody in with these."""
    endpoint = dataclasses.replace(machine.endpoint, username=username, password=password)
    try:
        with bmc.connect(endpoint) as control:
            control.power_state(timeout_s=_S)
    except (bmc.BmcUserUnknown, bmc.BmcCredentialsRefused):
        return False
    return True


def test_cleaning_of_a_machine_behind_ipmi_sim(start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a factory user and a tenant's to ours alone; what IPMI can tell and set back, and no more."""
    # ipmi_sim lets anybody in by cipher suite 0, and nothing closes it: test_jobs shows what comes of that.
    monkeypatch.setattr(cleaning, "lets_anybody_in", lambda *_, **__: False)
    machine = start_bmc(username="ADMIN", furniture=emulation())
    server, actor = make_server(endpoint=machine.endpoint), make_actor(role=Role.TECHNICIAN)
    with bmc.connect(machine.endpoint) as control:
        users = bmc.capability(control, bmc.Users)
        users.create_user("tenant", "left-behind", privilege=bmc.Privilege.ADMINISTRATOR, timeout_s=_S)
    approve(actor, BMC="9.08")
    begin_cleaning(actor, server)
    assert run(work.rotate_credentials, actor, server).status == "succeeded"
    job = run(work.clean, actor, server)
    assert (job.status, job.outcome_code) == ("succeeded", "verified")
    assert evidence(server) == NO_BMC_NEEDED | {
        "bmc_password": ("good", "signed_in"),
        "bmc_access": ("good", "tried"),
        "bmc_users": ("good", "removed_by_bmc"),
        "firmware": ("good", "compared"),
        "inventory": ("good", "read_by_bmc"),
        "settings": ("open", "reset_by_bmc"),
    }
    assert facts_of("firmware") == {"BMC": "9.08"}
    assert facts_of("settings") == {
        "BIOS": f"IPMI boot flags, CMOS clear; {factory_settings.NOT_SHOWN}",
        "BMC": "not by this BMC without losing its network and our user",
        "virtual media": "not told",
    }
    assert stock_status(server) == "cleaning"
    name, password = password_on_record(server)
    ours = dataclasses.replace(machine.endpoint, username=name, password=password)
    with bmc.connect(ours) as control:
        left = bmc.capability(control, bmc.Users).list_users(timeout_s=_S)
    assert [user.name for user in left] == ["opsportal"]
    assert not opens(machine, "ADMIN", machine.endpoint.password)
    assert not opens(machine, "tenant", "left-behind")
    # The wish is not left to a later start: the next boot device that is set would take it back.
    assert [word for word in machine.commands() if not word.startswith("boot")] == ["power off", "power on"]


@pytest.mark.parametrize(
    ("approved", "told"),
    [
        ({}, {"reason": "no approved version on record for Test 1U", "BMC": "9.08"}),
        ({"BMC": "9.09"}, {"reason": "not as approved", "BMC": "approved 9.09, found 9.08"}),
        (
            {"BMC": "9.08", "CPLD": "3"},
            {"reason": "not as approved", "CPLD": "approved 3, found nothing"},
        ),
    ],
    ids=["none approved", "another", "one that is not told"],
)
def test_other_firmware_is_a_persons_to_decide(approved: dict[str, str], told: dict[str, str]) -> None:
    rows = [firmware.ApprovedFirmware(model="Test 1U", component=c, version=v) for c, v in approved.items()]
    verdict = firmware.compare("Test 1U", {"BMC": "9.08"}, rows)
    assert (verdict.result, verdict.facts) == ("open", told)


def _dies(*_: object, **__: object) -> Any:
    raise Died


def _dies_after(real: Callable[..., Any]) -> Callable[..., Any]:
    def acts(*args: object, **how: object) -> Any:
        real(*args, **how)
        raise Died

    return acts


# Where the worker dies, how the job ends, and whether the kept password still waits for the next attempt.
DEATHS: dict[str, tuple[Any, str, Any, tuple[str, str], bool]] = {
    "kept": (credentials, "_send", _dies, ("succeeded", "verified"), False),
    "written, not sent": (IpmiPower, "set_password", _dies, ("failed", "not_carried_out"), True),
    "sent": (
        IpmiPower, "set_password", _dies_after(IpmiPower.set_password), ("succeeded", "reconciled"), False,
    ),
    "proved": (credentials, "_prove", _dies_after(credentials._prove), ("succeeded", "reconciled"), False),
}  # fmt: skip


@pytest.mark.parametrize("point", DEATHS)
def test_worker_that_dies_while_a_password_is_changed_locks_nobody_out(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """What is on record opens the BMC whenever the dust has settled, and a password is never lost."""
    machine = start_bmc(username="hands")
    server, actor = make_server(endpoint=machine.endpoint), make_actor(role=Role.TECHNICIAN)
    where, name, deadly, end, is_kept = DEATHS[point]
    with unit_of_work() as unit:
        job_id = work.rotate_credentials(unit, actor, server.id or 0).id or 0
    with monkeypatch.context() as patch:
        patch.setattr(where, name, deadly)
        with pytest.raises(Died):
            hardware.run_job(job_id)
    assert _carried_on(server, job_id) == end
    _, password = password_on_record(server)
    assert opens(machine, "hands", password)
    assert (password == machine.endpoint.password) is is_kept
    with unit_of_work() as unit:
        assert bool(unit.exec(select(BmcRotation)).all()) is is_kept


def _carried_on(server: Server, job_id: int) -> tuple[str, str | None]:
    """What clock and queue do with a job whose worker is gone."""
    let_lease_expire(server)
    with unit_of_work() as unit:
        assert reconciliation.fence_off_dead(unit) == 1
        status = unit.get_one(HardwareJob, job_id).status
    (hardware.run_job if status == JobStatus.QUEUED else hardware.reconcile_job)(job_id)
    with unit_of_work() as unit:
        job = unit.get_one(HardwareJob, job_id)
        return job.status, job.outcome_code


def test_cleaning_of_a_machine_behind_sushy_emulator(start_redfish: StartRedfish) -> None:
    """It has no accounts: those are a person's. It resets its BIOS and has no media left."""
    machine = start_redfish()
    server, actor = make_server(endpoint=machine.endpoint), make_actor(role=Role.TECHNICIAN)
    begin_cleaning(actor, server)
    assert run(work.clean, actor, server).status == "succeeded"
    found = evidence(server)
    assert found["bmc_users"] == ("open", "not_by_bmc")
    assert found["settings"] == ("open", "reset_by_bmc")
    assert facts_of("settings") == {
        "BIOS": f"Redfish Bios.ResetBios; {factory_settings.NOT_SHOWN}",
        "BMC": "not by this BMC without losing its network and our user",
        "virtual media": "0 ejected",
    }
    assert machine.commands() == ["bios reset", "power off", "power on"]


def _media(service: RedfishService) -> None:
    """A virtual CD with something in it, that can be ejected."""
    place, device = f"{MANAGER}/VirtualMedia", f"{MANAGER}/VirtualMedia/Cd"
    eject = f"{device}/Actions/VirtualMedia.EjectMedia"
    service.resources[MANAGER]["VirtualMedia"] = reference(place)
    service.resources[place] = {"Members": [reference(device)]}
    service.resources[device] = {
        "@odata.id": device, "Inserted": True, "Actions": {"#VirtualMedia.EjectMedia": {"target": eject}},
    }  # fmt: skip

    def out(_: Asked) -> Reply:
        service.resources[device]["Inserted"] = False
        return Reply(204)

    service.answers["POST", eject] = out


def _firmware(service: RedfishService, bios: str) -> None:
    """That of a machine: it carries a reset out when the machine is started, and its BMC shows what is to be done."""

    def ask(_: Asked) -> Reply:
        service.resources[bios]["ResetBiosToDefaultsPending"] = True
        return Reply(204)

    def power(asked: Asked) -> Reply:
        if asked.body["ResetType"] == "ForceOn":
            service.resources[bios]["ResetBiosToDefaultsPending"] = False
        return service._resource(asked)

    service.answers["POST", f"{bios}/Actions/Bios.ResetBios"] = ask
    service.answers["POST", RESET] = power


@pytest.mark.parametrize("is_safe", [True, False])
def test_a_bmc_that_can_sets_everything_back_and_one_that_would_lock_us_out_is_not_asked(
    tmp_path: Path, is_safe: bool
) -> None:
    with RedfishService(tmp_path) as service:
        bios, reset = f"{SYSTEM}/Bios", f"{MANAGER}/Actions/Manager.ResetToDefaults"
        service.resources[SYSTEM]["Bios"] = reference(bios)
        service.resources[bios] = {
            "Actions": {"#Bios.ResetBios": {"target": f"{bios}/Actions/Bios.ResetBios"}},
            "ResetBiosToDefaultsPending": False,
        }
        kinds = ["ResetAll", *(["PreserveNetworkAndUsers"] if is_safe else ["PreserveNetwork"])]
        service.resources[MANAGER]["Actions"] = {
            "#Manager.ResetToDefaults": {"target": reset, "ResetType@Redfish.AllowableValues": kinds}
        }
        service.answers["POST", reset] = lambda _: Reply(204)
        _firmware(service, bios)
        _media(service)
        server, actor = make_server(endpoint=service.endpoint), make_actor(role=Role.TECHNICIAN)
        approve(actor, BMC="9.08", BIOS="2.1")
        begin_cleaning(actor, server)
        assert run(work.clean, actor, server).status == "succeeded"
        assert evidence(server)["settings"] == ("good" if is_safe else "open", "reset_by_bmc")
        assert evidence(server)["firmware"] == ("good", "compared")
        assert facts_of("firmware") == {"BIOS": "2.1", "BMC": "9.08"}
        assert facts_of("settings")["virtual media"] == "1 ejected"
        assert facts_of("settings")["BIOS"] == f"Redfish Bios.ResetBios; {factory_settings.DONE}"
        resets = [asked.body for asked in service.changes() if asked.path == reset]
        assert resets == ([{"ResetType": "PreserveNetworkAndUsers"}] if is_safe else [])
        assert service.changes()[0].path.startswith(f"{V1}/Managers/1/VirtualMedia")
