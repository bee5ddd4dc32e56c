"""The tax of a payment: decided when it is quoted, kept with it, and used as it was when the money comes."""

from __future__ import annotations

from typing import Any

from opsportal.domain.billing.taxes import TaxDecision
from opsportal.models import Payment, TaxScheme


def decided(payment: Payment) -> TaxDecision | None:
    """The decision that the payment was made with; None where tax is taken on the invoice."""
    if not payment.is_taxed:
        return None
    return TaxDecision(
        TaxScheme(payment.tax_scheme), payment.tax_rate_bp, payment.tax_country, payment.tax_reason
    )


def columns(tax: TaxDecision | None) -> dict[str, Any]:
    """The decision as the payment's row keeps it."""
    if tax is None:
        return {"is_taxed": False}
    return {
        "is_taxed": True,
        "tax_scheme": tax.scheme.value,
        "tax_rate_bp": tax.rate_bp,
        "tax_country": tax.country,
        "tax_reason": tax.reason_msgid,
    }
