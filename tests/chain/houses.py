"""A portal beside two racks: one of real parts, where each machine has a fate of its own, and one of virtual machines.

The machines of the first are at it at the same time: they mostly wait, and a processor emulates slowly.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.bmcs.boot_clients import HOST_OF_GUESTS
from lab.qemu.images import CACHE, TOOLS, build
from opsportal.db import unit_of_work
from opsportal.models import HardwareJob, JobStatus, MilestoneName
from opsportal.models.base import utcnow
from stack.disposable import Run
from tests.chain.portals import Tenancy, make_system, rent, running_door, running_lab, start_processes
from tests.chain.wires import Fault, Wire
from tests.tools import need_tool
from tests.workers.conftest import running_site
from tests.workers.site import (
    Gate,
    Site,
    is_running,
    let_lease_expire,
    log_of,
    send,
    until,
    until_status,
)
from workers import clock

PATIENCE_S = 400.0
"""All of it takes less than a minute on two idle cores; emulated on busy ones, several."""
STEPS = ("preflight", "read", "switch_off", "verify_off", "boot_network", "switch_on", "verify_on", "machine")
PACE = "100"
SETTINGS = {
    # Nothing is late or lost by itself, however slow the machine is that all this runs on.
    "BOOT_TIME_SCALE": "10",
    "POWER_DEADLINE_S": "70",
    "LEASE_S": "600",
}
_HOLDER = re.compile(r"(?:claimed by )?\S+:(\d+)(?:, fence \d+| asks the BMC .*)")


@dataclass
class House:
    """The portal with one worker, which has nothing to do, and who lives there.

    `virtual`: machines that nobody has touched. The others are real ones and on their way.
    """

    site: Site
    wire: Wire
    virtual: list[Tenancy]
    unreachable: Tenancy
    misled: Tenancy
    unplugged: Tenancy
    orphaned: Tenancy


@contextmanager
def running_house(
    databases: Run, worker: str, redis_url: str, directory: Path, *, virtual: int
) -> Iterator[House]:
    """A house with so many virtual machines. When it ends, nothing of it runs any more."""
    for tool in ("ipmi_sim", "qemu-system-x86_64", *TOOLS):
        need_tool(tool)
    images = build(CACHE)
    settings = {**SETTINGS, "BOOT_FILES": str(directory / "boot")}
    with ExitStack() as stack:
        site = stack.enter_context(running_site(databases, worker, redis_url, directory, **settings))
        wire = stack.enter_context(Wire().running())
        log, boot_url = directory / "door.log", f"http://{HOST_OF_GUESTS}:{wire.port}"
        wire.target = stack.enter_context(running_door(log, boot_url))
        asked = ("--boot-url", f"http://127.0.0.1:{wire.port}")
        rack = stack.enter_context(
            running_lab("lab.qemu", directory / "rack", "--servers", "4", "--hours", "0.5", *asked)
        )
        lab = stack.enter_context(
            running_lab("lab.bmcs", directory / "lab", "--servers", str(virtual), "--pace", PACE, *asked)
        )
        system = make_system(directory / "boot", images.directory)
        spare = [rent(lab, index, system) for index in range(virtual)]
        house = House(site, wire, spare, *(rent(rack, index, system) for index in range(4)))
        _order(house)
        start_processes(site, workers=1)
        # The one that was ordered last, and that does not end by itself.
        until_status(house.unreachable.job_id, "waiting", timeout=PATIENCE_S)
        _orphan(house)
        yield house


def _order(house: House) -> None:
    """What is to go wrong is settled before anybody begins."""
    house.unplugged.ask("fault", kind="slow-disk")
    house.unplugged.reinstall()
    house.misled.reinstall()
    house.wire.plan(house.misled.token(), "image", Fault.DAMAGED)
    house.unreachable.ask("fault", kind="no-dhcp")
    house.unreachable.reinstall()


def _orphan(house: House) -> None:
    """Kill the worker at each step of one installation in turn, until its machine has been seen. Then lose reports.

    Its first start gets no address: so it is certain that nobody has seen it when its worker goes.
    """
    machine = house.orphaned
    machine.ask("press", button="on")
    machine.ask("wait", power="on")
    machine.ask("fault", kind="no-dhcp")
    with house.wire.holding(machine.server.mac):
        for step in STEPS:
            kill_worker(house, machine, step)
            if step == "verify_on":
                machine.ask("clear")
        token = machine.token()
        house.wire.plan(token, MilestoneName.DISK_PREPARED, Fault.REFUSED)
        house.wire.plan(token, MilestoneName.SYSTEM_WRITTEN, Fault.UNANSWERED, Fault.REFUSED)
        house.wire.plan(token, MilestoneName.FIRST_BOOT, Fault.UNANSWERED)
    until(lambda: MilestoneName.NETWORK_BOOT in machine.reached(), timeout=PATIENCE_S)
    let_another_begin(machine)
    until(lambda: _is_known(machine), timeout=PATIENCE_S, what="the answer of the BMC")


def kill_worker(house: House, machine: Tenancy, step: str) -> None:
    """Kill whoever works on the machine at this step: the first worker, or the one after the last that was killed."""
    with house.site.gate("job_step", _at(machine, step)) as gate:
        if machine.job_id:
            let_another_begin(machine)
        else:
            machine.reinstall()
        until(lambda: _is_waited_at(gate), timeout=PATIENCE_S, what=f"the worker at {step}")
        horse = _horse(machine)
        send(signal.SIGKILL, [horse])
        until(lambda: not is_running(horse))


def let_another_begin(machine: Tenancy) -> None:
    """As if the time had passed after which a dead worker and its wake-up call are given up, and no more."""
    let_lease_expire(machine.server)
    with unit_of_work() as unit:
        job = unit.get_one(HardwareJob, machine.job_id, with_for_update=True, populate_existing=True)
        if job.status == JobStatus.UNKNOWN:
            job.reconcile_due_at, job.started_at = utcnow() - 2 * clock.LOST_AFTER, utcnow()


def _at(machine: Tenancy, step: str) -> str:
    return (
        f"NEW.name = '{step}' AND NEW.status = 'running' AND OLD.status <> 'running'"
        f" AND EXISTS (SELECT FROM hardware_job j WHERE j.id = NEW.job_id AND j.server_id = {machine.server.id})"
    )


def _is_known(machine: Tenancy) -> bool:
    """Whether it is known again what the machine is at, after the reconciler's look."""
    clock.reconcile()
    return machine.job().status != JobStatus.UNKNOWN


def _is_waited_at(gate: Gate) -> bool:
    """Whether a worker has come to the gate; the reconciler runs meanwhile, as the clock would have it run."""
    clock.reconcile()
    return gate.is_waited_at()


def _horse(machine: Tenancy) -> int:
    """The process that holds the machine's job."""
    found = [_HOLDER.fullmatch(line) for line in log_of(machine.job_id)]
    return int(next(match[1] for match in reversed(found) if match))
