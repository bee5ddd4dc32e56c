"""PDFs a second: an invoice of twenty lines by our template, beside reportlab drawing the same table."""

from __future__ import annotations

import datetime as dt
import io
import statistics
import time
from collections.abc import Callable

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from opsportal.domain.billing.invoice_lists import InvoiceDetail, PaymentState
from opsportal.domain.documents.printed import printed
from opsportal.integrations.documents import render_invoice
from opsportal.models import Company, Invoice, InvoiceLine, InvoiceTax

LINES = 20
ROUNDS, PER_ROUND = 5, 20
NET = 8900


def run() -> list[dict[str, object]]:
    """Each document another one, as in a night's run; the median of some rounds in turn."""
    details = [_detail(number) for number in range(ROUNDS * PER_ROUND)]
    _ours(details[0])  # fonts are read once
    _theirs(details[0])
    ours, theirs = [], []
    for start in range(0, len(details), PER_ROUND):
        batch = details[start : start + PER_ROUND]
        ours.append(_rate(_ours, batch))
        theirs.append(_rate(_theirs, batch))
    value, peer_value = statistics.median(ours), statistics.median(theirs)
    return [
        {
            "name": "invoice_pdf",
            "value": round(value, 1),
            "unit": "PDFs/s",
            "peer": "reportlab platypus: the same lines in Helvetica, which has no Cyrillic; no PDF/A",
            "peer_value": round(peer_value, 1),
            "ratio": round(value / peer_value, 2),
        }
    ]


def _rate(make: Callable[[InvoiceDetail], bytes], batch: list[InvoiceDetail]) -> float:
    began = time.perf_counter()
    for detail in batch:
        if not make(detail).startswith(b"%PDF-"):
            raise RuntimeError("that is no PDF")
    return len(batch) / (time.perf_counter() - began)


def _detail(number: int) -> InvoiceDetail:
    day = dt.date(2026, 12, 5)
    net = LINES * (NET + number)
    tax = net * 21 // 100
    invoice = Invoice(
        id=number, company_id=1, kind="invoice", status="issued", number=f"INV-2026-{number:06d}",
        currency="EUR", net_minor=net, tax_minor=tax, total_minor=net + tax, tax_scheme="domestic",
        tax_reason_msgid="Domestic VAT.", issued_on=dt.date(2026, 11, 22), due_on=day,
        issued_at=dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), locale="en",
        seller={"name": "Seller", "address": "Street 1, Praha", "country": "CZ", "tax_id": "CZ12345678"},
        buyer={"name": f"Buyer {number}", "street": "Street 2", "city": "Praha", "country": "CZ"},
    )  # fmt: skip
    lines = [
        InvoiceLine(
            invoice_id=number, position=position, text_msgid="{plan}: {name}",
            params={"plan": "EPYC · 128 GB", "name": f"node-{number}-{position}"}, period_start=day,
            period_end=dt.date(2027, 1, 5), quantity=1, unit="month", unit_price_minor=NET + number,
            net_minor=NET + number, tax_rate_bp=2100,
        )
        for position in range(1, LINES + 1)
    ]  # fmt: skip
    taxes = [InvoiceTax(invoice_id=number, rate_bp=2100, net_minor=net, tax_minor=tax)]
    return InvoiceDetail(invoice, Company(name="Buyer"), PaymentState.PENDING, lines, taxes, None, [], None)


def _ours(detail: InvoiceDetail) -> bytes:
    assert detail.invoice.issued_at is not None
    return render_invoice(printed(detail), made_at=detail.invoice.issued_at)


def _theirs(detail: InvoiceDetail) -> bytes:
    sheet, styles, out = printed(detail), getSampleStyleSheet(), io.BytesIO()
    names = ("text", "quantity", "unit_price", "tax", "net")
    rows = [sheet["columns"], *([line[name] for name in names] for line in sheet["lines"])]
    parties = [[party["name"], *party["lines"]] for party in (sheet["seller"], sheet["buyer"])]
    table = Table(rows, repeatRows=1, style=TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.grey)]))
    SimpleDocTemplate(out, pagesize=A4).build(
        [
            Paragraph(f"{sheet['title']} {sheet['number']}", styles["Title"]),
            *(Paragraph("<br/>".join(lines), styles["Normal"]) for lines in parties),
            Spacer(1, 20),
            table,
            Table([*sheet["sums"], sheet["total"]]),
            *(Paragraph(note, styles["Normal"]) for note in sheet["notes"]),
        ]
    )
    return out.getvalue()
