"""Alembic environment: the database address comes from the settings, the schema from the models."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text
from sqlmodel import SQLModel

import opsportal.models  # noqa: F401  (registers every table)
from opsportal.db import engine

DATABASE_ONLY = frozenset({"journal_entry.written_in"})
"""Columns that triggers write and read; no model knows them."""


def _is_compared(item: object, name: str | None, kind: str, *_: object) -> bool:
    return kind != "column" or f"{item.table.name}.{name}" not in DATABASE_ONLY  # type: ignore[attr-defined]


with engine().connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        include_object=_is_compared,
    )
    with context.begin_transaction():
        # Two deployments that upgrade at once take turns; the second finds nothing left to do.
        connection.execute(text("SELECT pg_advisory_xact_lock(4207301)"))
        context.run_migrations()
