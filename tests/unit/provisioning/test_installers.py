"""What machines are given is well-formed, says what was ordered, and nothing that was typed gets out of its place."""

from __future__ import annotations

import dataclasses
import json
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.domain.provisioning.facts import Facts
from opsportal.integrations.installers import LOCAL_DISK, boot_script, render
from opsportal.integrations.installers.rendering import TEXTS
from opsportal.integrations.installers.shell import FIND_DISK
from opsportal.integrations.installers.ubuntu import CHOSEN_DISKS
from opsportal.models import InstallerKind, SystemPurpose
from tests.unit.provisioning.halls import FACTS, HASH, KEYS, MIRROR, Hall

SHELL = ("install.sh", "finish.sh", "disks.sh", "started.sh", "storage.sh")


def _check_shell(text: str) -> None:
    checked = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("purpose", [SystemPurpose.INSTALL, SystemPurpose.WIPE, SystemPurpose.RESCUE])
@pytest.mark.parametrize("facts", [FACTS, MIRROR], ids=["single", "mirror"])
def test_scripts_are_shell(facts: Facts, purpose: SystemPurpose) -> None:
    for name in SHELL:
        text = render(dataclasses.replace(facts, purpose=purpose), name)
        assert text.startswith("#!/bin/sh\n")
        assert "rm -rf '/'" not in text  # the client's script is a file of its own
        _check_shell(text)


