"""Where machines stand and what they are made of: sites, racks, positions, parts, and what was seen of them."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlmodel import Field, SQLModel

from opsportal.models.base import document, identity, moment, one_of, reference

MAX_RACK_UNITS = 60


class StockStatus(StrEnum):
    """Whether a machine may be let. The database keeps it: only an available one gets a service."""

    LEASED = "leased"
    QUARANTINED = "quarantined"
    CLEANING = "cleaning"
    VERIFIED = "verified"
    AVAILABLE = "available"
    FAULTY = "faulty"


class PartKind(StrEnum):
    CHASSIS = "chassis"
    BOARD = "board"
    CPU = "cpu"
    DIMM = "dimm"
    DISK = "disk"
    NIC = "nic"
    PSU = "psu"
    CONTROLLER = "controller"
    OTHER = "other"


class PartStatus(StrEnum):
    INSTALLED = "installed"
    MISSING = "missing"
    """On record in a server, and the last inspection did not find it there."""
    SPARE = "spare"
    BROKEN = "broken"
    RETIRED = "retired"


class Site(SQLModel, table=True):
    """A data centre, or a hall of one."""

    id: int | None = identity()
    name: str = Field(unique=True)
    address: str = ""


class Rack(SQLModel, table=True):
    """A cabinet. Units are counted from the bottom, from 1."""

    __table_args__ = (
        UniqueConstraint("site_id", "name", name="uq_rack_site_name"),
        CheckConstraint(f"height_u BETWEEN 1 AND {MAX_RACK_UNITS}", name="height_known"),
    )

    id: int | None = identity()
    site_id: int = reference("site")
    name: str
    height_u: int = 42


class RackPosition(SQLModel, table=True):
    """What occupies which units of a rack: a server, a switch, or anything else by its label.

    The database refuses two things on the same unit and things that stick out of the rack, and writes a
    server's place into its `site` and `rack`.
    """

    __tablename__ = "rack_position"
    __table_args__ = (
        CheckConstraint("bottom_u >= 1 AND units BETWEEN 1 AND 60", name="units_positive"),
        CheckConstraint("num_nonnulls(server_id, switch_id, label) = 1", name="one_occupant"),
        UniqueConstraint("server_id", name="uq_rack_position_server"),
        UniqueConstraint("switch_id", name="uq_rack_position_switch"),
        # The first range stands for "rack_id =" without an extension.
        ExcludeConstraint(
            (text("int8range(rack_id, rack_id, '[]')"), "&&"),
            (text("int4range(bottom_u, bottom_u + units)"), "&&"),
            name="ex_rack_position_units",
            using="gist",
        ),
    )

    id: int | None = identity()
    rack_id: int = reference("rack", index=True)
    bottom_u: int
    units: int = 1
    server_id: int | None = reference("server", nullable=True)
    switch_id: int | None = reference("switch", nullable=True)
    label: str | None = None


class Part(SQLModel, table=True):
    """One piece of hardware that can be taken out, known by its serial number or WWN."""

    __table_args__ = (
        one_of("kind", PartKind),
        one_of("status", PartStatus),
        CheckConstraint(
            "(status IN ('installed', 'missing')) = (server_id IS NOT NULL)", name="installed_in_server"
        ),
        CheckConstraint("size_bytes >= 0", name="size_not_negative"),
        # One thing is in one place: the same serial number cannot be on record twice.
        Index(
            "uq_part_serial", "kind", text("lower(serial)"), unique=True,
            postgresql_where=text("serial IS NOT NULL AND status <> 'retired'"),
        ),
        Index(
            "uq_part_wwn", text("lower(wwn)"), unique=True,
            postgresql_where=text("wwn IS NOT NULL AND status <> 'retired'"),
        ),
        Index("ix_part_serial_begins", text("lower(serial) text_pattern_ops")),
        Index("ix_part_wwn_begins", text("lower(wwn) text_pattern_ops")),
        Index("ix_part_model_begins", text("lower(model) text_pattern_ops")),
        Index("ix_part_server", "server_id"),
        Index("ix_part_status", "status", "kind", "id"),
    )  # fmt: skip

    id: int | None = identity()
    kind: str
    serial: str | None = None
    wwn: str | None = None
    model: str = ""
    size_bytes: int | None = Field(default=None, sa_column=Column(BigInteger))
    slot: str = ""
    firmware: str = ""
    server_id: int | None = reference("server", nullable=True)
    status: str = PartStatus.SPARE
    note: str = ""
    added_at: dt.datetime = moment(default_now=True)
    seen_at: dt.datetime | None = moment()


class Inspection(SQLModel, table=True):
    """What a machine said it is made of, and how that differs from what is on record. Rows are only added."""

    __table_args__ = (Index("ix_inspection_server", "server_id", "id"),)

    id: int | None = identity()
    server_id: int = reference("server")
    job_id: int | None = reference("hardware_job", nullable=True)
    at: dt.datetime = moment(default_now=True)
    found: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    differences: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    why_partial: str = ""
    """What the machine did not tell, by a code; empty when it told everything."""


class CleaningKind(StrEnum):
    RETURN = "return"
    INTAKE = "intake"


class CleaningStepName(StrEnum):
    """What a machine must have behind it before it may be let (again)."""

    ADDRESSES = "addresses"
    REVERSE_DNS = "reverse_dns"
    BMC_USERS = "bmc_users"
    BMC_PASSWORD = "bmc_password"  # noqa: S105 (the name of a step)
    BMC_ACCESS = "bmc_access"
    SETTINGS = "settings"
    DISK = "disk"
    FIRMWARE = "firmware"
    INVENTORY = "inventory"
    BURN_IN = "burn_in"


class EvidenceResult(StrEnum):
    GOOD = "good"
    BAD = "bad"
    OPEN = "open"
    """A program has looked and cannot tell: a person decides."""


class Cleaning(SQLModel, table=True):
    """One way of one machine back to stock, or into it. `expected`: what was ordered, at intake."""

    __table_args__ = (
        one_of("kind", CleaningKind),
        CheckConstraint("outcome IN ('verified', 'failed', 'given_up')", name="outcome_known"),
        CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="outcome_when_finished"),
        Index("uq_cleaning_open", "server_id", unique=True, postgresql_where=text("finished_at IS NULL")),
        Index("ix_cleaning_server", "server_id", "id"),
        Index(
            "ix_cleaning_order_begins",
            text("lower(order_ref) text_pattern_ops"),
            postgresql_where=text("order_ref <> ''"),
        ),
    )

    id: int | None = identity()
    server_id: int = reference("server")
    kind: str
    order_ref: str = ""
    expected: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    events_before: list[int] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True)
    )
    """The critical records of the BMC's event log when the burn-in began; None: it did not, or there is no log."""
    started_at: dt.datetime = moment(default_now=True)
    started_by: str
    finished_at: dt.datetime | None = moment()
    outcome: str | None = None


