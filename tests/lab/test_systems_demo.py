"""The demo's systems can be installed: their files are there and have the sums on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import col, select

from lab.systems_demo import seed_systems
from opsportal.db import unit_of_work
from opsportal.models import InstallerKind, OperatingSystem
from opsportal.settings import settings
from workers.hardware import preflight


def _rows() -> list[OperatingSystem]:
    with unit_of_work() as unit:
        return list(unit.exec(select(OperatingSystem).order_by(col(OperatingSystem.position))))


@pytest.fixture
def boot(portal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOOT_FILES", str(tmp_path / "boot"))
    settings.cache_clear()
    return tmp_path / "boot"


def test_virtual_machines_get_every_kind_and_again_what_people_changed(boot: Path) -> None:
    seed_systems(boot)
    codes = [row.code for row in _rows()]
    assert codes == [
        *("debian-13", "debian-12", "ubuntu-24.04", "almalinux-9", "debian-12-image"),
        *("rescue", "wipe", "load", "memtest"),
    ]
    with unit_of_work() as unit:
        row = unit.exec(select(OperatingSystem).where(col(OperatingSystem.code) == "debian-13")).one()
        row.is_offered, row.kernel_sha256 = False, "0" * 64
    seed_systems(boot)
    assert [row.code for row in _rows()] == codes
    assert not _rows()[0].is_offered
    for row in _rows():
        for source, sha256 in preflight.started_files(row):
            preflight.check_started(source, sha256, renew=lambda: None)
        if row.installer == InstallerKind.RAW and row.image:
            preflight.check_image(row.image, row.image_sha256)


def test_real_parts_get_what_they_can_boot(boot: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for name in ("vmlinuz", "initrd", "disk.raw.gz", "memtest"):
        (images / name).write_text(name)
    seed_systems(boot, real=images)
    assert [(row.code, row.installer) for row in _rows()] == [
        ("debian-12-image", "raw"),
        ("rescue", "raw"),
        ("wipe", "raw"),
        ("load", "raw"),
        ("memtest", "none"),
    ]
    assert (boot / "debian-12-image/image").read_text() == "disk.raw.gz"
    assert all("console=ttyS0" in row.kernel_arguments for row in _rows())
