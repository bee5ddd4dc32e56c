"""The names under which changes of payments are announced to open pages."""

from __future__ import annotations

STAFF = "payments"


def of_company(company_id: int) -> tuple[str, str]:
    """Everybody who shows payments of this company: its own people and finance."""
    return f"company:{company_id}:payments", STAFF


def cards(company_id: int) -> str:
    return f"company:{company_id}:cards"
