"""Why a payment failed, in words. The codes are the gateway's and ours; the sentences are for the client.

Stripe's codes: https://docs.stripe.com/declines/codes. What is sensitive there (a card reported as
stolen) is told as a plain decline, as Stripe asks.
"""

from __future__ import annotations

from opsportal.locale import N_

DECLINED = N_("The card's bank declined the payment. Use another card, or ask the bank.")
_FUNDS = N_("There is not enough money on the card. Use another card, or a smaller amount.")
_EXPIRED = N_("The card has expired. Add a new one.")
_DATA = N_("The card's data is not right. Remove the card and add it again.")
_LIMIT = N_("The card's limit is reached. Use another card, or try again tomorrow.")
_CURRENCY = N_("This card cannot pay in this currency. Use another card.")
_BANK = N_("The card's bank could not be reached. No money was taken. Try again later.")
_AUTHENTICATION = N_(
    "The bank's confirmation failed. No money was taken. Try again and confirm in your bank's app."
)
_SILENT = N_("The card processor did not answer in time. No money was taken. Try again.")
_AMOUNT = N_("A card cannot be charged this amount. No money was taken. Choose another amount.")

REASONS: dict[str, str] = {
    "card_declined": DECLINED,
    "generic_decline": DECLINED,
    "insufficient_funds": _FUNDS,
    "expired_card": _EXPIRED,
    "incorrect_number": _DATA,
    "invalid_number": _DATA,
    "incorrect_cvc": _DATA,
    "invalid_cvc": _DATA,
    "invalid_expiry_month": _DATA,
    "invalid_expiry_year": _DATA,
    "incorrect_zip": _DATA,
    "card_velocity_exceeded": _LIMIT,
    "withdrawal_count_limit_exceeded": _LIMIT,
    "currency_not_supported": _CURRENCY,
    "issuer_not_available": _BANK,
    "processing_error": _BANK,
    "try_again_later": _BANK,
    "authentication_required": _AUTHENTICATION,
    "payment_intent_authentication_failure": _AUTHENTICATION,
    "authentication_expired": N_(
        "The bank's confirmation did not come in time. No money was taken. Try again."
    ),
    "amount_too_small": _AMOUNT,
    "amount_too_large": _AMOUNT,
    "amount_not_chargeable": _AMOUNT,
    "gateway_unreachable": _SILENT,
    "resource_missing": N_(
        "The card processor does not know this card. No money was taken. Add the card again."
    ),
    "cancelled_by_client": N_("Cancelled before money moved."),
    "cancelled_at_gateway": N_("The card processor ended this payment. No money was taken."),
}

PROBLEMS: dict[str, str] = {
    "gateway_unreachable": N_(
        "The card processor does not answer at the moment. The payment waits and goes on by itself; do not pay again."
    ),
    "no_gateway": N_("Card payments are switched off at the moment. The payment waits; we have been told."),
    "amount_mismatch": N_(
        "The card processor reports another amount than was agreed. Our finance desk looks at it; do not pay again."
    ),
    "needs_person": N_(
        "The card processor gave no answer for days. Our finance desk looks at it; do not pay again."
    ),
}


def reason(code: str) -> str:
    """The msgid that tells a client why a payment failed. Unknown codes are told as a decline."""
    return REASONS.get(code, DECLINED) if code else ""


def problem(code: str) -> str:
    """The msgid that tells why a payment waits; empty when nothing stands in its way."""
    return PROBLEMS.get(code, PROBLEMS["needs_person"]) if code else ""