def test_first_boot_script_is_shell_too() -> None:
    """finish.sh writes it; run that into a directory and look."""
    script = render(dataclasses.replace(FACTS, ssh_keys=(), has_script=False), "finish.sh")
    import tempfile

    with tempfile.TemporaryDirectory() as target:
        (Path(target) / "etc").mkdir()
        (Path(target) / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1\tdebian.local debian\n")
        # What fetches and reports is a stand-in: nothing is asked of the network.
        stubs = "wget() { :; }\ncurl() { :; }\nsleep() { :; }\nsync() { :; }\n"
        words = ["sh", "-s", "--", target]
        done = subprocess.run(words, input=stubs + script, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        written = (Path(target) / "usr/local/sbin/opsportal-first-boot").read_text()
        _check_shell(written)
        assert f"BASE='{FACTS.base}'" in written
        assert written.index("report first_boot") < written.index("report answers")
        assert (Path(target) / "etc/hostname").read_text() == "web1.company.example\n"
        hosts = (Path(target) / "etc/hosts").read_text()
        assert hosts == "127.0.0.1 localhost\n127.0.1.1 web1.company.example web1\n"
        assert (Path(target) / "etc/localtime").readlink() == Path("/usr/share/zoneinfo/Europe/Prague")
        wanted = Path(target) / "etc/systemd/system/multi-user.target.wants/opsportal-first-boot.service"
        assert wanted.is_symlink()


def test_autoinstall_is_json_that_says_what_was_ordered() -> None:
    text = render(FACTS, "user-data")
    head, _, rest = text.partition("\n")
    told = json.loads(rest)["autoinstall"]
    assert head == "#cloud-config"
    assert told["identity"] == {"hostname": FACTS.hostname, "username": "ubuntu", "password": HASH}
    assert told["ssh"]["authorized-keys"] == list(KEYS)
    assert (told["version"], told["timezone"]) == (1, "Europe/Prague")
    # Never "the largest": a script of ours, run before any disk is looked at, puts the chosen one in.
    assert told["storage"]["layout"]["match"] == {"path": CHOSEN_DISKS[0]}
    assert [command[-2].rpartition("/")[2] for command in told["early-commands"]] == [
        "started.sh",
        "storage.sh",
    ]
    assert CHOSEN_DISKS[0] in render(FACTS, "storage.sh")
    assert told["late-commands"][0][-2:] == [HASH, "root"]


def test_preseed_answers() -> None:
    lines = dict(line.split(" ", 2)[1:] for line in render(FACTS, "preseed.cfg").splitlines())
    assert lines["passwd/root-password-crypted"] == f"password {HASH}"
    assert lines["netcfg/get_hostname"] == "string web1"
    assert lines["netcfg/get_domain"] == "string company.example"
    assert lines["time/zone"] == "string Europe/Prague"
    assert lines["mirror/http/hostname"] == "string mirror.northrack.example"
    assert lines["mirror/http/directory"] == "string /debian"
    secure = render(dataclasses.replace(FACTS, image="https://mirror.northrack.example"), "preseed.cfg")
    for answer in ("protocol select https", "https/hostname string mirror.northrack.example"):
        assert f"d-i mirror/{answer}\n" in secure
    assert "d-i mirror/https/directory string /\n" in secure
    assert "mirror/http/" not in secure
    assert lines["partman-auto/method"] == "string regular"
    late = lines["preseed/late_command"].removeprefix("string ")
    assert shlex.split(late)[-3:] == ["sh", "/tmp/finish.sh", "/target"]
    mirror = dict(line.split(" ", 2)[1:] for line in render(MIRROR, "preseed.cfg").splitlines())
    assert mirror["partman-auto/method"] == "string raid"


def test_kickstart() -> None:
    text = render(FACTS, "ks.cfg")
    lines = text.splitlines()
    assert f"rootpw --iscrypted {HASH}" in lines
    assert not [
        line for line in lines if line.startswith("sshkey")
    ]  # one a user: finish.sh brings all of them
    assert text.count("%end\n") == 4
    _check_shell(text.partition("%pre --interpreter=/bin/sh\n")[2].partition("%end")[0])
    assert "raid / --level=1" in render(MIRROR, "ks.cfg")


@pytest.mark.parametrize(
    ("installer", "arguments"),
    [
        (
            InstallerKind.PRESEED,
            f"auto=true priority=critical url={FACTS.base}/preseed.cfg interface=auto"
            " DEBIAN_FRONTEND=text netcfg/link_wait_timeout=60 netcfg/dhcp_timeout=60 netcfg/hostname=web1.company.example",
        ),
        (InstallerKind.KICKSTART, f"ip=dhcp inst.repo={FACTS.image} inst.ks={FACTS.base}/ks.cfg inst.text"),
        (InstallerKind.AUTOINSTALL, f"autoinstall ip=dhcp url={FACTS.image} ds=nocloud-net;s={FACTS.base}/"),
        (
            InstallerKind.RAW,
            f"opsportal.base={FACTS.base} opsportal.sha256={FACTS.image_sha256} opsportal.mode=install",
        ),
    ],
)
def test_boot_scripts(installer: InstallerKind, arguments: str) -> None:
    text = boot_script(dataclasses.replace(FACTS, installer=installer))
    assert text.splitlines()[1].endswith(f"{arguments} console=ttyS1,115200n8 || goto local")
    assert text.endswith(":local\n" + LOCAL_DISK.removeprefix("#!ipxe\n"))


@pytest.mark.parametrize(
    "installer", [InstallerKind.PRESEED, InstallerKind.KICKSTART, InstallerKind.AUTOINSTALL]
)
def test_installers_use_the_network_card_on_record(installer: InstallerKind) -> None:
    facts = dataclasses.replace(FACTS, installer=installer, mac="52:54:00:12:34:56")
    assert " BOOTIF=01-52-54-00-12-34-56 " in boot_script(facts)
    assert " BOOTIF=" not in boot_script(dataclasses.replace(facts, mac=""))


def test_operators_arguments_stay_words() -> None:
    facts = dataclasses.replace(FACTS, kernel_arguments="a=1 b=${net0/mac} c=\u00e9 d\nshell")
    kernel = boot_script(facts).splitlines()[1]
    assert kernel.endswith("a=1 d shell || goto local")


def test_a_disk_is_found_by_the_whole_of_its_name_only(hall: Hall) -> None:
    hall.add("sdz", "XS4EVNX0N1", link="wwn-0x5000c500a1b2c3d4")
    hall.add("sdzb", "S4EVNX0N12", "naa.5000c500a1b2c3d5", "ata-Vendor_SSD_S4EVNX0N12")
    hall.add("sdzc", "", "", "ata-Vendor_SSD_S4EVNX0N1")
    hall.add("sdzd", "S4EVNX0N1", removable="1")  # a stick that says it is the disk
    hall.add("nvme9c1n1", "SAME")  # a second way to the disk below
    hall.add("nvme9n1", "SAME   ", "eui.0025385b71b0a1c2")
    hall.add("sdze", "TWICE")
    hall.add("sdzf", "TWICE")
    hall.add("sdzg", "EMPTY", size="0")
    names = {
        "S4EVNX0N1": "/dev/sdzc",
        "s4evnx0n1": "/dev/sdzc",
        "0x5000c500a1b2c3d4": "/dev/sdz",
        "5000c500a1b2c3d5": "/dev/sdzb",
        "eui.0025385b71b0a1c2": "/dev/nvme9n1",
        "SAME": "/dev/nvme9n1",
        "1": "/dev/nvme9n1",
        "2": "/dev/sdz",
        "S4EVNX": "",
        "EVNX0N1": "",
        "TWICE": "",
        "EMPTY": "",
        "9": "",
        "": "",
    }
    asked = "\n".join(f"echo {shlex.quote(name)}=$(find_disk {shlex.quote(name)})" for name in names)
    said = hall.run(FIND_DISK + asked)
    assert dict(line.split("=") for line in said.splitlines()) == names


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def test_the_chosen_disk_is_the_one_that_autoinstall_gets(hall: Hall, tmp_path: Path) -> None:
    hall.add("sdz", "SMALL")
    hall.add("sdzb", "LARGE", size="9000000")
    configuration = tmp_path / "autoinstall.yaml"
    came = {}
    for name in ("1", "SMALL", "MISSING"):
        configuration.write_text(render(FACTS, "user-data"))
        script = render(dataclasses.replace(FACTS, disks=(name,)), "storage.sh")
        hall.run(script.replace("/autoinstall.yaml", str(configuration)))
        told = json.loads(configuration.read_text().partition("\n")[2])["autoinstall"]
        came[name] = told["storage"]["layout"]["match"]["path"]
    assert came == {"1": "/dev/sdz", "SMALL": "/dev/sdz", "MISSING": CHOSEN_DISKS[0]}
    assert hall.reports == ["disk_prepared", "disk_prepared", "failed"]


HOSTILE = st.text(alphabet=st.sampled_from("ab1'\"`$(){};&|<>\\ \n\t%#:[]*?!~é"), min_size=1, max_size=20)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_even_what_no_rule_lets_through_stays_a_value(name: str, zone: str, disk: str) -> None:
    """The rules for names refuse all this long before; if one of them breaks, the templates still hold."""
    facts = dataclasses.replace(FACTS, hostname=name, time_zone=zone, disks=(disk,))
    for script in SHELL:
        text = render(facts, script)
        checked = subprocess.run(["sh", "-n"], input=text.encode(), capture_output=True)
        assert checked.returncode == 0, (script, checked.stderr)
    told = json.loads(render(facts, "user-data").partition("\n")[2])["autoinstall"]
    assert (told["identity"]["hostname"], told["timezone"]) == (name, zone)


def test_every_file_has_a_text() -> None:
    for name in TEXTS:
        assert render(FACTS, name)
    with pytest.raises(KeyError):
        render(FACTS, "passwd")
