"""What a document in a list is about: its first line, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.models import InvoiceLine


def first_lines(unit: Unit, invoice_ids: Sequence[int]) -> dict[int, tuple[InvoiceLine, int]]:
    """By document: its first line, and the number of lines after it. The caller may read these documents."""
    if not invoice_ids:
        return {}
    chosen = col(InvoiceLine.invoice_id).in_(invoice_ids)
    counted = unit.exec(
        select(InvoiceLine.invoice_id, func.count()).where(chosen).group_by(col(InvoiceLine.invoice_id))
    )
    more = {invoice_id: int(count) - 1 for invoice_id, count in counted}
    firsts = unit.exec(
        select(InvoiceLine)
        .where(chosen)
        .ext(distinct_on(col(InvoiceLine.invoice_id)))
        .order_by(col(InvoiceLine.invoice_id), col(InvoiceLine.position))
    )
    return {line.invoice_id: (line, more[line.invoice_id]) for line in firsts}
