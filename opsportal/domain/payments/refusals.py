"""What is declined about cards and payments. No money moves when one of these is raised."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal


class NoGateway(Refusal):
    code = "no_gateway"
    msgid = "Card payments are not set up here. Nothing was charged. Please open a ticket, and we will tell you how to pay."


class GatewayAway(Refusal):
    code = "gateway_away"
    msgid = "The card processor does not answer. Nothing was charged and nothing was changed. Try again in a minute."


class CardNotUsable(Refusal):
    code = "card_not_usable"
    msgid = "This card was removed or has expired. Nothing was charged. Choose another card, or add one."


class CardRefused(Refusal):
    code = "card_refused"
    msgid = "The card was not accepted. It was not saved and nothing was charged. Check its data, or use another card."


class CardInUse(Refusal):
    code = "card_in_use"
    msgid = "A payment with this card is under way. Nothing was changed. Remove the card when the payment has ended."


class TooManyCards(Refusal):
    code = "too_many_cards"
    msgid = "There are {limit} cards already. Nothing was changed. Remove one that you no longer use."


class AmountTooSmall(Refusal):
    """`minimum`: in the smallest unit of `currency`."""

    code = "amount_too_small"
    msgid = "This is less than a card can be charged. Nothing was charged. Enter a larger amount."


class AmountTooLarge(Refusal):
    """`maximum`: in the smallest unit of `currency`."""

    code = "amount_too_large"
    msgid = "This is more than can be added at once. Nothing was charged. Enter a smaller amount, or ask us."


class AmountNotChargeable(Refusal):
    code = "amount_not_chargeable"
    msgid = "A card cannot be charged exactly this amount in {currency}. Nothing was charged. Choose a rounder amount."


class PaymentInProgress(Refusal):
    code = "payment_in_progress"
    msgid = (
        "A payment of this invoice is under way already. Nothing was charged twice. Wait until it has ended."
    )


class TooManyPayments(Refusal):
    code = "too_many_payments"
    msgid = "Several payments are under way already. Nothing was charged. Wait until they have ended."


class InvoiceCovered(Refusal):
    code = "invoice_covered"
    msgid = "The balance covers this invoice. Nothing was charged to a card. Pay it from the balance."


class PaymentChanged(Refusal):
    code = "payment_changed"
    msgid = "This click was sent before with other data. Nothing was charged again. Reload the page."


class PaymentNotCancellable(Refusal):
    code = "payment_not_cancellable"
    msgid = "This payment has ended already and cannot be cancelled. Nothing was changed."


class NothingToConfirm(Refusal):
    code = "nothing_to_confirm"
    msgid = "This payment does not wait for a confirmation. Nothing was charged. Look at its status."


class PaymentNotRefundable(Refusal):
    code = "payment_not_refundable"
    msgid = "Only money that was received can be given back. Nothing was refunded."
