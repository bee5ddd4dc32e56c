"""The whole chain by real parts: a new system ordered, and its login prompt. ipmi_sim and QEMU (TCG), iPXE, our boot
service, dispatcher and worker. There is no peer: what it is compared with is the time that it may take."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import rows
from benchmarks.portal_database import portal_database
from lab.bmcs.boot_clients import HOST_OF_GUESTS
from lab.qemu.images import CACHE, TOOLS, build
from tests.chain.portals import HOSTNAME, Tenancy, make_system, rent, running_door, running_lab
from tests.chain.wires import Wire
from tests.tools import need_tool
from tests.workers.site import FINAL, Site, named, until
from workers.standby import STANDING_BY

TARGET_S = 90.0
PATIENCE_S = 600.0
PROMPT = f"{HOSTNAME} login:"
POLL_S = 0.1


class TooSlow(Exception):
    """The promise of the row does not hold."""


def run() -> list[rows.Row]:
    """Order once on a server that is off, as the click does; seconds until its console asks for a name.

    The images are built before, as they are before anybody orders. Raises `TooSlow` beyond the target: a
    run of the benchmarks in which it does has failed.
    """
    for tool in ("ipmi_sim", "qemu-system-x86_64", *TOOLS):
        need_tool(tool)
    build(CACHE)
    with tempfile.TemporaryDirectory() as name, _rented(Path(name)) as (machine, site):
        begun = time.monotonic()
        machine.reinstall()
        machine.ask("wait", text=PROMPT, timeout=PATIENCE_S)
        seconds = time.monotonic() - begun
        _check(machine, site)
    if seconds > TARGET_S:
        raise TooSlow(f"The real chain took {seconds:.0f} s instead of {TARGET_S:.0f} at most.")
    peer = "what it may take (no peer does this)"
    return [rows.less_is_better("real_chain", seconds, "s", peer=peer, peer_value=TARGET_S)]


@contextmanager
def _rented(directory: Path) -> Iterator[tuple[Tenancy, Site]]:
    """A machine that is rented and switched off, before its portal with a worker that stands by."""
    boot = directory / "boot"
    settings = {"BMC_NETWORKS": "127.0.0.0/8", "DATA": str(directory), "BOOT_FILES": str(boot)}
    with ExitStack() as stack:
        stack.enter_context(portal_database(**settings, BOOT_TIME_SCALE="10", LEASE_S="600"))
        wire = stack.enter_context(Wire().running())
        boot_url = f"http://{HOST_OF_GUESTS}:{wire.port}"
        wire.target = stack.enter_context(running_door(directory / "door.log", boot_url))
        options = ("--servers", "1", "--hours", "0.5", "--boot-url", f"http://127.0.0.1:{wire.port}")
        rack = stack.enter_context(running_lab("lab.qemu", directory / "rack", *options))
        machine = rent(rack, 0, make_system(boot, build(CACHE).directory))
        site = Site(directory, os.environ["DATABASE_URL"])
        stack.callback(site.end)
        site.start("dispatcher")
        worker = site.start("worker", "hardware")
        until(lambda: named(worker.pid, STANDING_BY), what="a work horse that stands by")
        yield machine, site


def _check(machine: Tenancy, site: Site) -> None:
    """The job says the same as the console, a moment later at most."""
    deadline = time.monotonic() + 60
    while (job := machine.job()).status not in FINAL:
        if time.monotonic() > deadline:
            raise RuntimeError(f"never ended: {job}\n{site.logs()}")
        time.sleep(POLL_S)
    if job.status != "succeeded":
        raise RuntimeError(f"the job ended as {job.status}: {job.outcome_code}")
