"""Why a machine became faulty: a person's words, or the step of its cleaning that had bad evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.inventory import cleanings
from opsportal.models import StatusChange, StockStatus


@dataclass(frozen=True, slots=True)
class Reason:
    """`step` is empty for a person's words; else these are a note, or the code of a method."""

    step: str
    subject: str
    words: str


def reasons_of(unit: Unit, changes: Mapping[int, Sequence[StatusChange]]) -> dict[int, Reason]:
    """By change: why it was made. Needs all changes of each of these servers, by server and in their order."""
    failures = cleanings.list_failures(unit, list(changes))
    found: dict[int, Reason] = {}
    for server_id, steps in changes.items():
        ends = iter(failures[server_id])
        for step in steps:
            is_end = (step.from_status, step.to_status) == (StockStatus.CLEANING, StockStatus.FAULTY)
            bad = next(ends, None) if is_end else None
            found[step.id or 0] = (
                Reason(bad[0].name, bad[0].subject, bad[1].note or bad[1].method)
                if bad
                else Reason("", "", step.reason)
            )
    return found
