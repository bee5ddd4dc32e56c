"""Handing a card from a browser to the gateway: our part of it, with the gateway's calls between transactions.

Both the web process (at once) and workers (when a browser was closed in between) do this.
"""

from __future__ import annotations

import uuid

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.payments import cards
from opsportal.domain.payments.gateways import Gateway, GatewayRefusedError, Setup, SetupStatus
from opsportal.domain.payments.refusals import CardRefused
from opsportal.models import CardSetup, CardSetupStatus, SavedCard
from opsportal.models.base import utcnow


def open_setup(gateway: Gateway, actor: Actor) -> Setup:
    """Let the actor's browser hand one card over. The answer's client secret is for that browser only.

    Raises `GatewayUnreachableError`; then there is only a row that expires.
    """
    with unit_of_work() as unit:
        order = cards.begin_card(unit, actor, gateway=gateway.name)
    customer = order.customer_ref
    # Neither call moves money: what a lost reply leaves behind at the gateway is empty and is never used.
    if not customer:
        made = gateway.create_customer(
            key=f"portal-{uuid.uuid4()}", name=order.company_name, company_id=order.company_id
        )
        with unit_of_work() as unit:
            customer = cards.keep_customer(unit, company_id=order.company_id, gateway=gateway.name, ref=made)
    setup = gateway.begin_setup(key=f"portal-{uuid.uuid4()}", customer_ref=customer)
    with unit_of_work() as unit:
        cards.keep_setup_ref(unit, order.setup_id, ref=setup.ref)
    return setup


def finish_setup(gateway: Gateway, setup_id: int) -> SavedCard | None:
    """Ask the gateway what came of a set-up, and keep its card. None while it still waits, and after it has ended.

    Refuses with `CardRefused` what the gateway has refused. Raises `GatewayUnreachableError`.
    """
    with unit_of_work() as unit:
        setup = unit.get_one(CardSetup, setup_id)
        customer = cards.customer_of(unit, setup.company_id, setup.gateway)
    if setup.card_id is not None:
        with unit_of_work() as unit:
            return unit.get_one(SavedCard, setup.card_id)
    if setup.status != CardSetupStatus.BEGUN:
        return None
    is_over = utcnow() > setup.not_after
    if setup.ref is None:
        if is_over:
            _end(setup_id, CardSetupStatus.EXPIRED, "expired")
        return None
    try:
        seen = gateway.read_setup(setup.ref)
        if seen.status is SetupStatus.SUCCEEDED and seen.card and seen.customer_ref == customer:
            gateway.keep_card(seen.card.ref, customer_ref=customer)
    except GatewayRefusedError as refusal:
        _end(setup_id, CardSetupStatus.FAILED, refusal.code)
        raise CardRefused from None
    return _take(setup_id, seen, customer, is_over=is_over)


def _take(setup_id: int, seen: Setup, customer: str, *, is_over: bool) -> SavedCard | None:
    if seen.status is SetupStatus.SUCCEEDED and seen.card and seen.customer_ref == customer:
        with unit_of_work() as unit:
            return cards.save_card(unit, setup_id, seen.card)
    if seen.status is SetupStatus.WAITING and not is_over:
        return None
    if seen.status is SetupStatus.WAITING:
        _end(setup_id, CardSetupStatus.EXPIRED, "expired")
        return None
    _end(setup_id, CardSetupStatus.FAILED, seen.reason_code or "card_declined")
    raise CardRefused


def _end(setup_id: int, status: CardSetupStatus, code: str) -> None:
    with unit_of_work() as unit:
        cards.end_setup(unit, setup_id, status=status, code=code)
