"""The systems that the demo offers, and the files that its machines boot: called by `lab.demo_data`.

Virtual machines take any file, so theirs are a few lines of text; the rack of QEMU gets what `lab.qemu` built.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import col, select

from lab.qemu.images import ARGUMENTS
from opsportal.db import unit_of_work
from opsportal.models import InstallerKind, OperatingSystem, SystemPurpose

MIRROR = "http://mirror.northrack.example/debian"
REAL_FILES = {"kernel": "vmlinuz", "initrd": "initrd", "image": "disk.raw.gz"}
REAL_MEMORY_TEST = {"kernel": "memtest"}
SERIAL_CONSOLE = "console=ttyS0,115200"


@dataclass(frozen=True)
class DemoSystem:
    """A row of the catalogue. `image` is an address, or empty where the installer has a file of ours."""

    code: str
    name: str
    family: str
    version: str
    installer: InstallerKind
    purpose: SystemPurpose = SystemPurpose.INSTALL
    image: str = ""
    min_memory_gb: int = 1
    min_disk_gb: int = 8


SYSTEMS = (
    DemoSystem("debian-13", "Debian 13 (trixie)", "debian", "13", InstallerKind.PRESEED, image=MIRROR),
    DemoSystem("debian-12", "Debian 12 (bookworm)", "debian", "12", InstallerKind.PRESEED, image=MIRROR),
    DemoSystem(
        *("ubuntu-24.04", "Ubuntu Server 24.04 LTS", "ubuntu", "24.04", InstallerKind.AUTOINSTALL),
        image="http://mirror.northrack.example/ubuntu/ubuntu-24.04.3-live-server-amd64.iso",
        min_memory_gb=8,
    ),
    DemoSystem(
        *("almalinux-9", "AlmaLinux 9", "almalinux", "9", InstallerKind.KICKSTART),
        image="http://mirror.northrack.example/almalinux/9/BaseOS/x86_64/os",
        min_memory_gb=4,
    ),
    DemoSystem("debian-12-image", "Debian 12, ready image", "debian", "12", InstallerKind.RAW, min_disk_gb=1),
)
OTHERS = (
    DemoSystem(
        "rescue", "Rescue system", "debian", "12", InstallerKind.RAW, SystemPurpose.RESCUE, min_disk_gb=0
    ),
    DemoSystem("wipe", "Erase disks", "debian", "12", InstallerKind.RAW, SystemPurpose.WIPE, min_disk_gb=0),
    DemoSystem(
        "load", "Run under load", "debian", "12", InstallerKind.RAW, SystemPurpose.LOAD_TEST, min_disk_gb=0
    ),
)
MEMORY_TEST = DemoSystem(
    "memtest", "Memory test", "memtest", "7", InstallerKind.NONE, SystemPurpose.MEMORY_TEST, min_disk_gb=0
)


def seed_systems(boot_files: Path, *, real: Path | None = None) -> None:
    """Make files and rows, once; rows that are there stay as an operator has left them, with the files' sums.

    `real` is a directory of `lab.qemu.images`: then only what its installer can do is offered.
    """
    is_real = real is not None
    offered = (*(one for one in SYSTEMS if not is_real or one.installer is InstallerKind.RAW), *OTHERS)
    for position, system in enumerate((*offered, MEMORY_TEST)):
        sums = _files(boot_files / system.code, system, real)
        arguments = SERIAL_CONSOLE if system is MEMORY_TEST else ARGUMENTS
        _row(system, sums, position=position, arguments=arguments if is_real else "")


def _files(directory: Path, system: DemoSystem, real: Path | None) -> dict[str, str]:
    """The sums of the files of `system`, which are written if they are not there or are others."""
    directory.mkdir(parents=True, exist_ok=True)
    is_alone = real is not None and system is MEMORY_TEST
    names = ["kernel"] if is_alone else ["kernel", "initrd"]
    if system.installer is InstallerKind.RAW and system.purpose is SystemPurpose.INSTALL:
        names.append("image")
    for name in names:
        if real is not None:
            fresh = directory / f".{name}"
            shutil.copyfile(real / (REAL_MEMORY_TEST if is_alone else REAL_FILES)[name], fresh)
            fresh.rename(directory / name)
        else:
            (directory / name).write_text(f"{system.name}: {name} for the demo's virtual machines\n" * 64)
    return {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in names}


def _row(system: DemoSystem, sums: dict[str, str], *, position: int, arguments: str) -> None:
    with unit_of_work() as unit:
        row = unit.exec(select(OperatingSystem).where(col(OperatingSystem.code) == system.code)).first()
        row = row or OperatingSystem(
            code=system.code,
            name=system.name,
            family=system.family,
            version=system.version,
            purpose=system.purpose,
            installer=system.installer,
            kernel=f"{system.code}/kernel",
            kernel_sha256="",
            kernel_arguments=arguments,
            min_memory_gb=system.min_memory_gb,
            min_disk_gb=system.min_disk_gb,
            position=position,
        )
        row.kernel_sha256 = sums["kernel"]
        row.initrd = f"{system.code}/initrd" if "initrd" in sums else ""
        row.initrd_sha256 = sums.get("initrd", "")
        row.image = f"{system.code}/image" if "image" in sums else system.image
        row.image_sha256 = sums.get("image", "")
        unit.add(row)
