"""Payments that are refused: amounts, currencies, cards and tokens that cannot be, and payments of others."""

from __future__ import annotations

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing.refusals import BadAmount, WrongCurrency
from opsportal.domain.payments import topups
from opsportal.domain.payments.quotes import limits
from opsportal.domain.payments.refusals import AmountTooLarge, AmountTooSmall, CardNotUsable
from opsportal.domain.refusals import BadRequest, Forbidden, NotFound, Refusal
from opsportal.models import PaymentPurpose, Role, SavedCard
from tests.builders import make_actor, make_company
from tests.doors.world import everything
from tests.integration.payments.gateway import Lab
from tests.integration.payments.work import begin_topup, token

pytestmark = pytest.mark.xdist_group("payments")

LOWEST, HIGHEST = limits("EUR")
IMPOSSIBLE: list[tuple[object, type[Refusal]]] = [
    (0, BadAmount), (-1, BadAmount), (10**15, BadAmount), (2**70, BadAmount), (1.5, BadAmount), ("100", BadAmount),
    (True, BadAmount), (LOWEST - 1, AmountTooSmall), (HIGHEST + 1, AmountTooLarge), (None, BadRequest),
]  # fmt: skip


def test_amounts_that_cannot_be(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer)
    before = everything()
    for net_minor, refusal in IMPOSSIBLE:
        with pytest.raises(refusal):
            begin_topup(payer, card.id or 0, net_minor)  # type: ignore[arg-type]
    assert everything() == before


def test_other_currency_foreign_card_removed_card_and_bad_tokens(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer)
    stranger = make_actor(company=make_company(currency="EUR", country="UA"))
    foreign = lab.add_card(stranger)
    expired = lab.add_card(payer)
    with unit_of_work() as unit:
        unit.get_one(SavedCard, expired.id).exp_year = 2020
    before = everything()

    def begin(actor: Actor, card_id: int, *, currency: str = "EUR", click: str = "") -> None:
        with unit_of_work() as unit:
            topups.begin_payment(
                unit, actor, purpose=PaymentPurpose.TOPUP, net_minor=5_000, charge_minor=5_000, currency=currency,
                card_id=card_id, idempotency=click or token(),
            )  # fmt: skip

    with pytest.raises(WrongCurrency):
        begin(payer, card.id or 0, currency="USD")
    for missing in (foreign.id or 0, 987_654, 0, -1):
        with pytest.raises(NotFound):
            begin(payer, missing)
    with pytest.raises(CardNotUsable):
        begin(payer, expired.id or 0)
    for click in (
        "short",
        "x" * 65,
        "with space in the token",
        "'; DROP TABLE payment",
        "ünïcödé-token-12345",
    ):
        with pytest.raises(BadRequest):
            begin(payer, card.id or 0, click=click)
    for role in (Role.OPERATOR, Role.TECHNICIAN):
        with pytest.raises(Forbidden):
            begin(make_actor(role=role), card.id or 0)
    after = everything()
    changed = {table for table in before if before[table] != after[table]}
    assert changed <= {"person", "login_session", "audit_event"}  # the two actors that were made just now


def test_foreign_payments_look_like_none(lab: Lab, payer: Actor) -> None:
    begun = begin_topup(payer, lab.add_card(payer).id or 0, 5_000)
    stranger = make_actor(company=make_company(currency="EUR"))
    for act in (topups.cancel_payment, topups.go_on):
        with pytest.raises(NotFound), unit_of_work() as unit:
            act(unit, stranger, begun.id or 0)
    with unit_of_work() as unit:
        rows, total = topups.list_payments(stranger, unit, topups.PaymentFilter())
        assert (rows, total) == ([], 0)
        with pytest.raises(NotFound):
            topups.list_payments(stranger, unit, topups.PaymentFilter(company_id=payer.company_id))
