"""What plans include of traffic and what follows beyond it, for those who run billing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.billing import money
from opsportal.domain.traffic import terms, topics
from opsportal.domain.traffic.terms import GB, NewTerms, Terms
from opsportal.models import Counted, TrafficAction
from opsportal.state.guard import allow, current_actor
from opsportal.state.inventory.work import take
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.support.sending import Draft
from opsportal.state.support.views import AnswerView
from opsportal.state.traffic.views import PlanPriceView, PlansView, PlanView
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Id

CountedName = Literal["both", "in", "out", "larger"]
ActionName = Literal["notify", "bill", "limit", "block"]
Number = Annotated[int, Field(ge=0, le=10**15)]
PriceText = Annotated[str, Field(max_length=20, pattern=r"^[^\x00]*$")]
CurrencyText = Annotated[str, Field(max_length=3, pattern=r"^[^\x00]*$")]


class PlansState(rx.State):
    """The page of plans."""

    plans: PlansView = PlansView()
    answer: AnswerView = AnswerView()
    problem: ProblemView = ProblemView()

    @allow(Permission.BILLING_MANAGE)
    async def open(self) -> Any:
        return await show(self, *SHELL, (PLANS, None))

    @allow(Permission.BILLING_MANAGE)
    async def set_terms(
        self,
        draft: Draft,
        plan_id: Id,
        included_gb: Number,
        counted: CountedName,
        action: ActionName,
        limit_mbps: Number,
        unit_gb: Number,
        price: PriceText,
        currency: CurrencyText,
    ) -> None:
        """Write down what a plan includes and what follows beyond it."""
        new = NewTerms(
            included_gb, Counted(counted), TrafficAction(action), limit_mbps, unit_gb, price, currency
        )
        await take(self, draft, terms.set_terms, current_actor(), plan_id, new)

    @allow(Permission.BILLING_MANAGE)
    async def remove_terms(self, plan_id: Id) -> None:
        """Meter a plan no longer."""
        await in_unit(terms.remove_terms, current_actor(), plan_id)


def read_plans(unit: Unit, actor: Actor, _: object) -> PlansView:
    return PlansView(is_ready=True, rows=[_plan(one) for one in terms.list_terms(actor, unit)])


def _typed(minor: int, currency: str) -> str:
    """An amount as a person types it into the form."""
    digits = money.exponent(currency)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}d}" if digits else f"{whole}"


def _plan(one: Terms) -> PlanView:
    allowance = one.allowance
    first = one.prices[0] if one.prices else None
    shown = PlanView(
        id=one.plan.id or 0,
        name=one.plan.name,
        services=one.services,
        prices=[PlanPriceView(price.currency, price.price_minor) for price in one.prices],
        unpriced=list(one.unpriced),
        first_currency=first.currency if first else "EUR",
        first_price=_typed(first.price_minor, first.currency) if first else "",
    )
    if allowance is None:
        return shown
    return PlanView(
        **vars(shown)
        | {
            "is_metered": True,
            "included_bytes": str(allowance.included_bytes),
            "included_gb": allowance.included_bytes // GB,
            "counted": allowance.counted,
            "action": allowance.action,
            "limit_mbps": allowance.limit_mbps or 0,
            "unit_bytes": str(allowance.unit_bytes),
            "unit_gb": allowance.unit_bytes // GB,
            "since": iso(allowance.in_force_since),
        }
    )


PLANS = StateView(
    "plans",
    PlansState,
    "plans",
    read_plans,
    lambda *_: frozenset({topics.TERMS}),
    empty=PlansView(),
)
