"""The names under which changes of money are announced to open pages."""

from __future__ import annotations

INVOICES = "invoices"
PAYMENTS = "payments"
RUNS = "billing_runs"


def balance(company_id: int) -> str:
    return f"company:{company_id}:balance"


def invoices(company_id: int) -> str:
    return f"company:{company_id}:invoices"


def payments(company_id: int) -> str:
    return f"company:{company_id}:payments"


def services(company_id: int) -> str:
    return f"company:{company_id}:services"
