"""The wipe system on a machine of QEMU: what a tenant wrote is gone from its disks, and each is reported."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.bmcs.boot_clients import HOST_OF_GUESTS
from lab.qemu.images import ARGUMENTS, CACHE, build
from opsportal.models import SystemPurpose
from tests.lab.boot_services import BASE, running_boot_service
from tests.lab.wipe_programs import nvme_programs
from tests.tools import need_tool

# One after the other with what needs every core.
pytestmark = [pytest.mark.xdist_group("power-chaos"), pytest.mark.slow]
OLD = b"what a tenant wrote, and keeps writing. "
SIZE = 8 << 20
CARDS = ("virtio-blk-pci", "virtio-blk-pci", "nvme")


def test_every_disk_is_erased_and_says_how(tmp_path: Path) -> None:
    """NVMe is formatted by its own controller, told by nvme-cli. Disks of virtio erase nothing by themselves: they are

    overwritten. Either is read back.
    """
    qemu = need_tool("qemu-system-x86_64")
    images = build(CACHE)
    initrd = tmp_path / "initrd"
    first = images.initrd.read_bytes()
    # Linux reads one archive after another; one that is not compressed begins at a multiple of four.
    initrd.write_bytes(first + b"\0" * (-len(first) % 4) + nvme_programs(CACHE / "packages"))
    disks = [tmp_path / f"disk{number}" for number in range(len(CARDS))]
    for disk in disks:
        disk.write_bytes((OLD * (SIZE // len(OLD) + 1))[:SIZE])
    with running_boot_service() as service:
        url = service.url.replace("127.0.0.1", HOST_OF_GUESTS)
        service.offer(purpose=SystemPurpose.WIPE, base_url=url)
        drives = [
            word
            for number, (card, disk) in enumerate(zip(CARDS, disks, strict=True))
            for word in (
                "-drive", f"id=d{number},file={disk},if=none,format=raw,cache=unsafe",
                "-device", f"{card},drive=d{number},serial=DK{number}",
            )
        ]  # fmt: skip
        done = subprocess.run(
            [
                qemu, "-accel", "tcg", "-m", "256", "-display", "none", "-nodefaults", "-no-user-config",
                "-kernel", str(images.kernel), "-initrd", str(initrd),
                "-append", f"{ARGUMENTS} opsportal.base={url}{BASE} opsportal.mode=wipe",
                "-netdev", "user,id=n0,ipv6=off", "-device", "virtio-net-pci,netdev=n0",
                "-device", "virtio-rng-pci", "-serial", "stdio", "-no-reboot", *drives,
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False,
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
    assert all(not disk.read_bytes().strip(b"\0") for disk in disks)
    assert done.returncode == 0
