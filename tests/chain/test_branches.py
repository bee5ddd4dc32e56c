"""What goes wrong while a server is installed: it always ends in a known state, and never installs twice.

The machines are virtual; boot service, dispatcher, workers and IPMI are the real ones.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsportal.models import MilestoneName, OperatingSystem
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
from tests.workers.conftest import running_site
from tests.workers.site import Site, is_running, let_lease_expire, send, settle, until, until_status

pytestmark = pytest.mark.xdist_group("worker-deaths")
PACE = "100"
SERVERS = 16
PATIENCE_S = 60.0


@dataclass
class House:
    """The portal, its lab, and who lives there."""

    site: Site
    lab: Path
    system: OperatingSystem
    taken: int = 0


@pytest.fixture(scope="module")
def house(
    databases: Run, worker: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    choices = {"BOOT_FILES": str(directory / "boot"), "POWER_DEADLINE_S": "40", "LEASE_S": "90"}
    with (
        running_site(databases, worker, redis_url, directory, **choices) as site,
        running_door(directory / "door.log") as port,
        running_lab(
            "lab.bmcs",
            directory / "lab",
            *("--servers", str(SERVERS), "--pace", PACE, "--boot-url", f"http://127.0.0.1:{port}"),
        ) as lab,
    ):
        system = make_system(directory / "boot")
        start_processes(site, workers=1)
        yield House(site, lab, system)


@pytest.fixture
def tenancy(house: House) -> Tenancy:
    """A machine that nobody has touched, and two workers."""
    house.site.hands(1)
    house.taken += 1
    return rent(house.lab, house.taken - 1, house.system)


def test_everything_goes_well(tenancy: Tenancy) -> None:
    tenancy.reinstall()
    job = settle(tenancy.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, tenancy.stage()) == ("succeeded", "verified", "ended")
    assert tenancy.reached() == list(MilestoneName)
    assert tenancy.effects() == ["power-off", "power-on", "installed", "restart", "disk-boot"]
    assert tenancy.ask("wait", stage="login", lines=1)["console"] == [f"{HOSTNAME} login: "]
    # The machine got everything that was ordered: without `shadow` nobody could sign in.
    assert tenancy.fetched() == [
        *("kernel", "initrd", "install.sh", "image"),
        *("finish.sh", "shadow", "post_install"),
    ]


def test_no_dhcp(tenancy: Tenancy) -> None:
    """The server comes up with its old system, and the job says that it never reached the boot service."""
    tenancy.ask("fault", kind="no-dhcp")
    tenancy.reinstall()
    until_status(tenancy.job_id, "waiting", timeout=PATIENCE_S)
    tenancy.ask("wait", stage="login", timeout=60)
    assert tenancy.reached() == ["power_cycled"]
    tenancy.let_expire(MilestoneName.NETWORK_BOOT)
    job = settle(tenancy.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, tenancy.stage()) == ("failed", "no_network_boot", "ended")
    _comes_up_as_before(tenancy)


def test_wrong_checksum(tenancy: Tenancy) -> None:
    """What arrived is not what was announced: the disk is never touched and the job says why."""
    tenancy.ask("fault", kind="bad-image")
    tenancy.reinstall()
    job = settle(tenancy.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, tenancy.stage()) == ("failed", "installer_checksum", "ended")
    assert tenancy.reached() == list(MilestoneName)[:4]
    tenancy.ask("wait", power="off")
    tenancy.ask("press", button="on")
    _comes_up_as_before(tenancy)


def test_reports_are_lost(tenancy: Tenancy) -> None:
    """It installs, once, and nobody hears of it: the job says so, and the next start is from the disk."""
    tenancy.ask("fault", kind="no-reports")
    tenancy.reinstall()
    until_status(tenancy.job_id, "waiting", timeout=PATIENCE_S)
    until(lambda: tenancy.effects()[-1] == "disk-boot", timeout=PATIENCE_S)
    tenancy.ask("wait", stage="login", timeout=60)
    assert (tenancy.reached(), tenancy.stage()) == (list(MilestoneName)[:3], "handed_out")
    tenancy.let_expire(MilestoneName.INSTALLER_STARTED)
    job = settle(tenancy.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, tenancy.stage()) == ("failed", "kernel_silent", "ended")
    tenancy.ask("press", button="reset")
    until(lambda: tenancy.effects().count("disk-boot") == 2, timeout=PATIENCE_S)
    assert tenancy.effects().count("installed") == 1


def test_power_cut_in_the_middle(tenancy: Tenancy) -> None:
    """The installer was running when the power went: it is not started again, and the job says where it stuck."""
    tenancy.ask("fault", kind="hangs")
    tenancy.reinstall()
    until(lambda: "disk_prepared" in tenancy.reached(), timeout=PATIENCE_S)
    tenancy.ask("unplug")
    tenancy.ask("clear")
    tenancy.ask("plug")
    tenancy.ask("wait", stage="login", timeout=60)
    assert (tenancy.job().status, tenancy.stage()) == ("waiting", "handed_out")
    tenancy.let_expire(MilestoneName.SYSTEM_WRITTEN)
    job = settle(tenancy.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, tenancy.stage()) == ("failed", "writing_stuck", "ended")
    assert tenancy.effects() == ["power-off", "power-on", "power-off", "power-on", "disk-boot"]


STEPS = ("preflight", "read", "switch_off", "verify_off", "boot_network", "switch_on", "verify_on", "machine")


@pytest.mark.parametrize("step", STEPS)
def test_worker_killed(house: House, tenancy: Tenancy, step: str) -> None:
    """Whatever a worker was at when it was killed: the server is installed exactly once."""
    with house.site.gate("job_step", f"NEW.name = '{step}' AND NEW.status = 'running'") as gate:
        tenancy.reinstall()
        gate.wait()
        horse = house.site.busy_hand().horse()
        send(signal.SIGKILL, [horse])
        until(lambda: not is_running(horse))
    let_lease_expire(tenancy.server)
    job = settle(tenancy.job_id, timeout=PATIENCE_S)
    assert (job.status, job.outcome_code, tenancy.stage()) == ("succeeded", "verified", "ended")
    assert tenancy.effects().count("installed") == 1
    assert tenancy.reached() == list(MilestoneName)


def _comes_up_as_before(tenancy: Tenancy) -> None:
    tenancy.ask("wait", stage="login", timeout=60)
    assert tenancy.effects()[-1] == "disk-boot"
    assert "installed" not in tenancy.effects()
    assert tenancy.ask("show", lines=1)["console"] == [f"{tenancy.name} login: "]
