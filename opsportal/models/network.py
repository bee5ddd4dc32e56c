"""Prefixes, the addresses handed out of them, and what reverse DNS is to say about each."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import CIDR, INET, ExcludeConstraint
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of
from opsportal.models.hardware import Server

Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class ReverseStatus(StrEnum):
    """How far a reverse record has come from what is wanted to what the name server says."""

    WANTED = "wanted"
    WRITTEN = "written"
    VISIBLE = "visible"
    FAILED = "failed"
    GONE = "gone"


class Forward(StrEnum):
    """Whether the name that an address has leads back to the address (RFC 1912, 2.1)."""

    UNKNOWN = "unknown"
    MATCHES = "matches"
    DIFFERS = "differs"
    MISSING = "missing"


class Prefix(SQLModel, table=True):
    """A network of ours. IPv4 is handed out address by address, IPv6 by networks of 64 bits.

    The gateway is an address of the prefix, or link-local with IPv6.
    """

    __table_args__ = (
        CheckConstraint(
            "family(gateway) = family(cidr) AND (gateway << cidr OR gateway <<= inet 'fe80::/10')",
            name="gateway_reachable",
        ),
        CheckConstraint("family(cidr) = 4 OR masklen(cidr) <= 64", name="holds_networks_of_64"),
        CheckConstraint("quarantine_hours BETWEEN 0 AND 8760", name="quarantine_within_a_year"),
        ExcludeConstraint(
            (text("cidr inet_ops"), "&&"),
            name="ex_prefix_no_overlap",
            using="gist",
            where=text("removed_at IS NULL"),
        ),
    )

    id: int | None = identity()
    cidr: Network = Field(sa_column=Column(CIDR, nullable=False))
    gateway: Ip = Field(sa_column=Column(INET, nullable=False))
    site: str
    quarantine_hours: int = 168
    """How long an address rests after it was given back: long enough for what others remember of it to fade."""
    removed_at: dt.datetime | None = moment()
    """Since when it is history: who had its addresses stays known, and its networks may be entered anew."""


class Address(SQLModel, table=True):
    """One use of an address (or of a network of 64 bits) by a server. Rows are the history: they stay.

    It is assigned while `released_at` is null, and rests until `held_until` after that. That no two uses
    overlap in time, resting included, is a constraint; a trigger keeps it inside its prefix, off the
    prefix's own addresses, and lets a rest never be cut short.
    """

    __table_args__ = (
        CheckConstraint("(released_at IS NULL) = (held_until IS NULL)", name="held_once_released"),
        CheckConstraint("held_until >= released_at AND released_at >= valid_from", name="in_order"),
        CheckConstraint(
            "masklen(network) = CASE family(network) WHEN 4 THEN 32 ELSE 64 END", name="handed_out_whole"
        ),
        ExcludeConstraint(
            (text("network inet_ops"), "&&"),
            (text("tstzrange(valid_from, held_until)"), "&&"),
            name="ex_address_one_use_at_a_time",
            using="gist",
        ),
        Index("ix_address_server", "server_id", "id"),
        Index("ix_address_service", "service_id"),
        Index("ix_address_prefix", "prefix_id"),
        Index(
            "uq_address_main",
            "server_id",
            text("family(network)"),
            unique=True,
            postgresql_where=text("is_main AND released_at IS NULL"),
        ),
    )

    id: int | None = identity()
    prefix_id: int = Field(sa_column=Column(BigInteger, ForeignKey("prefix.id"), nullable=False))
    network: Network = Field(sa_column=Column(CIDR, nullable=False))
    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), nullable=False))
    service_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("service.id")))
    """Null: the server stood in stock."""
    is_main: bool = False
    valid_from: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    released_at: dt.datetime | None = moment()
    held_until: dt.datetime | None = moment()


class ReverseRecord(SQLModel, table=True):
    """What the PTR record of one address is to be, and how far that has come.

    `name` is lower-case ASCII without a final dot (IDNA: A-labels); empty means that there is to be none.
    Once a removal is confirmed the row is history; a later name is a row of its own.
    `version` grows with every change of what is wanted, so that a worker's news of an older one is dropped.
    """

    __tablename__ = "reverse_record"
    __table_args__ = (
        one_of("status", ReverseStatus),
        one_of("forward", Forward),
        CheckConstraint("name ~ '^[a-z0-9.-]*$' AND length(name) <= 253", name="name_ascii"),
        CheckConstraint(
            "(status IN ('wanted', 'written')) = (next_attempt_at IS NOT NULL)", name="waiting_has_time"
        ),
        Index(
            "ix_reverse_record_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")
        ),
        Index(
            "ix_reverse_record_forward", "forward_due_at", postgresql_where=text("forward_due_at IS NOT NULL")
        ),
        Index("ix_reverse_record_address", "address_id"),
        Index("ix_reverse_record_name_begins", text("name text_pattern_ops")),
        Index("uq_reverse_record_ip", "ip", unique=True, postgresql_where=text("status <> 'gone'")),
        CheckConstraint(
            "status NOT IN ('visible', 'gone') OR (status = 'gone') = (name = '')", name="gone_is_empty"
        ),
    )

    id: int | None = identity()
    ip: Ip = Field(sa_column=Column(INET, nullable=False))
    address_id: int = Field(sa_column=Column(BigInteger, ForeignKey("address.id"), nullable=False))
    name: str = ""
    status: str = ReverseStatus.WANTED
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    wanted_at: dt.datetime = moment(default_now=True)
    attempts: int = 0
    next_attempt_at: dt.datetime | None = moment()
    error_code: str | None = None
    written_at: dt.datetime | None = moment()
    visible_at: dt.datetime | None = moment()
    forward: str = Forward.UNKNOWN
    forward_due_at: dt.datetime | None = moment()


# A MAC address is one whatever the case of its letters.
Index("uq_server_mac_any_case", text("lower(mac)"), unique=True, _table=Server.__table__)  # type: ignore[attr-defined]
