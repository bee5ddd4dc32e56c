"""What a machine said about itself: kept, and compared with the record and with what was ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.hardware import letters
from opsportal.domain.inventory import cleanings, hardware_record, parts
from opsportal.domain.inventory.comparison import SeenPart, differences
from opsportal.domain.inventory.order_lines import Ordered, against_order
from opsportal.models import Inspection, Server


@dataclass(frozen=True, slots=True)
class Verdict:
    """`is_whole`: the machine told of every kind that is on record or was ordered, so the comparison proves."""

    inspection: Inspection
    is_whole: bool
    is_intake: bool = False
    """The machine is compared with its order."""

    @property
    def differences(self) -> list[dict[str, str]]:
        return self.inspection.differences


def keep(
    unit: Unit, job_id: int, server_id: int, seen: Sequence[SeenPart], *, why_partial: str = ""
) -> Verdict:
    """Compare and write down. The first inspection of a machine without an order makes its record; of parts that
    are missing later the desk is told."""
    record = [parts.seen_as(part) for part in parts.parts_of(unit, server_id)]
    cleaning = cleanings.find_cleaning(unit, server_id)
    is_open = cleaning is not None and cleaning.finished_at is None
    ordered = [Ordered(**line) for line in cleaning.expected] if cleaning and is_open else []
    found = differences(record, seen) if record else []
    found += against_order(ordered, seen)
    inspection = parts.record_inspection(
        unit, server_id, seen, [difference.asdict() for difference in found], job_id=job_id,
        why_partial=why_partial,
    )  # fmt: skip
    hardware_record.name_model(unit, server_id, seen)
    if missing := [difference.name for difference in found if difference.what == "missing"]:
        letters.tell_of_missing_parts(unit, unit.get_one(Server, server_id), inspection.id or 0, missing)
    kinds = {part.kind for part in record} | {line.kind for line in ordered}
    is_whole = bool(seen) and kinds <= {part.kind for part in seen} and not why_partial
    return Verdict(inspection, is_whole, is_intake=bool(ordered))
