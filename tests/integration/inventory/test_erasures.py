"""Evidence about disks: from the wipe system's reports to a step of a cleaning, and what the database refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.hardware import reconciliation
from opsportal.domain.inventory import cleanings, erasures, parts
from opsportal.domain.inventory.comparison import SeenPart
from opsportal.domain.provisioning import reports
from opsportal.domain.provisioning.orders import BootOrder
from opsportal.domain.provisioning.refusals import BootRefused
from opsportal.domain.provisioning.reinstall import request_boot
from opsportal.domain.provisioning.wiped_disks import ToldDisk
from opsportal.models import (
    CleaningEvidence,
    CleaningStep,
    CleaningStepName,
    EvidenceResult,
    InstallerKind,
    JobKind,
    Role,
    SystemPurpose,
    WipedDisk,
    WipeMethod,
    WipeOutcome,
    WipeTrouble,
)
from opsportal.settings import settings
from opsportal.state.inventory.machine import read_machine
from tests.builders import make_actor, make_server
from tests.integration.provisioning.rack import BASE_URL, Place, make_files, make_system

pytestmark = pytest.mark.usefixtures("portal")
HOST = "127.0.0.78"
ERASED, FAILED, MISSING = WipeOutcome
DISKS = [
    SeenPart("disk", serial="K1", wwn="0x5000c500a1b2c3d4", model="HDD 4T"),
    SeenPart("disk", serial="K2", model="SSD 960"),
]


@dataclass
class Wiped(Place):
    """A machine in quarantine that can be wiped."""

    def wipe(self) -> None:
        """Ask for a wipe, up to the wipe system's start."""
        with unit_of_work() as unit:
            order = BootOrder(confirmation=self.server.name)
            ordered = request_boot(unit, self.actor, self.server.id or 0, kind=JobKind.WIPE, order=order)
        self.job_id = ordered.job.id or 0
        self.work()
        self.boot_installer()

    def tell(
        self,
        device: str,
        outcome: WipeOutcome,
        *,
        serial: str = "",
        wwn: str = "",
        method: WipeMethod | None = None,
        trouble: WipeTrouble | None = None,
        verified: int = 16,
    ) -> None:
        """One disk's report."""
        if outcome is not ERASED:
            method, verified = None, 0
        told = ToldDisk(device, serial, wwn, "Disk", 960_000_000_000, outcome, method, trouble, 61, verified)
        with unit_of_work() as unit:
            reports.report(
                unit, token=self.token(), milestone="disk_wiped", detail="", address=self.address, disk=told
            )

    def break_off(self) -> None:
        """Say nothing more, for as long as that is waited for."""
        with unit_of_work() as unit:
            unit.execute(text("UPDATE milestone SET limit_s = 0"))
            unit.execute(text("UPDATE hardware_job SET deadline_at = created_at"))
        with unit_of_work() as unit:
            assert reconciliation.end_overdue(unit) == 1

    def take_in(self) -> bool:
        with unit_of_work() as unit:
            return erasures.take_in(unit, self.server.id or 0)

    @property
    def evidence(self) -> dict[str, tuple[str, str]]:
        """By disk: result and method of what was said last."""
        with unit_of_work() as unit:
            query = (
                select(CleaningStep.subject, CleaningEvidence.result, CleaningEvidence.method)
                .join(CleaningEvidence, col(CleaningEvidence.step_id) == col(CleaningStep.id))
                .where(col(CleaningStep.name) == CleaningStepName.DISK)
            )
            ordered = query.order_by(col(CleaningEvidence.id))
            return {subject: (result, method) for subject, result, method in unit.exec(ordered)}

    @property
    def status(self) -> str:
        with unit_of_work() as unit:
            return unit.get_one(type(self.server), self.server.id).stock_status


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portal: str) -> Iterator[Wiped]:
    make_files(tmp_path / "boot")
    monkeypatch.setenv("BOOT_URL", BASE_URL)
    monkeypatch.setenv("BOOT_FILES", str(tmp_path / "boot"))
    settings.cache_clear()
    bmc = MemoryBmc()
    with plugged_in(HOST, bmc) as endpoint:
        system = make_system(InstallerKind.RAW, SystemPurpose.WIPE)
        place = Wiped(make_server(endpoint=endpoint), make_actor(role=Role.TECHNICIAN), system, bmc)
        with unit_of_work() as unit:
            parts.adopt(unit, place.server.id or 0, DISKS)
        with unit_of_work() as unit:
            cleanings.start_cleaning(unit, place.actor, place.server.id or 0)
        yield place


