"""The balance strip of every page: read here, shown by the shell."""

from __future__ import annotations

from typing import Any

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.billing import invoices, ledger, topics
from opsportal.models import Company
from opsportal.state.billing.views import StripView


def read_strip(unit: Unit, actor: Actor, _: Any) -> StripView:
    """A client's own money; nothing for staff, who have none."""
    if actor.company_id is None or not actor.may(Permission.BILLING_VIEW):
        return StripView()
    company = unit.get_one(Company, actor.company_id)
    have = ledger.balances(unit, actor.company_id, company.currency)
    open_totals = invoices.open_total(actor, unit)
    return StripView(
        is_ready=True,
        currency=company.currency,
        cash_minor=have.cash_minor,
        credit_minor=have.credit_minor,
        unpaid=sum(total.count for total in open_totals),
        overdue=sum(total.overdue_count for total in open_totals),
        new=invoices.count_new(actor, unit),
    )


def strip_topics(actor: Actor, _: Any) -> frozenset[str]:
    if actor.company_id is None:
        return frozenset()
    return frozenset({topics.balance(actor.company_id), topics.invoices(actor.company_id)})
