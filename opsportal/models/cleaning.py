"""What a wipe has done to each disk, and the firmware that machines of a model are to have."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of, reference


class WipeMethod(StrEnum):
    """How a disk was erased, the stronger ways first."""

    NVME_FORMAT = "nvme_format"
    ATA_ENHANCED_ERASE = "ata_enhanced_erase"
    ATA_SECURE_ERASE = "ata_secure_erase"
    SCSI_SANITIZE = "scsi_sanitize"
    SECURE_DISCARD = "secure_discard"
    OVERWRITE = "overwrite"


class WipeOutcome(StrEnum):
    """`missing`: a disk that was to be erased is not in the machine; then no other was touched either."""

    ERASED = "erased"
    FAILED = "failed"
    MISSING = "missing"


class WipeTrouble(StrEnum):
    """Why a disk was not erased, or why not by the method that suits it best."""

    UNSUPPORTED = "unsupported"
    FROZEN = "frozen"
    LOCKED = "locked"
    HIDDEN = "hidden"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    NOT_PROVED = "not_proved"


class WipedDisk(SQLModel, table=True):
    """One disk of one wipe, as the wipe system has reported it. Rows are only added.

    `verified`: at so many places, spread over the disk, a mark was written before and found gone after.
    """

    __tablename__ = "wiped_disk"
    __table_args__ = (
        one_of("outcome", WipeOutcome),
        CheckConstraint(
            "method IN ('', " + ", ".join(f"'{one.value}'" for one in WipeMethod) + ")", name="method_known"
        ),
        CheckConstraint(
            "trouble IN ('', " + ", ".join(f"'{one.value}'" for one in WipeTrouble) + ")",
            name="trouble_known",
        ),
        CheckConstraint("outcome <> 'erased' OR (method <> '' AND verified > 0)", name="erased_is_proved"),
        CheckConstraint("size_bytes >= 0 AND seconds >= 0 AND verified >= 0", name="not_negative"),
        UniqueConstraint("job_id", "device", name="uq_wiped_disk_device"),
    )

    id: int | None = identity()
    job_id: int = reference("hardware_job")
    at: dt.datetime = moment(default_now=True)
    device: str
    """What the wipe system called it (sda, nvme0n1); of a missing one, the name by which it was looked for."""
    serial: str = ""
    wwn: str = ""
    model: str = ""
    size_bytes: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    outcome: str
    method: str = ""
    trouble: str = ""
    seconds: int = 0
    verified: int = 0


class ApprovedFirmware(SQLModel, table=True):
    """The version that a component of a server model is to have. `component`: as BMCs call it, or "BMC"."""

    __tablename__ = "approved_firmware"
    __table_args__ = (
        CheckConstraint("model <> '' AND component <> '' AND version <> ''", name="filled"),
        Index(
            "uq_approved_firmware", text("lower(model)"), text("lower(component)"), unique=True,
        ),
    )  # fmt: skip

    id: int | None = identity()
    model: str
    component: str
    version: str
    approved_at: dt.datetime = moment(default_now=True)
    approved_by: str
