"""What the money core declines to do. Nothing was booked when one of these is raised."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal


class BadAmount(Refusal):
    code = "bad_amount"
    msgid = (
        "This is not an amount that can be used in {currency}. Nothing was charged. Enter a positive amount."
    )


class InsufficientBalance(Refusal):
    """`missing`: what is lacking, in the smallest unit of `currency`."""

    code = "insufficient_balance"
    msgid = "The balance does not suffice. Nothing was charged. Add funds, or pay by card."


class AmountChanged(Refusal):
    """What was asked for is not what the person saw: a press never moves another amount."""

    code = "amount_changed"
    msgid = "The amount has changed since it was shown. Nothing was charged. Look at the new amount and press again."


class InvoiceAlreadyPaid(Refusal):
    code = "invoice_already_paid"
    msgid = "{number} is paid already. Nothing was charged a second time."


class InvoiceIsVoid(Refusal):
    code = "invoice_is_void"
    msgid = "{number} was cancelled and need not be paid. Nothing was charged."


class NotAnInvoice(Refusal):
    code = "not_an_invoice"
    msgid = "{number} is not an invoice that can be paid. Nothing was charged."


class InvoiceNotVoidable(Refusal):
    code = "invoice_not_voidable"
    msgid = "{number} cannot be cancelled, because it is paid or was cancelled before. Nothing was changed."


class RefundTooHigh(Refusal):
    """`left`: what may still be refunded, in the smallest unit of `currency`."""

    code = "refund_too_high"
    msgid = "This is more than what is left to refund. Nothing was refunded. Enter a smaller amount."


class NotRefundable(Refusal):
    code = "not_refundable"
    msgid = "This movement cannot be refunded in this way. Nothing was refunded."


class WrongCurrency(Refusal):
    code = "wrong_currency"
    msgid = "This company pays in {currency}. Nothing was charged. Choose this currency."


class NoPrice(Refusal):
    code = "no_price"
    msgid = "This plan has no price in {currency}. Nothing was ordered. Choose another plan, or ask us."


class NoTaxRate(Refusal):
    code = "no_tax_rate"
    msgid = "We have no tax rate for {country} on record. Nothing was charged. Please open a ticket."
