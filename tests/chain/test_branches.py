"""What goes wrong while a server is installed: it always ends in a known state, and never installs twice.

Real machines: QEMU behind ipmi_sim, iPXE, our boot service, our worker; each test looks at one of them. What would take
one more of them for a single case runs on virtual machines.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import groupby

import httpx
import pytest
from sqlmodel import col, select

from lab.qemu.images import CACHE, DISK_BYTES, build
from opsportal.db import unit_of_work
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import InstallEvent, MilestoneName
from stack.disposable import Run
from tests.chain.houses import PATIENCE_S, House, kill_worker, let_another_begin, running_house
from tests.chain.portals import HOSTNAME, Tenancy
from tests.lab.labs import ipmitool
from tests.workers.site import settle, until, until_status
from workers import provisioning

# One after the other with what needs every core.
pytestmark = [pytest.mark.xdist_group("power-chaos"), pytest.mark.slow]
ALL = [name for name in MilestoneName if name is not MilestoneName.LOAD_PASSED]
START = ["boot pxe", "power 1"]
FILES = ["kernel", "initrd", "install.sh", "image", "shadow", "finish.sh", "post_install"]
LONE_STEPS = ("boot_network", "switch_on")
"""Where the first worker of a job is killed after a command has left, and not one that had taken over."""


@pytest.fixture(scope="module")
def house(
    databases: Run, worker: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    with running_house(databases, worker, redis_url, directory, virtual=1 + len(LONE_STEPS)) as house:
        yield house


@pytest.fixture
def virtual(house: House) -> Tenancy:
    """A virtual machine that nobody has touched."""
    return house.virtual.pop()


@pytest.mark.parametrize("step", LONE_STEPS)
def test_worker_killed(house: House, virtual: Tenancy, step: str) -> None:
    """Whatever a worker was at when it was killed: the server is installed exactly once."""
    kill_worker(house, virtual, step)
    let_another_begin(virtual)
    job = settle(virtual.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, virtual.stage()) == ("succeeded", "verified", "ended")
    assert virtual.effects().count("installed") == 1
    assert virtual.reached() == ALL


def test_reports_are_lost(virtual: Tenancy) -> None:
    """It installs, once, and nobody hears of it: the job says so, and the next start is from the disk."""
    virtual.ask("fault", kind="no-reports")
    virtual.reinstall()
    until_status(virtual.job_id, "waiting", timeout=PATIENCE_S)
    until(lambda: virtual.effects()[-1] == "disk-boot", timeout=PATIENCE_S)
    virtual.ask("wait", stage="login")
    assert (virtual.reached(), virtual.stage()) == (ALL[:3], "handed_out")
    virtual.let_expire(MilestoneName.INSTALLER_STARTED)
    job = settle(virtual.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, virtual.stage()) == ("failed", "kernel_silent", "ended")
    virtual.ask("press", button="reset")
    until(lambda: virtual.effects().count("disk-boot") == 2, timeout=PATIENCE_S)
    assert virtual.effects().count("installed") == 1


def test_power_cut_in_the_middle(house: House) -> None:
    """The disk was being written when the power went: nothing begins again, and the job says where it stuck."""
    machine = house.unplugged
    until(lambda: not _is_empty(machine), timeout=PATIENCE_S, what="the first of the system on the disk")
    machine.ask("unplug")
    assert (machine.job().status, machine.stage(), machine.reached()) == ("waiting", "handed_out", ALL[:5])
    assert _disk(machine, DISK_BYTES) != gzip.decompress(build(CACHE).disk.read_bytes())
    machine.ask("plug")
    # As servers do whose firmware asks the network first: it is told to start from its disk.
    begun = machine.ask("show")["written"]
    ipmitool(machine.identity(), "chassis", "bootdev", "pxe")
    ipmitool(machine.identity(), "chassis", "power", "on")
    until(lambda: len(house.wire.scripts[machine.server.mac]) == 2, timeout=PATIENCE_S)
    assert "opsportal.base" in house.wire.scripts[machine.server.mac][0]
    assert house.wire.scripts[machine.server.mac][1] == LOCAL_DISK
    machine.ask("wait", text="Booting from SAN device 0x80", since=begun, timeout=PATIENCE_S)
    assert _is_refused(house, machine, "install.sh")
    _sticks(machine, MilestoneName.SYSTEM_WRITTEN, "writing_stuck")
    assert _is_refused(house, machine, "finish.sh")
    assert (_told(machine), machine.ask("show")["starts"]) == ([*START, *START], 2)
    assert machine.fetched() == FILES[:4]


def test_wrong_checksum(house: House) -> None:
    """What arrived is not what was announced: the disk is never touched and the job says why."""
    machine = house.misled
    job = settle(machine.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, machine.stage()) == ("failed", "installer_checksum", "ended")
    assert machine.reached() == ALL[:4]
    machine.ask("wait", power="off", timeout=PATIENCE_S)
    assert _is_empty(machine)
    assert machine.fetched() == FILES[:4]
    assert (_told(machine), machine.ask("show")["starts"]) == (START, 1)


def test_no_dhcp(house: House) -> None:
    """The firmware gets no address and goes on to the disk; the job says that it was never seen."""
    machine = house.unreachable
    machine.ask("wait", text="No bootable device", timeout=PATIENCE_S)
    assert machine.reached() == ["power_cycled"]
    _sticks(machine, MilestoneName.NETWORK_BOOT, "no_network_boot")
    assert (_told(machine), machine.ask("show")["starts"]) == (START, 1)
    assert machine.fetched() == []
    assert _is_empty(machine)


def test_worker_killed_at_every_step(house: House) -> None:
    """One installation, its worker killed at each step in turn: begun again until its machine was seen, and not after."""
    _is_installed_once(house, house.orphaned)
    # It was on; its first start, which nobody could see; the second one, which was seen.
    assert _told(house.orphaned) == ["power 1", "power 0", *START, "power 0", *START]
    assert house.orphaned.ask("show")["starts"] == 3


def test_reports_and_their_answers_are_lost(house: House) -> None:
    """The same installation: what did not arrive, or was not answered, is reported again and counts once."""
    machine = house.orphaned
    _is_installed_once(house, machine)
    assert house.wire.planned(machine.token()) == {}
    reports = _reports(machine)
    assert [report.kind for report in reports] == [
        *("installer_started", "disk_prepared", "system_written", "system_written"),
        *("first_boot", "first_boot", "answers"),
    ]
    for again in (reports[3], reports[5]):
        reached_at = machine.milestone(MilestoneName(again.kind)).reached_at
        assert reached_at is not None
        assert reached_at < again.at


def _is_installed_once(house: House, machine: Tenancy) -> None:
    job = settle(machine.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, machine.stage()) == ("succeeded", "verified", "ended")
    assert machine.reached() == ALL
    assert machine.fetched() == FILES
    assert [text.count("opsportal.base") for text in house.wire.scripts[machine.server.mac]] == [1]
    machine.ask("wait", text=f"{HOSTNAME} login:", timeout=PATIENCE_S)


def _sticks(machine: Tenancy, name: MilestoneName, diagnosis: str) -> None:
    """It is said to be late and why while it is waited for, then given up for that reason."""
    assert machine.milestone(name).late_at is None
    machine.let_be_late(name)
    provisioning.run()
    assert machine.job().status == "waiting"
    assert machine.milestone(name).late_at is not None
    assert machine.milestone(name).diagnosis == diagnosis
    machine.let_expire(name)
    job = settle(machine.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, machine.stage()) == ("failed", diagnosis, "ended")


def _told(machine: Tenancy) -> list[str]:
    """What its BMC was told, one after another. A command is repeated when its answer is late."""
    return [words for words, _ in groupby(machine.ask("show")["orders"])]


def _is_refused(house: House, machine: Tenancy, name: str) -> bool:
    answer = httpx.get(f"http://127.0.0.1:{house.wire.port}/boot/i/{machine.token()}/{name}", timeout=60)
    return answer.status_code == 404


def _reports(machine: Tenancy) -> list[InstallEvent]:
    """What has arrived of what the machine says of itself."""
    with unit_of_work() as unit:
        query = select(InstallEvent).where(
            col(InstallEvent.job_id) == machine.job_id, col(InstallEvent.kind).in_(ALL)
        )
        return list(unit.exec(query.order_by(col(InstallEvent.id))))


def _disk(machine: Tenancy, size: int) -> bytes:
    """What the machine's disk begins with."""
    with (machine.lab / "machines" / machine.name / "disk.raw").open("rb") as disk:
        return disk.read(size)


def _is_empty(machine: Tenancy) -> bool:
    """Whether nothing was written where a system begins."""
    return not _disk(machine, 4 << 20).strip(b"\0")
