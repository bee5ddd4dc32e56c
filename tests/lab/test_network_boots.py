"""Virtual machines boot from a boot service by HTTP, as iPXE and an installer do."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest

from opsportal.models import InstallerKind, SystemPurpose
from tests.lab.boot_services import BASE, BootService, running_boot_service
from tests.lab.labs import RunningLab, Server
from tests.stack.waiting import wait_until

PACE = 100.0
INSTALLED = ["installer_started", "disk_prepared", "system_written", "first_boot", "answers"]
FILES = {
    InstallerKind.RAW: ("install.sh", "image", "finish.sh", "shadow", "authorized_keys", "post_install"),
    InstallerKind.PRESEED: ("preseed.cfg", "started.sh", "disks.sh", "finish.sh", "authorized_keys", "post_install"),
    InstallerKind.KICKSTART: ("ks.cfg", "finish.sh", "authorized_keys", "post_install"),
    InstallerKind.AUTOINSTALL: (
        *("meta-data", "user-data", "vendor-data"),
        *("started.sh", "finish.sh", "authorized_keys", "post_install"),
    ),
}  # fmt: skip
TITLES = {
    InstallerKind.RAW: "Debian GNU/Linux 12",
    InstallerKind.PRESEED: "Debian GNU/Linux 12",
    InstallerKind.KICKSTART: "AlmaLinux 9.6 (Sage Margay)",
    InstallerKind.AUTOINSTALL: "Ubuntu 24.04.3 LTS",
}


@pytest.fixture(scope="module")
def service() -> Iterator[BootService]:
    with running_boot_service() as running:
        yield running


@pytest.fixture(scope="module")
def lab(service: BootService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    running = RunningLab(tmp_path_factory.mktemp("lab"), servers=16, pace=PACE, boot_url=service.url)
    running.start()
    yield running
    assert running.end() == 0
    assert "Traceback" not in running.log
    assert "boot-broke" not in running.log


@pytest.fixture
def server(lab: RunningLab, service: BootService) -> Server:
    service.asked.clear()
    service.reports.clear()
    return lab.take()


def test_a_restart_asks_the_boot_service_and_goes_on_from_the_disk(
    server: Server, service: BootService
) -> None:
    server.ask("press", button="reset")
    server.wait(stage="login")
    known = server.identity
    assert service.asked == [(f"/boot/ipxe/{known['mac']}", known["boot_ip"])]
    assert known["boot_ip"].startswith("127.77.")
    assert server.effects()[-2:] == ["restart", "disk-boot"]


@pytest.mark.parametrize("installer", FILES)
def test_installs_by_the_portals_templates_and_comes_up_as_ordered(
    installer: InstallerKind, server: Server, service: BootService
) -> None:
    service.offer(installer=installer, hostname="web1.company.example")
    server.ask("press", button="reset")
    # Ubuntu's installer has no place for a script of ours once the disk is prepared.
    expected = [
        name for name in INSTALLED if installer != InstallerKind.AUTOINSTALL or name != "disk_prepared"
    ]
    service.wait(lambda: service.milestones() == expected)
    mac, address = server.identity["mac"], server.identity["boot_ip"]
    names = ("kernel", "initrd", *FILES[installer])
    paths = [f"/boot/ipxe/{mac}", *(f"{BASE}/{name}" for name in names), f"/boot/ipxe/{mac}"]
    assert service.asked == [(path, address) for path in paths]
    server.wait(stage="login")
    assert server.effects()[-4:] == ["restart", "installed", "restart", "disk-boot"]
    console = server.show()["console"]
    assert console[-1] == "web1.company.example login: "
    assert f"{TITLES[installer]} web1.company.example ttyS1" in console
    # The answer to the last report has come to it, too: the next boot owes none any more.
    wait_until(lambda: not server.show()["owes_reports"])
    server.ask("press", button="reset")
    server.wait(stage="login")
    assert service.milestones() == expected


def test_a_damaged_image_is_never_written(server: Server, service: BootService) -> None:
    server.ask("fault", kind="bad-image")
    service.offer()
    server.ask("press", button="reset")
    server.wait(power="off")
    assert service.reports == [("installer_started", ""), ("failed", "checksum")]
    assert "installed" not in server.effects()


def test_without_dhcp_the_disk_is_booted_and_nobody_asked(server: Server, service: BootService) -> None:
    server.ask("fault", kind="no-dhcp")
    service.offer()
    server.ask("press", button="reset")
    server.wait(stage="login")
    assert service.asked == []
    assert any("No configuration methods succeeded" in line for line in server.show()["console"])


def test_reports_that_are_lost_do_not_stop_the_installation(server: Server, service: BootService) -> None:
    server.ask("fault", kind="no-reports")
    service.offer(hostname="quiet")
    server.ask("press", button="reset")
    server.wait(stage="login")
    assert service.reports == []
    assert "installed" in server.effects()
    assert server.show()["console"][-1] == "quiet login: "


def test_a_hanging_installer_is_ended_by_a_power_cut_and_the_old_system_is_there(
    server: Server, service: BootService
) -> None:
    server.ask("fault", kind="hangs")
    service.offer(hostname="never")
    server.ask("press", button="reset")
    service.wait(lambda: service.milestones() == ["installer_started", "disk_prepared"])
    server.ask("unplug")
    server.ask("clear")
    server.ask("plug")
    server.wait(stage="login")
    assert service.milestones() == ["installer_started", "disk_prepared"]
    assert "installed" not in server.effects()


def test_a_boot_service_that_is_down_means_the_disk(
    start_lab: Callable[..., RunningLab],
) -> None:
    with running_boot_service() as gone:
        url = gone.url
    server = start_lab(servers=1, pace=PACE, boot_url=url).take()
    server.ask("press", button="reset")
    server.wait(stage="login")
    assert any("Connection reset" in line for line in server.show()["console"])


def test_a_lab_that_is_killed_goes_on_with_the_installation(
    service: BootService, start_lab: Callable[..., RunningLab]
) -> None:
    service.reports.clear()
    lab = start_lab(servers=1, pace=10.0, boot_url=service.url)
    server = lab.take()
    service.offer(hostname="survivor")
    server.ask("press", button="reset")
    service.wait(lambda: service.milestones()[:1] == ["installer_started"])
    lab.end(signal.SIGKILL)
    lab.start()
    # The report that was under way may come twice, as from a real installer that got no answer.
    service.wait(lambda: list(dict.fromkeys(service.milestones())) == INSTALLED)
    server.wait(stage="login")
    assert server.show()["console"][-1] == "survivor login: "


def test_a_rescue_system_stays_and_leaves_the_disk_alone(server: Server, service: BootService) -> None:
    service.offer(purpose=SystemPurpose.RESCUE)
    server.ask("press", button="reset")
    service.wait(lambda: service.milestones() == ["installer_started", "answers"])
    assert server.wait(stage="installer")["power"] == "on"
    assert "installed" not in server.effects()


def test_a_wipe_switches_the_server_off(server: Server, service: BootService) -> None:
    service.offer(purpose=SystemPurpose.WIPE)
    server.ask("press", button="reset")
    server.wait(power="off")
    assert service.milestones() == ["installer_started", "disk_wiped", "disk_prepared"]


def test_a_memory_test_says_nothing_and_runs_on(server: Server, service: BootService) -> None:
    service.offer(installer=InstallerKind.NONE, purpose=SystemPurpose.MEMORY_TEST)
    server.ask("press", button="reset")
    server.wait(stage="installer")
    assert service.asked[-1][0] == f"{BASE}/initrd"
    assert service.milestones() == []
