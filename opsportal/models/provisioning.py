"""Systems that can be put on servers, installations, and how far each has come."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of, reference


def _list() -> Any:
    return Field(default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]"))


class SystemPurpose(StrEnum):
    """What a network boot is for."""

    INSTALL = "install"
    RESCUE = "rescue"
    MEMORY_TEST = "memory_test"
    WIPE = "wipe"
    LOAD_TEST = "load_test"


class InstallerKind(StrEnum):
    """Whose configuration the installer reads; `none`: the kernel needs none."""

    PRESEED = "preseed"
    AUTOINSTALL = "autoinstall"
    KICKSTART = "kickstart"
    RAW = "raw"
    NONE = "none"


class InstallStage(StrEnum):
    """What the boot service answers to the server: its installer while `armed`, its own disk otherwise."""

    PREPARED = "prepared"
    ARMED = "armed"
    HANDED_OUT = "handed_out"
    ENDED = "ended"


class MilestoneName(StrEnum):
    """What a machine passes on its way, in this order; each kind of job has some of them."""

    POWER_CYCLED = "power_cycled"
    NETWORK_BOOT = "network_boot"
    KERNEL_FETCHED = "kernel_fetched"
    INSTALLER_STARTED = "installer_started"
    DISK_PREPARED = "disk_prepared"
    SYSTEM_WRITTEN = "system_written"
    FIRST_BOOT = "first_boot"
    ANSWERS = "answers"
    LOAD_PASSED = "load_passed"


MILESTONES = tuple(MilestoneName)


class Diagnosis(StrEnum):
    """Why a milestone is probably late. Each has a sentence that says what to look at and what to press."""

    NO_POWER = "no_power"
    NO_DHCP_REQUEST = "no_dhcp_request"
    NO_BOOT_SCRIPT = "no_boot_script"
    NO_NETWORK_BOOT = "no_network_boot"
    NO_KERNEL = "no_kernel"
    KERNEL_SILENT = "kernel_silent"
    DISK_NOT_READY = "disk_not_ready"
    WRITING_STUCK = "writing_stuck"
    NO_FIRST_BOOT = "no_first_boot"
    NOT_ANSWERING = "not_answering"
    LOAD_STUCK = "load_stuck"


class InstallFault(StrEnum):
    """What an installer may report as the reason why it gave up: `failed` with one of these."""

    NO_DHCP = "no_dhcp"
    IMAGE_MISSING = "image_missing"
    CHECKSUM = "checksum"
    NO_DISK = "no_disk"
    WRITE = "write"
    NOT_ERASED = "not_erased"
    MOUNT = "mount"
    POST_INSTALL = "post_install"
    LOAD_MEMORY = "load_memory"
    LOAD_DISK = "load_disk"
    LOAD_CPU = "load_cpu"
    LOAD_HOT = "load_hot"
    LOAD_HARDWARE = "load_hardware"
    OTHER = "other"


class OperatingSystem(SQLModel, table=True):
    """Something that a server can boot from the network. Files are paths below BOOT_FILES, or URLs.

    The checksums are those of the files; an image of which none is known is not offered.
    """

    __tablename__ = "operating_system"
    __table_args__ = (
        one_of("purpose", SystemPurpose),
        one_of("installer", InstallerKind),
        CheckConstraint("answers_port BETWEEN 1 AND 65535", name="answers_port_range"),
        CheckConstraint("min_memory_gb >= 0 AND min_disk_gb >= 0", name="minimum_not_negative"),
    )

    id: int | None = identity()
    code: str = Field(unique=True)
    name: str
    family: str
    version: str = ""
    purpose: str = SystemPurpose.INSTALL
    installer: str
    kernel: str
    kernel_sha256: str
    initrd: str = ""
    initrd_sha256: str = ""
    image: str = ""
    image_sha256: str = ""
    kernel_arguments: str = ""
    min_memory_gb: int = 0
    min_disk_gb: int = 0
    models: list[str] = _list()
    """Beginnings of the server models that it fits; empty: all."""
    answers_port: int | None = None
    """A TCP port that answers once the system is up, asked by us; none: the system says so itself."""
    is_offered: bool = True
    position: int = 0


class Installation(SQLModel, table=True):
    """One network boot of one server: what was ordered, and what its machine may still fetch.

    Nothing here opens a door by itself: of the token only the hash is kept, of the password only its
    crypt(3) hash and only until the machine has it.
    """

    __table_args__ = (
        one_of("stage", InstallStage),
        one_of("purpose", SystemPurpose),
        # A server has one open installation at most, whatever the code believes.
        Index(
            "uq_installation_open", "server_id", unique=True, postgresql_where=text("stage <> 'ended'")
        ),
        Index("ix_installation_server", "server_id", "job_id"),
    )  # fmt: skip

    job_id: int = Field(sa_column=Column(BigInteger, ForeignKey("hardware_job.id"), primary_key=True))
    server_id: int = reference("server")
    system_id: int = reference("operating_system")
    purpose: str = SystemPurpose.INSTALL
    stage: str = InstallStage.PREPARED
    hostname: str = ""
    layout: str = ""
    disks: list[str] = _list()
    """Serial numbers or WWNs, or the order of disks as `1`, `2` where none is on record."""
    ssh_keys: list[str] = _list()
    time_zone: str = "UTC"
    post_install: str = ""
    password_hash: str | None = None
    nonce: str
    token_hash: str = Field(unique=True)
    fetched: list[str] = _list()
    """Names of the one-time files that were handed out."""
    progress: int = 0
    """Per cent of the system that are written, as far as the installer tells."""
    created_at: dt.datetime = moment(default_now=True)
    armed_at: dt.datetime | None = moment()
    handed_out_at: dt.datetime | None = moment()
    ended_at: dt.datetime | None = moment()
    outcome_code: str | None = None

    @property
    def id(self) -> int:
        """The name under which its steps are in the history."""
        return self.job_id


class Milestone(SQLModel, table=True):
    """A point that a machine must pass, when it usually does, and what is likely wrong when it does not."""

    __table_args__ = (
        one_of("name", MilestoneName),
        CheckConstraint(
            "diagnosis IS NULL OR diagnosis IN (" + ", ".join(f"'{one.value}'" for one in Diagnosis) + ")",
            name="diagnosis_known",
        ),
        UniqueConstraint("job_id", "position", name="uq_milestone_position"),
        UniqueConstraint("job_id", "name", name="uq_milestone_name"),
        Index("ix_milestone_name", "name", "id"),
    )

    id: int | None = identity()
    job_id: int = Field(sa_column=Column(BigInteger, ForeignKey("hardware_job.id"), nullable=False))
    position: int
    name: str
    usual_s: int
    """Seconds after the milestone before it: the median of the past, or a guess without one."""
    late_s: int
    """After so many seconds it is late and its diagnosis is shown."""
    limit_s: int
    """After so many seconds the installation has failed."""
    reached_at: dt.datetime | None = moment()
    late_at: dt.datetime | None = moment()
    diagnosis: str | None = None


class Asker(StrEnum):
    """What of a machine asked the boot network's DHCP server: its card's firmware, iPXE, or a system that runs."""

    FIRMWARE = "firmware"
    IPXE = "ipxe"
    SYSTEM = "system"


class BootLease(SQLModel, table=True):
    """Who had an address last, as the boot network's DHCP server tells. Without such a server there are none.

    `told_at` is the time under its signature: what comes with an older one changes nothing.
    """

    __tablename__ = "boot_lease"
    __table_args__ = (Index("ix_boot_lease_mac", "mac"),)

    address: str = Field(primary_key=True)
    mac: str
    told_at: dt.datetime = moment(default_now=True)
    expires_at: dt.datetime = moment(default_now=True)


class InstallEvent(SQLModel, table=True):
    """What a machine fetched and reported, as accepted, and that it asked for an address. Rows are only added."""

    __tablename__ = "install_event"
    __table_args__ = (Index("ix_install_event_job", "job_id", "id"),)

    id: int | None = identity()
    job_id: int = Field(sa_column=Column(BigInteger, ForeignKey("hardware_job.id"), nullable=False))
    at: dt.datetime = moment(default_now=True)
    kind: str
    detail: str = ""
    address: str = ""
