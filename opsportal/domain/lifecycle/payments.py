"""Money through the gateway."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import (
    CardSetup,
    CardSetupStatus,
    EventStatus,
    GatewayEvent,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)

PAYMENT = Machine(
    "payment",
    Payment,
    "status",
    {
        PaymentStatus.CREATED: State(
            "Written down; the gateway has not answered yet. No money can move.",
            "Asked again until not_after, then failed; can be cancelled.",
        ),
        PaymentStatus.SUBMITTED: State(
            "The gateway knows it, and is told to charge the card.",
            "The gateway's answer; without one it becomes unknown.",
        ),
        PaymentStatus.REQUIRES_ACTION: State(
            "The card's bank wants its holder to confirm (3-D Secure).",
            "The holder's answer, or not_after: then it is ended at the gateway.",
        ),
        PaymentStatus.UNKNOWN: State(
            "Nobody knows whether the card was charged.",
            "The gateway is asked, ever more seldom, for three days; then finance is shown it and asks again.",
        ),
        PaymentStatus.SUCCEEDED: State("The money was received and booked, once.", is_final=True),
        PaymentStatus.FAILED: State(
            "No money was taken and none can be: it has ended at the gateway too.", is_final=True
        ),
        PaymentStatus.CANCELLED: State(
            "Taken back before money moved; it has ended at the gateway too.", is_final=True
        ),
    },
    steps(
        "created submitted requires_action succeeded",
        "created failed",
        "created cancelled",
        "submitted succeeded",
        "submitted unknown",
        "submitted failed",
        "submitted cancelled",
        "requires_action submitted",
        "requires_action unknown",
        "requires_action failed",
        "requires_action cancelled",
        "unknown submitted",
        "unknown requires_action",
        "unknown succeeded",
        "unknown failed",
        "unknown cancelled",
    ),
)

REFUND = Machine(
    "refund",
    Refund,
    "status",
    {
        RefundStatus.REQUESTED: State(
            "Booked; the gateway has not answered yet.",
            "Asked again with the same key for a day, then finance is shown it.",
        ),
        RefundStatus.SUBMITTED: State(
            "The gateway is paying it out.", "The gateway's answer; asked for a month."
        ),
        RefundStatus.SUCCEEDED: State("The money is on its way to the card.", is_final=True),
        RefundStatus.FAILED: State("Not paid out; the booking was reversed.", is_final=True),
    },
    steps("requested submitted succeeded", "requested succeeded", "requested failed", "submitted failed"),
)

CARD_SETUP = Machine(
    "card_setup",
    CardSetup,
    "status",
    {
        CardSetupStatus.BEGUN: State(
            "A browser may hand one card to the gateway.", "The gateway is asked; expires at not_after."
        ),
        CardSetupStatus.SAVED: State("The gateway keeps the card for us.", is_final=True),
        CardSetupStatus.FAILED: State("The gateway refused the card.", is_final=True),
        CardSetupStatus.EXPIRED: State("No card came in time.", is_final=True),
    },
    steps("begun saved", "begun failed", "begun expired"),
)

GATEWAY_EVENT = Machine(
    "gateway_event",
    GatewayEvent,
    "status",
    {
        EventStatus.RECEIVED: State(
            "Stored with a good signature; not looked at yet.",
            "A worker asks the gateway about its object, at most twelve times.",
        ),
        EventStatus.PROCESSED: State("Its object was fetched and taken in.", is_final=True),
        EventStatus.IGNORED: State("It is about nothing of ours.", is_final=True),
        EventStatus.REFUSED: State(
            "Its object contradicts what is on record; finance is shown it.", is_final=True
        ),
        EventStatus.FAILED: State(
            "The gateway did not answer; its object is asked for otherwise.", is_final=True
        ),
    },
    steps("received processed", "received ignored", "received refused", "received failed"),
)
