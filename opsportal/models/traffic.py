"""Switches, their ports, who uses them since when, and what went through."""

from __future__ import annotations

import datetime as dt
from enum import IntFlag, StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of


class SnmpVersion(StrEnum):
    V2C = "2c"
    V3 = "3"


class GapCause(StrEnum):
    """Why nothing is known about some time; `flags` of samples say the same in bits."""

    SILENT = "silent"
    REBOOT = "reboot"
    TOO_FAST = "too_fast"
    AMBIGUOUS = "ambiguous"
    MISSING = "missing"


class SampleFlag(IntFlag):
    """What is to be said about a sample or a slot. A sample without MEASURED carries no bytes."""

    MEASURED = 1
    INTERPOLATED = 2
    """Exact over its whole interval; how it falls on the slots inside is an assumption."""
    WRAPPED = 4
    REBOOT = 8
    TOO_FAST = 16
    AMBIGUOUS = 32


class Switch(SQLModel, table=True):
    """A switch that is polled. Community and passwords are encrypted at rest."""

    __table_args__ = (
        one_of("snmp_version", SnmpVersion),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port_range"),
        CheckConstraint(
            "CASE snmp_version WHEN '3' THEN username IS NOT NULL ELSE community IS NOT NULL END",
            name="has_credentials",
        ),
    )

    id: int | None = identity()
    name: str = Field(unique=True)
    site: str
    host: str
    port: int = 161
    snmp_version: str = SnmpVersion.V2C
    community: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    username: str | None = None
    auth_protocol: str | None = None
    auth_password: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    priv_protocol: str | None = None
    priv_password: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    is_polled: bool = True
    write_community: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """What may write, kept apart from what may read; without any the switch is never written to."""
    write_username: str | None = None
    write_auth_protocol: str | None = None
    write_auth_password: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    write_priv_protocol: str | None = None
    write_priv_password: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class SwitchPoll(SQLModel, table=True):
    """How polling of a switch goes. Its row is locked while a sample is stored.

    `baseline` holds the last counters of all its ports, packed (domain/traffic/baselines.py): one row
    a switch is written per poll, not one a port.
    """

    __tablename__ = "switch_poll"

    switch_id: int = Field(sa_column=Column(BigInteger, ForeignKey("switch.id"), primary_key=True))
    due_at: dt.datetime = moment(default_now=True)
    last_attempt_at: dt.datetime | None = moment()
    last_sample_at: dt.datetime | None = moment()
    poll_ms: int | None = None
    error_code: str | None = None
    failed_since: dt.datetime | None = moment()
    discovered_at: dt.datetime | None = moment()
    table_changed_cs: int | None = Field(default=None, sa_column=Column(BigInteger))
    """ifTableLastChange at discovery; another value means that ifIndexes may have moved."""
    baseline: bytes = Field(
        default=b"", sa_column=Column(LargeBinary, nullable=False, server_default=text("''::bytea"))
    )


class SwitchCheck(SQLModel, table=True):
    """What a switch has said when a person had it asked: the newest question only."""

    __tablename__ = "switch_check"

    switch_id: int = Field(sa_column=Column(BigInteger, ForeignKey("switch.id"), primary_key=True))
    asked_at: dt.datetime = moment(default_now=True)
    answered_at: dt.datetime | None = moment()
    error_code: str | None = None
    """Why it gave no answer; null when it did."""
    sys_name: str = ""
    ports: int = 0
    write: str = ""
    """Whether it lets us set ports: allowed, refused, unclear, the code of an error, or "" without credentials."""


class SwitchGap(SQLModel, table=True):
    """A time in which a switch gave no sample. Open while `ended_at` is null."""

    __tablename__ = "switch_gap"
    __table_args__ = (
        one_of("cause", GapCause),
        Index("uq_switch_gap_open", "switch_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_switch_gap_switch", "switch_id", "id"),
    )

    id: int | None = identity()
    switch_id: int = Field(sa_column=Column(BigInteger, ForeignKey("switch.id"), nullable=False))
    started_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    ended_at: dt.datetime | None = moment()
    cause: str


