"""From domain to views of money. No queries, no rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from opsportal.domain.billing import calendar
from opsportal.domain.billing.forecast import Recommendation, RecurringCost
from opsportal.domain.billing.invoice_lists import InvoiceDetail, InvoiceRow, OpenTotal, PaymentState
from opsportal.domain.billing.transactions import Transaction
from opsportal.domain.payments import failures
from opsportal.domain.payments.cards import is_usable
from opsportal.domain.payments.quotes import Quote
from opsportal.domain.traffic import overages
from opsportal.models import (
    ACTIVE_PAYMENT,
    DocumentKind,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    InvoiceTax,
    Payment,
    PaymentStatus,
    SavedCard,
    StatusChange,
)
from opsportal.state.billing.views import (
    AmountView,
    CardView,
    CostView,
    DocumentRefView,
    InvoiceRowView,
    InvoiceView,
    LineView,
    OpenView,
    PaymentView,
    QuoteView,
    RecommendationView,
    TaxView,
    TransactionView,
)
from opsportal.state.views import StepView, iso, iso_day

Line = tuple[InvoiceLine, int]


def open_view(total: OpenTotal) -> OpenView:
    return OpenView(total.currency, total.count, total.total_minor, total.overdue_count, total.overdue_minor)


def amounts(totals: Mapping[str, Any]) -> list[AmountView]:
    return [AmountView(currency, int(minor)) for currency, minor in sorted(totals.items())]


def _late_days(invoice: Invoice, state: PaymentState) -> int:
    return (calendar.today() - invoice.due_on).days if state is PaymentState.OVERDUE else 0


def _is_payable(invoice: Invoice) -> bool:
    return invoice.kind == DocumentKind.INVOICE and invoice.status == InvoiceStatus.ISSUED


def invoice_row(row: InvoiceRow, about: Line | None, *, staff: bool) -> InvoiceRowView:
    """What is new is new to a client; staff have no such mark."""
    invoice, (line, more) = row.invoice, about or (None, 0)
    return InvoiceRowView(
        id=invoice.id or 0,
        number=invoice.number or "",
        kind=invoice.kind,
        state=row.state.value,
        late_days=_late_days(invoice, row.state),
        issued_on=iso_day(invoice.issued_on),
        due_on=iso_day(invoice.due_on),
        currency=invoice.currency,
        total_minor=invoice.total_minor,
        is_new=row.is_new and not staff and invoice.kind == DocumentKind.INVOICE,
        is_payable=_is_payable(invoice) and not staff,
        company_id=row.company.id or 0,
        company=row.company.name if staff else "",
        text_msgid=line.text_msgid if line else "",
        params=dict(line.params) if line else {},
        period_start=iso_day(line.period_start) if line else "",
        more=more,
    )


def line_view(line: InvoiceLine) -> LineView:
    """The period's last day is the one before its end: periods are half open."""
    start, end = line.period_start, line.period_end
    return LineView(
        position=line.position,
        text_msgid=line.text_msgid,
        params=dict(line.params),
        service_id=line.service_id or 0,
        has_samples=line.text_msgid == overages.LINE and bool(line.service_id),
        period_start=iso_day(start),
        period_last=iso_day(end - dt.timedelta(days=1)) if end else "",
        days=(end - start).days if start and end else 0,
        quantity=line.quantity,
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        net_minor=line.net_minor,
        rate_bp=line.tax_rate_bp,
    )


def tax_view(tax: InvoiceTax) -> TaxView:
    return TaxView(tax.rate_bp, tax.net_minor, tax.tax_minor)


def document_ref(invoice: Invoice | None) -> DocumentRefView:
    if invoice is None:
        return DocumentRefView()
    return DocumentRefView(
        invoice.id or 0, invoice.number or "", iso_day(invoice.issued_on), invoice.total_minor
    )


def invoice_view(detail: InvoiceDetail, **more: Any) -> InvoiceView:
    """The document; `more` is what depends on who looks: how it can be paid, what may be done."""
    invoice, paid = detail.invoice, detail.settlement
    return InvoiceView(
        is_ready=True,
        id=invoice.id or 0,
        number=invoice.number or "",
        kind=invoice.kind,
        state=detail.state.value,
        late_days=_late_days(invoice, detail.state),
        company_id=invoice.company_id,
        company=detail.company.name,
        buyer=str(invoice.buyer.get("name", "")),
        buyer_tax_id=str(invoice.buyer.get("tax_id", "")),
        seller=str(invoice.seller.get("name", "")),
        issued_on=iso_day(invoice.issued_on),
        due_on=iso_day(invoice.due_on),
        paid_at=iso(invoice.paid_at),
        voided_at=iso(invoice.voided_at),
        void_reason=invoice.void_reason,
        currency=invoice.currency,
        net_minor=invoice.net_minor,
        tax_minor=invoice.tax_minor,
        total_minor=invoice.total_minor,
        credited_minor=invoice.credited_minor,
        tax_scheme=invoice.tax_scheme,
        tax_reason_msgid=invoice.tax_reason_msgid,
        note_msgid=invoice.note_msgid,
        lines=[line_view(line) for line in detail.lines],
        taxes=[tax_view(tax) for tax in detail.taxes],
        settled_credit_minor=paid.credit_minor if paid else 0,
        settled_cash_minor=paid.cash_minor if paid else 0,
        settled_at=iso(paid.at) if paid else "",
        corrects=document_ref(detail.corrects),
        credit_notes=[document_ref(note) for note in detail.credit_notes],
        is_payable=_is_payable(invoice),
        **more,
    )


