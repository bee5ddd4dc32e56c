"""Saved cards: handed by the browser to the gateway, kept here as brand, last digits and expiry."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_card_for
from opsportal.domain.audit import trail
from opsportal.domain.lifecycle import CARD_SETUP, move
from opsportal.domain.payments import deadlines, topics
from opsportal.domain.payments.gateways import CardFacts
from opsportal.domain.payments.quotes import payer
from opsportal.domain.payments.refusals import CardInUse, TooManyCards
from opsportal.models import (
    ACTIVE_PAYMENT,
    CardSetup,
    CardSetupStatus,
    GatewayCustomer,
    Payment,
    SavedCard,
)
from opsportal.models.base import utcnow

MOST = 10
QUEUE = "billing"
SETUP_TASK = "card_setup"
FORGET_TASK = "forget_card"


@dataclass(frozen=True, slots=True)
class SetupOrder:
    """What the web process needs to open a set-up at the gateway."""

    setup_id: int
    company_id: int
    company_name: str
    customer_ref: str
    """Empty when the gateway does not know the company yet."""


def is_usable(card: SavedCard) -> bool:
    """Whether a card can be charged: not removed, and its last month not over."""
    today = utcnow().date()
    return card.removed_at is None and (card.exp_year, card.exp_month) >= (today.year, today.month)


def list_cards(actor: Actor, unit: Unit) -> list[SavedCard]:
    """The own company's cards, newest first; expired ones too, so that people see why they fail."""
    actor.require(Permission.BILLING_VIEW)
    query = select(SavedCard).where(
        col(SavedCard.company_id) == actor.company_id, col(SavedCard.removed_at).is_(None)
    )
    return list(unit.exec(query.order_by(col(SavedCard.id).desc())))


def begin_card(unit: Unit, actor: Actor, *, gateway: str) -> SetupOrder:
    """Write down that a browser may hand one card over. The gateway is called after commit."""
    actor.require(Permission.BILLING_PAY)
    company = payer(actor, unit)
    kept = select(func.count()).where(
        col(SavedCard.company_id) == company.id, col(SavedCard.removed_at).is_(None)
    )
    if (unit.scalar(kept) or 0) >= MOST:
        raise TooManyCards(limit=MOST)
    now = utcnow()
    setup = CardSetup(
        gateway=gateway,
        company_id=company.id or 0,
        actor_id=actor.person_id,
        actor_name=actor.name,
        not_after=now + deadlines.SETUP,
        due_at=now + deadlines.SETUP / 4,
    )
    unit.add(setup)
    unit.flush()
    return SetupOrder(
        setup_id=setup.id or 0,
        company_id=company.id or 0,
        company_name=company.name,
        customer_ref=customer_of(unit, company.id or 0, gateway),
    )


def customer_of(unit: Unit, company_id: int, gateway: str) -> str:
    """How the gateway calls a company; empty when it does not know it."""
    query = select(GatewayCustomer.ref).where(
        col(GatewayCustomer.company_id) == company_id, col(GatewayCustomer.gateway) == gateway
    )
    return unit.exec(query).first() or ""


def keep_customer(unit: Unit, *, company_id: int, gateway: str, ref: str) -> str:
    """Remember how the gateway calls a company. The first one stands; returns it."""
    made = insert(GatewayCustomer).values(company_id=company_id, gateway=gateway, ref=ref)
    unit.execute(made.on_conflict_do_nothing())
    return customer_of(unit, company_id, gateway)


def keep_setup_ref(unit: Unit, setup_id: int, *, ref: str) -> None:
    unit.get_one(CardSetup, setup_id).ref = ref


def find_setup(unit: Unit, actor: Actor, ref: str) -> CardSetup | None:
    """The own company's set-up of this name."""
    actor.require(Permission.BILLING_PAY)
    return unit.exec(
        select(CardSetup).where(col(CardSetup.ref) == ref, col(CardSetup.company_id) == actor.company_id)
    ).first()


def find_setup_id(unit: Unit, ref: str) -> int | None:
    """Whose set-up a gateway speaks of; None when it is not ours."""
    return unit.exec(select(CardSetup.id).where(col(CardSetup.ref) == ref)).first()


def lock_setup(unit: Unit, setup_id: int) -> CardSetup:
    query = select(CardSetup).where(col(CardSetup.id) == setup_id).with_for_update()
    return unit.exec(query, execution_options={"populate_existing": True}).one()


def save_card(unit: Unit, setup_id: int, card: CardFacts) -> SavedCard | None:
    """The gateway keeps the card: so do we, once, however many tell us so. None when the set-up has ended."""
    setup = lock_setup(unit, setup_id)
    if setup.status != CardSetupStatus.BEGUN:
        return unit.get(SavedCard, setup.card_id) if setup.card_id else None
    saved = SavedCard(
        gateway=setup.gateway,
        company_id=setup.company_id,
        ref=card.ref,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
    )
    unit.add(saved)
    unit.flush()
    setup.card_id = saved.id
    setup.finished_at = utcnow()
    move(unit, CARD_SETUP, setup, CardSetupStatus.SAVED, actor_id=setup.actor_id)
    trail.record(
        unit,
        "card:added",
        actor=None,
        actor_id=setup.actor_id,
        actor_name=setup.actor_name,
        object_kind="card",
        object_id=saved.id,
        object_name=f"{saved.brand} {saved.last4}",
        company_id=setup.company_id,
    )
    unit.changed(topics.cards(setup.company_id), *topics.of_company(setup.company_id))
    return saved


def end_setup(unit: Unit, setup_id: int, *, status: CardSetupStatus, code: str) -> None:
    """No card came of it."""
    setup = lock_setup(unit, setup_id)
    if setup.status == CardSetupStatus.BEGUN:
        setup.failure_code = code
        setup.finished_at = utcnow()
        move(unit, CARD_SETUP, setup, status, reason=code)


def remove_card(unit: Unit, actor: Actor, card_id: int) -> SavedCard:
    """Remove a card; the gateway forgets it after commit. Not while a payment with it is under way."""
    card = access_card_for(actor, unit, card_id, permission=Permission.BILLING_PAY)
    card = unit.get_one(SavedCard, card_id, with_for_update=True, populate_existing=True)
    busy = select(Payment.id).where(col(Payment.card_id) == card_id, col(Payment.status).in_(ACTIVE_PAYMENT))
    if unit.exec(busy.limit(1)).first() is not None:
        raise CardInUse
    if card.removed_at is None:
        card.removed_at = utcnow()
        unit.enqueue(QUEUE, FORGET_TASK, card_id)
        trail.record(
            unit,
            "card:removed",
            actor=actor,
            object_kind="card",
            object_id=card_id,
            object_name=f"{card.brand} {card.last4}",
            company_id=card.company_id,
        )
        unit.changed(topics.cards(card.company_id), *topics.of_company(card.company_id))
    return card
