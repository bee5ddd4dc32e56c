"""What a card payment will cost and do, before anybody pays."""

from __future__ import annotations

from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_invoice_for
from opsportal.domain.billing import calendar, invoices, ledger
from opsportal.domain.billing.money import check_amount, exponent
from opsportal.domain.billing.refusals import WrongCurrency
from opsportal.domain.billing.taxes import TaxDecision, decide_topup_tax, tax_of
from opsportal.domain.payments.refusals import (
    AmountNotChargeable,
    AmountTooLarge,
    AmountTooSmall,
    InvoiceCovered,
)
from opsportal.domain.refusals import Forbidden
from opsportal.models import Company

LOWEST, HIGHEST = 1, 100_000
"""In whole units of the currency: less is not worth a card's fee, more needs a person."""
# Some currencies have small units: the limits follow what a unit is worth, roughly, in euro.
_WORTH = {"UAH": 50, "CZK": 25, "PLN": 4, "JPY": 150, "HUF": 400, "KRW": 1_500, "RSD": 120, "TRY": 40}
_THREE_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Quote:
    """Amounts in minor units of `currency`; `tax` is None where the operator takes it on the invoice."""

    net_minor: int
    tax_minor: int
    gross_minor: int
    currency: str
    tax: TaxDecision | None
    balance_after_minor: int

    @property
    def rate_bp(self) -> int:
        return self.tax.rate_bp if self.tax else 0

    @property
    def scheme(self) -> str:
        return self.tax.scheme.value if self.tax else ""


def payer(actor: Actor, unit: Unit) -> Company:
    """The company whose money an actor may spend: the own one."""
    if actor.company_id is None:
        raise Forbidden
    return unit.get_one(Company, actor.company_id)


def limits(currency: str) -> tuple[int, int]:
    """The smallest and the largest net amount for one payment, in minor units."""
    unit = 10 ** exponent(currency) * _WORTH.get(currency, 1)
    return LOWEST * unit, HIGHEST * unit


def quote_topup(actor: Actor, unit: Unit, *, net_minor: int, currency: str) -> Quote:
    """What adding `net_minor` to the balance costs with tax, and the balance after it.

    Refuses `BadAmount`, `WrongCurrency`, `AmountTooSmall`, `AmountTooLarge`, `AmountNotChargeable`.
    """
    actor.require(Permission.BILLING_PAY)
    company = payer(actor, unit)
    check_currency(company, currency)
    lowest, highest = limits(currency)
    if check_amount(net_minor, currency) < lowest:
        raise AmountTooSmall(minimum=lowest, currency=currency)
    if net_minor > highest:
        raise AmountTooLarge(maximum=highest, currency=currency)
    return _quote(unit, company, net_minor, spent_minor=0)


def quote_invoice(actor: Actor, unit: Unit, *, invoice_id: int) -> Quote:
    """What a card must be charged for exactly what the balance lacks for an invoice.

    `balance_after_minor` is what is left once the invoice is paid. Refuses with `InvoiceCovered`
    when nothing is missing, and when the invoice is paid, void or no invoice.
    """
    actor.require(Permission.BILLING_PAY)
    company = payer(actor, unit)
    invoice = access_invoice_for(actor, unit, invoice_id, permission=Permission.BILLING_PAY)
    invoices.refuse_unless_payable(invoice)
    check_currency(company, invoice.currency)
    missing = invoices.missing_minor(unit, invoice)
    if not missing:
        raise InvoiceCovered
    # What is missing may be less than a card can be charged: the rest grows the balance.
    net = max(missing, limits(invoice.currency)[0])
    return _quote(unit, company, net, spent_minor=invoice.total_minor)


def check_currency(company: Company, currency: str) -> None:
    if currency != company.currency:
        raise WrongCurrency(currency=company.currency)


def _quote(unit: Unit, company: Company, net_minor: int, *, spent_minor: int) -> Quote:
    tax = decide_topup_tax(unit, company, calendar.today())
    tax_minor = tax_of(net_minor, tax.rate_bp) if tax else 0
    gross = net_minor + tax_minor
    if exponent(company.currency) == _THREE_DECIMALS and gross % 10:
        raise AmountNotChargeable(currency=company.currency)
    balance = ledger.balances(unit, company.id or 0, company.currency).total_minor
    return Quote(
        net_minor=net_minor,
        tax_minor=tax_minor,
        gross_minor=gross,
        currency=company.currency,
        tax=tax,
        balance_after_minor=balance + net_minor - spent_minor,
    )
