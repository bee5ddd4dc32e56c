"""What a wipe system needs beside a kernel's drivers, as a second initramfs behind the rack's: nvme, as Debian has it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab.qemu import packages
from lab.qemu.cpio import Archive

_PACKAGES = ("nvme-cli", "libnvme1", "libjson-c5")
_LIBRARIES = "usr/lib/x86_64-linux-gnu"


def nvme_programs(cache: Path) -> bytes:
    """nvme with its dynamic loader and every library that the loader asks for, as an archive of cpio.

    What Debian's packages in `cache` do not bring, this machine does.
    """
    trees = [packages.unpack(package, cache) for package in _PACKAGES]
    program = trees[0] / "usr/sbin/nvme"
    archive = Archive()
    archive.file("usr/sbin/nvme", program.read_bytes(), mode=0o755)
    for name, library in _libraries(program, [tree / _LIBRARIES for tree in trees]):
        archive.file(name, library.read_bytes(), mode=0o755)
    return archive.finish()


def _libraries(program: Path, places: list[Path]) -> list[tuple[str, Path]]:
    """Where the loader will look for it, and where it is now."""
    said = subprocess.run(
        ["ldd", str(program)], capture_output=True, text=True, timeout=60, check=True,
        env=os.environ | {"LC_ALL": "C.UTF-8", "LD_LIBRARY_PATH": ":".join(str(one) for one in places)},
    ).stdout  # fmt: skip
    assert "not found" not in said, said
    words = [line.split() for line in said.splitlines()]
    loader = [Path(line[0]) for line in words if line[0].startswith("/")]
    needed = [(f"lib/{line[0]}", Path(line[2])) for line in words if line[1] == "=>"]
    return needed + [(f"{path}"[1:], path) for path in loader]
