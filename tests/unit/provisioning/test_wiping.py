"""The wipe system's script in the shell that runs it, busybox, over disks that are files.

What hdparm and nvme would do to a real disk stand-ins do; reading, writing and proving is the script's own.
"""

from __future__ import annotations

import dataclasses
import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lab.qemu import packages
from lab.qemu.images import CACHE
from opsportal.integrations.installers import render
from opsportal.models import SystemPurpose
from opsportal.web.boot import Report
from tests.unit.provisioning.halls import FACTS

SIZE = 1 << 20
OLD = b"what a tenant wrote"
STAND_IN = Path(__file__).with_name("hdparm.py")
OURS = "--user-master u --security"


@pytest.fixture(scope="session")
def busybox() -> str:
    return str(packages.unpack(packages.BUSYBOX, CACHE / "packages") / "bin/busybox")


@dataclass
class Bench:
    """Disks on a bench, and the wipe system's shell."""

    directory: Path
    shell: str
    stubs: str = ""
    """More of them, in shell."""
    places: int = 3
    """So many instead of the 16: each takes processes."""
    is_real: bool = False
    """Only a block device is a disk; else the files that lie here are."""

    def __post_init__(self) -> None:
        for name in ("block", "dev", "bin", "wipe"):
            (self.directory / name).mkdir()
        self._program("hdparm", f'exec {shlex.quote(sys.executable)} -S -E {shlex.quote(str(STAND_IN))} "$@"')

    def _program(self, name: str, script: str) -> None:
        path = self.directory / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def add(self, name: str, serial: str, *, spins: bool = True, ata: dict[str, Any] | None = None) -> Path:
        entry = self.directory / "block" / name
        (entry / "device").mkdir(parents=True)
        (entry / "queue").mkdir()
        for file, text in {
            "size": "2048",
            "device/serial": serial,
            "device/model": 'Disk "1"',
            "wwid": "",
        }.items():
            (entry / file).write_text(f"{text}\n")
        (entry / "queue/rotational").write_text(f"{int(spins)}\n")
        device = self.directory / "dev" / name
        device.write_bytes((OLD * (SIZE // len(OLD) + 1))[:SIZE])
        if ata is not None:
            Path(f"{device}.ata").write_text(json.dumps({"serial": serial} | ata))
        return device

    def with_nvme(self, *, works: bool) -> None:
        zero = 'for last; do :; done; dd if=/dev/zero of="$last" bs=1048576 count=1 conv=notrunc 2>/dev/null'
        self.with_nvme_that(zero if works else "exit 1")

    def with_nvme_that(self, formats: str, *, spaces: int = 1) -> None:
        """`spaces`: namespaces of the controller, of which one is attached."""
        told = f'{{ echo "[   0]:0x1"; [ "${{3:-}}" != --all ] || seq -f "[   0]:0x%g" 2 {spaces}; }}'
        self._program("nvme", f'[ "$1" = format ] || {{ {told}; exit; }}\n{formats}')

    def hide(self, name: str) -> str:
        """Unplug a disk. What plugs it in again, in shell."""
        entry, away = self.directory / "block" / name, self.directory / name
        entry.rename(away)
        return f"mv {shlex.quote(str(away))} {shlex.quote(str(entry))} 2>/dev/null"

    def with_flash_erased_by(self, name: str, command: str) -> None:
        """`command`, which flash obeys; told anything else, or not told its device last, it does nothing."""
        self._program(
            name,
            f'[ "${{*% *}}" = "{command}" ] || exit 1\n'
            'for last; do :; done; dd if=/dev/zero of="$last" bs=1048576 count=1 conv=notrunc 2>/dev/null',
        )

    def run(self, *disks: str) -> int:
        """Wipe with these disks on record; the exit code of the shell."""
        script = render(dataclasses.replace(FACTS, purpose=SystemPurpose.WIPE, disks=disks), "install.sh")
        for real, ours in (("/sys/block", "block"), ('"/dev/${entry', ""), ("/tmp/wipe", "wipe")):
            place = str(self.directory / ours) if ours else f'"{self.directory}/dev/${{entry'
            script = script.replace(real, place)
        script = script.replace("PLACES=16", f"PLACES={self.places}")
        if not self.is_real:
            script = script.replace('[ -b "$device" ]', '[ -e "$device" ]')
        log = shlex.quote(str(self.directory / "posts"))
        stubs = f"""
PATH={shlex.quote(str(self.directory / "bin"))}:$PATH
wget() {{ for word; do case $word in *milestone*) echo "$word" >>{log} ;; esac; done; }}
blkdiscard() {{ {shlex.quote(str(self.directory / "bin/blkdiscard"))} "$@"; }} # busybox prefers its own
blockdev() {{ [ "$1" != --getsize64 ] || echo {SIZE}; }}
poweroff() {{ exit 0; }}
sync() {{ :; }}
sleep() {{ :; }}
LOOKS=2
{self.stubs}
"""
        done = subprocess.run(
            [self.shell, "sh"], input=stubs + script, capture_output=True, text=True, timeout=120,
            start_new_session=True, env={"PATH": "/usr/bin:/bin", "HDPARM_LOG": str(self.directory / "hdparm")},
        )  # fmt: skip
        return done.returncode

    @property
    def posts(self) -> list[dict[str, Any]]:
        file = self.directory / "posts"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def milestones(self) -> list[str]:
        """Without the disks, which come in any order."""
        return [f"{one['milestone']} {one['detail']}".strip() for one in self.posts if "disk" not in one]

    @property
    def became(self) -> dict[str, tuple[str, str, str]]:
        """By serial number: outcome, method, why no better one."""
        told = [one["disk"] for one in self.posts if "disk" in one]
        return {
            one["serial"]: (one["outcome"], one.get("method", ""), one.get("trouble", "")) for one in told
        }

    @property
    def commands(self) -> list[str]:
        return [line for line in (self.directory / "hdparm").read_text().splitlines() if "security" in line]


@pytest.fixture
def bench(tmp_path: Path, busybox: str) -> Bench:
    return Bench(tmp_path, busybox)


def _is_clean(disk: Path) -> bool:
    return OLD not in disk.read_bytes()


def test_each_disk_by_the_method_that_suits_it(bench: Bench) -> None:
    disks = [
        bench.add("nvme9n1", "N1", spins=False),
        bench.add("sdz", "S1", ata={"enhanced": True}),
        bench.add("sdzb", "S2", spins=False, ata={}),
        bench.add("sdzc", "OLD", ata={"supported": False}),
        bench.add("vdz", "UNKNOWN"),  # nobody has written it down: a wiped server has nothing on it
    ]
    bench.with_nvme(works=True)
    bench.places = 16
    assert bench.run("S1", "N1") == 0
    assert bench.became == {
        "N1": ("erased", "nvme_format", ""),
        "S1": ("erased", "ata_enhanced_erase", ""),
        "S2": ("erased", "ata_secure_erase", ""),
        "OLD": ("erased", "overwrite", "unsupported"),
        "UNKNOWN": ("erased", "overwrite", ""),
    }
    assert all(_is_clean(disk) for disk in disks)
    assert bench.milestones == ["installer_started", "disk_prepared"]
    [told] = [one["disk"] for one in bench.posts if one.get("disk", {}).get("serial") == "S1"]
    for post in bench.posts:  # the boot service's door takes every one of them
        Report.model_validate_json(json.dumps(post))
    assert told.pop("seconds") >= 0
    assert told == {
        "outcome": "erased", "device": "sdz", "serial": "S1", "wwn": "", "model": "ST1000 bx", "size": SIZE,
        "method": "ata_enhanced_erase", "trouble": "", "verified": 16,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ata", "became"),
    [
        ({"frozen": True}, ("erased", "overwrite", "frozen")),
        ({"refuses": True, "enhanced": True}, ("erased", "overwrite", "refused")),
        ({"lies": True}, ("erased", "overwrite", "not_proved")),
        ({"locked": True, "enabled": True, "password": "a tenant's"}, ("failed", "", "locked")),
        ({"hidden": True, "enhanced": True}, ("failed", "", "hidden")),
        ({"overlaid": True}, ("failed", "", "hidden")),
        ({"mute": True}, ("failed", "", "hidden")),
    ],
    ids=["frozen", "refuses", "lies", "foreign password", "hidden area", "overlay", "mute"],
)
def test_what_the_right_method_cannot_do(
    bench: Bench, ata: dict[str, Any], became: tuple[str, str, str]
) -> None:
    """Another one that is proved, or nobody calls the disk erased: then a person has it."""
    disk = bench.add("sdz", "S1", ata=ata)
    bench.run("S1")
    assert bench.became == {"S1": became}
    assert _is_clean(disk) is (became[0] == "erased")
    end = "disk_prepared" if became[0] == "erased" else "failed not_erased"
    assert bench.milestones == ["installer_started", end]
    about = json.loads(Path(f"{disk}.ata").read_text())
    if "locked" not in ata:
        assert not about.get("enabled")  # no disk keeps our password


def test_power_that_fails_in_the_middle_leaves_a_disk_that_the_next_run_opens(bench: Bench) -> None:
    disk = bench.add("sdz", "S1", ata={"dies": True})
    assert bench.run("S1") != 0
    about = json.loads(Path(f"{disk}.ata").read_text())
    assert (about["locked"], about["password"], bench.became) == (True, "opsportal", {})
    assert not _is_clean(disk)
    assert bench.run("S1") == 0
    assert bench.became == {"S1": ("erased", "ata_secure_erase", "")}
    assert _is_clean(disk)
    assert f"{OURS}-unlock opsportal" in bench.commands
    about = json.loads(Path(f"{disk}.ata").read_text())
    assert (about["locked"], about["enabled"]) == (False, False)


def test_nvme_that_cannot_format_itself_is_overwritten(bench: Bench) -> None:
    disk = bench.add("nvme9n1", "N1", spins=False)
    bench.with_nvme(works=False)
    bench.run("N1")
    assert bench.became == {"N1": ("erased", "overwrite", "refused")}
    assert _is_clean(disk)


@pytest.mark.parametrize(
    ("name", "command", "became"),
    [
        ("sg_sanitize", "--block --quick", ("erased", "scsi_sanitize", "")),
        ("blkdiscard", "-s -f", ("erased", "secure_discard", "unsupported")),
        ("blkdiscard", "-s", ("erased", "secure_discard", "unsupported")),
    ],
    ids=["sg3-utils", "util-linux", "busybox, which has no -f"],
)
def test_flash_that_is_no_ata_disk(
    bench: Bench, name: str, command: str, became: tuple[str, str, str]
) -> None:
    """SAS flash sanitizes itself; where that program is missing, it discards securely, and the report says why."""
    disk = bench.add("sdz", "S1", spins=False)
    bench.with_flash_erased_by(name, command)
    assert bench.run("S1") == 0
    assert bench.became == {"S1": became}
    assert _is_clean(disk)
    assert bench.milestones == ["installer_started", "disk_prepared"]


def test_a_disk_that_takes_no_writes_is_no_erased_disk(bench: Bench) -> None:
    good = bench.add("sdz", "S1")
    bench.add("sdzb", "S2").unlink()
    (bench.directory / "dev/sdzb").symlink_to("/dev/full")
    bench.run("S1", "S2")
    assert bench.became == {"S1": ("erased", "overwrite", ""), "S2": ("failed", "", "refused")}
    assert bench.milestones == ["installer_started", "failed not_erased"]
    assert _is_clean(good)


def test_a_disk_that_drops_what_is_written_is_no_erased_disk(bench: Bench) -> None:
    """Flash at its end says that all is well and keeps what it has: no mark is left, because there never was one."""
    disk = bench.add("nvme9n1", "N1", spins=False)
    bench.with_nvme_that("exit 0")
    bench.stubs = 'dd() { case $* in *of=*/dev/nvme9n1*) ;; *) command dd "$@" ;; esac; }'
    bench.run("N1")
    assert (bench.became, _is_clean(disk)) == ({"N1": ("failed", "", "refused")}, False)


def test_an_nvme_namespace_that_nobody_sees_is_no_erased_one(bench: Bench) -> None:
    bench.add("nvme9n1", "N1", spins=False)
    bench.with_nvme_that("exit 0", spaces=2)
    bench.run("N1")
    assert bench.became == {"N1": ("failed", "", "hidden")}


def test_a_disk_that_vanishes_leaves_its_name_to_another_or_to_a_file(bench: Bench) -> None:
    bench.add("nvme9n1", "N1", spins=False)
    serial = shlex.quote(str(bench.directory / "block/nvme9n1/device/serial"))
    bench.with_nvme_that(
        f'for last; do :; done; dd if=/dev/zero of="$last" bs=1048576 count=1 conv=notrunc 2>/dev/null\n'
        f"echo N2 >{serial}"
    )
    bench.run("N1")
    assert bench.became == {"N1": ("failed", "", "unreadable")}
    bench.is_real = True
    bench.run("N2")
    assert bench.became["N2"] == ("failed", "", "refused")


def test_a_disk_that_comes_up_late_is_waited_for_or_found_when_the_others_are_erased(bench: Bench) -> None:
    disks = [bench.add("sdz", "S1"), bench.add("sdzb", "S2"), bench.add("nvme9n1", "N1", spins=False)]
    bench.stubs = f"sleep() {{ {bench.hide('sdz')}; }}"
    zero = 'for last; do :; done; dd if=/dev/zero of="$last" bs=1048576 count=1 conv=notrunc 2>/dev/null'
    bench.with_nvme_that(f"{zero}\n{bench.hide('sdzb')}")
    assert bench.run("S1", "N1") == 0
    assert {serial: outcome for serial, (outcome, _, _) in bench.became.items()} == {
        "S1": "erased", "S2": "erased", "N1": "erased",
    }  # fmt: skip
    assert all(_is_clean(disk) for disk in disks)


def test_what_is_no_disk_and_may_hold_data_is_a_persons(bench: Bench) -> None:
    """A card on the board is erased. A stick may be somebody's, and memory that keeps is no disk: neither is touched."""
    bench.add("sdz", "S1")
    card = bench.add("mmcblk9", "M1", spins=False)
    stick, memory = bench.add("sdzb", "STICK"), bench.add("pmem9", "P1")
    (bench.directory / "block/sdzb/removable").write_text("1\n")
    bench.add("sr9", "CD")
    bench.run("S1")
    assert bench.became == {
        "S1": ("erased", "overwrite", ""), "M1": ("erased", "overwrite", "unsupported"),
        "STICK": ("failed", "", "unsupported"), "P1": ("failed", "", "unsupported"),
    }  # fmt: skip
    assert [_is_clean(one) for one in (card, stick, memory)] == [True, False, False]
    assert bench.milestones == ["installer_started", "failed not_erased"]


def test_a_missing_disk_is_named_and_no_other_is_touched(bench: Bench) -> None:
    disk = bench.add("sdz", "S1", ata={})
    bench.run("S1", "S2", "0x5000c5")
    assert bench.became == {"S2": ("missing", "", ""), "0x5000c5": ("missing", "", "")}
    assert bench.milestones == ["installer_started", "failed no_disk"]
    assert not _is_clean(disk)


def test_without_any_disk_it_has_failed(bench: Bench) -> None:
    bench.run()
    assert (bench.became, bench.milestones) == ({}, ["installer_started", "failed no_disk"])


@pytest.mark.parametrize(
    "change",
    [
        {"serial": "<b>"}, {"model": "x" * 61}, {"size": -1}, {"size": "1"}, {"method": "magic"},
        {"outcome": "clean"}, {"trouble": "none"}, {"verified": True}, {"device": ""}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_disk_calls_itself_something_plain_or_is_not_heard(change: dict[str, Any]) -> None:
    disk = {"device": "sda", "outcome": "erased", "method": "overwrite", "verified": 16}
    Report.model_validate_json(json.dumps({"milestone": "disk_wiped", "disk": disk}))
    with pytest.raises(ValidationError):
        Report.model_validate_json(json.dumps({"milestone": "disk_wiped", "disk": disk | change}))
