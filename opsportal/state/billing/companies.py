"""A client's money on the operator's page of that client."""

from __future__ import annotations

import reflex as rx

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission, access_company_for, access_payment_for
from opsportal.domain.audit import changes
from opsportal.domain.billing import flags, forecast, grants, invoices, ledger, money, topics
from opsportal.domain.billing.invoice_lists import InvoiceFilter
from opsportal.domain.billing.transactions import TransactionFilter, list_transactions
from opsportal.domain.documents import summaries
from opsportal.domain.payments import refunds, topups
from opsportal.domain.payments.topups import PaymentFilter
from opsportal.models import Invoice
from opsportal.state.billing import rows
from opsportal.state.billing.clicks import AmountText, Draft, Reason, take
from opsportal.state.billing.views import ClickView, CompanyMoneyView, FlagView
from opsportal.state.guard import allow, current_actor
from opsportal.state.showing import StateView
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Id

SHOWN = 8


class CompanyMoneyState(rx.State):
    """Balance, documents and movements of one client."""

    money: CompanyMoneyView = CompanyMoneyView()
    answer: ClickView = ClickView()
    problem: ProblemView = ProblemView()

    @allow(Permission.BILLING_MANAGE)
    async def grant(self, draft: Draft, company_id: Id, amount: AmountText, reason: Reason) -> None:
        """Give the company credit, spent before its own money."""
        await take(self, draft, _grant, current_actor(), draft, company_id, amount, reason)

    @allow(Permission.BILLING_MANAGE)
    async def refund(self, draft: Draft, payment_id: Id, amount: AmountText, reason: Reason) -> None:
        """Give money back to the card it came from."""
        await take(self, draft, _refund, current_actor(), draft, payment_id, amount, reason)

    @allow(Permission.BILLING_MANAGE)
    async def ask_again(self, payment_id: Id) -> None:
        """Ask the gateway about a payment now."""
        await in_unit(topups.ask_again, current_actor(), payment_id)

    @allow(Permission.BILLING_MANAGE)
    async def clear_flag(self, flag_id: Id) -> None:
        """Money that stayed in the balance was seen to."""
        await in_unit(flags.clear_flag, current_actor(), flag_id)


def _grant(unit: Unit, actor: Actor, draft: str, company_id: int, amount: str, reason: str) -> int:
    company = access_company_for(actor, unit, company_id)
    minor = money.parse_amount(amount, company.currency)
    entry = grants.grant_credit(
        unit, actor, company_id, amount_minor=minor, currency=company.currency, reason=reason, key=draft
    )
    return entry.id or 0


def _refund(unit: Unit, actor: Actor, draft: str, payment_id: int, amount: str, reason: str) -> int:
    payment = access_payment_for(actor, unit, payment_id, permission=Permission.BILLING_MANAGE)
    minor = money.parse_amount(amount, payment.currency)
    refund = refunds.request_refund(
        unit, actor, payment_id, amount_minor=minor, idempotency=draft, memo=reason
    )
    return refund.id or 0


def read_company_money(unit: Unit, actor: Actor, company_id: int) -> CompanyMoneyView:
    actor.require(Permission.BILLING_MANAGE)
    company = access_company_for(actor, unit, company_id)
    have = ledger.balances(unit, company_id, company.currency)
    page = invoices.list_invoices(actor, unit, InvoiceFilter(company_id=company_id))
    newest = page.rows[:SHOWN]
    about = summaries.first_lines(unit, [row.invoice.id for row in newest if row.invoice.id])
    moved = list_transactions(actor, unit, TransactionFilter(company_id=company_id))
    paid, _total = topups.list_payments(actor, unit, PaymentFilter(company_id=company_id))
    paid = paid[:SHOWN]
    steps = changes.list_changes(unit, "payment", [one.id for one in paid if one.id])
    return CompanyMoneyView(
        is_ready=True,
        company_id=company_id,
        currency=company.currency,
        cash_minor=have.cash_minor,
        credit_minor=have.credit_minor,
        month_minor=forecast.recurring_cost(actor, unit, company_id=company_id).month_minor,
        open=[rows.open_view(one) for one in invoices.open_total(actor, unit, company_id=company_id)],
        invoices=[rows.invoice_row(row, about.get(row.invoice.id or 0), staff=True) for row in newest],
        transactions=[rows.transaction_view(row, staff=True) for row in moved.rows[:SHOWN]],
        payments=[
            rows.payment_view(one, steps[one.id or 0], refundable_minor=refunds.refundable_minor(unit, one))
            for one in paid
        ],
        flags=[
            FlagView(flag.id or 0, flag.kind, flag.invoice_id, _number(unit, flag.invoice_id), iso(flag.at))
            for flag in flags.list_flags(actor, unit, company_id=company_id)
        ],
        can_grant=actor.may(Permission.BILLING_MANAGE),
    )


def _number(unit: Unit, invoice_id: int) -> str:
    return unit.get_one(Invoice, invoice_id).number or ""


def _topics(_: Actor, company_id: int) -> frozenset[str]:
    return frozenset(
        {
            topics.balance(company_id),
            topics.invoices(company_id),
            topics.payments(company_id),
            topics.services(company_id),
        }
    )


COMPANY_MONEY = StateView(
    "company_money",
    CompanyMoneyState,
    "money",
    read_company_money,
    _topics,
    empty=CompanyMoneyView(),
)
