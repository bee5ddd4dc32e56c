"""Debian 12 by its own installer: ordered, started over IPMI, installed from a mirror, and looked at from inside.

`make installers`: KVM, Debian's apt and a whole mirror are needed; see docs/lab.md, also for what has been run so far.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from opsportal.db import unit_of_work
from opsportal.models import MilestoneName, OperatingSystem
from stack.disposable import Run
from tests.chain.portals import HOSTNAME, Tenancy
from tests.installers.racks import note_disk, running_machine, seconds, watch
from tests.installers.shells import Shell

pytestmark = pytest.mark.timeout(5_400)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk3HZ1uVYk0xwXo0pPq5d3m8nqkQdJb3Yf1k2V7s9aB me@desk"
ALL = list(MilestoneName)
LONGEST_S = 3_600.0
Start = Callable[..., Tenancy]


@pytest.fixture
def start(databases: Run, worker: str, redis_url: str, tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(*, disks: int = 1, is_uefi: bool = False) -> Tenancy:
            machine = running_machine(databases, worker, redis_url, tmp_path, disks=disks, is_uefi=is_uefi)
            return stack.enter_context(machine)

        yield begin


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
@pytest.mark.parametrize("layout", ["single", "mirror"])
def test_installs(start: Start, layout: str, firmware: str) -> None:
    """Every layout, by either firmware: it answers, and it is what was ordered."""
    machine = start(disks=2, is_uefi=firmware == "uefi")
    shell = _install(machine, layout)
    _is_as_ordered(shell)
    assert shell.run("test -d /sys/firmware/efi && echo uefi || echo bios") == firmware
    root, kind = shell.run("findmnt -no SOURCE,FSTYPE /").split()
    assert kind == "ext4"
    if layout == "single":
        assert re.fullmatch(r"/dev/vda\d", root)
        assert shell.run("lsblk -no NAME /dev/vdb") == "vdb"
        return
    assert root == "/dev/md0"
    assert "[2/2] [UU]" in shell.run("cat /proc/mdstat")


def _install(machine: Tenancy, layout: str) -> Shell:
    machine.reinstall(layout=layout, ssh_keys=(KEY,))
    job = watch(machine, timeout=LONGEST_S)
    print(f"\n{layout}: {seconds(machine)} = {sum(seconds(machine).values())} s")
    assert (job.status, job.outcome_code, machine.stage()) == ("succeeded", "verified", "ended")
    assert machine.reached() == ALL
    shell = Shell(machine, machine.password, HOSTNAME.partition(".")[0])
    shell.sign_in()
    return shell


def _is_as_ordered(shell: Shell) -> None:
    assert shell.run("hostname --fqdn") == HOSTNAME
    assert shell.run("getent hosts 127.0.1.1").split() == ["127.0.1.1", HOSTNAME, HOSTNAME.partition(".")[0]]
    assert shell.run("timedatectl show -p Timezone --value") == "Europe/Prague"
    assert shell.run("cat /etc/timezone") == "Europe/Prague"
    assert shell.run("cat /root/.ssh/authorized_keys") == KEY
    assert shell.run("stat -c %a /root/.ssh /root/.ssh/authorized_keys").split() == ["700", "600"]
    assert shell.run("cat /root/ordered") == HOSTNAME
    assert shell.run("systemctl is-active ssh") == "active"
    assert shell.run("systemctl is-system-running --wait") == "running"
    assert shell.run("ls /usr/local/sbin /var/lib/opsportal 2>/dev/null") == "/usr/local/sbin:"


def test_a_mirror_that_is_not_there(start: Start) -> None:
    """The job says that nothing could be fetched, and the next start is from the disk."""
    machine = start()
    with unit_of_work() as unit:
        unit.get_one(OperatingSystem, machine.system.id).image = "http://10.0.2.2:9/debian"
    machine.reinstall()
    job = watch(machine, timeout=LONGEST_S)
    assert (job.status, job.outcome_code, machine.stage()) == ("failed", "installer_image_missing", "ended")
    _is_off_and_was_started_once(machine)


def test_a_disk_that_is_not_there(start: Start) -> None:
    """The job names the disk as the reason, and the other one was not touched."""
    machine = start()
    note_disk(machine, "GONE0001")
    machine.reinstall(disks=("GONE0001",))
    job = watch(machine, timeout=LONGEST_S)
    assert (job.status, job.outcome_code, machine.stage()) == ("failed", "installer_no_disk", "ended")
    _is_off_and_was_started_once(machine)


def _is_off_and_was_started_once(machine: Tenancy) -> None:
    machine.ask("wait", power="off", timeout=120)
    assert machine.ask("show")["starts"] == 1
    disk = machine.lab / "machines" / machine.name / "disk.raw"
    assert disk.stat().st_blocks == 0
