"""How much traffic a plan includes, what happens beyond it, and what has happened in each billing cycle."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from opsportal.models.base import identity, moment, one_of


class Counted(StrEnum):
    """Which traffic uses up what a plan includes; from the server's side."""

    BOTH = "both"
    IN = "in"
    OUT = "out"
    LARGER = "larger"


class TrafficAction(StrEnum):
    """What happens when everything that was included is used."""

    NOTIFY = "notify"
    BILL = "bill"
    LIMIT = "limit"
    BLOCK = "block"


class AlertOutcome(StrEnum):
    """What has become of a step's action. A limit is set on the switch by a person, so it stays wanted until then."""

    SKIPPED = "skipped"
    """A higher step was reached at the same time, and that one's mail says it all."""
    MAILED = "mailed"
    EXEMPT = "exempt"
    WANTED = "wanted"
    DONE = "done"
    ENDED = "ended"
    """The cycle is over, and the block with it."""


class TrafficAllowance(SQLModel, table=True):
    """What a plan includes per billing cycle of one month. A plan without a row is not metered.

    Beyond it, with `bill`: the plan's TrafficPrice for every begun `unit_bytes`.
    """

    __tablename__ = "traffic_allowance"
    __table_args__ = (
        one_of("counted", Counted),
        one_of("action", TrafficAction),
        CheckConstraint("included_bytes > 0", name="something_included"),
        CheckConstraint("unit_bytes > 0", name="unit_not_empty"),
        CheckConstraint("(action = 'limit') = (limit_mbps IS NOT NULL)", name="limit_has_rate"),
    )

    plan_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("plan.id"), primary_key=True, autoincrement=False)
    )
    included_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    counted: str = Counted.BOTH
    action: str = TrafficAction.NOTIFY
    unit_bytes: int = Field(
        default=10**12, sa_column=Column(BigInteger, nullable=False, server_default=str(10**12))
    )
    limit_mbps: int | None = None
    in_force_since: dt.datetime = moment(default_now=True)
    """A cycle that ended before is not billed by these terms."""


class TrafficPrice(SQLModel, table=True):
    """What one begun unit beyond a plan's traffic costs, by currency. None on record: nothing is billed."""

    __tablename__ = "traffic_price"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso4217"),
    )

    plan_id: int = Field(
        sa_column=Column(
            BigInteger, ForeignKey("traffic_allowance.plan_id"), primary_key=True, autoincrement=False
        )
    )
    currency: str = Field(primary_key=True)
    price_minor: int = Field(sa_column=Column(BigInteger, nullable=False))


class TrafficExemption(SQLModel, table=True):
    """A service to which nothing happens however much it moves. Mails are written all the same."""

    __tablename__ = "traffic_exemption"

    service_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("service.id"), primary_key=True, autoincrement=False)
    )
    actor_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("person.id")))
    at: dt.datetime = moment(default_now=True)


class TrafficAlert(SQLModel, table=True):
    """A step of its plan's traffic that a service has reached in a cycle: once, whoever evaluates how often."""

    __tablename__ = "traffic_alert"
    __table_args__ = (
        UniqueConstraint("service_id", "cycle_start", "step", name="uq_traffic_alert_once"),
        Index(
            "ix_traffic_alert_open",
            "id",
            postgresql_where=text("action IN ('limit', 'block') AND outcome IN ('wanted', 'done')"),
        ),
        CheckConstraint("step IN (75, 90, 100)", name="step_known"),
        one_of("action", TrafficAction),
        one_of("outcome", AlertOutcome),
    )

    id: int | None = identity()
    service_id: int = Field(sa_column=Column(BigInteger, ForeignKey("service.id"), nullable=False))
    cycle_start: dt.date = Field(sa_column=Column(Date, nullable=False))
    step: int = Field(sa_column=Column(SmallInteger, nullable=False))
    used_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    included_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    action: str
    outcome: str
    job_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("hardware_job.id")))
    """The block that this step has caused."""
    at: dt.datetime = moment(default_now=True)


class TrafficOverage(SQLModel, table=True):
    """What a cycle that has ended went beyond its plan, and the invoice that charges it. Once a cycle."""

    __tablename__ = "traffic_overage"
    __table_args__ = (
        UniqueConstraint("service_id", "cycle_start", name="uq_traffic_overage_once"),
        CheckConstraint("cycle_end > cycle_start", name="cycle_not_empty"),
        CheckConstraint("used_bytes > included_bytes", name="beyond"),
        CheckConstraint("units > 0 AND amount_minor >= 0", name="amount_sensible"),
    )

    id: int | None = identity()
    service_id: int = Field(sa_column=Column(BigInteger, ForeignKey("service.id"), nullable=False))
    cycle_start: dt.date = Field(sa_column=Column(Date, nullable=False))
    cycle_end: dt.date = Field(sa_column=Column(Date, nullable=False))
    used_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    included_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    units: int = Field(sa_column=Column(BigInteger, nullable=False))
    amount_minor: int = Field(sa_column=Column(BigInteger, nullable=False))
    currency: str
    invoice_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("invoice.id")))
    at: dt.datetime = moment(default_now=True)
