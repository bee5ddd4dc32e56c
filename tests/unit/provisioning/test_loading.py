"""The script of a run under load in the shell that runs it, busybox: what it finds, what it tells, that it writes nothing."""

from __future__ import annotations

import dataclasses
import json
import shlex
import subprocess
from pathlib import Path

import pytest

from lab.qemu import packages
from lab.qemu.images import CACHE
from opsportal.integrations.installers import render
from opsportal.models import SystemPurpose
from tests.unit.provisioning.halls import FACTS

DATA = b"what is on the disk" * 60_000


@pytest.fixture(scope="module")
def busybox() -> str:
    return str(packages.unpack(packages.BUSYBOX, CACHE / "packages") / "bin/busybox")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A machine with a disk of 1 MB, a temperature below its limit and no memory error."""
    files = {
        "sys/block/sda/size": "2048",
        "sys/class/hwmon/hwmon0/temp1_input": "45000",
        "sys/class/hwmon/hwmon0/temp1_crit": "95000",
        "sys/devices/system/edac/mc/mc0/ue_count": "0",
        "meminfo": "MemTotal: 9000 kB\nMemAvailable:       8192 kB",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/sda").write_bytes(DATA)
    return tmp_path / "dev/sda"


def load(machine: Path, shell: str, stubs: str = "", *, seconds: int = 1) -> list[str]:
    """Run it for so long; the milestones that were reported, without the progress."""
    script = render(dataclasses.replace(FACTS, purpose=SystemPurpose.LOAD_TEST, load_s=seconds), "install.sh")
    script = script.replace("/sys/block", f"{machine}/sys/block").replace(
        '"/dev/${entry', f'"{machine}/dev/${{entry'
    )
    setting = f"""
SYS={machine}/sys MEMINFO={machine}/meminfo WORK={machine}/work BLOCK_MB=1 WATCH_S=0
wget() {{ for word; do case $word in *milestone*) echo "$word" >>{shlex.quote(str(machine / "posts"))} ;; esac; done; }}
mount() {{ :; }}
poweroff() {{ exit 0; }}
sync() {{ :; }}
sleep() {{ :; }}
grep() {{ echo 1; }} # processor
{stubs}
"""
    done = subprocess.run(
        [shell, "sh"], input=setting + script, capture_output=True, text=True, timeout=120, start_new_session=True,
        env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in (machine / "posts").read_text().splitlines()]
    return [f"{one['milestone']} {one['detail']}".strip() for one in told if one["milestone"] != "progress"]


def test_sound_machine_passes_and_keeps_what_is_on_its_disk(disk: Path, busybox: str) -> None:
    machine = disk.parent.parent
    assert load(machine, busybox) == ["installer_started", "load_passed"]
    assert disk.read_bytes() == DATA


def _hot(machine: Path) -> str:
    (machine / "sys/class/hwmon/hwmon0/temp1_input").write_text("95000\n")
    return ""


def _memory_error(machine: Path) -> str:
    (machine / "sys/devices/system/edac/mc/mc0/ue_count").write_text("1\n")
    return ""


def _unreadable(machine: Path) -> str:
    (machine / "dev/sda").unlink()
    return ""


def _forgetful(machine: Path) -> str:
    """The second block of memory is not what was written into it."""
    return 'cp() { echo other >"$2"; }'


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [(_hot, "load_hot"), (_memory_error, "load_hardware"), (_unreadable, "load_disk"), (_forgetful, "load_memory")],
)  # fmt: skip
def test_fault_ends_it_at_once_and_is_told(disk: Path, busybox: str, spoil: object, fault: str) -> None:
    machine = disk.parent.parent
    assert load(machine, busybox, spoil(machine), seconds=90) == ["installer_started", f"failed {fault}"]  # type: ignore[operator]
