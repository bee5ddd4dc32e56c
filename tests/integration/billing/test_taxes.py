"""Which tax, and that it is taken once, in both ways that an operator can choose."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar, documents, invoices, ledger, receipts, taxes
from opsportal.domain.billing.documents import NewLine
from opsportal.domain.billing.ledger import LedgerError
from opsportal.domain.billing.refusals import NoTaxRate
from opsportal.domain.billing.taxes import REASONS, TaxDecision
from opsportal.models import BillingProfile, Company, DocumentKind, Invoice, TaxIdStatus, TaxScheme
from opsportal.settings import settings
from tests.builders import make_actor, make_company
from tests.integration.billing.money import ask, balance, bill, everything, fund, pay, unbalanced

pytestmark = [pytest.mark.usefixtures("books"), pytest.mark.xdist_group("documents")]
DAY = dt.date(2026, 11, 22)


def _company(country: str, *, is_business: bool = False, status: TaxIdStatus = TaxIdStatus.NONE) -> Company:
    company = make_company(country=country)
    with unit_of_work() as unit:
        tax_id = "" if status is TaxIdStatus.NONE else f"{country}123"
        unit.add(
            BillingProfile(
                company_id=company.id or 0, is_business=is_business, tax_id=tax_id, tax_id_status=status
            )
        )
    return company


def _decide(company: Company, day: dt.date = DAY) -> tuple[str, int, str]:
    with unit_of_work() as unit:
        found = taxes.decide_tax(unit, company, day)
    assert found.country == company.country
    return (
        found.scheme.value,
        found.rate_bp,
        next(key for key, text in REASONS.items() if text == found.reason_msgid),
    )


V = TaxIdStatus


@pytest.mark.parametrize(
    ("seller", "country", "is_business", "status", "expected"),
    [
        ("CZ", "CZ", False, V.NONE, ("domestic", 2100, "domestic")),
        ("CZ", "CZ", True, V.VALID, ("domestic", 2100, "domestic")),
        ("CZ", "DE", True, V.VALID, ("reverse_charge", 0, "reverse_charge")),
        ("CZ", "GR", True, V.VALID, ("reverse_charge", 0, "reverse_charge")),
        ("CZ", "DE", True, V.PENDING, ("consumer", 1900, "tax_id_pending")),
        ("CZ", "DE", True, V.INVALID, ("consumer", 1900, "tax_id_invalid")),
        ("CZ", "DE", True, V.NONE, ("consumer", 1900, "tax_id_invalid")),
        ("CZ", "DE", False, V.NONE, ("consumer", 1900, "consumer")),
        ("CZ", "DE", False, V.VALID, ("consumer", 1900, "consumer")),
        ("CZ", "FI", False, V.NONE, ("consumer", 2550, "consumer")),
        ("CZ", "UA", True, V.VALID, ("outside_scope", 0, "outside_union")),
        ("CZ", "GB", False, V.NONE, ("outside_scope", 0, "outside_union")),
        ("UA", "UA", True, V.NONE, ("domestic", 2000, "domestic")),
        ("UA", "DE", True, V.VALID, ("outside_scope", 0, "outside_country")),
    ],
)
def test_decision(
    monkeypatch: pytest.MonkeyPatch,
    seller: str,
    country: str,
    is_business: bool,
    status: TaxIdStatus,
    expected: object,
) -> None:
    monkeypatch.setenv("SELLER_COUNTRY", seller)
    settings.cache_clear()
    assert _decide(_company(country, is_business=is_business, status=status)) == expected
    monkeypatch.undo()
    settings.cache_clear()


def test_rates_are_dated() -> None:
    slovak = _company("SK")
    assert [_decide(slovak, dt.date(2024, 12, 31))[1], _decide(slovak, dt.date(2025, 1, 1))[1]] == [
        2000,
        2300,
    ]
    estonian = _company("EE")
    days = (dt.date(2023, 6, 1), dt.date(2024, 6, 1), dt.date(2025, 7, 1))
    assert [_decide(estonian, day)[1] for day in days] == [2000, 2200, 2400]
    with pytest.raises(NoTaxRate) as refused:
        _decide(slovak, dt.date(2020, 12, 31))
    assert refused.value.params == {"country": "SK"}


def test_every_country_of_the_union_has_a_rate() -> None:
    assert set(taxes.EU) <= {country for (country,) in ask("SELECT DISTINCT country FROM tax_rate")}
    assert len(taxes.EU) == 27


@pytest.mark.parametrize("country", ["CZ", "DE", "UA"])
def test_tax_is_taken_once(tax_at: str, country: str) -> None:
    """Funds come in, an invoice is paid from them: the tax appears on one of the two documents."""
    company = _company(country)
    actor, rate = make_actor(company=company), {"CZ": 2100, "DE": 1900, "UA": 0}[country]
    topup = fund(company, 100_00)
    invoice = bill(company, 30_03, 1)
    tax = taxes.tax_of(30_04, rate)
    documents = ask(
        "SELECT kind, net_minor, tax_minor FROM invoice WHERE company_id = :c ORDER BY id", c=company.id
    )
    if tax_at == "topup":
        assert documents == [("topup", 100_00, taxes.tax_of(100_00, rate)), ("invoice", 30_04, 0)]
        assert (invoice.tax_scheme, invoice.tax_reason_msgid) == (TaxScheme.PREPAID, REASONS["prepaid"])
    else:
        assert documents == [("invoice", 30_04, tax)]
        assert topup.invoice_id is None
        assert invoice.tax_scheme == {"CZ": "domestic", "DE": "consumer", "UA": "outside_scope"}[country]
    pay(actor, invoice)
    assert balance(company).cash_minor == 100_00 - 30_04 - (0 if tax_at == "topup" else tax)
    owed = ask("""SELECT coalesce(sum(p.amount_minor), 0) FROM posting p JOIN ledger_account a ON a.id = p.account_id
                  WHERE a.kind = 'tax' AND a.company_id = :c""", c=company.id)  # fmt: skip
    assert owed == [(taxes.tax_of(100_00, rate) if tax_at == "topup" else tax,)]
    assert unbalanced() == []


def test_card_payment_of_an_invoice_brings_in_exactly_what_is_missing(tax_at: str) -> None:
    company = _company("CZ")
    fund(company, 10_00)
    invoice = bill(company, 50_00)
    with unit_of_work() as unit:
        missing = invoices.missing_minor(unit, invoice)
        tax = taxes.decide_topup_tax(unit, company, calendar.today())
        gross = missing + (taxes.tax_of(missing, tax.rate_bp) if tax else 0)
        receipts.receive(
            unit, key=f"card-{company.id}", company_id=company.id or 0, gross_minor=gross, net_minor=missing, tax=tax,
            currency="EUR", gateway_fee_minor=30,
        )  # fmt: skip
        assert invoices.settle(unit, invoice.id or 0, key=f"card-{company.id}")
    assert (missing, gross) == ((40_00, 48_40) if tax_at == "topup" else (50_50, 50_50))
    assert balance(company).total_minor == 0
    with unit_of_work() as unit:
        assert unit.get_one(Invoice, invoice.id).status == "paid"


def test_gross_that_is_not_net_and_tax_is_a_fault_and_books_nothing() -> None:
    company = _company("CZ")
    tax = TaxDecision(TaxScheme.DOMESTIC, 2100, "CZ", "x")
    before = everything()
    for gross, net, fee in (
        (120_99, 100_00, 0),
        (121_01, 100_00, 0),
        (121_00, 100_00, -1),
        (121_00, 100_00, 121_01),
    ):
        with pytest.raises(LedgerError), unit_of_work() as unit:
            receipts.receive(
                unit, key="odd", company_id=company.id or 0, gross_minor=gross, net_minor=net, tax=tax,
                currency="EUR", gateway_fee_minor=fee,
            )  # fmt: skip
    assert everything() == before


def test_invoice_of_several_rates_groups_them() -> None:
    company = _company("CZ")
    with unit_of_work() as unit:
        ledger.lock(unit, company.id or 0, "EUR")
        issued = documents.issue(
            unit, company=company, kind=DocumentKind.INVOICE, currency="EUR",
            lines=[NewLine("a", 333), NewLine("b", 333), NewLine("c", 100, tax_rate_bp=0)],
            tax=taxes.decide_tax(unit, company, DAY),
        )  # fmt: skip
        groups = [
            (tax.rate_bp, tax.net_minor, tax.tax_minor) for tax in documents.taxes_of(unit, issued.id or 0)
        ]
        found = unit.exec(select(Invoice).where(col(Invoice.id) == issued.id)).one()
        unit.rollback()
    assert groups == [(0, 100, 0), (2100, 666, 140)]
    assert (found.net_minor, found.tax_minor, found.total_minor) == (766, 140, 906)
