"""The list of documents and one of them: a client's own, for staff those of all companies."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import changes
from opsportal.domain.billing import credit_notes, invoice_lists, invoices, money, previews, returns, topics
from opsportal.domain.billing.invoice_lists import InvoiceDetail, InvoiceFilter, PaymentState
from opsportal.domain.billing.refusals import AmountChanged
from opsportal.domain.documents import summaries
from opsportal.domain.payments import cards, topups
from opsportal.domain.payments.refusals import InvoiceCovered
from opsportal.domain.refusals import Refusal
from opsportal.integrations import stripe_gateway
from opsportal.models import ACTIVE_PAYMENT, DocumentKind, Invoice, PaymentPurpose
from opsportal.state.billing import rows
from opsportal.state.billing.clicks import AmountText, Currency, Draft, Minor, Reason, take
from opsportal.state.billing.views import ClickView, InvoiceListView, InvoiceView, QuoteView
from opsportal.state.guard import allow, current_actor
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView
from opsportal.state.wire import Address, Id, Search, address

Number = Annotated[int, Field(ge=0, lt=2**63)]


class InvoicesAddress(Address):
    """/billing/invoices?status=&q=&service=&before=. Without a status: what is unpaid."""

    status: Literal["", "all", "overdue", "paid", "void"] = ""
    q: Search = ""
    service: Number = 0
    before: Number = 0


class InvoiceAddress(Address):
    invoice_id: Annotated[int, Field(gt=0, lt=2**63)]


_STATUS = {"": "unpaid", "all": "", "overdue": "overdue", "paid": "paid", "void": "void"}


class InvoicesState(rx.State):
    """Documents, filtered by the address."""

    listing: InvoiceListView = InvoiceListView()
    problem: ProblemView = ProblemView()
    status: str = ""
    q: str = ""
    before: int = 0

    @allow(Permission.BILLING_VIEW)
    async def open(self) -> Any:
        wanted = address(self, InvoicesAddress)
        self.status, self.q, self.before = wanted.status, wanted.q.strip(), wanted.before
        chosen = InvoiceFilter(
            status=_STATUS[wanted.status],
            search=self.q,
            service_id=wanted.service or None,
            before=wanted.before or None,
        )
        return await show(self, *SHELL, (INVOICES, chosen))

    @allow(Permission.BILLING_VIEW)
    async def seen(self, newest: Id) -> None:
        """The list was looked at: what is in it is no longer new to this person."""
        await in_unit(_mark_seen, current_actor(), newest)


def _mark_seen(unit: Unit, actor: Actor, newest: int) -> None:
    if actor.company_id is not None:
        invoices.mark_seen(actor, unit, newest)


class InvoiceState(rx.State):
    """One document: its arithmetic, how it can be paid, how it was."""

    invoice: InvoiceView = InvoiceView()
    problem: ProblemView = ProblemView()
    answer: ClickView = ClickView()

    @allow(Permission.BILLING_VIEW)
    async def open(self) -> Any:
        return await show(self, *SHELL, (INVOICE, address(self, InvoiceAddress).invoice_id))

    @allow(Permission.BILLING_PAY)
    async def pay_from_balance(self, invoice_id: Id, amount_minor: Minor, currency: Currency) -> None:
        """Pay it whole from credit and cash."""
        actor, paid = current_actor(), {"amount_minor": amount_minor, "currency": currency}
        try:
            await in_unit(invoices.pay_from_balance, actor, invoice_id, **paid)
        except AmountChanged:
            self.invoice = await in_unit(read_invoice, actor, invoice_id)
            raise

    @allow(Permission.BILLING_PAY)
    async def pay_by_card(
        self, draft: Draft, invoice_id: Id, charge_minor: Minor, currency: Currency, card_id: Id
    ) -> None:
        """Charge a card exactly what the balance lacks, if it is what the button said; the live feed tells the rest."""
        actor = current_actor()
        await take(self, draft, _pay_by_card, actor, draft, invoice_id, charge_minor, currency, card_id)
        if self.answer.code == AmountChanged.code:
            self.invoice = await in_unit(read_invoice, actor, invoice_id)

    @allow(Permission.BILLING_PAY)
    async def cancel_payment(self, payment_id: Id) -> None:
        """Take a card payment back that has not ended."""
        await in_unit(topups.cancel_payment, current_actor(), payment_id)

    @allow(Permission.BILLING_MANAGE)
    async def void(self, draft: Draft, invoice_id: Id, reason: Reason) -> None:
        """Cancel an unpaid invoice by a credit note."""
        await take(self, draft, _void, current_actor(), invoice_id, reason)

    @allow(Permission.BILLING_MANAGE)
    async def refund(self, draft: Draft, invoice_id: Id, amount: AmountText, reason: Reason) -> None:
        """Give a part of a paid invoice, or all of it, back to the balance."""
        await take(self, draft, _refund, current_actor(), draft, invoice_id, amount, reason)


def _pay_by_card(
    unit: Unit, actor: Actor, draft: str, invoice_id: int, charge_minor: int, currency: str, card_id: int
) -> int:
    payment = topups.begin_payment(
        unit,
        actor,
        purpose=PaymentPurpose.INVOICE,
        invoice_id=invoice_id,
        charge_minor=charge_minor,
        currency=currency,
        card_id=card_id,
        idempotency=draft,
    )
    return payment.id or 0


def _void(unit: Unit, actor: Actor, invoice_id: int, reason: str) -> int:
    return credit_notes.void_invoice(unit, actor, invoice_id, reason=reason).id or 0


def _refund(unit: Unit, actor: Actor, draft: str, invoice_id: int, amount: str, reason: str) -> int:
    invoice = invoices.get_invoice(actor, unit, invoice_id).invoice
    minor = money.parse_amount(amount, invoice.currency)
    entry = returns.refund_invoice(unit, actor, invoice_id, amount_minor=minor, reason=reason, key=draft)
    return entry.id or 0


def read_invoices(unit: Unit, actor: Actor, wanted: InvoiceFilter) -> InvoiceListView:
    page = invoices.list_invoices(actor, unit, wanted)
    about = summaries.first_lines(unit, [row.invoice.id for row in page.rows if row.invoice.id])
    listed = [
        rows.invoice_row(row, about.get(row.invoice.id or 0), staff=actor.is_staff) for row in page.rows
    ]
    return InvoiceListView(
        is_ready=True,
        rows=listed,
        next_before=page.next_before or 0,
        newest=invoice_lists.newest_id(actor, unit),
        open=[rows.open_view(total) for total in invoices.open_total(actor, unit)],
    )


def read_invoice(unit: Unit, actor: Actor, invoice_id: int) -> InvoiceView:
    detail = invoices.get_invoice(actor, unit, invoice_id)
    attempts = topups.list_invoice_payments(actor, unit, invoice_id)
    steps = changes.list_changes(unit, "payment", [one.id for one in attempts if one.id])
    shown = [rows.payment_view(one, steps[one.id or 0]) for one in attempts]
    is_being_paid = any(one.status in ACTIVE_PAYMENT for one in attempts)
    more = {"payments": shown, "is_being_paid": is_being_paid}
    if actor.may(Permission.BILLING_MANAGE):
        more |= _for_finance(detail)
    if actor.may(Permission.BILLING_PAY) and detail.state in (PaymentState.PENDING, PaymentState.OVERDUE):
        more |= _ways_to_pay(unit, actor, detail.invoice)
    return rows.invoice_view(detail, **more)


def _for_finance(detail: InvoiceDetail) -> dict[str, Any]:
    is_invoice = detail.invoice.kind == DocumentKind.INVOICE
    is_open = detail.state in (PaymentState.PENDING, PaymentState.OVERDUE)
    return {
        "can_void": is_invoice and is_open,
        "can_refund": is_invoice and detail.state is PaymentState.PAID,
    }


def _ways_to_pay(unit: Unit, actor: Actor, invoice: Invoice) -> dict[str, Any]:
    preview = previews.preview_payment(actor, unit, invoice.id or 0)
    try:
        quote = rows.quote_view(topups.quote_invoice(actor, unit, invoice_id=invoice.id or 0))
    except InvoiceCovered:
        quote = QuoteView()
    except Refusal as refusal:
        quote = QuoteView(problem_code=refusal.code, msgid=refusal.msgid, params=dict(refusal.params))
    return {
        "is_covered": preview.missing_minor == 0,
        "use_credit_minor": preview.credit_minor,
        "use_cash_minor": preview.cash_minor,
        "missing_minor": preview.missing_minor,
        "quote": quote,
        "can_add_cards": stripe_gateway.can_enter_cards(),
        "cards": [rows.card_view(card) for card in cards.list_cards(actor, unit)],
    }


def _list_topics(actor: Actor, _: Any) -> frozenset[str]:
    if actor.is_staff:
        return frozenset({topics.INVOICES})
    return frozenset({topics.invoices(actor.company_id or 0)})


def _detail_topics(actor: Actor, _: Any) -> frozenset[str]:
    """For staff those of every company: which one it is would have to be read first."""
    if actor.is_staff:
        return frozenset({topics.INVOICES, topics.PAYMENTS})
    company_id = actor.company_id or 0
    return frozenset(
        {
            topics.invoices(company_id),
            topics.payments(company_id),
            topics.balance(company_id),
            f"company:{company_id}:cards",
        }
    )


INVOICES = StateView(
    "invoices",
    InvoicesState,
    "listing",
    read_invoices,
    _list_topics,
    is_personal=True,  # what is new depends on who has looked
    empty=InvoiceListView(),
)
INVOICE = StateView("invoice", InvoiceState, "invoice", read_invoice, _detail_topics, empty=InvoiceView())
