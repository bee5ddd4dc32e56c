"""Payments, refunds, cards and events of the gateway: one call at a time, each between two transactions.

Runs in work horses of the `billing` queue. Whatever dies here leaves a row with a time at which somebody
looks again; calling the gateway twice with one key does nothing twice.
"""

from __future__ import annotations

import structlog

from opsportal.db import unit_of_work
from opsportal.domain.payments import cards, comparison, handover, inbox, letters, progress, refunds, waking
from opsportal.domain.payments.gateways import (
    Gateway,
    GatewayRefusedError,
    GatewayUnreachableError,
    Intent,
)
from opsportal.domain.payments.progress import Order, Step
from opsportal.domain.payments.refusals import CardRefused
from opsportal.integrations import stripe_gateway
from opsportal.models import EventStatus, Payment, SavedCard

MOST_STEPS = 8
"""Calls in one go: making, confirming, reading and ending take four. What needs more comes back later."""
log = structlog.get_logger("payments")


def run_payment(payment_id: int) -> None:
    """Move a payment on until it ends or somebody else's turn has come."""
    gateway = stripe_gateway.configured_gateway()
    for _ in range(MOST_STEPS):
        with unit_of_work() as unit:
            order = progress.plan(unit, payment_id)
        if order is None or not _step(gateway, order):
            return


def _step(gateway: Gateway | None, order: Order) -> bool:
    """Carry out one call and take in its answer. True when there is more to do at once."""
    if gateway is None:
        with unit_of_work() as unit:
            progress.no_answer(unit, order, problem="no_gateway")
        return False
    try:
        intent = _call(gateway, order)
    except GatewayUnreachableError as silence:
        log.warning("gateway_unreachable", payment=order.payment_id, step=order.step, why=str(silence))
        with unit_of_work() as unit:
            progress.no_answer(unit, order)
        return False
    except GatewayRefusedError as refusal:
        log.warning("gateway_refused", payment=order.payment_id, step=order.step, code=refusal.code)
        with unit_of_work() as unit:
            return progress.refused(unit, order, code=refusal.code, text=refusal.text)
    with unit_of_work() as unit:
        return progress.take(unit, order.payment_id, intent)


def _call(gateway: Gateway, order: Order) -> Intent:
    if order.step is Step.CREATE:
        return gateway.create_intent(
            key=order.key,
            payment_id=order.payment_id,
            amount_minor=order.amount_minor,
            currency=order.currency,
            customer_ref=order.customer_ref,
            card_ref=order.card_ref,
        )
    if order.step is Step.CONFIRM:
        return gateway.confirm_intent(order.ref, key=order.key)
    if order.step is Step.CANCEL:
        return gateway.cancel_intent(order.ref, key=order.key)
    return gateway.read_intent(order.ref)


def run_event(event_id: int) -> None:
    """Look at a stored event: not at what it says, but at what its object is at the gateway now."""
    gateway = stripe_gateway.configured_gateway()
    with unit_of_work() as unit:
        letter = inbox.find_waiting(unit, event_id)
    if letter is None:
        return
    if gateway is None:
        _postpone(event_id)
        return
    try:
        status, code = _look(gateway, letter)
    except GatewayUnreachableError:
        _postpone(event_id)
    else:
        with unit_of_work() as unit:
            inbox.finish(unit, event_id, status, code=code)


def _postpone(event_id: int) -> None:
    with unit_of_work() as unit:
        inbox.postpone(unit, event_id)


def _look(gateway: Gateway, letter: inbox.Letter) -> tuple[EventStatus, str]:
    kind, ref = letter.kind, letter.object_ref
    if ref.startswith("pi_"):
        return _payment_told(gateway, ref)
    if kind.startswith("setup_intent."):
        with unit_of_work() as unit:
            setup_id = cards.find_setup_id(unit, ref)
        if setup_id is not None:
            run_setup(setup_id)
        return (EventStatus.PROCESSED if setup_id else EventStatus.IGNORED), ""
    if kind.startswith("refund."):
        with unit_of_work() as unit:
            refund_id = refunds.find_id(unit, gateway=gateway.name, ref=ref)
        if refund_id is not None:
            run_refund(refund_id)
        return (EventStatus.PROCESSED if refund_id else EventStatus.IGNORED), ""
    return EventStatus.IGNORED, "not_ours"


