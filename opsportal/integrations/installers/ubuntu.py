"""Autoinstall of Ubuntu Server (canonical-subiquity.readthedocs-hosted.com, autoinstall reference).

Written as JSON, which is YAML: nothing that was typed can end a string. What only the machine knows - how its disks
are called, and whether it starts by UEFI - are words that a script of ours replaces before any disk is looked at.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from opsportal.domain.provisioning.facts import Facts
from opsportal.integrations.installers.shell import FIND_DISK, functions

CHOSEN_DISKS = ("/dev/first-chosen-disk", "/dev/second-chosen-disk")
"""No such devices exist: should nobody put the real ones in their place, the installer stops instead of guessing."""
ON_BIOS, ON_UEFI = "only-where-bios", "only-where-uefi"
"""In the place of a truth value: where its boot loader goes depends on what starts the machine."""


def user_data(facts: Facts) -> str:
    """The whole configuration of the installer."""
    return "#cloud-config\n" + json.dumps({"autoinstall": _autoinstall(facts)}, indent=1) + "\n"


def _autoinstall(facts: Facts) -> dict[str, Any]:
    return {
        "version": 1,
        "locale": "en_US.UTF-8",
        "keyboard": {"layout": "us"},
        "timezone": facts.time_zone,
        "identity": {
            "hostname": facts.hostname,
            "username": "ubuntu",
            "password": facts.password_hash,
        },
        "ssh": {"install-server": True, "allow-pw": True, "authorized-keys": list(facts.ssh_keys)},
        "storage": _storage(facts),
        "early-commands": [_run(facts, "started.sh"), _run(facts, "storage.sh")],
        "late-commands": [
            ["curtin", "in-target", "--", "usermod", "-p", facts.password_hash, "root"],
            _run(facts, "finish.sh", "/target"),
        ],
        "error-commands": [_give_up(facts)],
        "shutdown": "reboot",
    }


def _storage(facts: Facts) -> dict[str, Any]:
    if facts.layout != "mirror":
        return {"layout": {"name": "direct", "match": {"path": CHOSEN_DISKS[0]}}}
    actions = [action for number, path in enumerate(CHOSEN_DISKS, 1) for action in _half(number, path)]
    array = [
        {
            **{"type": "raid", "id": "array", "name": "md0", "raidlevel": "raid1"},
            "devices": ["member1", "member2"],
        },
        {"type": "format", "id": "root", "volume": "array", "fstype": "ext4"},
        {"type": "mount", "id": "root-mount", "device": "root", "path": "/"},
        # The other disk's is written by the boot loader's package; this one must not be missed when its disk dies.
        {
            **{"type": "mount", "id": "esp-mount", "device": "esp1-format", "path": "/boot/efi"},
            "options": "umask=0077,nofail",
        },
    ]
    return {"config": [*actions, *array]}


def _half(number: int, path: str) -> list[dict[str, Any]]:
    """One of two disks alike: each can start the machine, by BIOS or by UEFI."""
    disk, fresh = f"disk{number}", {"wipe": "superblock"}
    return [
        {
            **{"type": "disk", "id": disk, "path": path, "ptable": "gpt", "wipe": "superblock-recursive"},
            **{"preserve": False, "grub_device": ON_BIOS},
        },
        {"type": "partition", "id": f"bios{number}", "device": disk, "size": "1M", "flag": "bios_grub"},
        {
            **{"type": "partition", "id": f"esp{number}", "device": disk, "size": "512M", "flag": "boot"},
            **{"grub_device": ON_UEFI, **fresh},
        },
        {"type": "partition", "id": f"member{number}", "device": disk, "size": -1, **fresh},
        {"type": "format", "id": f"esp{number}-format", "volume": f"esp{number}", "fstype": "fat32"},
    ]


def storage_script(facts: Facts) -> str:
    """Puts what the machine knows into the configuration, which is read again after the early commands.

    Subiquity itself could only match a serial number, or take the largest disk: neither is what was chosen where a
    disk is known by its WWN or its place.
    """
    names = [*facts.disks, "", ""][: 2 if facts.layout == "mirror" else 1]
    chosen = "\n".join(
        f'choose {shlex.quote(name)} "{path}"' for name, path in zip(names, CHOSEN_DISKS, strict=False)
    )
    return f"""\
#!/bin/sh
{functions(facts)}
{FIND_DISK}
choose() {{ # NAME PLACE
    device=$(find_disk "$1") || {{ report failed no_disk; poweroff -f; sleep 60; exit 1; }}
    sed -i "s|$2|$device|g" /autoinstall.yaml
}}
{chosen}
bios=true uefi=false
[ ! -d /sys/firmware/efi ] || bios=false uefi=true
sed -i -e "s/[\\"']*{ON_BIOS}[\\"']*/$bios/" -e "s/[\\"']*{ON_UEFI}[\\"']*/$uefi/" /autoinstall.yaml
report disk_prepared
"""


def _run(facts: Facts, name: str, argument: str = "") -> list[str]:
    """A script of ours, with its address as a word of its own. One that cannot be had ends the installation."""
    fetch_and_run = 'curl -fsS --retry 5 -o /tmp/step.sh "$1" && sh /tmp/step.sh $2'
    return ["sh", "-c", fetch_and_run, "sh", f"{facts.base}/{name}", argument]


def _give_up(facts: Facts) -> list[str]:
    """What is run when the installer has failed: say so, and leave the machine as every other installer does."""
    body = json.dumps({"milestone": "failed", "detail": "other"})
    tell = 'curl -fsS --retry 5 -H "Content-Type: application/json" --data "$1" "$2"; sync; poweroff -f'
    return ["sh", "-c", tell, "sh", body, f"{facts.base}/report"]
