"""Which tax a company pays on a day, and why. The same answer for quote, top-up and invoice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.billing.money import rounded
from opsportal.domain.billing.refusals import NoTaxRate
from opsportal.locale import N_
from opsportal.models import BillingProfile, Company, TaxIdStatus, TaxRate, TaxScheme
from opsportal.settings import settings

EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip

REASONS: dict[str, str] = {
    "domestic": N_("Domestic VAT."),
    "reverse_charge": N_(
        "Reverse charge: the recipient accounts for VAT (Articles 44 and 196 of Directive 2006/112/EC)."
    ),
    "consumer": N_("VAT of the customer's country (Article 58 of Directive 2006/112/EC, One-Stop Shop)."),
    "tax_id_pending": N_("VAT of the customer's country, because the tax id is still being checked."),
    "tax_id_invalid": N_("VAT of the customer's country, because there is no valid tax id on record."),
    "outside_union": N_("Outside the scope of VAT: the customer is established outside the European Union."),
    "outside_country": N_("Outside the scope of tax: the customer is established in another country."),
    "prepaid": N_("Tax was charged when the funds were added, so this document carries none."),
}
"""Why, as it is printed on the document."""


@dataclass(frozen=True, slots=True)
class TaxDecision:
    """A rule, its rate in basis points (2100 = 21 %), whose rate it is, and the reason to be printed."""

    scheme: TaxScheme
    rate_bp: int
    country: str
    reason_msgid: str


def tax_of(net_minor: int, rate_bp: int) -> int:
    """The tax on a net amount, rounded half up to the smallest unit."""
    return rounded(net_minor * rate_bp, 10_000)


def net_of(gross_minor: int, rate_bp: int) -> int:
    """The net share of a gross amount, rounded half up; the rest is its tax."""
    return rounded(gross_minor * 10_000, 10_000 + rate_bp)


def decide_tax(unit: Unit, company: Company, on_day: dt.date) -> TaxDecision:
    """Decide by seller's and buyer's country, buyer's kind, the validity of the tax id, and the day.

    A tax id that is not known to be valid earns nothing: tax is charged. Refuses with `NoTaxRate`
    when the rate of a country is unknown.
    """
    seller, buyer = settings().seller_country, company.country
    if buyer == seller:
        return _taxed(unit, TaxScheme.DOMESTIC, buyer, on_day, "domestic")
    if seller in EU and buyer in EU:
        return _within_union(unit, company, on_day)
    reason = "outside_union" if seller in EU else "outside_country"
    return TaxDecision(TaxScheme.OUTSIDE_SCOPE, 0, buyer, REASONS[reason])


def prepaid(company: Company) -> TaxDecision:
    """What an invoice says that is paid from funds which were taxed as they were added."""
    return TaxDecision(TaxScheme.PREPAID, 0, company.country, REASONS["prepaid"])


def is_taxed_at_topup() -> bool:
    """The operator's choice: tax as funds are added, or on the invoice. Never both."""
    return settings().tax_at == "topup"


def decide_invoice_tax(unit: Unit, company: Company, on_day: dt.date) -> TaxDecision:
    """The tax of an invoice, given when the operator takes it."""
    return prepaid(company) if is_taxed_at_topup() else decide_tax(unit, company, on_day)


def decide_topup_tax(unit: Unit, company: Company, on_day: dt.date) -> TaxDecision | None:
    """The tax of added funds; None if the operator takes it on the invoice."""
    return decide_tax(unit, company, on_day) if is_taxed_at_topup() else None


def rate_of(unit: Unit, country: str, on_day: dt.date) -> int:
    """A country's standard rate on a day, in basis points."""
    found = unit.exec(
        select(TaxRate.rate_bp)
        .where(col(TaxRate.country) == country, col(TaxRate.valid_from) <= on_day)
        .order_by(col(TaxRate.valid_from).desc())
        .limit(1)
    ).first()
    if found is None:
        raise NoTaxRate(country=country)
    return found


def _within_union(unit: Unit, company: Company, on_day: dt.date) -> TaxDecision:
    profile = unit.get(BillingProfile, company.id)
    if profile is None or not profile.is_business:
        return _taxed(unit, TaxScheme.CONSUMER, company.country, on_day, "consumer")
    if profile.tax_id_status == TaxIdStatus.VALID:
        return TaxDecision(TaxScheme.REVERSE_CHARGE, 0, company.country, REASONS["reverse_charge"])
    is_pending = profile.tax_id_status == TaxIdStatus.PENDING
    reason = "tax_id_pending" if is_pending else "tax_id_invalid"
    return _taxed(unit, TaxScheme.CONSUMER, company.country, on_day, reason)


def _taxed(unit: Unit, scheme: TaxScheme, country: str, on_day: dt.date, reason: str) -> TaxDecision:
    return TaxDecision(scheme, rate_of(unit, country, on_day), country, REASONS[reason])