class SwitchPort(SQLModel, table=True):
    """A port of a switch. It is its ifName; ifIndex is only where it was found last."""

    __tablename__ = "switch_port"
    __table_args__ = (
        UniqueConstraint("switch_id", "if_name", name="uq_switch_port_name"),
        CheckConstraint("counter_bits IN (32, 64)", name="counter_bits_known"),
        Index("ix_switch_port_if_name_begins", text("lower(if_name) text_pattern_ops")),
    )

    id: int | None = identity()
    switch_id: int = Field(sa_column=Column(BigInteger, ForeignKey("switch.id"), nullable=False))
    if_name: str
    if_index: int | None = Field(default=None, sa_column=Column(BigInteger))
    """Null while the switch has no such port."""
    speed_mbps: int | None = Field(default=None, sa_column=Column(BigInteger))
    """ifHighSpeed; null or 0 when the switch does not say."""
    counter_bits: int = Field(default=64, sa_column=Column(SmallInteger, nullable=False, server_default="64"))
    is_up: bool | None = None
    is_uplink: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    """It carries others' traffic: never switched, which the database sees to."""
    is_enabled: bool | None = None
    """ifAdminStatus when somebody looked last, at `looked_at`."""
    in_errors: int | None = Field(default=None, sa_column=Column(BigInteger))
    out_errors: int | None = Field(default=None, sa_column=Column(BigInteger))
    errors_at: dt.datetime | None = moment()
    """When the errors were read: every hour, and whenever the port is set."""
    looked_at: dt.datetime | None = moment()
    compacted_through: dt.datetime | None = moment()
    """Samples that end here or earlier are in traffic_day, each once."""


class PortLink(SQLModel, table=True):
    """Which server, and for which service, used a port from when to when. Half open, never overlapping."""

    __tablename__ = "port_link"
    __table_args__ = (
        CheckConstraint("valid_until > valid_from", name="not_empty"),
        # One port serves one server at a time; the first range stands for "port_id =" without an extension.
        ExcludeConstraint(
            (text("int8range(port_id, port_id, '[]')"), "&&"),
            (text("tstzrange(valid_from, valid_until)"), "&&"),
            name="ex_port_link_one_at_a_time",
            using="gist",
        ),
        Index("ix_port_link_service", "service_id"),
        Index("ix_port_link_server", "server_id"),
        Index("ix_port_link_port_now", "port_id", postgresql_where=text("valid_until IS NULL")),
    )

    id: int | None = identity()
    port_id: int = Field(sa_column=Column(BigInteger, ForeignKey("switch_port.id"), nullable=False))
    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), nullable=False))
    service_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("service.id")))
    """Null: the server stood in stock, its traffic is nobody's."""
    nic: str = Field(default="", sa_column=Column(String, nullable=False, server_default=text("''")))
    """Which interface of the server it is, as a person calls it; "" when nobody has said."""
    valid_from: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    valid_until: dt.datetime | None = moment()


class TrafficHot(SQLModel, table=True):
    """One sample of one port: what was counted in the `interval_ms` before `ts`, in the *switch's* words.

    Partitioned by UTC day and kept 48 hours. No foreign key: it would cost more than the insert.
    """

    __tablename__ = "traffic_hot"
    __table_args__ = ({"postgresql_partition_by": "RANGE (ts)"},)

    port_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    ts: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    in_bytes: int | None = Field(default=None, sa_column=Column(BigInteger))
    out_bytes: int | None = Field(default=None, sa_column=Column(BigInteger))
    interval_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    flags: int = Field(sa_column=Column(SmallInteger, nullable=False))


class TrafficDay(SQLModel, table=True):
    """One port's UTC day: sums, maxima, and its 288 five-minute slots packed (domain/traffic/packing.py)."""

    __tablename__ = "traffic_day"

    port_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("switch_port.id"), primary_key=True, autoincrement=False)
    )
    day: dt.date = Field(sa_column=Column(Date, primary_key=True))
    samples: int = Field(sa_column=Column(SmallInteger, nullable=False))
    """Slots that count as samples: at least half of their time was measured."""
    covered_s: int = Field(sa_column=Column(Integer, nullable=False))
    in_sum: int = Field(sa_column=Column(BigInteger, nullable=False))
    out_sum: int = Field(sa_column=Column(BigInteger, nullable=False))
    in_max_bps: int = Field(sa_column=Column(BigInteger, nullable=False))
    out_max_bps: int = Field(sa_column=Column(BigInteger, nullable=False))
    flags: int = Field(sa_column=Column(SmallInteger, nullable=False))
    slots: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
