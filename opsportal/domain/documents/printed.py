"""An issued document as data for its template: every text worded, every amount written.

Only what was fixed at the issue is printed, never the course of the payment: so a document looks
the same whenever its PDF is made.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from opsportal.domain.billing.invoice_lists import InvoiceDetail
from opsportal.domain.documents.wording import country, day, money, number, percent
from opsportal.locale import N_, gettext, ngettext
from opsportal.models import DocumentKind, Invoice, InvoiceLine, InvoiceTax
from opsportal.settings import settings

TITLES = {
    DocumentKind.INVOICE: N_("Invoice"),
    DocumentKind.TOPUP: N_("Invoice for added funds"),
    DocumentKind.CREDIT_NOTE: N_("Credit note"),
}


def quantity_text(unit: str, n: int, locale: str) -> str:
    """A quantity with its unit, in words; a number alone where the unit has no word."""
    match unit:
        case "hour":
            return ngettext(locale, "{n} hour", "{n} hours", n)
        case "month":
            return ngettext(locale, "{n} month", "{n} months", n)
        case "year":
            return ngettext(locale, "{n} year", "{n} years", n)
    return number(n, locale)


def printed(detail: InvoiceDetail) -> dict[str, Any]:
    """What the template shows of a document, in the document's own language."""
    invoice, locale = detail.invoice, detail.invoice.locale
    return {
        "lang": locale,
        "brand": settings().brand,
        "title": gettext(locale, TITLES[DocumentKind(invoice.kind)]),
        "number": invoice.number or "",
        "seller": _seller(invoice),
        "buyer": _buyer(invoice),
        "facts": _facts(detail),
        "columns": [
            gettext(locale, N_("Description")),
            gettext(locale, N_("Quantity")),
            gettext(locale, N_("Unit price")),
            gettext(locale, N_("Tax")),
            gettext(locale, N_("Net")),
        ],
        "lines": [_line(invoice, line) for line in detail.lines],
        "sums": _sums(invoice, detail.taxes),
        "total": [gettext(locale, N_("Total")), money(invoice.total_minor, invoice.currency, locale)],
        "notes": [
            gettext(locale, msgid) for msgid in (invoice.tax_reason_msgid, invoice.note_msgid) if msgid
        ],
        "footer": _footer(invoice),
    }


def period_text(start: dt.date, end: dt.date, locale: str) -> str:
    """A half-open period as people read it: first day to last day, with its length."""
    last = end - dt.timedelta(days=1)
    days = ngettext(locale, "{n} day", "{n} days", (end - start).days)
    return f"{day(start, locale)} – {day(last, locale)} ({days})"


def _line(invoice: Invoice, line: InvoiceLine) -> dict[str, str]:
    locale = invoice.locale
    is_period = line.period_start is not None and line.period_end is not None
    return {
        "text": gettext(locale, line.text_msgid, **line.params),
        "period": period_text(line.period_start, line.period_end, locale)  # type: ignore[arg-type]
        if is_period
        else "",
        "quantity": quantity_text(line.unit, line.quantity, locale),
        "unit_price": money(line.unit_price_minor, invoice.currency, locale),
        "tax": percent(line.tax_rate_bp, locale),
        "net": money(line.net_minor, invoice.currency, locale),
    }


def _sums(invoice: Invoice, taxes: list[InvoiceTax]) -> list[list[str]]:
    locale, currency = invoice.locale, invoice.currency
    sums = [[gettext(locale, "Net"), money(invoice.net_minor, currency, locale)]]
    for tax in taxes:
        words = gettext(
            locale,
            N_("Tax {rate} on {net}"),
            rate=percent(tax.rate_bp, locale),
            net=money(tax.net_minor, currency, locale),
        )
        sums.append([words, money(tax.tax_minor, currency, locale)])
    return sums


def _facts(detail: InvoiceDetail) -> list[list[str]]:
    invoice, locale = detail.invoice, detail.invoice.locale
    facts = [[gettext(locale, N_("Issued on")), day(invoice.issued_on, locale)]]
    if invoice.kind == DocumentKind.INVOICE:
        facts.append([gettext(locale, N_("Due on")), day(invoice.due_on, locale)])
    if detail.corrects is not None:
        facts.append([gettext(locale, N_("Corrects")), detail.corrects.number or ""])
    facts.append([gettext(locale, N_("Currency")), invoice.currency])
    return facts


def _seller(invoice: Invoice) -> dict[str, Any]:
    locale, seller = invoice.locale, invoice.seller
    lines = [str(seller.get("address", "")), country(str(seller.get("country", "")), locale)]
    return {
        "label": gettext(locale, N_("Seller")),
        "name": str(seller.get("name", "")),
        "lines": [*filter(None, lines), *_tax_id(locale, str(seller.get("tax_id", "")))],
    }


def _buyer(invoice: Invoice) -> dict[str, Any]:
    locale, buyer = invoice.locale, {name: str(value) for name, value in invoice.buyer.items()}
    town = " ".join(filter(None, (buyer.get("postcode", ""), buyer.get("city", ""))))
    lines = [buyer.get("street", ""), town, country(buyer.get("country", ""), locale)]
    return {
        "label": gettext(locale, N_("Buyer")),
        "name": buyer.get("name", ""),
        "lines": [*filter(None, lines), *_tax_id(locale, buyer.get("tax_id", ""))],
    }


def _tax_id(locale: str, tax_id: str) -> list[str]:
    return [gettext(locale, N_("Tax ID {number}"), number=tax_id)] if tax_id else []


def _footer(invoice: Invoice) -> str:
    return " · ".join(filter(None, (str(invoice.seller.get(name, "")) for name in ("name", "email"))))
