"""What a plan costs in a currency and term. No row, no sale: never a number with another label."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.billing.refusals import NoPrice
from opsportal.models import PlanPrice, Term


def price_of(unit: Unit, plan_id: int, *, currency: str, term: Term, on_day: dt.date) -> int:
    """The price on a day, in the smallest unit. Refuses with `NoPrice`."""
    found = unit.exec(
        select(PlanPrice.price_minor)
        .where(
            col(PlanPrice.plan_id) == plan_id,
            col(PlanPrice.currency) == currency,
            col(PlanPrice.term) == term,
            col(PlanPrice.valid_from) <= on_day,
        )
        .order_by(col(PlanPrice.valid_from).desc())
        .limit(1)
    ).first()
    if found is None:
        raise NoPrice(currency=currency)
    return found
