"""Autoinstall of Ubuntu Server (canonical-subiquity.readthedocs-hosted.com, autoinstall reference).

Written as JSON, which is YAML: nothing that was typed can end a string.
"""

from __future__ import annotations

import json
from typing import Any

from opsportal.domain.provisioning.facts import Facts


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
        "storage": {"layout": {"name": "direct", "match": _match(facts)}},
        "early-commands": [_run(facts, "started.sh")],
        "late-commands": [
            ["curtin", "in-target", "--", "usermod", "-p", facts.password_hash, "root"],
            _run(facts, "finish.sh", "/target"),
        ],
        "shutdown": "reboot",
    }


def _match(facts: Facts) -> dict[str, str]:
    name = facts.disks[0] if facts.disks else ""
    if not name or (name.isdigit() and len(name) <= 2):
        return {"size": "largest"}
    return {"serial": f"*{name}*"}


def _run(facts: Facts, name: str, argument: str = "") -> list[str]:
    """A script of ours, with its address as a word of its own."""
    return ["sh", "-c", 'curl -fsS "$1" | sh -s -- $2', "sh", f"{facts.base}/{name}", argument]
