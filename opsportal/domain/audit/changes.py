"""When objects took the steps of their state machines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.models import StatusChange


def list_changes(unit: Unit, machine: str, object_ids: Sequence[int]) -> dict[int, list[StatusChange]]:
    """By object: its steps, oldest first. The caller may see these objects."""
    found: dict[int, list[StatusChange]] = defaultdict(list)
    if not object_ids:
        return found
    query = select(StatusChange).where(
        col(StatusChange.machine) == machine, col(StatusChange.object_id).in_(object_ids)
    )
    for change in unit.exec(query.order_by(col(StatusChange.id))):
        found[change.object_id].append(change)
    return found
