"""The systems on offer as an operator writes them down: checked letter by letter, then kept as rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlmodel import select

from opsportal.db import Unit
from opsportal.models import InstallerKind, OperatingSystem, SystemPurpose

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,39}$")]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
Source = Annotated[str, Field(max_length=400, pattern=r"^(https?://[!-~]+|[A-Za-z0-9_][A-Za-z0-9_./+-]*|)$")]
Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64}|)$")]
_UP = re.compile(r"(^|/)\.\.(/|$)")


class SystemEntry(BaseModel):
    """One system. Sources are paths below BOOT_FILES or URLs; what is started or written needs its checksum."""

    model_config = ConfigDict(extra="forbid", strict=False, hide_input_in_errors=True)

    code: Code
    name: Name
    family: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    version: Annotated[str, Field(max_length=40)] = ""
    purpose: SystemPurpose = SystemPurpose.INSTALL
    installer: InstallerKind
    kernel: Annotated[Source, Field(min_length=1)]
    kernel_sha256: Sha256 = ""
    initrd: Source = ""
    initrd_sha256: Sha256 = ""
    image: Source = ""
    image_sha256: Sha256 = ""
    kernel_arguments: Annotated[str, Field(max_length=1_000, pattern=r"^[ -~]*$")] = ""
    min_memory_gb: Annotated[int, Field(ge=0)] = 0
    min_disk_gb: Annotated[int, Field(ge=0)] = 0
    models: list[Name] = []
    answers_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    is_offered: bool = True

    @model_validator(mode="after")
    def _has_checksums(self) -> SystemEntry:
        """Firmware starts a kernel and an installer writes a raw image without asking anybody: they need a
        checksum wherever they come from. The other images are mirrors, trees and ISOs, which installers
        read by their own means."""
        for what in ("kernel", "initrd", "image"):
            source, sha256 = getattr(self, what), getattr(self, f"{what}_sha256")
            is_address = what == "image" and self.installer is not InstallerKind.RAW and "://" in source
            if source and not is_address and not sha256:
                raise ValueError(f"{self.code}: {what}_sha256 is missing")
            if _UP.search(source):
                raise ValueError(f"{self.code}: {what} must be below BOOT_FILES")
        is_installed = self.purpose is SystemPurpose.INSTALL
        if is_installed and self.installer is not InstallerKind.NONE and not self.image:
            raise ValueError(f"{self.code}: image is missing (an image, a mirror or an installation tree)")
        return self


class Catalogue(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    systems: Annotated[Sequence[SystemEntry], Field(max_length=500)]


def keep(unit: Unit, catalogue: Catalogue) -> tuple[int, int]:
    """Make the rows agree with the catalogue. Returns how many were written and how many are no longer offered.

    A system that is no longer in it is not offered any more; its row stays for the history.
    """
    rows = {row.code: row for row in unit.exec(select(OperatingSystem))}
    for position, entry in enumerate(catalogue.systems):
        values = entry.model_dump(mode="json") | {"position": position}
        row = rows.pop(entry.code, None)
        if row is None:
            unit.add(OperatingSystem(**values))
            continue
        for name, value in values.items():
            setattr(row, name, value)
    gone = [row for row in rows.values() if row.is_offered]
    for row in gone:
        row.is_offered = False
    return len(catalogue.systems), len(gone)