def test_each_disk_has_its_own_evidence(machine: Wiped) -> None:
    machine.wipe()
    # By either of its names, in whatever form.
    machine.tell("sda", ERASED, wwn="naa.5000C500A1B2C3D4", method=WipeMethod.ATA_ENHANCED_ERASE)
    machine.tell("sdb", ERASED, serial="k2", method=WipeMethod.OVERWRITE, trouble=WipeTrouble.FROZEN)
    machine.tell("sdb", ERASED, serial="k2", method=WipeMethod.OVERWRITE)  # the answer was lost
    assert machine.take_in()
    assert machine.evidence == {}  # it has not ended yet
    machine.report("disk_prepared")
    assert machine.end == ("succeeded", "verified")
    assert machine.take_in()
    assert machine.take_in()  # asked again: nothing is said twice
    assert machine.evidence == {"K1": ("good", "ata_enhanced_erase"), "K2": ("good", "overwrite")}
    with unit_of_work() as unit:
        view = read_machine(unit, machine.actor, machine.server.id or 0)
        facts = [entry.facts for entry in view.evidence]
    assert [(d.serial, d.method, d.trouble, d.seconds, d.verified, d.bytes) for d in view.erased] == [
        ("naa.5000C500A1B2C3D4", "ata_enhanced_erase", "", 61, 16, 960_000_000_000),
        ("k2", "overwrite", "frozen", 61, 16, 960_000_000_000),
    ]
    assert facts[0] == [
        "WWN: naa.5000C500A1B2C3D4", "bytes: 960000000000", "model: Disk", "seconds: 61",
        "verified: 16 places read",
    ]  # fmt: skip
    assert machine.status == "cleaning"


def test_a_disk_that_is_not_erased_makes_the_machine_faulty(machine: Wiped) -> None:
    machine.wipe()
    machine.tell("sda", ERASED, serial="K1", method=WipeMethod.ATA_SECURE_ERASE)
    machine.tell("sdb", FAILED, serial="K2", trouble=WipeTrouble.LOCKED)
    machine.report("failed", "not_erased")
    assert machine.end == ("failed", "installer_not_erased")
    assert not machine.take_in()
    assert machine.evidence == {"K1": ("good", "ata_secure_erase"), "K2": ("bad", "wipe_system")}
    assert machine.status == "faulty"


@pytest.mark.parametrize(
    ("serial", "bad"), [("K9", {"K9", "K2"}), ("", {"sdb", "K2"})], ids=["another disk", "no name"]
)
def test_a_disk_on_no_record_and_one_that_is_missing_fail_the_step(
    machine: Wiped, serial: str, bad: set[str]
) -> None:
    """Somebody has changed the disk: the one on record may be anywhere, with all that is on it."""
    machine.wipe()
    machine.tell("sda", ERASED, serial="K1", method=WipeMethod.ATA_SECURE_ERASE)
    machine.tell("sdb", ERASED, serial=serial, method=WipeMethod.OVERWRITE)
    machine.report("disk_prepared")
    assert not machine.take_in()
    good = {name for name, (result, _) in machine.evidence.items() if result == "good"}
    said = {name for name, (result, _) in machine.evidence.items() if result == "bad"}
    assert (good, said <= bad, machine.status) == ({"K1"}, True, "faulty")
    with unit_of_work() as unit:
        last = select(CleaningEvidence.facts).order_by(col(CleaningEvidence.id).desc())
        told = unit.exec(last).first() or {}
    assert (told["reason"], told["also"]) == ("not on record", "K2")


def test_a_disk_on_no_record_counts_where_all_the_rest_is_proved(machine: Wiped) -> None:
    """Evidence of the disks on record is the last that was missing: it must not end the cleaning."""
    with unit_of_work() as unit:
        rest = select(CleaningStep).where(col(CleaningStep.name) != CleaningStepName.DISK)
        for step in unit.exec(rest).all():
            unit.add(
                CleaningEvidence(
                    step_id=step.id or 0, result=EvidenceResult.GOOD, method="confirmed", note="by a test",
                    actor_id=machine.actor.person_id, actor_name="a test",
                )
            )  # fmt: skip
    machine.wipe()
    for device, serial in (("sda", "K1"), ("sdb", "K2"), ("sdc", "K9")):
        machine.tell(device, ERASED, serial=serial, method=WipeMethod.OVERWRITE)
    machine.report("disk_prepared")
    assert not machine.take_in()
    assert (machine.evidence["K9"], machine.status) == (("bad", "overwrite"), "faulty")