def transaction_view(row: Transaction, *, staff: bool) -> TransactionView:
    return TransactionView(
        key=f"e{row.entry_id}" if row.entry_id else f"p{row.payment_id}",
        kind=row.kind,
        at=iso(row.at),
        company_id=row.company.id or 0,
        company=row.company.name if staff else "",
        currency=row.currency,
        gross_minor=row.gross_minor,
        balance_minor=row.balance_minor,
        tax_minor=row.tax_minor,
        memo=row.memo,
        invoice_id=row.invoice_id or 0,
        invoice_number=row.invoice_number,
        reason_msgid=failures.reason(row.reason_code),
        actor=row.actor_name,
    )


def card_view(card: SavedCard) -> CardView:
    return CardView(
        id=card.id or 0,
        brand=card.brand,
        last4=card.last4,
        expires=f"{card.exp_month:02d}/{card.exp_year % 100:02d}",
        is_usable=is_usable(card),
    )


def quote_view(quote: Quote, *, text: str = "") -> QuoteView:
    return QuoteView(
        text=text,
        currency=quote.currency,
        is_ready=True,
        net_minor=quote.net_minor,
        tax_minor=quote.tax_minor,
        gross_minor=quote.gross_minor,
        rate_bp=quote.rate_bp,
        scheme=quote.scheme,
        reason_msgid=quote.tax.reason_msgid if quote.tax else "",
        balance_after_minor=quote.balance_after_minor,
    )


def payment_view(
    payment: Payment, changes: Sequence[StatusChange] = (), *, refundable_minor: int = 0
) -> PaymentView:
    is_active = payment.status in ACTIVE_PAYMENT
    return PaymentView(
        id=payment.id or 0,
        purpose=payment.purpose,
        status=payment.status,
        is_active=is_active,
        needs_action=payment.status == PaymentStatus.REQUIRES_ACTION and not payment.cancel_code,
        can_cancel=is_active and not payment.cancel_code and payment.status != PaymentStatus.UNKNOWN,
        card=f"{payment.card_brand.capitalize()} ···· {payment.card_last4}",
        currency=payment.currency,
        net_minor=payment.net_minor,
        tax_minor=payment.tax_minor,
        gross_minor=payment.gross_minor,
        invoice_id=payment.invoice_id or 0,
        is_kept_in_balance=payment.is_kept_in_balance,
        reason_msgid="" if is_active else failures.reason(payment.failure_code),
        problem_msgid=failures.problem(payment.problem_code) if is_active else "",
        actor=payment.actor_name,
        created_at=iso(payment.created_at),
        finished_at=iso(payment.finished_at),
        refundable_minor=refundable_minor,
        steps=payment_steps(payment, changes),
    )


def payment_steps(payment: Payment, changes: Sequence[StatusChange]) -> list[StepView]:
    """A payment's way as named steps, with the times at which it took them."""
    at = {change.to_status: change.at for change in changes}
    began, ended = iso(payment.created_at), iso(payment.finished_at)
    sent = iso(at.get(PaymentStatus.SUBMITTED))
    asked = iso(at.get(PaymentStatus.REQUIRES_ACTION))
    status = payment.status
    over = {"succeeded": "done", "failed": "failed", "cancelled": "skipped"}.get(status, "")
    gateway = "done" if sent or asked else over or "running"
    steps = [
        StepView("written", "done", "", began, began),
        StepView("gateway", gateway, "", began, (sent or asked or ended)),
    ]
    if asked:
        is_waiting = status == PaymentStatus.REQUIRES_ACTION
        left = next((iso(c.at) for c in changes if c.from_status == PaymentStatus.REQUIRES_ACTION), "")
        is_refused = over == "failed" and payment.failure_code in _NOT_CONFIRMED
        steps.append(
            StepView(
                "bank",
                "running" if is_waiting else "failed" if is_refused else "done",
                "",
                asked,
                "" if is_waiting else left or ended,
            )
        )
    charging = status in (PaymentStatus.SUBMITTED, PaymentStatus.UNKNOWN)
    last = over or ("running" if charging else "waiting")
    steps.append(StepView("booked", last, "", (sent or asked) if over or charging else "", ended))
    return steps


_NOT_CONFIRMED = (
    "authentication_required",
    "authentication_expired",
    "payment_intent_authentication_failure",
)


def recommendation_view(found: Recommendation) -> RecommendationView:
    return RecommendationView(
        currency=found.currency,
        horizon_on=iso_day(found.horizon_on),
        renewals_minor=found.renewals_minor,
        open_invoices_minor=found.open_invoices_minor,
        buffer_minor=found.buffer_minor,
        cash_minor=found.cash_minor,
        credit_minor=found.credit_minor,
        need_minor=found.need_minor,
        amount_minor=found.amount_minor,
    )


def cost_view(cost: RecurringCost, found: Recommendation) -> CostView:
    return CostView(
        is_ready=True,
        currency=cost.currency,
        services=cost.services,
        hour_minor=cost.hour_minor,
        day_minor=cost.day_minor,
        week_minor=cost.week_minor,
        month_minor=cost.month_minor,
        year_minor=cost.year_minor,
        has_yesterday=cost.yesterday_year_minor is not None,
        yesterday_hour_minor=cost.yesterday_hour_minor or 0,
        yesterday_day_minor=cost.yesterday_day_minor or 0,
        yesterday_week_minor=cost.yesterday_week_minor or 0,
        yesterday_month_minor=cost.yesterday_month_minor or 0,
        yesterday_year_minor=cost.yesterday_year_minor or 0,
        recommendation=recommendation_view(found),
    )
