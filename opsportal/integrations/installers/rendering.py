"""From the name of a file to its text."""

from __future__ import annotations

from collections.abc import Callable

from opsportal.domain.provisioning.facts import Facts
from opsportal.integrations.installers import debian, raw, redhat, shell, ubuntu

TEXTS: dict[str, Callable[[Facts], str]] = {
    "preseed.cfg": debian.preseed,
    "disks.sh": debian.disks_script,
    "started.sh": debian.started_script,
    "user-data": ubuntu.user_data,
    "meta-data": lambda facts: "{}\n",
    "vendor-data": lambda facts: "#cloud-config\n{}\n",
    "storage.sh": ubuntu.storage_script,
    "ks.cfg": redhat.kickstart,
    "install.sh": raw.install_script,
    "finish.sh": shell.finish_script,
    "shadow": raw.shadow,
    "hostname": lambda facts: f"{facts.hostname}\n",
    "authorized_keys": lambda facts: "".join(f"{key}\n" for key in facts.ssh_keys),
    "post_install": lambda facts: facts.script,
}


def render(facts: Facts, name: str) -> str:
    """The text of one of an installation's files. Raises KeyError for a name that no installer has."""
    return TEXTS[name](facts)