def _payment_told(gateway: Gateway, ref: str) -> tuple[EventStatus, str]:
    try:
        intent = gateway.read_intent(ref)
    except GatewayRefusedError as refusal:
        return EventStatus.IGNORED, refusal.code
    with unit_of_work() as unit:
        payment_id = inbox.find_payment(unit, gateway=gateway.name, ref=ref)
        nameless_id = None if payment_id else inbox.find_nameless(unit, intent.payment_id)
    if nameless_id is not None:
        run_payment(nameless_id)  # our key makes the gateway name our own intent
        return EventStatus.PROCESSED, ""
    if payment_id is None:
        return EventStatus.IGNORED, "not_ours"
    with unit_of_work() as unit:
        goes_on = progress.take(unit, payment_id, intent)
        is_refused = unit.get_one(Payment, payment_id).problem_code == "amount_mismatch"
    if is_refused:
        return EventStatus.REFUSED, "amount_mismatch"
    if goes_on:
        run_payment(payment_id)
    return EventStatus.PROCESSED, ""


def run_refund(refund_id: int) -> None:
    """Send a refund, or ask how far it is."""
    gateway = stripe_gateway.configured_gateway()
    with unit_of_work() as unit:
        order = refunds.plan(unit, refund_id)
    if order is None:
        return
    try:
        if gateway is None:
            raise GatewayUnreachableError("no_gateway")
        seen = (
            gateway.read_refund(order.ref)
            if order.ref
            else gateway.refund(
                key=order.key,
                refund_id=refund_id,
                intent_ref=order.intent_ref,
                amount_minor=order.amount_minor,
                currency=order.currency,
            )
        )
    except GatewayUnreachableError:
        with unit_of_work() as unit:
            refunds.no_answer(unit, refund_id)
    except GatewayRefusedError as refusal:
        log.warning("refund_refused", refund=refund_id, code=refusal.code)
        with unit_of_work() as unit:
            refunds.refused(unit, refund_id, code=refusal.code)
    else:
        with unit_of_work() as unit:
            refunds.take(unit, refund_id, seen)


def run_setup(setup_id: int) -> None:
    """Ask about a set-up that no browser has finished."""
    gateway = stripe_gateway.configured_gateway()
    if gateway is None:
        return
    try:
        handover.finish_setup(gateway, setup_id)
    except GatewayUnreachableError:
        log.warning("gateway_unreachable", setup=setup_id)
    except CardRefused:
        log.info("card_refused", setup=setup_id)


def forget_card(card_id: int) -> None:
    """Tell the gateway that a card was removed here. Best effort: without us nobody charges it."""
    gateway = stripe_gateway.configured_gateway()
    with unit_of_work() as unit:
        card = unit.get_one(SavedCard, card_id)
    if gateway is not None and card.removed_at is not None:
        gateway.forget_card(card.ref)


def send_letter(payment_id: int) -> None:
    """Write the mail about a payment that has ended. It may fail as it likes: the payment stands."""
    with unit_of_work() as unit:
        letters.write(unit, payment_id)


def wake_due() -> None:
    """Hand over again what waits for somebody to look."""
    with unit_of_work() as unit:
        woken = waking.wake_due(unit)
    if woken:
        log.info("woken", number=woken)


def compare_with_gateway() -> None:
    """Compare the gateway's own list with the ledger, and show finance what differs."""
    gateway = stripe_gateway.configured_gateway()
    if gateway is None:
        return
    with unit_of_work() as unit:
        check_id, since = comparison.begin_check(unit, gateway.name)
    try:
        intents = list(gateway.list_intents(since=since))
        given = list(gateway.list_refunds(since=since))
    except (GatewayUnreachableError, GatewayRefusedError) as silence:
        with unit_of_work() as unit:
            comparison.give_up(unit, check_id, code=type(silence).__name__)
        raise
    with unit_of_work() as unit:
        check = comparison.compare(unit, check_id, intents=intents, refunds=given)
    log.info("compared", number=check.compared, differing=check.differing)
