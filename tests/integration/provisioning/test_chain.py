"""From the order to the login prompt: what is sent to the machine, and what it is given in return."""

from __future__ import annotations

import hashlib

import pytest
from sqlmodel import col, select

from bmc import PowerGoal
from opsportal.db import unit_of_work
from opsportal.domain.provisioning.reinstall import request_boot
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import (
    AuditEvent,
    InstallerKind,
    InstallEvent,
    InstallStage,
    JobKind,
    MilestoneName,
    StepStatus,
    SystemPurpose,
)
from tests.integration.provisioning.rack import KEY, Place, make_system
from tests.workers.site import steps_of
from workers import clock, provisioning

OFF_ON = [PowerGoal.OFF, PowerGoal.ON]


def reached(place: Place) -> list[str]:
    from opsportal.domain.provisioning.milestones import milestones_of

    with unit_of_work() as unit:
        return [row.name for row in milestones_of(unit, place.job_id) if row.reached_at]


def test_whole_reinstall(place: Place) -> None:
    ordered = place.reinstall()
    assert place.script() == LOCAL_DISK  # nobody has checked anything yet
    place.work()
    assert (place.bmc.commands, place.bmc.other_commands) == (OFF_ON, ["boot network"])
    job = place.job()
    assert (job.status, job.outcome_code) == ("waiting", None)
    assert reached(place) == ["power_cycled"]
    script = place.script()
    assert place.script() == script  # firmware may ask twice
    base = f"http://192.0.2.1:8000/boot/i/{place.token()}"
    sha256 = place.system.image_sha256
    assert script.splitlines()[:4] == [
        "#!ipxe",
        f"kernel --timeout 30000 {base}/kernel initrd=initrd opsportal.base={base} "
        f"opsportal.sha256={sha256} opsportal.mode=install || goto local",
        f"initrd --timeout 30000 --name initrd {base}/initrd || goto local",
        "boot || goto local",
    ]
    place.boot_installer()
    assert reached(place) == list(MilestoneName)[:4]
    assert place.script() == LOCAL_DISK  # handed out: it never installs in a loop
    hashed = place.installation().password_hash
    assert place.fetch("image") == "image.gz"
    place.report("disk_prepared")
    place.report("progress", "42%")
    assert place.installation().progress == 42
    assert place.fetch("hostname") == "web1.company.example\n"
    assert place.fetch("shadow") == f"root:{hashed}:19000:0:99999:7:::\n"
    assert place.fetch("authorized_keys") == f"{KEY}\n"
    assert place.fetch("post_install") == "#!/bin/sh\necho done\n"
    assert place.installation().password_hash is None  # the machine has it
    for name in ("system_written", "first_boot", "answers"):
        place.report(name, "web1.company.example")
    assert place.end == ("succeeded", "verified")
    row = place.installation()
    assert (row.stage, row.outcome_code, row.progress) == (InstallStage.ENDED, "verified", 100)
    assert set(steps_of(place.job_id).values()) == {StepStatus.DONE}
    assert hashlib.sha256(place.token().encode()).hexdigest() == row.token_hash
    assert ordered.password not in repr(ordered)
    assert len(ordered.password) == 20


def test_what_was_done_is_written_down(place: Place) -> None:
    place.reinstall()
    place.work()
    place.boot_installer()
    place.install()
    with unit_of_work() as unit:
        events = unit.exec(select(InstallEvent).order_by(col(InstallEvent.id))).all()
        tags = [event.tag for event in unit.exec(select(AuditEvent).order_by(col(AuditEvent.id)))]
    assert [(event.kind, event.detail) for event in events] == [
        ("boot_script", ""),
        ("fetched", "kernel"),
        ("fetched", "initrd"),
        ("installer_started", ""),
        ("fetched", "image"),
        ("disk_prepared", ""),
        ("system_written", ""),
        ("first_boot", ""),
        ("answers", ""),
    ]
    assert {event.address for event in events} == {place.address}
    assert tags[-2:] == ["server:reinstall_requested", "server:reinstall_done"]


