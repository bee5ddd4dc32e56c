"""What every table shares: identity keys, aware times, and constraints with names."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, DateTime, ForeignKey, Identity, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def utcnow() -> dt.datetime:
    """Now, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def identity() -> Any:
    """A bigint primary key that the database allots."""
    return Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))


def moment(*, default_now: bool = False, index: bool = False) -> Any:
    """An aware point in time; null unless it defaults to now."""
    if default_now:
        return Field(
            default_factory=utcnow,
            sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now(), index=index),
        )
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True, index=index))


def one_of(column: str, values: type) -> CheckConstraint:
    """A check that a column holds one of an enum's values."""
    listed = ", ".join(f"'{member.value}'" for member in values)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def reference(table: str, *, nullable: bool = False, index: bool = False) -> Any:
    """The id of a row of another table."""
    column: Column[int] = Column(BigInteger, ForeignKey(f"{table}.id"), nullable=nullable, index=index)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def amount() -> Any:
    """Money in the currency's smallest unit; zero by default."""
    return Field(default=0, sa_column=Column(BigInteger, nullable=False))


def day(*, nullable: bool = False) -> Any:
    """A calendar day."""
    return (
        Field(default=None, sa_column=Column(Date))
        if nullable
        else Field(sa_column=Column(Date, nullable=False))
    )


def document() -> Any:
    """A small JSON object; empty by default."""
    return Field(default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default="{}"))
