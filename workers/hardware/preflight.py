"""What is made sure of before anything on a server is lost. Reads only."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import cut_off
from opsportal.domain.provisioning.boot_files import own_file
from opsportal.models import (
    Installation,
    InstallerKind,
    OperatingSystem,
    Power,
    Server,
)
from opsportal.settings import settings
from workers.hardware.boot_copies import NotFetched, OtherContent, checksum, make_copy

TIMEOUT_S = 10.0


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
        "Unblock the server if it is blocked; otherwise check its cable, and whether its port was taken down."
    )


class BootUrlMissing(PreflightFailed):
    code = "boot_url_missing"
    advice = "Network boot is not set up on this portal (BOOT_URL). The server was not touched."


def check(job_id: int, *, renew: Callable[[], None]) -> None:
    """Raises `PreflightFailed` unless the installation of this job can work as far as can be known.

    `renew` is called while files are fetched, which may take a minute.
    """
    with unit_of_work() as unit:
        row = unit.get_one(Installation, job_id)
        server = unit.get_one(Server, row.server_id)
        system = unit.get_one(OperatingSystem, row.system_id)
        links = [port.is_up for port in cut_off.ports_of(unit, row.server_id)]
        is_cut_off = cut_off.is_cut_off(unit, row.server_id)
    if not settings().boot_url:
        raise BootUrlMissing
    # A server that is off has no link; only of one that is on that says something. What we took down always does.
    has_no_link = server.power == Power.ON and links and all(is_up is False for is_up in links)
    if is_cut_off or has_no_link:
        raise SwitchPortDown
    for source, sha256 in started_files(system):
        check_started(source, sha256, renew=renew)
    if system.installer == InstallerKind.RAW and system.image:
        check_image(system.image, system.image_sha256)


def started_files(system: OperatingSystem) -> list[tuple[str, str]]:
    """What firmware starts, with the checksums on record."""
    files = [(system.kernel, system.kernel_sha256), (system.initrd, system.initrd_sha256)]
    return [(source, sha256) for source, sha256 in files if source]


def check_started(source: str, sha256: str, *, renew: Callable[[], None]) -> None:
    """Firmware starts what it gets and checks nothing: a kernel or initrd of elsewhere is made a file of ours."""
    if "://" not in source:
        _check_own(source, sha256)
        return
    if not sha256:
        raise BootFileWrong
    renew()
    try:
        make_copy(_web_address(source), sha256, renew=renew)
    except NotFetched:
        raise BootFileMissing from None
    except OtherContent:
        raise BootFileWrong from None


def check_image(source: str, sha256: str) -> None:
    """A raw image is compared again by its installer, before anything is written: of one elsewhere it is enough
    that it is there."""
    if not sha256:
        raise BootFileWrong
    if "://" in source:
        _ask(_web_address(source))
    else:
        _check_own(source, sha256)


def _check_own(source: str, sha256: str) -> None:
    path = own_file(source)
    if path is None:
        raise BootFileMissing
    try:
        if checksum(path) != sha256.lower():
            raise BootFileWrong
    except OSError:
        raise BootFileMissing from None


def _web_address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise BootFileMissing
    return url


def _ask(url: str) -> None:
    asking = urllib.request.Request(url, method="HEAD")  # noqa: S310 (checked by _web_address)
    try:
        with urllib.request.urlopen(asking, timeout=TIMEOUT_S) as answer:  # noqa: S310
            if answer.status != 200:
                raise BootFileMissing
    except (urllib.error.URLError, OSError, ValueError):
        raise BootFileMissing from None
