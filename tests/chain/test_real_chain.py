"""The real chain: ipmi_sim, QEMU, iPXE, an installer of busybox, and our boot service and workers.

Only the hardware is not real, and nobody here has written what stands for it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.bmcs.client import LabRefusal
from lab.qemu.images import CACHE, build
from opsportal.models import MilestoneName
from stack.disposable import Run
from tests.chain.portals import (
    HOSTNAME,
    Tenancy,
    make_system,
    rent,
    running_door,
    running_lab,
    start_processes,
)
from tests.tools import need_tool
from tests.workers.conftest import running_site
from tests.workers.site import settle

pytestmark = pytest.mark.xdist_group("worker-deaths")
LOGIN_TRIES = 10
PATIENCE_S = 400.0
"""Emulated without help of the processor, and on a test machine four times slower than a desk's."""


@pytest.fixture
def tenancy(databases: Run, worker: str, redis_url: str, tmp_path: Path) -> Iterator[Tenancy]:
    """A rack of one real-looking machine, off, with an empty disk."""
    for tool in ("ipmi_sim", "qemu-system-x86_64", "syslinux", "mcopy", "mke2fs"):
        need_tool(tool)
    images = build(CACHE)
    choices = {"BOOT_FILES": str(tmp_path / "boot"), "BOOT_NETWORKS": "127.0.0.1/32", "LEASE_S": "90"}
    with (
        running_site(databases, worker, redis_url, tmp_path, **choices) as site,
        running_door(tmp_path / "door.log", host="10.0.2.2") as port,
        running_lab(
            "lab.qemu",
            tmp_path / "rack",
            *("--servers", "1", "--hours", "0.2", "--boot-url", f"http://127.0.0.1:{port}"),
        ) as rack,
    ):
        start_processes(site, workers=1)
        yield rent(rack, 0, make_system(tmp_path / "boot", images.directory))


def test_from_the_order_to_a_login(tenancy: Tenancy, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    tenancy.reinstall()
    try:
        job = settle(tenancy.job_id, timeout=PATIENCE_S)
    except AssertionError as never:
        never.add_note("\n".join(tenancy.ask("show", lines=40)["console"]))
        raise
    assert (job.status, job.outcome_code, tenancy.stage()) == ("succeeded", "verified", "ended")
    assert tenancy.reached() == list(MilestoneName)
    # One start by us, from the network; the installer's restart is the guest's own, from the disk.
    assert tenancy.ask("show")["orders"] == ["boot pxe", "power 1"]
    assert tenancy.ask("show")["starts"] == 1
    with capsys.disabled():
        print(f"\n· from the order to a system that answers: {time.monotonic() - began:.0f} s")
    _log_in(tenancy)


def _log_in(tenancy: Tenancy) -> None:
    """The password that was shown once is the one that opens the system, and what was ordered is there."""
    for _ in range(LOGIN_TRIES):
        # login(1) throws away what was typed before it had switched the echo off: then, as people do, again.
        with contextlib.suppress(LabRefusal):
            _say(tenancy, "\r", expect=f"{HOSTNAME} login: ")
            _say(tenancy, "root\r", expect="Password: ")
            _say(tenancy, f"{tenancy.password}\r", expect="# ")
            break
    _say(
        tenancy,
        "cat /root/ordered; blockdev --getsize64 /dev/vda2\r",
        expect=f"{HOSTNAME}\r\n8388608\r\n",
        patience_s=60,
    )
    _say(tenancy, "find / -xdev -name '*opsportal*' | wc -l\r", expect="\r\n0\r\n", patience_s=60)


def _say(tenancy: Tenancy, text: str, *, expect: str, patience_s: int = 20) -> None:
    since = tenancy.ask("show")["written"]
    tenancy.ask("type", text=text)
    tenancy.ask("wait", text=expect, since=since, timeout=patience_s)
