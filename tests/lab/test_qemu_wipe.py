"""The wipe system on a machine of QEMU: what a tenant wrote is gone from its disks, and each is reported."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.bmcs.boot_clients import HOST_OF_GUESTS
from lab.qemu.images import CACHE, build
from opsportal.models import SystemPurpose
from tests.lab.boot_services import running_boot_service
from tests.lab.qemu_guests import command, disk
from tests.lab.wipe_programs import nvme_programs

# One after the other with what needs every core.
pytestmark = [pytest.mark.xdist_group("power-chaos"), pytest.mark.slow]
OLD = b"what a tenant wrote, and keeps writing. "
SIZE = 8 << 20
CARDS = ("virtio-blk-pci", "virtio-blk-pci", "nvme")


def test_every_disk_is_erased_and_says_how(tmp_path: Path) -> None:
    """NVMe is formatted by its own controller, told by nvme-cli. Disks of virtio erase nothing by themselves: they are

    overwritten. Either is read back.
    """
    images = build(CACHE)
    initrd = tmp_path / "initrd"
    first = images.initrd.read_bytes()
    # Linux reads one archive after another; one that is not compressed begins at a multiple of four.
    initrd.write_bytes(first + b"\0" * (-len(first) % 4) + nvme_programs(CACHE / "packages"))
    disks = [tmp_path / f"disk{number}" for number in range(len(CARDS))]
    for one in disks:
        one.write_bytes((OLD * (SIZE // len(OLD) + 1))[:SIZE])
    with running_boot_service() as service:
        service.offer(purpose=SystemPurpose.WIPE, base_url=service.url.replace("127.0.0.1", HOST_OF_GUESTS))
        drives = [
            word
            for number, (card, file) in enumerate(zip(CARDS, disks, strict=True))
            for word in disk(number, file, card)
        ]
        done = subprocess.run(
            command(service, "wipe", initrd=initrd, disks=drives), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
    said = done.stdout[-3000:]
    assert service.milestones()[0::4] == ["installer_started", "disk_prepared"], said
    became = [
        (d["device"], d["serial"], d["size"], d["outcome"], d["method"], d["trouble"], d["verified"])
        for d in service.disks
    ]
    assert sorted(became) == [
        ("nvme0n1", "DK2", SIZE, "erased", "nvme_format", "", 16),
        ("vda", "DK0", SIZE, "erased", "overwrite", "", 16),
        ("vdb", "DK1", SIZE, "erased", "overwrite", "", 16),
    ], said
    assert all(not one.read_bytes().strip(b"\0") for one in disks)
    assert done.returncode == 0
