"""Credit that the operator gives: spent before cash, never refunded."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_company_for
from opsportal.domain.audit import trail
from opsportal.domain.billing import ledger
from opsportal.domain.billing.ledger import Line
from opsportal.domain.billing.money import check_amount
from opsportal.domain.billing.refusals import WrongCurrency
from opsportal.models import AccountKind, EntryKind, JournalEntry


def grant_credit(
    unit: Unit, actor: Actor, company_id: int, *, amount_minor: int, currency: str, reason: str, key: str
) -> JournalEntry:
    """Give a company credit in its currency, once per key (the form's own, so a double click gives once)."""
    actor.require(Permission.BILLING_MANAGE)
    company = access_company_for(actor, unit, company_id)
    if currency != company.currency:
        raise WrongCurrency(currency=company.currency)
    check_amount(amount_minor, currency)
    ledger.lock(unit, company_id, currency)
    is_new = ledger.find_entry(unit, f"grant:{key}") is None
    entry = ledger.post(
        unit,
        key=f"grant:{key}",
        kind=EntryKind.GRANT,
        company_id=company_id,
        lines=(
            Line(AccountKind.CREDIT, amount_minor, currency),
            Line(AccountKind.GRANTS, -amount_minor, currency),
        ),
        actor=actor,
        memo=reason[:200],
    )
    if is_new:
        trail.record(
            unit, "company:credit_granted", actor=actor, object_kind="company", object_id=company_id,
            object_name=company.name, company_id=company_id, amount_minor=amount_minor, currency=currency,
            reason=reason[:200],
        )  # fmt: skip
    return entry
