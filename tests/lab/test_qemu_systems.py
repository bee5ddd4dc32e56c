"""What runs on a machine of QEMU from its memory alone: the rescue system, and the run under load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.bmcs.boot_clients import HOST_OF_GUESTS
from opsportal.models import SystemPurpose
from tests.lab.boot_services import KEY, PATIENCE_S, running_boot_service
from tests.lab.qemu_guests import command, disk, running_guest

# One after the other with what needs every core.
pytestmark = [pytest.mark.xdist_group("power-chaos"), pytest.mark.slow]
PASSWORD = "correct horse"
"""The one-time password whose hash the boot service hands out."""
WRITTEN = b"what a client keeps"


def test_rescue_system_lets_in_by_its_password_and_leaves_the_disk_alone(tmp_path: Path) -> None:
    kept = tmp_path / "disk"
    kept.write_bytes(WRITTEN.ljust(1 << 20, b"\0"))
    with running_boot_service() as service:
        service.offer(purpose=SystemPurpose.RESCUE, base_url=service.url.replace("127.0.0.1", HOST_OF_GUESTS))
        with running_guest(command(service, "rescue", disks=disk(0, kept))) as guest:
            guest.expect("web1 login: ")
            assert service.milestones() == ["installer_started", "answers"]
            guest.type("root")
            guest.expect("Password: ")
            guest.type(PASSWORD)
            guest.expect("# ")
            guest.type(f"head -c {len(WRITTEN)} /dev/vda; echo; cat /root/.ssh/authorized_keys")
            guest.expect(f"{WRITTEN.decode()}\r?\n{re.escape(KEY)}\r?\n")
    assert kept.read_bytes() == WRITTEN.ljust(1 << 20, b"\0")


def test_run_under_load_passes_and_only_reads_the_disk(tmp_path: Path) -> None:
    kept = tmp_path / "disk"
    kept.write_bytes(WRITTEN.ljust(1 << 20, b"\0"))
    with running_boot_service() as service:
        base_url = service.url.replace("127.0.0.1", HOST_OF_GUESTS)
        service.offer(purpose=SystemPurpose.LOAD_TEST, base_url=base_url, load_s=2)
        # What the kernel does not know is in the environment of all that it starts: small pieces, as they are emulated.
        words = command(service, "load", disks=disk(0, kept), more="BLOCK_MB=4 WATCH_S=1")
        with running_guest(words) as guest:
            guest.expect(r"load: \d+ MB of memory are written")
            guest.expect("load: passed")
            service.wait(lambda: "load_passed" in service.milestones(), timeout=5 * PATIENCE_S)
        told = [name for name in service.milestones() if name != "progress"]
        assert told == ["installer_started", "load_passed"]
    assert kept.read_bytes() == WRITTEN.ljust(1 << 20, b"\0")
