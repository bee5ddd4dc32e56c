"""Invoices, payments and runs, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.locale import N_

Words = Mapping[str, str]
Tones = Mapping[str, str]

INVOICE: Final[Words] = {
    "paid": N_("Paid"),
    "pending": N_("Pending"),
    "overdue": N_("Overdue"),
    "void": N_("Cancelled"),
    "refunded": N_("Refunded"),
}
INVOICE_TONE: Final[Tones] = {
    "paid": "ok",
    "pending": "warn",
    "overdue": "bad",
    "void": "mute",
    "refunded": "mute",
}
DOCUMENT: Final[Words] = {
    "invoice": N_("Invoice"),
    "topup": N_("Invoice for added funds"),
    "credit_note": N_("Credit note"),
}
PAYMENT: Final[Words] = {
    "created": N_("Being handed over"),
    "submitted": N_("Being charged"),
    "requires_action": N_("Waits for your confirmation"),
    "unknown": N_("Outcome not known yet"),
    "succeeded": N_("Received"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
}
PAYMENT_TONE: Final[Tones] = {
    "created": "mute",
    "submitted": "info",
    "requires_action": "warn",
    "unknown": "warn",
    "succeeded": "ok",
    "failed": "bad",
    "cancelled": "mute",
}
PAYMENT_STEP: Final[Words] = {
    "written": N_("Written down"),
    "gateway": N_("Handed to the card processor"),
    "bank": N_("Confirmed with your bank"),
    "booked": N_("Received and booked"),
}
TRANSACTION: Final[Words] = {
    "topup": N_("Funds added"),
    "payment": N_("Invoice paid"),
    "grant": N_("Credit granted"),
    "refund": N_("Refund"),
    "refund_paid": N_("Refund paid out"),
    "reversal": N_("Refund put back"),
    "failed": N_("Payment failed"),
}
TRANSACTION_TONE: Final[Tones] = {
    "topup": "ok",
    "payment": "info",
    "grant": "ok",
    "refund": "warn",
    "refund_paid": "mute",
    "reversal": "mute",
    "failed": "bad",
}
FLAG: Final[Words] = {
    "invoice_was_paid": N_(
        "A card payment came for an invoice that was paid already. The money is in the balance."
    ),
    "invoice_was_void": N_(
        "A card payment came for an invoice that was cancelled. The money is in the balance."
    ),
    "invoice_costs_more": N_("A card payment did not cover its invoice. The money is in the balance."),
}
RUN: Final[Words] = {
    "renewal": N_("Renewals"),
    "auto_pay": N_("Automatic payment"),
    "cost_snapshot": N_("Record of costs"),
}
RUN_ERROR: Final[Words] = {
    "other_currency": N_(
        "The service is priced in another currency than the company's. Correct one of them."
    ),
    "far_behind": N_("A whole period has passed without an invoice. Charge it or give it away by hand."),
    "too_many": N_(
        "More services fall due at once than one invoice should hold. Look before you invoice them."
    ),
    "no_tax_rate": N_(
        "The tax rate of the company's country is not on record. Add it; the next run tries again."
    ),
    "fault": N_("Something went wrong on our side. The log says what; the next run tries again."),
}
DIFFERENCE: Final[Words] = {
    "missing_here": N_("The gateway has taken money that our ledger does not know. Find out whose it is."),
    "missing_there": N_("Our ledger has money that the gateway does not know. Ask the gateway's support."),
    "amount": N_("Another amount than agreed. Nothing was booked; look at both sides."),
}
