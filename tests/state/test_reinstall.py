"""What the Reinstall tab reads: the order that is possible, the machine's way as a timeline, nothing secret."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest
from sqlmodel import col, select

from opsportal.components import labels, provisioning_labels
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware.power import request_power
from opsportal.domain.hardware.standing import late_since_of
from opsportal.domain.provisioning.disks import LAYOUTS
from opsportal.domain.provisioning.orders import InstallOrder
from opsportal.domain.provisioning.readiness import list_checks
from opsportal.domain.provisioning.reinstall import BOOT_STEPS, DISK_STEPS, Ordered, request_reinstall
from opsportal.domain.refusals import NotFound
from opsportal.models import (
    Diagnosis,
    HardwareJob,
    Installation,
    InstallEvent,
    InstallFault,
    JobKind,
    JobStatus,
    JobStep,
    Milestone,
    MilestoneName,
    Server,
    StepStatus,
)
from opsportal.settings import settings
from opsportal.state.provisioning.rows import ADDRESS_GIVEN
from opsportal.state.provisioning.tab import read_reinstall, read_serial
from opsportal.state.provisioning.views import ReinstallView
from tests.builders import make_actor, make_company, make_server, make_service
from tests.integration.provisioning.rack import BASE_URL, KEY, make_system

BEGAN = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def owner(portal: str, monkeypatch: pytest.MonkeyPatch) -> Actor:
    monkeypatch.setenv("BOOT_URL", BASE_URL)
    settings.cache_clear()
    return make_actor(company=make_company())


def rented(owner: Actor, **changes: object) -> Server:
    from opsportal.models import Company

    with unit_of_work() as unit:
        company = unit.get_one(Company, owner.company_id)
    return make_server(make_service(company), **changes)


def view_of(actor: Actor, server: Server) -> ReinstallView:
    with unit_of_work() as unit:
        return read_reinstall(unit, actor, server.id or 0)


def reinstall(owner: Actor, server: Server) -> Ordered:
    system = make_system()
    order = InstallOrder(
        system_id=system.id or 0,
        hostname="new.example.org",
        layout="single",
        confirmation=server.name,
        ssh_keys=[KEY],
        post_install="echo a-secret-script\n",
    )
    with unit_of_work() as unit:
        return request_reinstall(unit, owner, server.id or 0, order)


def carried_on(job_id: int, *, reached: int, status: JobStatus, diagnosis: Diagnosis | None = None) -> None:
    """The job as it is when its checks are done and so many milestones are passed, a minute each."""
    with unit_of_work() as unit:
        job = unit.get_one(HardwareJob, job_id)
        job.status, job.started_at = status, BEGAN
        job.finished_at = BEGAN if status == JobStatus.FAILED else None
        job.outcome_code = "no_kernel" if status == JobStatus.FAILED else None
        for step in unit.exec(select(JobStep).where(col(JobStep.job_id) == job_id)):
            step.status, step.started_at, step.finished_at = StepStatus.DONE, BEGAN, BEGAN
        rows = unit.exec(
            select(Milestone).where(col(Milestone.job_id) == job_id).order_by(col(Milestone.position))
        ).all()
        for number, row in enumerate(rows[:reached], start=1):
            row.reached_at = BEGAN + dt.timedelta(minutes=number)
        if diagnosis:
            rows[reached].late_at, rows[reached].diagnosis = BEGAN, diagnosis


def test_what_fits_the_disks_can_be_chosen_and_the_rest_says_why(owner: Actor) -> None:
    server = rented(owner, disks="1 x 960 GB SSD")
    make_system(name="Debian", min_disk_gb=100)
    view = view_of(owner, server)
    (system,) = view.systems
    assert [(one.id, one.fits, one.code, one.params) for one in system.layouts] == [("single", True, "", {})]
    assert [(disk.id, disk.is_by_place, disk.size_gb) for disk in view.disks] == [("1", True, 960)]
    assert (view.blocked, view.now.job.id, view.past) == ("", 0, [])
    assert view.boots == ["boot_disk"]


def test_something_under_way_blocks_an_order_and_says_whose(owner: Actor) -> None:
    server = rented(owner)
    with unit_of_work() as unit:
        job = request_power(unit, owner, server.id or 0, kind=JobKind.REBOOT)
        step = unit.exec(select(JobStep).where(JobStep.job_id == job.id, JobStep.position == 1)).one()
        unit.exec(
            select(JobStep).where(JobStep.job_id == job.id, JobStep.position == 0)
        ).one().status = "done"
        step.status = "running"
        steps = len(unit.exec(select(JobStep).where(JobStep.job_id == job.id)).all())
    view = view_of(owner, server)
    assert (view.blocked, view.blocked_params) == (
        "server_busy",
        {"actor": owner.name, "server": server.name, "job": job.id, "step": 2, "steps": steps},
    )


def test_machine_on_its_way(owner: Actor) -> None:
    server = rented(owner)
    job_id = reinstall(owner, server).job.id or 0
    carried_on(job_id, reached=2, status=JobStatus.WAITING, diagnosis=Diagnosis.NO_KERNEL)
    now = view_of(owner, server).now
    assert [step.name for step in now.job.steps] == ["preflight"]
    of_others = (MilestoneName.LOAD_PASSED,)
    assert [one.name for one in now.milestones] == [n.value for n in MilestoneName if n not in of_others]
    assert [one.status for one in now.milestones] == ["done", "done", "running", *["waiting"] * 5]
    assert [(one.since, one.reached_at) for one in now.milestones[:3]] == [
        ("2026-03-01T12:00:00.000Z", "2026-03-01T12:01:00.000Z"),
        ("2026-03-01T12:01:00.000Z", "2026-03-01T12:02:00.000Z"),
        ("2026-03-01T12:02:00.000Z", ""),
    ]
    assert now.job.is_late
    with unit_of_work() as unit:
        assert set(late_since_of(unit, [now.job.id])) == {now.job.id}
    assert [(one.is_late, one.diagnosis) for one in now.milestones[1:4]] == [
        (False, ""),
        (True, "no_kernel"),
        (False, ""),
    ]
    assert now.usual_s == sum(one.usual_s for one in now.milestones)


@pytest.mark.parametrize("reached", [1, 2])
def test_machine_was_given_an_address(owner: Actor, reached: int) -> None:
    """Where a DHCP server tells of it; what it told before the machine was to start is about something else."""
    server = rented(owner)
    job_id = reinstall(owner, server).job.id or 0
    carried_on(job_id, reached=reached, status=JobStatus.WAITING)
    before = view_of(owner, server).now
    with unit_of_work() as unit:
        unit.get_one(Installation, job_id).armed_at = BEGAN
        for seconds in (-5, 70, 80):
            unit.add(InstallEvent(job_id=job_id, kind="dhcp", at=BEGAN + dt.timedelta(seconds=seconds)))
    power, address, script, *others = view_of(owner, server).now.milestones
    assert [power, *others] == [before.milestones[0], *before.milestones[2:]]
    assert dataclasses.astuple(address)[:5] == (
        "address_given", "done", "2026-03-01T12:01:00.000Z", "2026-03-01T12:01:10.000Z", 0,
    )  # fmt: skip
    assert script == dataclasses.replace(before.milestones[1], since=address.reached_at, usual_s=0)


def test_machine_that_was_given_up(owner: Actor) -> None:
    server = rented(owner)
    job_id = reinstall(owner, server).job.id or 0
    carried_on(job_id, reached=2, status=JobStatus.FAILED, diagnosis=Diagnosis.NO_KERNEL)
    view = view_of(owner, server)
    assert [one.status for one in view.now.milestones] == ["done", "done", "failed", *["skipped"] * 5]
    assert view.now.milestones[2].diagnosis == ""  # the outcome says it
    assert [one.job.id for one in view.past] == [job_id]
    assert view.blocked == ""


def test_nothing_secret_is_shown(owner: Actor) -> None:
    server = rented(owner)
    ordered = reinstall(owner, server)
    shown = json.dumps(dataclasses.asdict(view_of(owner, server)))
    for secret in (ordered.password, "$6$", "a-secret-script", "ssh-ed25519", "token", "nonce"):
        assert secret not in shown, secret


def test_next_tenant_sees_nothing_of_the_last(owner: Actor) -> None:
    server = rented(owner)
    job_id = reinstall(owner, server).job.id or 0
    stranger = make_actor(company=make_company())
    with pytest.raises(NotFound):
        view_of(stranger, server)
    carried_on(job_id, reached=8, status=JobStatus.SUCCEEDED)
    with unit_of_work() as unit:
        unit.get_one(HardwareJob, job_id).company_id = stranger.company_id
    view = view_of(owner, server)
    assert (view.now.job.id, view.past) == (0, [])
    with unit_of_work() as unit:
        assert read_serial(unit, owner, server.id or 0).job_id == 0


def test_checks_say_what_is_known_already(owner: Actor) -> None:
    server = rented(owner, power="on")
    with unit_of_work() as unit:
        known = {check.name: check.known.value for check in list_checks(owner, unit, server.id or 0)}
    assert known == {
        "boot_service": "ok",
        "bmc_answers": "ok",
        "mac_known": "ok",
        "port_up": "unknown",
        "image_verified": "unknown",
    }
    with unit_of_work() as unit:
        unit.get_one(Server, server.id).bmc_error_code = "bmc_unreachable"
    with unit_of_work() as unit:
        known = {check.name: check.known.value for check in list_checks(owner, unit, server.id or 0)}
    assert known["bmc_answers"] == "bad"


def test_every_code_has_its_words() -> None:
    assert set(provisioning_labels.MILESTONE) == {*MilestoneName, ADDRESS_GIVEN}
    assert set(provisioning_labels.DIAGNOSIS) == set(Diagnosis)
    assert set(provisioning_labels.LAYOUT) == {layout.code for all_ in LAYOUTS.values() for layout in all_}
    outcomes = {*Diagnosis, *(f"installer_{fault}" for fault in InstallFault), "interrupted"}
    assert outcomes - set(labels.OUTCOME) == set()
    assert set(BOOT_STEPS + DISK_STEPS) - set(labels.STEP) == set()
    assert set(JobKind) == set(labels.JOB_KIND) == set(labels.JOB_DOING)
    assert set(JobStatus) == set(labels.JOB) == set(labels.JOB_TONE)


def test_what_is_late_names_what_to_press() -> None:
    presses = ("Stop and boot from disk", "Stop and power off", "Boot from disk", "Power on", "Console tab")
    for code, words in provisioning_labels.DIAGNOSIS.items():
        assert any(one in words for one in presses), code
