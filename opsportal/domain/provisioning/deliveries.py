"""What a machine may fetch, how often, and what fetching it means."""

from __future__ import annotations

from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.provisioning import facts as install_facts
from opsportal.domain.provisioning.facts import Facts
from opsportal.domain.provisioning.machines import find_by_mac, find_by_token, write_event
from opsportal.domain.provisioning.progress import advance, hand_out
from opsportal.domain.provisioning.refusals import BootRefused
from opsportal.models import InstallerKind, InstallStage, MilestoneName

BOOT_FILES = frozenset({"kernel", "initrd"})
"""Fetched by firmware, which may try again: as often as it likes until the installer runs."""
CONFIGURATION: dict[InstallerKind, frozenset[str]] = {
    InstallerKind.PRESEED: frozenset({"preseed.cfg"}),
    InstallerKind.AUTOINSTALL: frozenset({"user-data"}),
    InstallerKind.KICKSTART: frozenset({"ks.cfg"}),
    InstallerKind.RAW: frozenset({"install.sh", "image"}),
    InstallerKind.NONE: frozenset({"kernel", "initrd"}),
}
"""What only an installer fetches, once: from then on the server is told to boot its disk."""
OWN: dict[InstallerKind, frozenset[str]] = {
    InstallerKind.PRESEED: frozenset({"authorized_keys", "post_install"}),
    InstallerKind.AUTOINSTALL: frozenset({"authorized_keys", "post_install"}),
    InstallerKind.KICKSTART: frozenset({"authorized_keys", "post_install"}),
    InstallerKind.RAW: frozenset({"hostname", "shadow", "authorized_keys", "post_install"}),
    InstallerKind.NONE: frozenset(),
}
"""What this installation alone gets, once each, after its configuration."""
SIDE_FILES: dict[InstallerKind, frozenset[str]] = {
    InstallerKind.PRESEED: frozenset({"started.sh", "disks.sh", "finish.sh"}),
    InstallerKind.AUTOINSTALL: frozenset(
        {"meta-data", "vendor-data", "started.sh", "storage.sh", "finish.sh"}
    ),
    InstallerKind.KICKSTART: frozenset({"finish.sh"}),
    InstallerKind.RAW: frozenset({"finish.sh"}),
}
"""What an installer asks for again and again and that holds no secret."""
SECRETS = frozenset({"preseed.cfg", "user-data", "ks.cfg", "shadow"})
"""Files with the password's hash: once fetched, it is needed no longer. A raw installer's script is none of
them: it fetches `shadow` later on."""


@dataclass(frozen=True)
class Delivery:
    """A file to send: `source` is a path below BOOT_FILES or a URL, "" for what is written from the facts.

    `sha256`: of what firmware starts unseen, so that only a verified copy may be sent; "" for what its
    installer compares itself.
    """

    name: str
    source: str
    facts: Facts
    sha256: str = ""


def boot_script(unit: Unit, *, mac: str, address: str) -> Facts | None:
    """What to boot the machine with this MAC from; None means its own disk, and so does every doubt."""
    machine = find_by_mac(unit, mac, address)
    if machine is None or machine.stage is not InstallStage.ARMED or machine.is_in_hands:
        return None
    write_event(unit, machine, "boot_script")
    advance(unit, machine.job, MilestoneName.NETWORK_BOOT)
    return install_facts.facts_of(machine)


def deliver(unit: Unit, *, token: str, name: str, address: str) -> Delivery:
    """Give a machine one of its files, and write down that it has it. Raises `BootRefused`."""
    machine = find_by_token(unit, token, address)
    _check(not machine.is_in_hands or machine.stage is InstallStage.HANDED_OUT)
    installer, row = InstallerKind(machine.system.installer), machine.installation
    facts = install_facts.facts_of(machine)
    if name in BOOT_FILES and installer is not InstallerKind.NONE:
        _check(machine.stage is InstallStage.ARMED)
    elif name in CONFIGURATION[installer]:
        _check(name not in row.fetched)
    elif name in OWN[installer]:
        _check(name not in row.fetched and _has(name, facts))
    else:
        _check(name in SIDE_FILES.get(installer, ()))
    system = machine.system
    source = {"kernel": system.kernel, "initrd": system.initrd, "image": system.image}
    sums = {"kernel": system.kernel_sha256, "initrd": system.initrd_sha256}
    _check(name not in source or bool(source[name]))
    write_event(unit, machine, "fetched", name)
    if name in CONFIGURATION[installer] or name in OWN[installer]:
        row.fetched = [*row.fetched, name]
        hand_out(unit, row)
        if name in SECRETS:
            row.password_hash = None
    # One that reports nothing ends its job with the last file that its firmware fetches, and not before.
    is_last = installer is not InstallerKind.NONE or not system.initrd or name == "initrd"
    if name in BOOT_FILES and is_last:
        advance(unit, machine.job, MilestoneName.KERNEL_FETCHED)
    return Delivery(name, source.get(name, ""), facts, sums.get(name, ""))


def _check(is_allowed: bool) -> None:
    if not is_allowed:
        raise BootRefused


def _has(name: str, facts: Facts) -> bool:
    """Whether there is anything in a file: a machine that gets none leaves its own alone."""
    return {
        "authorized_keys": bool(facts.ssh_keys),
        "post_install": facts.has_script,
        "shadow": bool(facts.password_hash),
    }.get(name, True)
