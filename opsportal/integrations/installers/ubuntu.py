"""Autoinstall of Ubuntu Server (canonical-subiquity.readthedocs-hosted.com, autoinstall reference).

Written as JSON, which is YAML: nothing that was typed can end a string.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from opsportal.domain.provisioning.facts import Facts
from opsportal.integrations.installers.shell import FIND_DISK, functions

CHOSEN_DISK = "/dev/chosen-disk"
"""No such device exists: should nobody put the real one in its place, the installer stops instead of guessing."""


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
        "storage": {"layout": {"name": "direct", "match": {"path": CHOSEN_DISK}}},
        "early-commands": [_run(facts, "started.sh"), _run(facts, "storage.sh")],
        "late-commands": [
            ["curtin", "in-target", "--", "usermod", "-p", facts.password_hash, "root"],
            _run(facts, "finish.sh", "/target"),
        ],
        "shutdown": "reboot",
    }


def storage_script(facts: Facts) -> str:
    """Puts the chosen disk's device name into the configuration, which is read again after the early commands.

    Subiquity itself could only match a serial number, or take the largest disk: neither is what was chosen where a
    disk is known by its WWN or its place.
    """
    name = shlex.quote(facts.disks[0] if facts.disks else "")
    return f"""\
#!/bin/sh
{functions(facts)}
{FIND_DISK}
device=$(find_disk {name}) || {{ report failed no_disk; poweroff -f; sleep 60; exit 1; }}
sed -i "s|{CHOSEN_DISK}|$device|g" /autoinstall.yaml
"""


def _run(facts: Facts, name: str, argument: str = "") -> list[str]:
    """A script of ours, with its address as a word of its own."""
    return ["sh", "-c", 'curl -fsS "$1" | sh -s -- $2', "sh", f"{facts.base}/{name}", argument]
