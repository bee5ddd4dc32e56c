"""PDFs of documents: what they say in three languages, who gets them, and that a failing one harms nothing."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal

import pytest
from pypdf import PdfReader
from sqlalchemy.exc import DBAPIError

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing import calendar, documents, invoices
from opsportal.domain.billing.documents import NewLine
from opsportal.domain.billing.taxes import REASONS, TaxDecision
from opsportal.domain.documents import copies
from opsportal.domain.refusals import NotFound
from opsportal.integrations.documents import RenderingError, render_invoice
from opsportal.locale import gettext
from opsportal.models import Company, DocumentKind, Invoice, InvoicePdf, Role, TaxScheme
from tests.builders import make_actor, make_company
from tests.integration.billing.conftest import books
from tests.integration.billing.money import ask, balance, bill, fund, pay
from workers import documents as worker

__all__ = ["books"]

pytestmark = pytest.mark.usefixtures("books")

DAY = dt.date(2026, 12, 5)
HOSTILE = '#set page(width: 1pt) $x$ *bold* <script> "quoted" \\ #read("/etc/passwd")'


def issue(company: Company, *lines: NewLine, rate_bp: int = 2100) -> Invoice:
    tax = TaxDecision(TaxScheme.DOMESTIC, rate_bp, "CZ", REASONS["domestic"])
    with unit_of_work() as unit, calendar.as_of(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)):
        return documents.issue(
            unit,
            company=unit.get_one(Company, company.id),
            kind=DocumentKind.INVOICE,
            lines=lines,
            currency=company.currency,
            tax=tax,
            due_on=DAY,
        )


def line(net: int, *, name: str = "kyiv-db-01", quantity: int = 1, rate_bp: int | None = None) -> NewLine:
    return NewLine(
        "{plan}: {name}",
        net,
        {"plan": "EPYC · 128 GB", "name": name},
        quantity=quantity,
        unit="month",
        period_start=DAY,
        period_end=dt.date(2027, 1, 5),
        tax_rate_bp=rate_bp,
    )


def text_of(invoice: Invoice) -> str:
    with unit_of_work() as unit:
        sheet, issued_at = copies.sheet_of(unit, invoice.id or 0)
    pdf = PdfReader(io.BytesIO(render_invoice(sheet, made_at=issued_at)))
    return " ".join("\n".join(page.extract_text() for page in pdf.pages).split())


WORDS = {
    "en": ("Invoice", "Issued on 22 Nov 2026", "Due on 5 Dec 2026", "1 month", "€107.69"),
    "uk": ("Рахунок", "Виставлено 22 лист. 2026 р.", "Сплатити до 5 груд. 2026 р.", "1 місяць", "107,69 EUR"),
    "es": ("Factura", "Fecha de emisión 22 nov 2026", "Vencimiento 5 dic 2026", "1 mes", "107,69 €"),
}


@pytest.mark.parametrize("locale", list(WORDS))
def test_a_document_speaks_the_language_of_its_company(locale: str) -> None:
    company = make_company(locale=locale, name="Компанія Ñandú")
    said = text_of(issue(company, line(8900)))
    for words in WORDS[locale]:
        assert words in said
    assert "Компанія Ñandú" in said
    assert "EPYC · 128 GB: kyiv-db-01" in said
    assert gettext(locale, REASONS["domestic"]) in said
    assert "{" not in said


def test_the_arithmetic_that_is_printed_is_the_one_that_was_computed() -> None:
    company = make_company()
    invoice = issue(
        company, line(8999, quantity=3), line(333, name="a"), line(335, name="b"), line(1050, rate_bp=0)
    )
    said = text_of(invoice)
    amounts = [Decimal(found.replace(",", "")) for found in re.findall(r"€([\d,]+\.\d\d)", said)]
    unit_and_net = [
        (Decimal(u), Decimal(n)) for u, n in re.findall(r"months? €([\d.]+) \d+% €([\d.]+)", said)
    ]
    assert unit_and_net == [
        (Decimal("89.99"), Decimal("269.97")),
        (Decimal("3.33"), Decimal("3.33")),
        (Decimal("3.35"), Decimal("3.35")),
        (Decimal("10.50"), Decimal("10.50")),
    ]
    # Tax on the sum of the lines of a rate, rounded once: 276.65 x 21 % = 58.0965.
    assert "Tax 0% on €10.50 €0.00 Tax 21% on €276.65 €58.10" in said
    assert amounts[-1] == Decimal("345.25") == Decimal(invoice.total_minor).scaleb(-2)
    assert sum(net for _, net in unit_and_net) + Decimal("58.10") == amounts[-1]


@pytest.mark.parametrize(
    ("currency", "minor", "shown"), [("JPY", 1234, "JP¥1,234"), ("KWD", 1234, "KWD1.234")]
)
def test_currencies_with_no_or_three_decimals(currency: str, minor: int, shown: str) -> None:
    said = text_of(issue(make_company(currency=currency), line(minor), rate_bp=0))
    assert f"Total {shown}" in said.replace("\u00a0", " ")


def test_what_customers_write_is_never_markup() -> None:
    company = make_company(name=HOSTILE)
    said = text_of(issue(company, line(100, name=HOSTILE)))
    assert said.count(HOSTILE) == 2
    assert "root:" not in said


def test_same_document_same_bytes_and_an_archival_format() -> None:
    invoice = issue(make_company(), line(100))
    with unit_of_work() as unit:
        sheet, issued_at = copies.sheet_of(unit, invoice.id or 0)
    first = render_invoice(sheet, made_at=issued_at)
    assert render_invoice(sheet, made_at=issued_at) == first
    assert b"<pdfaid:part>3</pdfaid:part>" in first
    fonts = {
        font.get_object()["/BaseFont"].split("+")[-1]
        for font in PdfReader(io.BytesIO(first)).pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    assert {font.removesuffix("-Identity-H") for font in fonts} == {"Inter-Regular", "Inter-SemiBold"}


def test_many_lines_make_many_pages_with_the_heading_on_each() -> None:
    invoice = issue(make_company(), *(line(100 + n, name=f"node-{n:03d}") for n in range(90)))
    with unit_of_work() as unit:
        sheet, issued_at = copies.sheet_of(unit, invoice.id or 0)
    pages = [
        page.extract_text() for page in PdfReader(io.BytesIO(render_invoice(sheet, made_at=issued_at))).pages
    ]
    assert len(pages) > 2
    assert all("Unit price" in page for page in pages[:-1])
    assert all(any(f"node-{n:03d}" in page for page in pages) for n in range(90))


def test_worker_makes_what_was_issued_once_and_it_stays() -> None:
    company = make_company()
    invoice = bill(company, 8900)
    worker.make_missing()
    with unit_of_work() as unit:
        kept = unit.get_one(InvoicePdf, invoice.id).content
        assert copies.keep_copy(unit, invoice.id or 0, b"another") == kept
        assert copies.list_due(unit, limit=10) == []
    assert kept is not None
    assert kept.startswith(b"%PDF-1.7")
    with pytest.raises(DBAPIError, match="invoice_pdf"), unit_of_work() as unit:
        unit.get_one(InvoicePdf, invoice.id).content = b"another"


def test_a_pdf_that_fails_undoes_nothing_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    company = make_company()
    invoice = bill(company, 8900)
    fund(company, 10_000)
    pay(make_actor(company=company), invoice)

    def fail(*_: object, **__: object) -> bytes:
        raise RenderingError("no")

    monkeypatch.setattr(worker, "render_invoice", fail)
    worker.make_missing()
    assert balance(company).cash_minor == 1_100
    # (a second document, that of the added funds, waits too)
    query = "SELECT attempts, content IS NULL, due_at > now() FROM invoice_pdf WHERE invoice_id = :id"
    assert ask(query, id=invoice.id) == [(1, True, True)]
    monkeypatch.undo()
    ask("UPDATE invoice_pdf SET due_at = now() WHERE content IS NULL RETURNING 1")
    worker.make_missing()
    assert ask(query.replace("attempts, ", ""), id=invoice.id) == [(False, False)]


def found_by(actor: Actor, invoice: Invoice) -> str:
    with unit_of_work() as unit:
        return copies.find_copy(unit, actor, invoice.id or 0)[0]


def test_a_document_is_there_for_its_company_and_for_finance_only() -> None:
    company = make_company()
    invoice = bill(company, 100)
    assert found_by(make_actor(company=company), invoice) == invoice.number
    assert found_by(make_actor(role=Role.OPERATOR), invoice) == invoice.number
    with pytest.raises(NotFound):
        found_by(make_actor(company=make_company()), invoice)


def test_a_paid_document_is_printed_as_it_was_issued() -> None:
    company = make_company()
    invoice = bill(company, 8900)
    before = text_of(invoice)
    fund(company, 8900)
    pay(make_actor(company=company), invoice)
    with unit_of_work() as unit:
        paid = invoices.get_invoice(make_actor(company=company), unit, invoice.id or 0).invoice
    assert text_of(paid) == before
