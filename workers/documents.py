"""PDFs of issued documents, made soon after the issue. One that fails holds up no other."""

from __future__ import annotations

import time

import structlog

from opsportal.db import unit_of_work
from opsportal.domain.documents import copies
from opsportal.integrations.documents import render_invoice

log = structlog.get_logger("documents")

SHIFT_S = 2.0
"""The rest is left to the next call: other recurring work waits on the same queue."""
AT_MOST = 200


def make_missing() -> None:
    """Make the PDFs that are due, as many as fit into a shift."""
    until = time.monotonic() + SHIFT_S
    with unit_of_work() as unit:
        due = copies.list_due(unit, limit=AT_MOST)
    for invoice_id in due:
        if time.monotonic() > until:
            return
        _make(invoice_id)


def _make(invoice_id: int) -> None:
    try:
        with unit_of_work() as unit:
            sheet, issued_at = copies.sheet_of(unit, invoice_id)
        content = render_invoice(sheet, made_at=issued_at)
        with unit_of_work() as unit:
            copies.keep_copy(unit, invoice_id, content)
    except Exception:
        log.exception("pdf_failed", invoice=invoice_id)
        with unit_of_work() as unit:
            copies.put_off(unit, invoice_id)
