"""Adding funds: how much is recommended and why, what it costs with tax, and how the payment goes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reflex as rx

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import changes
from opsportal.domain.billing import forecast, money, profiles, topics
from opsportal.domain.billing.refusals import AmountChanged
from opsportal.domain.payments import cards, topups
from opsportal.domain.payments.topups import PaymentFilter
from opsportal.domain.refusals import Forbidden, Refusal
from opsportal.integrations import stripe_gateway
from opsportal.models import ACTIVE_PAYMENT, Payment, PaymentPurpose
from opsportal.models.base import utcnow
from opsportal.state.billing import rows
from opsportal.state.billing.clicks import AmountText, Currency, Draft, Minor, take
from opsportal.state.billing.views import ClickView, FundsView, QuoteView
from opsportal.state.guard import allow, current_actor
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView
from opsportal.state.wire import Id

SHOWN_FOR = dt.timedelta(hours=1)
"""How long a payment that has ended stays on the page."""
AT_MOST = 3


class FundsState(rx.State):
    """The page where money comes in."""

    funds: FundsView = FundsView()
    quote: QuoteView = QuoteView()
    answer: ClickView = ClickView()
    problem: ProblemView = ProblemView()

    @allow(Permission.BILLING_PAY)
    async def open(self) -> Any:
        self.quote = QuoteView()
        return await show(self, *SHELL, (FUNDS, None))

    @allow(Permission.BILLING_PAY)
    async def ask(self, amount: AmountText, currency: Currency) -> None:
        """What adding this amount costs; said beside the field, whatever it is."""
        self.quote = await in_unit(_quote, current_actor(), amount, currency)

    @allow(Permission.BILLING_PAY)
    async def top_up(
        self, draft: Draft, amount: AmountText, charge_minor: Minor, currency: Currency, card_id: Id
    ) -> None:
        """Top up now, for the figure on the button. The payment's steps arrive by the live feed."""
        actor = current_actor()
        await take(self, draft, _top_up, actor, draft, amount, charge_minor, currency, card_id)
        if self.answer.code == AmountChanged.code:
            self.quote = await in_unit(_quote, actor, amount, currency)

    @allow(Permission.BILLING_PAY)
    async def cancel(self, payment_id: Id) -> None:
        """Take a payment back that has not ended."""
        await in_unit(topups.cancel_payment, current_actor(), payment_id)

    @allow(Permission.BILLING_PAY)
    async def remove_card(self, card_id: Id) -> None:
        """Forget a saved card, here and at the gateway."""
        await in_unit(cards.remove_card, current_actor(), card_id)

    @allow(Permission.BILLING_PAY)
    async def set_buffer(self, draft: Draft, amount: AmountText) -> None:
        """How much should be left after the next 30 days."""
        await take(self, draft, _set_buffer, current_actor(), amount)


def _quote(unit: Unit, actor: Actor, amount: str, currency: str) -> QuoteView:
    if not amount.strip():
        return QuoteView(text=amount, currency=currency)
    try:
        minor = money.parse_amount(amount, currency)
        return rows.quote_view(
            topups.quote_topup(actor, unit, net_minor=minor, currency=currency), text=amount
        )
    except Refusal as refusal:
        params = dict(refusal.params)
        limit = params.get("minimum", params.get("maximum", 0))
        return QuoteView(
            text=amount,
            currency=currency,
            problem_code=refusal.code,
            msgid=refusal.msgid,
            params=params,
            limit_minor=int(limit),
        )


def _top_up(
    unit: Unit, actor: Actor, draft: str, amount: str, charge_minor: int, currency: str, card_id: int
) -> int:
    payment = topups.begin_payment(
        unit,
        actor,
        purpose=PaymentPurpose.TOPUP,
        net_minor=money.parse_amount(amount, currency),
        charge_minor=charge_minor,
        currency=currency,
        card_id=card_id,
        idempotency=draft,
    )
    return payment.id or 0


def _set_buffer(unit: Unit, actor: Actor, amount: str) -> int:
    if actor.company_id is None:
        raise Forbidden
    company = forecast.recommended_topup(actor, unit)
    minor = money.parse_amount(amount, company.currency) if amount.strip().strip("0.,") else 0
    profiles.set_comfort_buffer(unit, actor, actor.company_id, minor)
    return minor


def read_funds(unit: Unit, actor: Actor, _: Any) -> FundsView:
    actor.require(Permission.BILLING_PAY)
    recommended = forecast.recommended_topup(actor, unit)
    listed, _total = topups.list_payments(actor, unit, PaymentFilter())
    shown = [one for one in listed if _is_shown(one)][:AT_MOST]
    steps = changes.list_changes(unit, "payment", [one.id for one in shown if one.id])
    return FundsView(
        is_ready=True,
        currency=recommended.currency,
        cash_minor=recommended.cash_minor,
        credit_minor=recommended.credit_minor,
        recommendation=rows.recommendation_view(recommended),
        can_add_cards=stripe_gateway.can_enter_cards(),
        cards=[rows.card_view(card) for card in cards.list_cards(actor, unit)],
        payments=[rows.payment_view(one, steps[one.id or 0]) for one in shown],
    )


def _is_shown(payment: Payment) -> bool:
    is_fresh = utcnow() - payment.created_at < SHOWN_FOR
    return payment.purpose == PaymentPurpose.TOPUP and (payment.status in ACTIVE_PAYMENT or is_fresh)


def _topics(actor: Actor, _: Any) -> frozenset[str]:
    company_id = actor.company_id or 0
    return frozenset(
        {
            topics.balance(company_id),
            topics.payments(company_id),
            topics.invoices(company_id),
            topics.services(company_id),
            f"company:{company_id}:cards",
        }
    )


FUNDS = StateView("funds", FundsState, "funds", read_funds, _topics, empty=FundsView())