class CleaningStep(SQLModel, table=True):
    """Something of a cleaning that needs evidence; a disk is named by its serial number."""

    __tablename__ = "cleaning_step"
    __table_args__ = (
        one_of("name", CleaningStepName),
        UniqueConstraint("cleaning_id", "name", "subject", name="uq_cleaning_step_subject"),
    )

    id: int | None = identity()
    cleaning_id: int = reference("cleaning")
    name: str
    subject: str = ""


class CleaningEvidence(SQLModel, table=True):
    """Who found what about a step, when and how. Rows are only added; the newest one of a step counts."""

    __tablename__ = "cleaning_evidence"
    __table_args__ = (
        one_of("result", EvidenceResult),
        CheckConstraint("job_id IS NOT NULL OR (actor_id IS NOT NULL AND note <> '')", name="has_witness"),
        Index("ix_cleaning_evidence_step", "step_id", "id"),
    )

    id: int | None = identity()
    step_id: int = reference("cleaning_step")
    at: dt.datetime = moment(default_now=True)
    result: str
    method: str
    """How, by a code: nvme_format, ata_secure_erase, overwrite, destroyed, read_by_bmc, confirmed …"""
    note: str = ""
    facts: dict[str, Any] = document()
    actor_id: int | None = reference("person", nullable=True)
    actor_name: str
    job_id: int | None = reference("hardware_job", nullable=True)


class BmcRotation(SQLModel, table=True):
    """A new sign-in on its way to a BMC: kept, sealed, before it is sent; gone when it was proved."""

    __tablename__ = "bmc_rotation"

    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), primary_key=True))
    job_id: int = reference("hardware_job")
    username: str
    password: bytes
    begun_at: dt.datetime = moment(default_now=True)
    sent_at: dt.datetime | None = moment()
