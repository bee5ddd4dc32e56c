"""What can be installed on a server: the systems that fit its hardware."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.provisioning.disks import LAYOUTS, Disk, Layout, check_layout, disks_of
from opsportal.domain.provisioning.refusals import SystemNotOffered
from opsportal.domain.refusals import Refusal
from opsportal.models import InstallerKind, OperatingSystem, Server, SystemPurpose


@dataclass(frozen=True)
class OfferedLayout:
    """A layout of a system on one server; `refusal` when its disks do not allow it."""

    layout: Layout
    refusal: Refusal | None


@dataclass(frozen=True)
class OfferedSystem:
    """A system that fits a server, with the ways to use its disks."""

    system: OperatingSystem
    layouts: tuple[OfferedLayout, ...]


def fits(system: OperatingSystem, server: Server) -> bool:
    """Whether a system runs on this hardware. How much memory a machine has may not be on record yet."""
    if 0 < server.memory_gb < system.min_memory_gb:
        return False
    return not system.models or any(server.model.startswith(model) for model in system.models)


def offered_systems(actor: Actor, unit: Unit, server_id: int) -> list[OfferedSystem]:
    """The systems that this actor may put on this server, in the operator's order."""
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.SERVER_REINSTALL)
    present = disks_of(unit, server)
    return [
        OfferedSystem(system, _layouts(system, present))
        for system in _offered(unit, SystemPurpose.INSTALL)
        if fits(system, server)
    ]


def offered_boots(actor: Actor, unit: Unit, server_id: int) -> list[SystemPurpose]:
    """What else this server can boot from the network: rescue, memory test, wipe."""
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.SERVER_REINSTALL)
    others = [purpose for purpose in SystemPurpose if purpose is not SystemPurpose.INSTALL]
    return [purpose for purpose in others if any(fits(system, server) for system in _offered(unit, purpose))]


def list_disks(actor: Actor, unit: Unit, server_id: int) -> list[Disk]:
    """The disks of a server, to choose from."""
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.SERVER_REINSTALL)
    return disks_of(unit, server)


def find_system(unit: Unit, server: Server, system_id: int) -> OperatingSystem:
    """A system that may be installed on this server. Raises `SystemNotOffered` for any other."""
    system = unit.get(OperatingSystem, system_id)
    if system is None or not system.is_offered or system.purpose != SystemPurpose.INSTALL:
        raise SystemNotOffered
    if not fits(system, server):
        raise SystemNotOffered
    return system


def find_boot(unit: Unit, server: Server, purpose: SystemPurpose) -> OperatingSystem:
    """The first system for another purpose that fits. Raises `SystemNotOffered` when there is none."""
    for system in _offered(unit, purpose):
        if fits(system, server):
            return system
    raise SystemNotOffered


def _offered(unit: Unit, purpose: SystemPurpose) -> list[OperatingSystem]:
    query = select(OperatingSystem).where(
        col(OperatingSystem.is_offered), col(OperatingSystem.purpose) == purpose
    )
    return list(unit.exec(query.order_by(col(OperatingSystem.position), col(OperatingSystem.name))))


def _layouts(system: OperatingSystem, present: list[Disk]) -> tuple[OfferedLayout, ...]:
    return tuple(
        OfferedLayout(layout, _why_not(system, present, layout))
        for layout in LAYOUTS[InstallerKind(system.installer)]
    )


def _why_not(system: OperatingSystem, present: list[Disk], layout: Layout) -> Refusal | None:
    try:
        check_layout(system, present, layout=layout.code, chosen=())
    except Refusal as refusal:
        return refusal
    return None