def test_lost_report_is_made_up_by_the_next(place: Place) -> None:
    place.reinstall()
    place.work()
    place.boot_installer()
    place.fetch("image")
    place.report("system_written")
    assert reached(place) == list(MilestoneName)[:6]
    place.report("disk_prepared")  # late, and of no consequence
    place.report("system_written")
    place.report("answers")
    assert place.end == ("succeeded", "verified")


def test_machine_faster_than_the_worker(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installer is through before the worker has read the power back."""
    from workers.hardware import network_boot

    place.reinstall()
    real = network_boot._leave

    def late(running: object) -> None:
        place.boot_installer()
        place.install()
        assert place.job().status in ("running", "verifying")
        real(running)  # type: ignore[arg-type]

    monkeypatch.setattr(network_boot, "_leave", late)
    place.work()
    assert place.end == ("succeeded", "verified")
    assert place.installation().stage == InstallStage.ENDED


@pytest.mark.parametrize(
    ("kind", "purpose", "reports", "commands"),
    [
        (JobKind.RESCUE, SystemPurpose.RESCUE, ["installer_started", "answers"], OFF_ON),
        (JobKind.WIPE, SystemPurpose.WIPE, ["installer_started", "disk_prepared"], OFF_ON),
        (JobKind.MEMORY_TEST, SystemPurpose.MEMORY_TEST, [], OFF_ON),
    ],
)
def test_siblings(
    place: Place, kind: JobKind, purpose: SystemPurpose, reports: list[str], commands: list[PowerGoal]
) -> None:
    from opsportal.domain.provisioning.orders import BootOrder

    has_reports = bool(reports)
    make_system(InstallerKind.RAW if has_reports else InstallerKind.NONE, purpose)
    with unit_of_work() as unit:
        order = BootOrder(confirmation=place.server.name)
        ordered = request_boot(unit, place.actor, place.server.id or 0, kind=kind, order=order)
    place.job_id = ordered.job.id or 0
    assert bool(ordered.password) is (kind is JobKind.RESCUE)
    place.work()
    assert place.bmc.commands == commands
    assert "/kernel" in place.script()
    place.fetch("kernel")
    place.fetch("initrd")
    for name in reports:
        place.report(name)
    assert place.end == ("succeeded", "verified")
    assert place.script() == LOCAL_DISK


def test_boot_from_disk(place: Place) -> None:
    with unit_of_work() as unit:
        ordered = request_boot(unit, place.actor, place.server.id or 0, kind=JobKind.BOOT_DISK)
    place.job_id = ordered.job.id or 0
    place.work()
    assert (place.bmc.commands, place.bmc.other_commands) == (OFF_ON, ["boot disk"])
    assert place.end == ("succeeded", "verified")


def test_bmc_without_boot_device(place: Place) -> None:
    """The order stored in the firmware is network first: the BMC's wish is only a help."""
    from bmc import BootControl

    place.bmc.unsupported.add(BootControl)
    place.reinstall()
    place.work()
    assert (place.bmc.commands, place.bmc.other_commands) == (OFF_ON, [])
    assert place.end == ("waiting", None)


def test_system_that_is_asked_by_us(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a port on record the new system's own word is not enough: somebody must answer there."""
    place.system = make_system(answers_port=22)
    place.reinstall()
    place.work()
    place.boot_installer()
    place.install()
    assert place.end == ("waiting", None)
    asked: list[tuple[str, int]] = []

    def answers(asking: provisioning.Asking, does: bool) -> bool:
        asked.append((asking.address, asking.port))
        return does

    monkeypatch.setattr(provisioning, "_answers", lambda asking: answers(asking, False))
    provisioning.run()
    assert place.end == ("waiting", None)
    monkeypatch.setattr(provisioning, "_answers", lambda asking: answers(asking, True))
    provisioning.run()
    assert (asked, place.end) == ([(place.address, 22)] * 2, ("succeeded", "verified"))


def test_clock_looks_after_installations() -> None:
    assert clock.SCHEDULE["provisioning"][2] == "workers.provisioning.run"
