"""Servers, their BMCs, and the jobs that act on them."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlmodel import AutoString, Field, SQLModel

from opsportal.models.base import document, identity, moment, one_of
from opsportal.models.inventory import StockStatus


class Power(StrEnum):
    """What the BMC said last; `unknown` when nobody could ask it."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


class JobKind(StrEnum):
    """What a hardware job achieves. A goal, never a toggle."""

    POWER_ON = "power_on"
    POWER_OFF = "power_off"
    REBOOT = "reboot"
    SHUTDOWN = "shutdown"
    REINSTALL = "reinstall"
    RESCUE = "rescue"
    MEMORY_TEST = "memory_test"
    WIPE = "wipe"
    BOOT_DISK = "boot_disk"
    BLOCK = "block"
    UNBLOCK = "unblock"
    INSPECT = "inspect"
    ROTATE_CREDENTIALS = "rotate_credentials"
    CLEAN = "clean"
    BURN_IN = "burn_in"
    LOAD_TEST = "load_test"


class JobStatus(StrEnum):
    """`waiting`: the machine itself is at work and no worker is held; its next deadline is the way out."""

    QUEUED = "queued"
    RUNNING = "running"
    VERIFYING = "verifying"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ACTIVE_JOB = (
    JobStatus.QUEUED,
    JobStatus.RUNNING,
    JobStatus.VERIFYING,
    JobStatus.WAITING,
    JobStatus.UNKNOWN,
)
_ACTIVE_SQL = "status IN ('queued', 'running', 'verifying', 'waiting', 'unknown')"


class StepStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Server(SQLModel, table=True):
    """One physical machine. Leased to a client while `service_id` is set.

    The lease columns are the right to touch the machine: `lease_fence` only ever grows, and a
    worker whose fence is older than the row's has lost that right, however alive it believes it is.
    """

    __table_args__ = (
        one_of("power", Power),
        one_of("stock_status", StockStatus),
        CheckConstraint("(stock_status = 'leased') = (service_id IS NOT NULL)", name="leased_has_service"),
        UniqueConstraint("service_id", name="uq_server_service_id"),
        Index("ix_server_stock_status", "stock_status", "id"),
        Index("ix_server_name_begins", text("lower(name) text_pattern_ops")),
        Index("ix_server_mac_begins", text("lower(mac) text_pattern_ops")),
        Index("ix_server_ip", "ip"),
    )

    id: int | None = identity()
    name: str = Field(unique=True)
    service_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("service.id")))
    site: str
    rack: str
    model: str
    cpu: str
    memory_gb: int
    disks: str
    mac: str = Field(unique=True)
    ip: str | None = None
    stock_status: str = Field(
        default=StockStatus.QUARANTINED,
        sa_column=Column(AutoString, nullable=False, server_default="quarantined"),
    )
    """Kept by triggers (migration 0013): a service makes it leased, the end of one quarantined."""
    let_at: dt.datetime | None = moment()
    """Since when it has had its present service; kept by a trigger (migration 0020)."""
    power: str = Power.UNKNOWN
    power_verified_at: dt.datetime | None = moment()
    bmc_error_code: str | None = None
    bmc_failed_at: dt.datetime | None = moment()
    lease_fence: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    lease_job_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    lease_expires_at: dt.datetime | None = moment()


class Bmc(SQLModel, table=True):
    """How to reach a server's management controller. The password is encrypted at rest."""

    __table_args__ = (
        UniqueConstraint("host", "port", name="uq_bmc_host_port"),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port_range"),
    )

    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), primary_key=True))
    driver: str = "ipmi"
    host: str
    port: int = 623
    username: str
    password: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    cipher_suite: int = 3
    certificate: str = Field(default="", sa_column=Column(AutoString, nullable=False, server_default=""))
    """SHA-256 of the certificate that a Redfish BMC must show (hexadecimal); without it a CA must vouch for it."""
    console_kind: str | None = Field(default=None, sa_column=Column(AutoString, nullable=True))
    """How its family shows the machine's screen (`bmc.ConsoleKind`); null until an inspection has learned it."""
    limits: dict[str, Any] = document()
    """How much its family takes (`bmc.quirks`), by name; empty until an inspection has learned it."""


class HardwareJob(SQLModel, table=True):
    """One thing to be done to one server. The row is the job; the queue only wakes a worker."""

    __tablename__ = "hardware_job"
    __table_args__ = (
        one_of("kind", JobKind),
        one_of("status", JobStatus),
        # One operation per server at a time, kept by the database: two people clicking at once
        # cannot both get in, whatever the code above believes.
        Index("uq_hardware_job_active", "server_id", unique=True, postgresql_where=text(_ACTIVE_SQL)),
        Index("ix_hardware_job_server", "server_id", "id"),
        Index("ix_hardware_job_company", "company_id", "id"),
        Index("ix_hardware_job_status", "status", "id"),
    )

    id: int | None = identity()
    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), nullable=False))
    company_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("company.id")))
    kind: str
    status: str = JobStatus.QUEUED
    actor_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("person.id")))
    actor_name: str
    retry_of_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("hardware_job.id")))
    created_at: dt.datetime = moment(default_now=True)
    not_after: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    started_at: dt.datetime | None = moment()
    deadline_at: dt.datetime | None = moment()
    finished_at: dt.datetime | None = moment()
    fence: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    worker: str | None = None
    commands_sent: int = 0
    outcome_code: str | None = None
    reconcile_attempts: int = 0
    reconcile_due_at: dt.datetime | None = moment()
    ended_by: str | None = None
    end_note: str | None = None
    """Who ended a job that was taken over, and what that person saw. For staff."""


class JobOwner(SQLModel, table=True):
    """A person who has taken a job over: while this row exists, no program acts on the job or its server.

    One per server, so that there is one person to ask. `quiet_at`: until then a command of the worker that was
    fenced off may still be on its way. `question_due_at`: a question to the BMC is open.
    """

    __tablename__ = "job_owner"
    __table_args__ = (UniqueConstraint("job_id", name="uq_job_owner_job_id"),)

    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), primary_key=True))
    job_id: int = Field(sa_column=Column(BigInteger, ForeignKey("hardware_job.id"), nullable=False))
    person_id: int = Field(sa_column=Column(BigInteger, ForeignKey("person.id"), nullable=False))
    name: str
    since: dt.datetime = moment(default_now=True)
    quiet_at: dt.datetime = moment(default_now=True)
    question_due_at: dt.datetime | None = moment()
    answered_at: dt.datetime | None = moment()
    answer: str | None = None
    """The power that the BMC told, "answered" where something else was asked, or the code of why it told nothing."""
    verdict: str | None = None
    """The outcome that follows from the answer, had nobody taken the job over."""


class JobStep(SQLModel, table=True):
    """A named step of a job, with its times and what was seen."""

    __tablename__ = "job_step"
    __table_args__ = (
        one_of("status", StepStatus),
        UniqueConstraint("job_id", "position", name="uq_job_step_position"),
    )

    id: int | None = identity()
    job_id: int = Field(sa_column=Column(BigInteger, ForeignKey("hardware_job.id"), nullable=False))
    position: int
    name: str
    status: str = StepStatus.WAITING
    started_at: dt.datetime | None = moment()
    finished_at: dt.datetime | None = moment()
    note_code: str | None = None


class JobLog(SQLModel, table=True):
    """What happened inside a job, line by line, for the people who run the data centre."""

    __tablename__ = "job_log"

    id: int | None = identity()
    job_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("hardware_job.id"), nullable=False, index=True)
    )
    at: dt.datetime = moment(default_now=True)
    line: str
