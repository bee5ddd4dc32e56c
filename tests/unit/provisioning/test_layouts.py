"""What is done to disks, by every installer and firmware: run in a shell before disks that are files."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import warnings
from pathlib import Path

import pytest
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion

from opsportal.integrations.installers import render
from opsportal.models import InstallerKind
from tests.unit.provisioning.halls import FACTS, MIRROR, Hall


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


@pytest.mark.parametrize("has_uefi", [False, True], ids=["bios", "uefi"])
def test_debian_makes_both_disks_of_a_mirror_alike(hall: Hall, *, has_uefi: bool) -> None:
    """The array's is the second partition of each, whatever the first is for; the third disk is left alone."""
    hall.has_uefi = has_uefi
    hall.add("sdz", "S1", size="40960")
    hall.add("sdzb", "S2", size="40960")
    hall.add("nvme9n1", "N1", size="40960")
    esps = hall.log.with_name("esps")
    script = render(dataclasses.replace(MIRROR, disks=("S1", "N1")), "disks.sh")
    hall.run(script.replace("/tmp/esps", str(esps)))
    assert esps.read_text().split() == ["/dev/sdz1", "/dev/nvme9n1p1"]
    assert hall.answers["partman-auto/disk"] == "/dev/sdz /dev/nvme9n1"
    assert hall.answers["grub-installer/bootdev"] == "/dev/sdz /dev/nvme9n1"
    assert hall.answers["partman-auto-raid/recipe"] == "1 2 0 ext4 / /dev/sdz2#/dev/nvme9n1p2 ."
    recipe = hall.answers["partman-auto/expert_recipe"]
    assert re.findall(r"method\{ (\w+) \}", recipe) == ["efi" if has_uefi else "biosgrub", "raid"]
    assert hall.erased == ["/dev/sdz"] * 2 + ["/dev/nvme9n1"] * 2
    assert hall.reports == ["disk_prepared"]


def test_debian_forgets_what_an_earlier_system_left_on_a_disk(hall: Hall) -> None:
    """Beginning and end, of the partitions first: an array or a volume group is known by either."""
    hall.add("sdz", "S1", size="40960")
    partition = hall.blocks / "sdz" / "sdz1"
    partition.mkdir()
    (partition / "size").write_text("20480\n")
    hall.run(render(dataclasses.replace(FACTS, disks=("S1",)), "disks.sh"))
    assert hall.erased == ["/dev/sdz1", "/dev/sdz1", "/dev/sdz", "/dev/sdz"]
    ends = [line for line in hall.log.read_text().splitlines() if "seek=" in line]
    assert [re.findall(r"seek=(\d+)", line) for line in ends] == [["18432"], ["38912"]]


def test_debian_stops_where_a_disk_is_missing(hall: Hall) -> None:
    hall.add("sdz", "S1")
    hall.run(render(dataclasses.replace(MIRROR, disks=("S1", "GONE")), "disks.sh"))
    assert (hall.erased, hall.answers, hall.reports) == ([], {}, ["failed"])


WAITING_FOR_A_KEY = ("0 0x0 0x7ffd 0x400", "270 0x1 0x7ffd 0x0")
AT_WORK = ("0 0x5 0x7ffd 0x400", "running", "61 0x1f 0x0")


def _watch(script: str) -> str:
    """What is left behind to watch, without its beginning to."""
    written = script.partition("<<'END'\n")[2].partition("\nEND\n")[0]
    return written.removesuffix("watch") + "\n"


@pytest.mark.parametrize(
    ("syscall", "asks"), [*((one, True) for one in WAITING_FOR_A_KEY), *((one, False) for one in AT_WORK)]
)
def test_debian_notices_that_its_installer_asks_a_person(hall: Hall, syscall: str, *, asks: bool) -> None:
    """Only its frontend counts, and only while that waits for a key: it also waits for those who ask through it."""
    processes = hall.log.with_name("proc")
    for number, name, call in ((7, "sh", WAITING_FOR_A_KEY[0]), (12, "debconf", syscall)):
        (processes / str(number)).mkdir(parents=True)
        (processes / str(number) / "comm").write_text(f"{name}\n")
        (processes / str(number) / "syscall").write_text(f"{call}\n")
    functions = _watch(render(FACTS, "started.sh"))
    said = hall.run(functions.replace("/proc", str(processes)) + "is_asking && echo asks || echo works")
    assert said == ("asks" if asks else "works")


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ("download-installer", "image_missing"),
        ("choose-mirror", "image_missing"),
        ("bootstrap-base", "image_missing"),
        ("partman-base", "write"),
        ("grub-installer", "other"),
    ],
)
def test_debian_s_installation_ends_where_it_would_wait_for_a_person(
    hall: Hall, item: str, fault: str
) -> None:
    syslog = hall.log.with_name("syslog")
    lines = [f"Nov 22 18:50:11 main-menu[243]: INFO: Menu item '{one}' selected" for one in ("netcfg", item)]
    syslog.write_text("\n".join(lines) + "\n")
    functions = _watch(render(FACTS, "started.sh"))
    hall.run(functions.replace("/var/log/syslog", str(syslog)) + "is_asking() { :; }\nwatch")
    assert hall.reports == ["failed"]
    assert f'"detail":"{fault}"' in hall.log.read_text()


