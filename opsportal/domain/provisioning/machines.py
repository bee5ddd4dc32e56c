"""Which machine is talking to the boot service, and what it may still do."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from sqlmodel import col, func, select

from opsportal.db import Unit
from opsportal.domain.hardware import owners
from opsportal.domain.hardware.hands import has_changed_hands
from opsportal.domain.network import main_address
from opsportal.domain.provisioning import leases, tokens
from opsportal.domain.provisioning.refusals import BootRefused
from opsportal.models import (
    ACTIVE_JOB,
    HardwareJob,
    Installation,
    InstallEvent,
    InstallStage,
    OperatingSystem,
    Server,
)
from opsportal.settings import settings

_SEPARATORS = re.compile(r"[:-]")
_MAC = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Machine:
    """A server at work on an installation that is open. Job and installation are locked, in this order."""

    server: Server
    job: HardwareJob
    installation: Installation
    system: OperatingSystem
    address: str
    is_in_hands: bool = False
    """A person has taken its job over: nothing is begun, and what the machine is at already goes on."""

    @property
    def stage(self) -> InstallStage:
        return InstallStage(self.installation.stage)


def clean_mac(text: str) -> str:
    """`52:54:00:…` of however iPXE writes it; "" for what is no MAC address."""
    digits = _SEPARATORS.sub("", text.lower()) if len(text) <= 17 else ""
    return ":".join(digits[n : n + 2] for n in range(0, 12, 2)) if _MAC.fullmatch(digits) else ""


def is_own_address(unit: Unit, server: Server, address: str) -> bool:
    """Whether an address is the server's, or one of those from which any machine may ask.

    Neither counts while the boot network's DHCP server says that another machine has the address, nor the latter
    when another was the last to have it.
    """
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    caller = getattr(caller, "ipv4_mapped", None) or caller
    assert server.id is not None
    is_own = str(caller) in {main_address(unit, server.id), server.ip}
    if leases.is_anothers(unit, str(caller), clean_mac(server.mac), is_own=is_own):
        return False
    return is_own or any(caller in network for network in settings().boot_networks)


def find_by_mac(unit: Unit, mac: str, address: str) -> Machine | None:
    """The machine with this MAC, if an installation is open for it and it asks from its own address."""
    server = server_of(unit, mac)
    if server is None or not is_own_address(unit, server, address):
        return None
    return open_machine(unit, server, address)


def server_of(unit: Unit, mac: str) -> Server | None:
    """The server on record with a MAC address as `clean_mac` writes it."""
    return unit.exec(select(Server).where(func.lower(col(Server.mac)) == mac)).first() if mac else None


def open_machine(unit: Unit, server: Server, address: str) -> Machine | None:
    """The server at work on its open installation, whoever asks; None when none is open."""
    open_one = select(Installation).where(
        col(Installation.server_id) == server.id, col(Installation.stage) != InstallStage.ENDED
    )
    installation = unit.exec(open_one).first()
    return _lock(unit, server, installation, address) if installation else None


def find_by_token(unit: Unit, token: str, address: str) -> Machine:
    """The machine that was given this token. Raises `BootRefused`, whatever is wrong with it."""
    if not tokens.is_token(token):
        raise BootRefused
    installation = unit.exec(
        select(Installation).where(col(Installation.token_hash) == tokens.hash_token(token))
    ).first()
    if installation is None:
        raise BootRefused
    server = unit.get_one(Server, installation.server_id)
    if not is_own_address(unit, server, address):
        raise BootRefused
    machine = _lock(unit, server, installation, address)
    if machine is None or machine.stage not in (InstallStage.ARMED, InstallStage.HANDED_OUT):
        raise BootRefused
    return machine


def _lock(unit: Unit, server: Server, installation: Installation, address: str) -> Machine | None:
    """Lock job and installation; None when either has ended meanwhile, or the server is somebody else's."""
    job = unit.get_one(HardwareJob, installation.job_id, with_for_update=True, populate_existing=True)
    row = unit.get_one(Installation, installation.job_id, with_for_update=True, populate_existing=True)
    if job.status not in ACTIVE_JOB or row.stage == InstallStage.ENDED:
        return None
    fresh = unit.get_one(Server, server.id, populate_existing=True)
    if has_changed_hands(unit, job, fresh):
        return None
    system = unit.get_one(OperatingSystem, row.system_id)
    return Machine(server, job, row, system, address, is_in_hands=owners.is_owned(unit, job))


def write_event(unit: Unit, machine: Machine, kind: str, detail: str = "") -> None:
    """Keep what a machine did. `detail` was checked letter by letter."""
    unit.add(
        InstallEvent(job_id=machine.installation.job_id, kind=kind, detail=detail, address=machine.address)
    )
