"""What is made sure of before anything on a server is lost. Reads only."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from pathlib import Path

from sqlmodel import col, select

import bmc
from opsportal.db import unit_of_work
from opsportal.models import (
    Installation,
    InstallerKind,
    OperatingSystem,
    PortLink,
    Power,
    Server,
    SwitchPort,
)
from opsportal.settings import settings

TIMEOUT_S = 10.0
_CHUNK = 1 << 20


class PreflightFailed(bmc.BmcError):
    """Something is not as it must be. The server was not touched."""

    code = "preflight_failed"
    advice = "A check before the installation failed. The server was not touched. Ask an operator to look."


class BootFileMissing(PreflightFailed):
    code = "boot_file_missing"
    advice = (
        "A file of this system cannot be fetched. The server was not touched. Choose another system, or ask "
        "an operator to look at it."
    )


class BootFileWrong(PreflightFailed):
    code = "boot_file_wrong"
    advice = (
        "A file of this system does not have its checksum. The server was not touched. Choose another system, "
        "or ask an operator to look at it."
    )


class SwitchPortDown(PreflightFailed):
    code = "switch_port_down"
    advice = (
        "The server's switch port is down, so it cannot start from the network. The server was not touched. "
        "Check its cable, or whether the server is blocked."
    )


class BootUrlMissing(PreflightFailed):
    code = "boot_url_missing"
    advice = "Network boot is not set up on this portal (BOOT_URL). The server was not touched."


def check(job_id: int) -> None:
    """Raises `PreflightFailed` unless the installation of this job can work as far as can be known."""
    with unit_of_work() as unit:
        row = unit.get_one(Installation, job_id)
        server = unit.get_one(Server, row.server_id)
        system = unit.get_one(OperatingSystem, row.system_id)
        ports = unit.exec(
            select(SwitchPort.is_up)
            .join(PortLink, col(PortLink.port_id) == col(SwitchPort.id))
            .where(col(PortLink.server_id) == row.server_id, col(PortLink.valid_until).is_(None))
        ).all()
    if not settings().boot_url:
        raise BootUrlMissing
    # A server that is off has its port down; only of one that is on it says something.
    if server.power == Power.ON and ports and all(is_up is False for is_up in ports):
        raise SwitchPortDown
    for source, sha256 in files_of(system):
        check_file(source, sha256)


def files_of(system: OperatingSystem) -> list[tuple[str, str]]:
    """The files of a system with the checksums on record."""
    image_is_file = system.installer == InstallerKind.RAW and system.image
    files = [
        (system.kernel, system.kernel_sha256),
        (system.initrd, system.initrd_sha256),
        (system.image if image_is_file else "", system.image_sha256),
    ]
    return [(source, sha256) for source, sha256 in files if source]


def check_file(source: str, sha256: str) -> None:
    """A file of ours must have its checksum; of one on another server it is asked whether it is there."""
    if "://" in source:
        _ask(source)
        return
    root = settings().boot_files.resolve()
    path = (root / source).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise BootFileMissing
    if not sha256 or _sum(path) != sha256.lower():
        raise BootFileWrong


def _sum(path: Path) -> str:
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        raise BootFileMissing from None


def _ask(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise BootFileMissing
    asking = urllib.request.Request(url, method="HEAD")  # noqa: S310 (checked above)
    try:
        with urllib.request.urlopen(asking, timeout=TIMEOUT_S) as answer:  # noqa: S310
            if answer.status != 200:
                raise BootFileMissing
    except (urllib.error.URLError, OSError, ValueError):
        raise BootFileMissing from None
