"""Asking for a new system, or for another boot from the network. No machine is touched here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.hardware.port_orders import in_force
from opsportal.domain.hardware.requests import request_job
from opsportal.domain.provisioning import disks, milestones, systems, tokens
from opsportal.domain.provisioning.orders import (
    BootOrder,
    InstallOrder,
    clean_hostname,
    clean_script,
    clean_ssh_keys,
    clean_time_zone,
)
from opsportal.domain.provisioning.passwords import NewPassword, make_password
from opsportal.domain.provisioning.refusals import (
    BootServiceMissing,
    ConfirmationWrong,
    MacUnknown,
    ServerCutOff,
    SystemNotOffered,
)
from opsportal.models import (
    HardwareJob,
    Installation,
    JobKind,
    MilestoneName,
    OperatingSystem,
    Server,
    SystemPurpose,
)
from opsportal.settings import settings

PATIENCE_S = 600
"""A reinstall may wait that long for a worker: the person has typed the name and watches."""
BOOT_STEPS = (
    "preflight", "read", "switch_off", "verify_off", "boot_network", "switch_on", "verify_on", "machine",
)  # fmt: skip
DISK_STEPS = ("read", "switch_off", "verify_off", "boot_disk", "switch_on", "verify_on")
PURPOSES: dict[JobKind, SystemPurpose] = {
    JobKind.RESCUE: SystemPurpose.RESCUE,
    JobKind.MEMORY_TEST: SystemPurpose.MEMORY_TEST,
    JobKind.WIPE: SystemPurpose.WIPE,
    JobKind.LOAD_TEST: SystemPurpose.LOAD_TEST,
}
BOOTS = (*PURPOSES, JobKind.BOOT_DISK)
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")


@dataclass(frozen=True)
class Ordered:
    """A job that was accepted, and the password of the new system: show it once, keep it nowhere."""

    job: HardwareJob
    password: str

    def __repr__(self) -> str:
        return f"Ordered(job={self.job.id})"


def request_reinstall(unit: Unit, actor: Actor, server_id: int, order: InstallOrder) -> Ordered:
    """Order a new system. Everything on the chosen disks will be lost, once its worker has checked the rest.

    Refuses a wrong confirmation, what does not fit the hardware, a blocked server, and `ServerBusy`.
    """
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.SERVER_REINSTALL)
    _check_bootable(server)
    _check_not_blocked(unit, server)
    _check_typed(server, order.confirmation)
    system = systems.find_system(unit, server, order.system_id)
    chosen = disks.check_layout(system, disks.disks_of(unit, server), layout=order.layout, chosen=order.disks)
    wishes = Wishes(
        hostname=clean_hostname(order.hostname),
        layout=order.layout,
        disks=[disk.name for disk in chosen],
        ssh_keys=clean_ssh_keys(order.ssh_keys),
        time_zone=clean_time_zone(order.time_zone),
        post_install=clean_script(order.post_install),
    )
    return _order(unit, actor, server, JobKind.REINSTALL, system, wishes)


def request_boot(
    unit: Unit, actor: Actor, server_id: int, *, kind: JobKind, order: BootOrder | None = None
) -> Ordered:
    """Start the server otherwise, once: rescue system, memory test, wiping, or simply its disk.

    Wiping wants the server's name typed. The password is that of the rescue system, "" for the others.
    """
    order = order or BootOrder()
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.SERVER_REINSTALL)
    if kind is JobKind.BOOT_DISK:
        return Ordered(_job(unit, actor, server, kind, DISK_STEPS), "")
    _check_bootable(server)
    _check_not_blocked(unit, server)
    if kind is JobKind.WIPE:
        _check_typed(server, order.confirmation)
    system = systems.find_boot(unit, server, PURPOSES[kind])
    names = [disk.name for disk in disks.disks_of(unit, server)] if kind is JobKind.WIPE else []
    wishes = Wishes(hostname="rescue", disks=names, ssh_keys=clean_ssh_keys(order.ssh_keys))
    return _order(unit, actor, server, kind, system, wishes)


def may_boot(unit: Unit, server: Server, kind: JobKind) -> bool:
    """Whether the boot service has something of this kind for the server. One that is blocked is still asked for
    it, to be refused with what to do: it is no machine that nothing can be done with."""
    try:
        _check_bootable(server)
        systems.find_boot(unit, server, PURPOSES[kind])
    except (BootServiceMissing, MacUnknown, SystemNotOffered):
        return False
    return True


def _check_bootable(server: Server) -> None:
    if not settings().boot_url:
        raise BootServiceMissing
    if not _MAC.fullmatch(server.mac.lower()):
        raise MacUnknown


def _check_not_blocked(unit: Unit, server: Server) -> None:
    """A network boot would cost the running system its power, and come to nothing."""
    if in_force(unit, server.id or 0) is not None:
        raise ServerCutOff(server=server.name)


def _check_typed(server: Server, typed: str) -> None:
    if typed.strip() != server.name:
        raise ConfirmationWrong(name=server.name)


@dataclass(frozen=True)
class Wishes:
    """What was ordered, after every check."""

    hostname: str = ""
    layout: str = ""
    disks: Sequence[str] = ()
    ssh_keys: Sequence[str] = ()
    time_zone: str = "UTC"
    post_install: str = ""


def _order(
    unit: Unit, actor: Actor, server: Server, kind: JobKind, system: OperatingSystem, wishes: Wishes
) -> Ordered:
    job = _job(unit, actor, server, kind, BOOT_STEPS)
    assert job.id is not None
    assert server.id is not None
    assert system.id is not None
    needs_password = MilestoneName.ANSWERS in milestones.PLANS[kind]
    password = make_password() if needs_password else NewPassword("", "")
    nonce = tokens.new_nonce()
    unit.add(
        Installation(
            job_id=job.id,
            server_id=server.id,
            system_id=system.id,
            purpose=system.purpose,
            hostname=wishes.hostname,
            layout=wishes.layout,
            disks=list(wishes.disks),
            ssh_keys=list(wishes.ssh_keys),
            time_zone=wishes.time_zone,
            post_install=wishes.post_install,
            password_hash=password.hashed or None,
            nonce=nonce,
            token_hash=tokens.hash_token(tokens.make_token(job.id, nonce)),
        )
    )
    milestones.write_plan(unit, job, system_id=system.id)
    return Ordered(job, password.plain)


def _job(unit: Unit, actor: Actor, server: Server, kind: JobKind, steps: Sequence[str]) -> HardwareJob:
    assert server.id is not None
    return request_job(
        unit,
        actor,
        server.id,
        kind=kind,
        permission=Permission.SERVER_REINSTALL,
        steps=steps,
        patience_s=PATIENCE_S,
    )
