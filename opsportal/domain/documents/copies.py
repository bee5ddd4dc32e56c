"""The kept PDFs of documents: which are still to be made, and keeping one when it is made.

Making one is no part of any other transaction, so a PDF that fails undoes nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, access_invoice_for
from opsportal.domain.billing import invoice_lists
from opsportal.domain.documents.printed import printed
from opsportal.domain.refusals import NotFound
from opsportal.models import Invoice, InvoicePdf, InvoiceStatus
from opsportal.models.base import utcnow

LONGEST_PAUSE_S = 3_600
Sheet = tuple[dict[str, Any], dt.datetime]
"""What is to be printed, and the moment of issue that the PDF carries."""


def find_copy(unit: Unit, actor: Actor, invoice_id: int) -> tuple[str, bytes | None]:
    """A document's number and its PDF if there is one yet. Raises `NotFound` like the document itself."""
    invoice = access_invoice_for(actor, unit, invoice_id)
    if invoice.status == InvoiceStatus.DRAFT:
        raise NotFound
    copy = unit.get(InvoicePdf, invoice_id)
    return invoice.number or "", copy.content if copy else None


def sheet_of(unit: Unit, invoice_id: int) -> Sheet:
    """What a document prints, for the printer; whoever asks for it was let in before."""
    detail = invoice_lists.detail_of(unit, unit.get_one(Invoice, invoice_id))
    assert detail.invoice.issued_at is not None
    return printed(detail), detail.invoice.issued_at


def keep_copy(unit: Unit, invoice_id: int, content: bytes) -> bytes:
    """Keep a PDF. The first one stands, whoever made another meanwhile; returns the one that stands."""
    unit.execute(insert(InvoicePdf).values(_empty(invoice_id)).on_conflict_do_nothing())
    copy = unit.get_one(InvoicePdf, invoice_id, with_for_update=True, populate_existing=True)
    if copy.content is None:
        copy.content, copy.made_at = content, utcnow()
        unit.add(copy)
        unit.flush()
    return copy.content


def list_due(unit: Unit, *, limit: int) -> list[int]:
    """Documents whose PDF is still to be made, the longest waiting first."""
    query = select(InvoicePdf.invoice_id).where(
        col(InvoicePdf.content).is_(None), col(InvoicePdf.due_at) <= func.now()
    )
    return list(unit.exec(query.order_by(col(InvoicePdf.due_at)).limit(limit)))


def put_off(unit: Unit, invoice_id: int) -> None:
    """It did not succeed: try again later, ever more seldom."""
    copy = unit.get_one(InvoicePdf, invoice_id, with_for_update=True, populate_existing=True)
    if copy.content is None:
        copy.attempts += 1
        pause = min(2**copy.attempts * 10, LONGEST_PAUSE_S)
        copy.due_at = utcnow() + dt.timedelta(seconds=pause)
        unit.add(copy)


def _empty(invoice_id: int) -> dict[str, Any]:
    return InvoicePdf(invoice_id=invoice_id).model_dump()
