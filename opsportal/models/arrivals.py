"""Machines before they are on record: what was ordered, and BMCs that were seen in a management network."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from opsportal.models.base import document, identity, moment, one_of, reference


class BmcKind(StrEnum):
    """By what a BMC was found."""

    IPMI = "ipmi"
    REDFISH = "redfish"


class HardwareOrder(SQLModel, table=True):
    """What was ordered, by its number. Each machine of it is to be made of `lines`."""

    __tablename__ = "hardware_order"
    __table_args__ = (
        Index("uq_hardware_order_ref", text("lower(ref)"), unique=True),
        CheckConstraint("machines BETWEEN 1 AND 1000", name="machines_bounded"),
    )

    id: int | None = identity()
    ref: str
    machines: int = 1
    lines: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    entered_at: dt.datetime = moment(default_now=True)
    actor_id: int = reference("person")
    actor_name: str


class BmcSweep(SQLModel, table=True):
    """One search of a management network for BMCs. The database lets one be under way at a time."""

    __tablename__ = "bmc_sweep"
    __table_args__ = (
        Index(
            "uq_bmc_sweep_open", text("(finished_at IS NULL)"), unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
    )  # fmt: skip

    id: int | None = identity()
    asked_for: str
    """The range, as it was written."""
    ipmi_ports: list[int] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    redfish_ports: list[int] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    doors: int
    """How many addresses and ports there are to knock at."""
    knocked: int = 0
    asked_at: dt.datetime = moment(default_now=True)
    actor_id: int = reference("person")
    actor_name: str
    seen_at: dt.datetime | None = moment()
    """When its worker was last heard of."""
    finished_at: dt.datetime | None = moment()
    error_code: str = ""


class BmcSighting(SQLModel, table=True):
    """Something that answered a search as a BMC does, before anybody has signed in. Nothing of it is believed."""

    __tablename__ = "bmc_sighting"
    __table_args__ = (
        one_of("kind", BmcKind),
        UniqueConstraint("sweep_id", "host", "port", "kind", name="uq_bmc_sighting_place"),
    )

    id: int | None = identity()
    sweep_id: int = reference("bmc_sweep")
    host: str
    port: int
    kind: str
    fingerprint: str = ""
    """SHA-256 of the certificate that a Redfish service showed."""
    facts: dict[str, Any] = document()
    at: dt.datetime = moment(default_now=True)