@pytest.mark.parametrize("has_uefi", [False, True], ids=["bios", "uefi"])
def test_autoinstall_makes_both_disks_of_a_mirror_alike(
    hall: Hall, tmp_path: Path, *, has_uefi: bool
) -> None:
    """As curtin wants it: by BIOS the boot loader goes to the disks, by UEFI to a partition of each."""
    hall.has_uefi = has_uefi
    hall.add("sdz", "S1")
    hall.add("sdzb", "S2")
    facts = dataclasses.replace(MIRROR, installer=InstallerKind.AUTOINSTALL, disks=("S2", "S1"))
    configuration = tmp_path / "autoinstall.yaml"
    configuration.write_text(render(facts, "user-data"))
    hall.run(render(facts, "storage.sh").replace("/autoinstall.yaml", str(configuration)))
    actions = json.loads(configuration.read_text().partition("\n")[2])["autoinstall"]["storage"]["config"]
    named = {action["id"]: action for action in actions}
    assert [named[disk]["path"] for disk in ("disk1", "disk2")] == ["/dev/sdzb", "/dev/sdz"]
    loaders = {name for name, action in named.items() if action.get("grub_device") is True}
    assert loaders == ({"esp1", "esp2"} if has_uefi else {"disk1", "disk2"})
    assert named["array"]["devices"] == ["member1", "member2"]
    assert (named["root-mount"]["path"], named["root"]["volume"]) == ("/", "array")
    # Each refers only to what comes before it.
    places = {name: place for place, name in enumerate(named)}
    for name, action in named.items():
        for other in (action.get("device"), action.get("volume"), *action.get("devices", ())):
            assert other is None or places[other] < places[name]
    assert hall.reports == ["disk_prepared"]


@pytest.mark.parametrize("has_uefi", [False, True], ids=["bios", "uefi"])
def test_kickstart_makes_both_disks_of_a_mirror_alike(hall: Hall, tmp_path: Path, *, has_uefi: bool) -> None:
    hall.has_uefi = has_uefi
    hall.add("sdz", "S1")
    hall.add("sdzb", "S2")
    facts = dataclasses.replace(MIRROR, installer=InstallerKind.KICKSTART, disks=("S1", "S2"))
    script = render(facts, "ks.cfg").partition("%pre --interpreter=/bin/sh\n")[2].partition("%end")[0]
    hall.run(script.replace("/tmp/disks.ks", str(tmp_path / "disks.ks")))
    lines = (tmp_path / "disks.ks").read_text().splitlines()
    first = "raid.0{} --size=600" if has_uefi else "biosboot --fstype=biosboot --size=1"
    for number, disk in ((1, "sdz"), (2, "sdzb")):
        assert f"part {first.format(number)} --ondisk={disk}" in lines
        assert f"part raid.2{number} --size=4096 --grow --ondisk={disk}" in lines
    assert ("raid /boot/efi --level=1 --device=esp --fstype=efi raid.01 raid.02" in lines) == has_uefi
    assert "clearpart --all --initlabel --disklabel=gpt --drives=sdz,sdzb" in lines


@pytest.mark.parametrize("version", ["RHEL8", "RHEL9", "RHEL10", "F43"])
def test_kickstart_is_what_red_hat_s_own_parser_takes(hall: Hall, tmp_path: Path, version: str) -> None:
    """Every layout, by either firmware, with what its script writes in the place where it is included."""
    hall.add("sdz", "S1")
    hall.add("sdzb", "S2")
    for facts, has_uefi in itertools.product((FACTS, MIRROR), (False, True)):
        hall.has_uefi = has_uefi
        disks = ("S1", "S2")[: len(facts.disks)]
        asked = dataclasses.replace(
            facts, installer=InstallerKind.KICKSTART, disks=disks, mac="52:54:00:12:34:56"
        )
        text = render(asked, "ks.cfg").replace("/tmp/disks.ks", str(tmp_path / "disks.ks"))
        hall.run(text.partition("%pre --interpreter=/bin/sh\n")[2].partition("%end")[0])
        parser = KickstartParser(makeVersion(version))
        with warnings.catch_warnings():
            # A boot partition on each disk: it says so, and takes it.
            warnings.filterwarnings("ignore", "A partition with the mountpoint biosboot has already")
            warnings.simplefilter("error", DeprecationWarning)
            parser.readKickstartFromString(text)
        handler = parser.handler
        assert handler.clearpart.drives == ["sdz", "sdzb"][: len(disks)]
        assert handler.rootpw.isCrypted
        assert [raid.mountpoint for raid in handler.raid.raidList][-2:] == (
            ["/boot", "/"] if len(disks) == 2 else []
        )
