"""Facts of an installation, and a machine's disks as installers' scripts find them."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

from opsportal.domain.provisioning.facts import Facts
from opsportal.models import InstallerKind, SystemPurpose

HASH = "$6$saltsaltsaltsalt$ua.elKIsVqsncaZdfPTxy3xzt9aGdjjy9Hy4H8xeB1ao22O3Ii1w2U2vGiVNjO6bn9XVy03Iiw74WyBL.fU/e0"
KEYS = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@desk", "ssh-rsa AAAAB3NzaC1yc2E you")
FACTS = Facts(
    base="http://192.0.2.1:8000/boot/i/" + "T" * 43,
    installer=InstallerKind.PRESEED,
    purpose=SystemPurpose.INSTALL,
    family="debian",
    version="12",
    hostname="web1.company.example",
    layout="single",
    disks=("S4EVNX0N1",),
    ssh_keys=KEYS,
    time_zone="Europe/Prague",
    has_script=True,
    image="http://mirror.northrack.example/debian",
    image_sha256="ab" * 32,
    kernel_arguments="console=ttyS1,115200n8",
    has_initrd=True,
    password_hash=HASH,
    script="#!/bin/sh\nrm -rf '/'\n",
)
MIRROR = replace(FACTS, layout="mirror", disks=("S4EVNX0N1", "eui.0025385b71b0a1c2"))


class Hall:
    """A machine's disks as /sys and /dev/disk/by-id show them, and a shell in front of them."""

    def __init__(self, directory: Path) -> None:
        self.blocks, self.names = directory / "block", directory / "by-id"
        self.blocks.mkdir()
        self.names.mkdir()
        self.log = directory / "log"
        self.log.touch()
        self.programs = directory / "bin"
        self.programs.mkdir()
        self._program("debconf-set", f'echo "answer $*" >>{shlex.quote(str(self.log))}')
        self.has_uefi = False

    def _program(self, name: str, script: str) -> None:
        """One whose name no shell function may have."""
        (self.programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.programs / name).chmod(0o755)

    def add(self, device: str, serial: str = "", wwid: str = "", link: str = "", **about: str) -> None:
        entry = self.blocks / device
        (entry / "device").mkdir(parents=True)
        files = {"removable": "0", "size": "4096", "serial": serial, "wwid": wwid} | about
        for name, content in files.items():
            if content:
                (entry / name).write_text(f"{content}\n")
        if link:
            (self.names / link).symlink_to(f"/dev/{device}")

    def run(self, script: str) -> str:
        """What it prints. What it does to disks and says to the portal is written to `log`."""
        local = script.replace("/sys/block", str(self.blocks)).replace("/dev/disk/by-id", str(self.names))
        local = local.replace("/sys/firmware/efi", "/" if self.has_uefi else "/nowhere")
        stubs = "\n".join(
            [
                f"PATH={shlex.quote(str(self.programs))}:$PATH",
                f'note() {{ echo "$*" >>{shlex.quote(str(self.log))}; }}',
                *(f'{name}() {{ note {name} "$*"; }}' for name in ("dd", "blkdiscard", "nvme", "wget")),
                "poweroff() { exit 0; }",
                *(f"{name}() {{ :; }}" for name in ("sync", "sleep", "curl")),
                "blockdev() { echo 4096; }",
            ]
        )
        done = subprocess.run(["sh"], input=f"{stubs}\n{local}", capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    @property
    def answers(self) -> dict[str, str]:
        """What Debian's installer was told."""
        said = [
            line.split(" ", 2) for line in self.log.read_text().splitlines() if line.startswith("answer ")
        ]
        return {question: answer for _, question, answer in said}

    @property
    def erased(self) -> list[str]:
        """The devices that something was written to, in this order."""
        words = [line.split() for line in self.log.read_text().splitlines()]
        return [
            next(word.removeprefix("of=") for word in line if "/dev/sd" in word or "/dev/nvme" in word)
            for line in words
            if line[0] in ("dd", "blkdiscard", "nvme")
        ]

    @property
    def reports(self) -> list[str]:
        return [
            json.loads(line[line.index("{") : line.index("}") + 1])["milestone"]
            for line in self.log.read_text().splitlines()
            if "milestone" in line
        ]
