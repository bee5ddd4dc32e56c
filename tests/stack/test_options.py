"""What a caller may say by environment variables, and the sentences for what makes no sense."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from stack import demo, options, tether
from stack.options import CannotStart, Options, check_machines, check_port, make_data_directory
from tests.ports import free_port

_REAL_PARTS = """\
openipmi ipmi_sim-not-here
qemu-system-x86 qemu-system-x86_64
syslinux syslinux-not-here
mtools mcopy
e2fsprogs mke2fs
"""


def test_defaults() -> None:
    assert Options.read({}) == Options(data=Path.cwd() / ".data", port=8000, servers=24)
    assert Options.read({"PORT": "", "LAB": "", "DATA": ""}) == Options.read({})


def test_chosen() -> None:
    options = Options.read({"PORT": "8080", "LAB": "100", "DATA": "/srv/state"})
    assert options == Options(data=Path("/srv/state"), port=8080, servers=100)
    assert options.url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT must be a number from 1 to 65535, not 'http'."),
        ("PORT", "0", "PORT must be a number from 1 to 65535, not '0'."),
        ("PORT", "65536", "PORT must be a number from 1 to 65535, not '65536'."),
        ("PORT", "८०", "PORT must be a number from 1 to 65535, not '८०'."),
        ("LAB", "-1", "LAB must be a number from 1 to 5000, not '-1'."),
    ],
)
def test_nonsense_is_named(name: str, value: str, sentence: str) -> None:
    with pytest.raises(CannotStart) as refusal:
        Options.read({name: value})
    assert str(refusal.value) == sentence


def test_port_is_free_or_taken() -> None:
    with socket.socket() as other:
        port = free_port()  # none that an outgoing connection may take in between
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(CannotStart, match=f"Port {port} is taken by another program"):
            check_port(port)
    check_port(port)


def test_state_directory_is_private(tmp_path: Path) -> None:
    make_data_directory(tmp_path / "a" / "state")
    mode = stat.S_IMODE((tmp_path / "a" / "state").stat().st_mode)
    assert mode == (0o711 if os.geteuid() == 0 else 0o700)
    assert stat.S_IMODE((tmp_path / "a" / "state" / "log").stat().st_mode) == 0o700


def test_state_directory_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="cannot be used for the state"):
        make_data_directory(tmp_path / "file" / "state")


def test_beside_one_that_has_only_just_begun(tmp_path: Path) -> None:
    """It holds the lock, and has not yet said who it is."""
    options = Options.read({"DATA": str(tmp_path)})
    for said in (None, "{", "{}"):
        if said is not None:
            (tmp_path / demo.STARTING).write_text(said)
        with tether.held(tmp_path / "lock"), pytest.raises(CannotStart, match="runs already: use that one"):
            with demo._only_one(options):
                pass


@pytest.mark.parametrize(("machines", "servers"), [("", 24), ("virtual", 24), ("qemu", 2)])
def test_kinds_of_machines_have_their_own_number(machines: str, servers: int) -> None:
    options = Options.read({"MACHINES": machines})
    assert (options.machines, options.servers) == (machines or "virtual", servers)


def test_unknown_kind_of_machines_is_named() -> None:
    with pytest.raises(CannotStart) as refusal:
        Options.read({"MACHINES": "real"})
    assert str(refusal.value) == "MACHINES must be one of virtual, qemu, not 'real'."


def test_what_real_parts_lack_is_named_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mcopy", "mke2fs", "qemu-system-x86_64"):
        (tmp_path / name).touch(mode=0o755)
    (tmp_path / "packages").write_text("git git-not-here\n" + _REAL_PARTS)
    monkeypatch.setattr(options, "PACKAGES", tmp_path / "packages")
    monkeypatch.setenv("PATH", str(tmp_path))
    check_machines("virtual")
    with pytest.raises(CannotStart) as refusal:
        demo.run({"MACHINES": "qemu", "DATA": str(tmp_path / "state")})
    assert str(refusal.value) == (
        "MACHINES=qemu needs programs that are not installed here (openipmi, syslinux). As root on Debian or"
        " Ubuntu, type: apt-get update && apt-get install --no-install-recommends openipmi syslinux."
        " Or leave MACHINES out: virtual servers need nothing."
    )
    assert not (tmp_path / "state").exists()