def test_a_wipe_that_broke_off_proves_what_it_has_told_of_and_no_more(machine: Wiped) -> None:
    """The power failed in the middle. The other disk is not missing: nobody has looked at it."""
    machine.wipe()
    machine.tell("sda", ERASED, serial="K1", method=WipeMethod.OVERWRITE)
    machine.break_off()
    assert machine.end == ("failed", "disk_not_ready")
    assert machine.take_in()
    assert machine.evidence == {"K1": ("good", "overwrite"), "K2": ("open", "wipe_system")}
    assert machine.status == "cleaning"
    with pytest.raises(IntegrityError, match="evidence"), unit_of_work() as unit:
        unit.execute(text("UPDATE server SET stock_status = 'verified'"))
    machine.wipe()
    machine.tell("sda", ERASED, serial="K1", method=WipeMethod.OVERWRITE)
    machine.tell("sdb", ERASED, serial="K2", method=WipeMethod.OVERWRITE)
    machine.report("disk_prepared")
    assert machine.take_in()
    assert machine.evidence == dict.fromkeys(("K1", "K2"), ("good", "overwrite"))


def test_a_disk_that_is_smaller_than_on_record_is_a_persons(machine: Wiped) -> None:
    """Told to show less, or a namespace of an NVMe disk made anew: what lies behind was neither seen nor erased."""
    with unit_of_work() as unit:
        unit.execute(text("UPDATE part SET size_bytes = 4000000000000 WHERE serial = 'K1'"))
        unit.execute(text("UPDATE part SET size_bytes = 1030792151040 WHERE serial = 'K2'"))  # 960 GiB
    machine.wipe()
    machine.tell("sda", ERASED, serial="K1", method=WipeMethod.OVERWRITE)
    machine.tell("sdb", ERASED, serial="K2", method=WipeMethod.OVERWRITE)
    machine.report("disk_prepared")
    assert machine.take_in()
    assert machine.evidence == {"K1": ("open", "wipe_system"), "K2": ("good", "overwrite")}


def test_a_missing_disk_that_the_wipe_looked_for(machine: Wiped) -> None:
    machine.wipe()
    machine.tell("K2", MISSING, serial="K2")
    machine.report("failed", "no_disk")
    assert not machine.take_in()
    assert machine.evidence == {"K2": ("bad", "wipe_system")}


def test_without_disks_on_record_a_person_compares(machine: Wiped) -> None:
    with unit_of_work() as unit:
        unit.execute(text("UPDATE part SET server_id = NULL, status = 'spare'"))
    machine.wipe()
    machine.tell("sda", ERASED, serial="K1", method=WipeMethod.ATA_SECURE_ERASE)
    machine.report("disk_prepared")
    assert machine.take_in()
    assert machine.evidence == {"": ("open", "wipe_system")}
    assert machine.status == "cleaning"


def test_what_is_no_report_of_a_wipe_is_refused(machine: Wiped) -> None:
    machine.wipe()
    with pytest.raises(BootRefused):
        machine.tell("sda", ERASED, serial="K1", method=WipeMethod.OVERWRITE, verified=0)
    with pytest.raises(BootRefused):
        machine.tell("sda", ERASED, serial="K1")
    with pytest.raises(BootRefused), unit_of_work() as unit:
        reports.report(
            unit, token=machine.token(), milestone="disk_wiped", detail="", address=machine.address
        )
    with unit_of_work() as unit:
        assert unit.exec(select(WipedDisk)).all() == []


def test_planted_without_the_trigger_a_jobs_word_is_taken_for_any_disk(machine: Wiped) -> None:
    """With it none is taken for a disk, or a method, that the job's wipe has not reported as proved."""
    machine.wipe()
    machine.tell("sda", ERASED, serial="K1", method=WipeMethod.OVERWRITE)
    machine.tell("sdb", FAILED, serial="K2", trouble=WipeTrouble.NOT_PROVED)
    machine.report("failed", "not_erased")

    def say(subject: str, method: str) -> None:
        with unit_of_work() as unit:
            cleanings.witness(
                unit, machine.job_id, CleaningStepName.DISK, result=EvidenceResult.GOOD, method=method,
                subject=subject,
            )  # fmt: skip

    for subject, method in (("K2", "overwrite"), ("K1", "ata_secure_erase"), ("", "overwrite")):
        with pytest.raises(IntegrityError, match="not proved"):
            say(subject, method)
    say("K1", "overwrite")
    assert machine.evidence == {"K1": ("good", "overwrite")}
    with unit_of_work() as unit:
        unit.execute(text("DROP TRIGGER cleaning_evidence_disk ON cleaning_evidence"))
    say("K2", "overwrite")  # it is the trigger that refused
    assert machine.evidence["K2"] == ("good", "overwrite")
