"""What an installer has to be told, as plain data for its template."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.domain.provisioning import tokens
from opsportal.domain.provisioning.machines import Machine, clean_mac
from opsportal.models import InstallerKind, SystemPurpose
from opsportal.settings import settings


@dataclass(frozen=True)
class Facts:
    """One installation for its template. `base`: below which its files are and where it reports."""

    base: str
    installer: InstallerKind
    purpose: SystemPurpose
    family: str
    version: str
    hostname: str
    layout: str
    disks: tuple[str, ...]
    ssh_keys: tuple[str, ...]
    time_zone: str
    has_script: bool
    image: str
    image_sha256: str
    kernel_arguments: str
    has_initrd: bool
    mac: str = ""
    load_s: int = 0
    """For how long a loaded run is to last."""
    password_hash: str = field(default="", repr=False)
    script: str = field(default="", repr=False)


def facts_of(machine: Machine) -> Facts:
    """The facts of an installation as they are now."""
    row, system = machine.installation, machine.system
    return Facts(
        base=f"{settings().boot_url}/boot/i/{tokens.token_of(row)}",
        installer=InstallerKind(system.installer),
        purpose=SystemPurpose(row.purpose),
        family=system.family,
        version=system.version,
        hostname=row.hostname,
        layout=row.layout,
        disks=tuple(row.disks),
        ssh_keys=tuple(row.ssh_keys),
        time_zone=row.time_zone,
        has_script=bool(row.post_install),
        image=system.image,
        image_sha256=system.image_sha256,
        kernel_arguments=system.kernel_arguments,
        has_initrd=bool(system.initrd),
        mac=clean_mac(machine.server.mac),
        load_s=settings().burn_in_minutes * 60,
        password_hash=row.password_hash or "",
        script=row.post_install,
    )
