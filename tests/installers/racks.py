"""A portal with one machine that is large enough for a distribution: KVM, two gigabytes, and its disks."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lab.bmcs.boot_clients import HOST_OF_GUESTS
from lab.qemu import firmware, packages
from lab.qemu.images import CACHE
from lab.qemu.virtual_machines import disk_serial
from opsportal.db import unit_of_work
from opsportal.models import (
    HardwareJob,
    InstallerKind,
    MilestoneName,
    OperatingSystem,
    Part,
    PartKind,
    PartStatus,
)
from stack.disposable import Run
from tests.chain.portals import Tenancy, rent, running_door, running_lab, start_processes
from tests.chain.wires import Wire
from tests.tools import need_tool
from tests.workers.conftest import running_site
from tests.workers.site import FINAL, job_of
from workers import clock, provisioning

NETBOOT = "debian-installer-12-netboot-amd64"
FILES = Path("usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64")
MIRROR = os.environ.get("DEBIAN_MIRROR", "")
DISK_GB = 8
ACCELERATOR = os.environ.get("ACCELERATOR", "kvm")
"""`tcg` where there is no KVM, or one that cannot run firmware: everything takes ten times as long."""
HOURS = 1.5
ROUND_S = 2.0


@contextmanager
def running_machine(
    databases: Run, worker: str, redis_url: str, directory: Path, *, disks: int, is_uefi: bool
) -> Iterator[Tenancy]:
    """A machine that is rented and switched off, before its portal. Its system is Debian 12 by its own installer."""
    for tool in ("ipmi_sim", "qemu-system-x86_64", "apt-get", "dpkg"):
        need_tool(tool)
    assert MIRROR, "DEBIAN_MIRROR is not set: the address of a whole Debian mirror, see docs/lab.md"
    options = ["--accel", ACCELERATOR, "--memory", "2048", "--disks", str(disks), "--disk-gb", str(DISK_GB)]
    if is_uefi:
        options += ["--firmware", str(firmware.unpack(directory / "firmware", CACHE))]
    scale = "10" if ACCELERATOR == "tcg" else "1"
    settings = {"BOOT_FILES": str(directory / "boot"), "LEASE_S": "600", "BOOT_TIME_SCALE": scale}
    with ExitStack() as stack:
        site = stack.enter_context(running_site(databases, worker, redis_url, directory, **settings))
        wire = stack.enter_context(Wire().running())
        boot_url = f"http://{HOST_OF_GUESTS}:{wire.port}"
        wire.target = stack.enter_context(running_door(directory / "door.log", boot_url))
        options += ["--servers", "1", "--hours", str(HOURS), "--boot-url", f"http://127.0.0.1:{wire.port}"]
        rack = stack.enter_context(running_lab("lab.qemu", directory / "rack", *options))
        machine = rent(rack, 0, make_debian(directory / "boot"))
        for number in range(disks):
            note_disk(machine, disk_serial(machine.server.mac, number))
        start_processes(site, workers=1)
        yield machine


def make_debian(boot_files: Path, **changes: Any) -> OperatingSystem:
    """Debian 12 as an operator offers it."""
    files = packages.unpack(NETBOOT, CACHE / "packages") / FILES
    boot_files.mkdir(exist_ok=True)
    sums = {}
    for name, source in (("kernel", "linux"), ("initrd", "initrd.gz")):
        shutil.copyfile(files / source, boot_files / name)
        sums[f"{name}_sha256"] = hashlib.sha256((boot_files / name).read_bytes()).hexdigest()
    described: dict[str, Any] = {
        **{"code": "debian-12", "name": "Debian 12", "family": "debian", "version": "12"},
        **{"installer": InstallerKind.PRESEED, "kernel": "kernel", "initrd": "initrd", "image": MIRROR},
        **{"kernel_arguments": "console=ttyS0,115200n8", "min_memory_gb": 1, "min_disk_gb": 8},
    }
    row = OperatingSystem(**(described | sums | changes))
    with unit_of_work() as unit:
        unit.add(row)
    return row


def note_disk(machine: Tenancy, serial: str) -> None:
    """Put a disk on record as a part of the machine."""
    with unit_of_work() as unit:
        unit.add(
            Part(
                kind=PartKind.DISK,
                serial=serial,
                size_bytes=DISK_GB * 1_000_000_000,
                server_id=machine.server.id,
                status=PartStatus.INSTALLED,
            )
        )


def watch(machine: Tenancy, *, timeout: float) -> HardwareJob:
    """The job when it has ended; meanwhile what the clock would have run runs, lateness included."""
    end = time.monotonic() + timeout
    while (job := job_of(machine.job_id)).status not in FINAL:
        assert time.monotonic() < end, f"never ended: {job}; {machine.reached()}"
        clock.reconcile()
        provisioning.run()
        time.sleep(ROUND_S)
    return job


def seconds(machine: Tenancy) -> dict[str, int]:
    """How long the machine took to each milestone from the one before."""
    rows = [machine.milestone(name) for name in MilestoneName]
    taken = {}
    for before, row in itertools.pairwise(rows):
        if before.reached_at and row.reached_at:
            taken[row.name] = round((row.reached_at - before.reached_at).total_seconds())
    return taken
