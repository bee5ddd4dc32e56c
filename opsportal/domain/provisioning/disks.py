"""The disks of a server as far as they are on record, and the ways in which a system can use them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.provisioning.refusals import DiskTooSmall, DiskUnknown, LayoutUnknown, TooFewDisks
from opsportal.models import InstallerKind, OperatingSystem, Part, PartKind, PartStatus, Server

GB = 1_000_000_000
_TEXT = re.compile(r"(\d+)\s*[x×]\s*([\d.]+)\s*(GB|TB)\s*([\w .-]*)", re.IGNORECASE)
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{2,63}")


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk. `name`: its serial number or WWN, or its place (`1`, `2` …) where only a text is on record."""

    name: str
    size_gb: int
    text: str

    @property
    def is_by_place(self) -> bool:
        return self.name.isdigit() and len(self.name) <= 2


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to use disks: how many, and how many may die without loss."""

    code: str
    disks: int


SINGLE = Layout("single", 1)
MIRROR = Layout("mirror", 2)
LAYOUTS: dict[InstallerKind, tuple[Layout, ...]] = {
    InstallerKind.PRESEED: (SINGLE, MIRROR),
    InstallerKind.AUTOINSTALL: (SINGLE, MIRROR),
    InstallerKind.KICKSTART: (SINGLE, MIRROR),
    InstallerKind.RAW: (SINGLE,),
    InstallerKind.NONE: (),
}


def disks_of(unit: Unit, server: Server) -> list[Disk]:
    """The disks that are in a server: from its parts, or from what is written about it where there are none."""
    parts = unit.exec(
        select(Part)
        .where(
            col(Part.server_id) == server.id,
            col(Part.kind) == PartKind.DISK,
            col(Part.status) == PartStatus.INSTALLED,
        )
        .order_by(col(Part.slot), col(Part.id))
    ).all()
    named = [(part.wwn or part.serial, part) for part in parts]
    # A name is what a disk said of itself: one that is not plain letters is not passed on to a shell.
    known = [
        Disk(name, (part.size_bytes or 0) // GB, part.model)
        for name, part in named
        if name and PLAIN_NAME.fullmatch(name)
    ]
    return known or _from_text(server.disks)


def _from_text(text: str) -> list[Disk]:
    found: list[Disk] = []
    for count, size, scale, kind in _TEXT.findall(text):
        size_gb = round(float(size) * (1_000 if scale.upper() == "TB" else 1)) if size.strip(".") else 0
        for _ in range(min(int(count), 24)):
            found.append(Disk(str(len(found) + 1), size_gb, f"{size} {scale} {kind}".strip()))
    return found


def check_layout(
    system: OperatingSystem, present: Sequence[Disk], *, layout: str, chosen: Sequence[str]
) -> list[Disk]:
    """The disks that an installation will overwrite, in the order chosen. Refuses what cannot work.

    Nothing `chosen` means the first ones that are large enough.
    """
    wanted = next((one for one in LAYOUTS[InstallerKind(system.installer)] if one.code == layout), None)
    if wanted is None:
        raise LayoutUnknown
    by_name = {disk.name: disk for disk in present}
    for name in chosen:
        if name not in by_name:
            raise DiskUnknown(disk=name[:40])
    large = [disk.name for disk in present if disk.size_gb >= system.min_disk_gb]
    names = list(dict.fromkeys(chosen)) or large[: wanted.disks]
    if len(names) != wanted.disks:
        raise TooFewDisks(needed=wanted.disks)
    for name in names:
        if by_name[name].size_gb < system.min_disk_gb:
            raise DiskTooSmall(disk=name, needed=system.min_disk_gb)
    return [by_name[name] for name in names]
