"""What is known of a machine beyond its parts: description, sign-in data, health, blocks, orders to ports."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of, reference


class OrderStatus(StrEnum):
    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


def _list() -> Any:
    return Field(default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]"))


class ServerDetails(SQLModel, table=True):
    """A description for one tenancy: with `service_id` another than the server's it is somebody else's past."""

    __tablename__ = "server_details"
    __table_args__ = (CheckConstraint("length(description) <= 4000", name="description_short"),)

    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), primary_key=True))
    service_id: int | None = reference("service", nullable=True)
    description: str = ""
    updated_at: dt.datetime = moment(default_now=True)
    updated_by: str = ""


class ServerSignIn(SQLModel, table=True):
    """Data to sign in somewhere on a server, for one tenancy. The password is encrypted at rest."""

    __tablename__ = "server_sign_in"
    __table_args__ = (
        CheckConstraint("length(label) BETWEEN 1 AND 60", name="label_fits"),
        CheckConstraint("length(username) <= 120", name="username_fits"),
        Index("ix_server_sign_in_server", "server_id", "id"),
    )

    id: int | None = identity()
    server_id: int = reference("server")
    service_id: int | None = reference("service", nullable=True)
    label: str
    username: str = ""
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    updated_at: dt.datetime = moment(default_now=True)
    updated_by: str = ""


class ServerHealth(SQLModel, table=True):
    """What a server's BMC said last about sensors, power draw and events. `asking_since`: somebody asks now."""

    __tablename__ = "server_health"

    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), primary_key=True))
    asking_since: dt.datetime | None = moment()
    asked_at: dt.datetime | None = moment()
    error_code: str | None = None
    sensors: list[dict[str, Any]] = _list()
    sensors_code: str | None = None
    """Why there are not more sensors, or none: `Partial` or an error of `bmc`."""
    watts: int | None = None
    average_watts: int | None = None
    events: list[dict[str, Any]] = _list()
    events_total: int = 0
    events_code: str | None = None


class ServerLight(SQLModel, table=True):
    """The identify light of a server. `asking_since`: a click waits for its worker."""

    __tablename__ = "server_light"

    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), primary_key=True))
    asking_since: dt.datetime | None = moment()
    lit_until: dt.datetime | None = moment()
    error_code: str | None = None


class HealthSample(SQLModel, table=True):
    """Power draw and the hottest sensor at one time. A few days of them are kept."""

    __tablename__ = "health_sample"
    __table_args__ = (Index("ix_health_sample_server", "server_id", "id"),)

    id: int | None = identity()
    server_id: int = reference("server")
    at: dt.datetime = moment(default_now=True)
    watts: int | None = None
    hottest_c: float | None = None


class ServerBlock(SQLModel, table=True):
    """A server cut off from the network at its own switch port. In force from `blocked_at` to `ended_at`.

    One whose job never got there has no `blocked_at` and is history.
    """

    __tablename__ = "server_block"
    __table_args__ = (
        Index(
            "uq_server_block_in_force",
            "server_id",
            unique=True,
            postgresql_where=text("blocked_at IS NOT NULL AND ended_at IS NULL"),
        ),
        CheckConstraint("ended_at IS NULL OR blocked_at IS NOT NULL", name="ends_after_beginning"),
    )

    id: int | None = identity()
    server_id: int = reference("server", index=True)
    service_id: int | None = reference("service", nullable=True)
    port_id: int = reference("switch_port")
    job_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("hardware_job.id"), unique=True)
    )
    reason: str
    is_by_staff: bool
    is_with_power: bool
    """The server is switched off as well."""
    by_name: str
    requested_at: dt.datetime = moment(default_now=True)
    blocked_at: dt.datetime | None = moment()
    ended_at: dt.datetime | None = moment()
    ended_by: str | None = None


class PortOrder(SQLModel, table=True):
    """That a switch port is to be up or down. Nothing is ever written to a switch without such a row, and the
    database refuses one for an uplink (trigger `port_order_guard`)."""

    __tablename__ = "port_order"
    __table_args__ = (
        one_of("status", OrderStatus),
        Index("uq_port_order_active", "port_id", unique=True, postgresql_where=text("status = 'asked'")),
        Index("ix_port_order_port", "port_id", "id"),
    )

    id: int | None = identity()
    port_id: int = reference("switch_port")
    wants_up: bool
    job_id: int | None = reference("hardware_job", nullable=True)
    actor_id: int | None = reference("person", nullable=True)
    actor_name: str
    reason: str = ""
    status: str = OrderStatus.ASKED
    attempts: int = 0
    asked_at: dt.datetime = moment(default_now=True)
    due_at: dt.datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))
    ended_at: dt.datetime | None = moment()
    outcome_code: str | None = None
