"""Refunds to the card, cards that come and go, and the daily look at the gateway's own list."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import col, select, update

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing import ledger
from opsportal.domain.billing.refusals import InsufficientBalance, RefundTooHigh
from opsportal.domain.payments import cards, comparison, differences, handover, refunds
from opsportal.domain.payments.gateways import (
    Gateway,
    GatewayRefund,
    GatewayUnreachableError,
    Intent,
    IntentStatus,
    RefundSeen,
)
from opsportal.domain.payments.refusals import CardInUse, CardRefused, PaymentNotRefundable, TooManyCards
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.integrations import stripe_gateway
from opsportal.models import (
    AccountKind,
    CardSetup,
    CardSetupStatus,
    DifferenceKind,
    GatewayCheck,
    Refund,
    RefundStatus,
    Role,
    SavedCard,
)
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_company
from tests.doors.world import everything
from tests.integration.payments.gateway import DECLINED, NEEDS_BANK, Lab
from tests.integration.payments.work import begin_invoice, begin_topup, cash, make_invoice, token, work_off
from workers import payments as work

pytestmark = pytest.mark.xdist_group("payments")


@pytest.fixture
def finance(portal: str) -> Actor:
    return make_actor(role=Role.OPERATOR)


def gateway() -> Gateway:
    found = stripe_gateway.configured_gateway()
    assert found is not None
    return found


def paid(lab: Lab, actor: Actor, net_minor: int = 10_000) -> int:
    number = begin_topup(actor, lab.add_card(actor).id or 0, net_minor).id or 0
    work_off()
    return number


def give_back(actor: Actor, number: int, amount_minor: int, *, click: str = "") -> Refund:
    with unit_of_work() as unit:
        return refunds.request_refund(
            unit, actor, number, amount_minor=amount_minor, idempotency=click or token(), memo="asked for"
        )


def account(actor: Actor, kind: AccountKind) -> int:
    with unit_of_work() as unit:
        return ledger.account_balance(unit, actor.company_id or 0, "EUR", kind)


def test_refund_gives_back_net_and_tax(lab: Lab, czech: Actor, finance: Actor) -> None:
    number = paid(lab, czech)
    asked = give_back(finance, number, 6_050)
    assert (asked.status, cash(czech), account(czech, AccountKind.REFUNDS_DUE)) == ("requested", 5_000, 6_050)
    work_off()
    with unit_of_work() as unit:
        ended = unit.get_one(Refund, asked.id)
    assert (ended.status, ended.ref) == (RefundStatus.SUCCEEDED, lab.objects()["refunds"][0]["id"])
    assert (account(czech, AccountKind.REFUNDS_DUE), account(czech, AccountKind.GATEWAY)) == (0, -6_050)
    assert (account(czech, AccountKind.TAX), cash(czech)) == (1_050, 5_000)
    with pytest.raises(RefundTooHigh) as refusal:
        give_back(finance, number, 6_051)
    assert refusal.value.params["left"] == 6_050


def test_lost_reply_to_a_refund_pays_it_out_once(lab: Lab, payer: Actor, finance: Actor) -> None:
    number = paid(lab, payer)
    for times, trouble in enumerate(["drop_before", "drop_after", "error_after"], start=1):
        asked = give_back(finance, number, 1_000)
        lab.next("POST /v1/refunds", trouble)
        work_off()
        with unit_of_work() as unit:
            assert unit.get_one(Refund, asked.id).status == RefundStatus.REQUESTED, trouble
        work.run_refund(asked.id or 0)
        with unit_of_work() as unit:
            assert unit.get_one(Refund, asked.id).status == RefundStatus.SUCCEEDED, trouble
        assert [one["amount"] for one in lab.objects()["refunds"]] == [1_000] * times
    assert cash(payer) == 7_000


def test_refund_that_the_gateway_declines_goes_back_into_the_balance(
    lab: Lab, payer: Actor, finance: Actor
) -> None:
    asked = give_back(finance, paid(lab, payer), 4_000)
    lab.reset()  # the gateway knows nothing of the payment any more
    work_off()
    with unit_of_work() as unit:
        ended = unit.get_one(Refund, asked.id)
    assert (ended.status, ended.failure_code, cash(payer)) == (
        RefundStatus.FAILED,
        "resource_missing",
        10_000,
    )
    assert account(payer, AccountKind.REFUNDS_DUE) == 0


def test_refund_that_was_sent_is_not_put_back_when_the_gateway_declines_to_tell(
    lab: Lab, payer: Actor, finance: Actor
) -> None:
    asked = give_back(finance, paid(lab, payer), 4_000)
    with unit_of_work() as unit:
        unit.get_one(Refund, asked.id).ref = "re_seen_with_another_key"
    work_off()
    with unit_of_work() as unit:
        waiting = unit.get_one(Refund, asked.id)
    assert (waiting.status, waiting.problem_code) == (RefundStatus.REQUESTED, "gateway_refused")
    assert (cash(payer), account(payer, AccountKind.REFUNDS_DUE)) == (6_000, 4_000)


def test_what_cannot_be_refunded(lab: Lab, payer: Actor, finance: Actor) -> None:
    number, click = paid(lab, payer), token()
    failed = begin_topup(payer, lab.add_card(payer, DECLINED).id or 0, 5_000).id or 0
    work_off()
    invoice = make_invoice(payer.company_id or 0, 10_000)
    with pytest.raises(Exception, match="invoice_covered"):
        begin_invoice(payer, lab.add_card(payer).id or 0, invoice.id or 0)
    before = everything()
    with pytest.raises(PaymentNotRefundable):
        give_back(finance, failed, 100)
    for amount in (0, -1, 10_001, 10**15):
        with pytest.raises(RefundTooHigh):
            give_back(finance, number, amount)
    with pytest.raises(Forbidden):
        give_back(payer, number, 100)
    with pytest.raises(NotFound):
        give_back(finance, 987_654, 100)
    assert everything() == before
    assert (
        give_back(finance, number, 9_000, click=click).id == give_back(finance, number, 9_000, click=click).id
    )
    begin_topup(payer, lab.add_card(payer).id or 0, 1_000)


def test_money_that_is_spent_is_not_given_back(lab: Lab, payer: Actor, finance: Actor) -> None:
    from opsportal.domain.billing import invoices

    number = paid(lab, payer)
    invoice = make_invoice(payer.company_id or 0, 8_000)
    with unit_of_work() as unit:
        invoices.pay_from_balance(unit, payer, invoice.id or 0, amount_minor=8_000, currency="EUR")
    before = everything()
    with pytest.raises(InsufficientBalance):
        give_back(finance, number, 2_001)
    assert everything() == before
    give_back(finance, number, 2_000)


def test_refund_nobody_answers_is_left_to_people_before_the_key_is_forgotten(
    lab: Lab, payer: Actor, finance: Actor
) -> None:
    asked = give_back(finance, paid(lab, payer), 4_000)
    with unit_of_work() as unit:
        old = utcnow() - dt.timedelta(hours=21)
        unit.execute(update(Refund).where(col(Refund.id) == asked.id).values(created_at=old))
    work_off()
    with unit_of_work() as unit:
        waiting = unit.get_one(Refund, asked.id)
    assert (waiting.status, waiting.problem_code) == (RefundStatus.REQUESTED, "needs_person")
    assert lab.objects()["refunds"] == []


def test_card_keeps_brand_digits_and_expiry_only(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer)
    assert (card.brand, card.last4, card.exp_month, card.exp_year) == ("visa", "4242", 12, 2031)
    columns = set(SavedCard.model_fields)
    assert columns == {
        "id", "gateway", "company_id", "ref", "brand", "last4", "exp_month", "exp_year", "created_at", "removed_at",
    }  # fmt: skip
    with unit_of_work() as unit:
        stranger = make_actor(company=make_company())
        assert [one.id for one in cards.list_cards(payer, unit)] == [card.id]
        assert cards.list_cards(stranger, unit) == []
        with pytest.raises(NotFound):
            cards.remove_card(unit, stranger, card.id or 0)


def test_card_that_the_bank_declines_is_not_saved(lab: Lab, payer: Actor) -> None:
    setup = handover.open_setup(gateway(), payer)
    assert lab.enter_card(setup, "4000000000000002").status_code == 402
    with unit_of_work() as unit:
        number = cards.find_setup_id(unit, setup.ref) or 0
    with pytest.raises(CardRefused):
        handover.finish_setup(gateway(), number)
    with unit_of_work() as unit:
        assert cards.list_cards(payer, unit) == []
        assert unit.get_one(CardSetup, number).status == CardSetupStatus.FAILED


def test_browser_that_was_closed_after_the_bank_still_saves_its_card(lab: Lab, payer: Actor) -> None:
    setup = handover.open_setup(gateway(), payer)
    lab.enter_card(setup, NEEDS_BANK).raise_for_status()
    with unit_of_work() as unit:
        unit.execute(update(CardSetup).values(due_at=utcnow()))
    work.wake_due()
    work_off()
    with unit_of_work() as unit:
        assert [one.last4 for one in cards.list_cards(payer, unit)] == ["3184"]
    work.run_setup(1)
    with unit_of_work() as unit:
        assert len(cards.list_cards(payer, unit)) == 1


def test_set_up_that_nobody_finishes_expires(lab: Lab, payer: Actor) -> None:
    setup = handover.open_setup(gateway(), payer)
    lab.faults(down=True)
    with pytest.raises(GatewayUnreachableError):
        handover.open_setup(gateway(), payer)
    lab.faults(down=False)
    past = utcnow() - dt.timedelta(seconds=1)
    with unit_of_work() as unit:
        unit.execute(update(CardSetup).values(due_at=past, not_after=past))
    work.wake_due()
    work_off()
    with unit_of_work() as unit:
        assert {one.status for one in unit.exec(select(CardSetup))} == {CardSetupStatus.EXPIRED}
    assert lab.enter_card(setup, NEEDS_BANK).status_code == 200
    work.run_setup(1)
    with unit_of_work() as unit:
        assert cards.list_cards(payer, unit) == []


def test_removed_card_is_forgotten_but_not_while_it_pays(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer, NEEDS_BANK)
    begin_topup(payer, card.id or 0, 5_000)
    with pytest.raises(CardInUse), unit_of_work() as unit:
        cards.remove_card(unit, payer, card.id or 0)
    other = lab.add_card(payer)
    with unit_of_work() as unit:
        cards.remove_card(unit, payer, other.id or 0)
    work_off()
    headers = {"Authorization": "Bearer sk_test_lab"}
    assert lab.http.get(f"/v1/payment_methods/{other.ref}", headers=headers).json()["customer"] is None
    with unit_of_work() as unit:
        assert [one.id for one in cards.list_cards(payer, unit)] == [card.id]


def test_a_company_has_ten_cards_at_most(lab: Lab, payer: Actor) -> None:
    for _ in range(cards.MOST):
        lab.add_card(payer)
    with pytest.raises(TooManyCards):
        handover.open_setup(gateway(), payer)


def test_daily_look_finds_what_differs_and_when_it_agrees_again(
    lab: Lab, payer: Actor, finance: Actor
) -> None:
    number = paid(lab, payer)
    give_back(finance, number, 1_000)
    work_off()
    work.compare_with_gateway()
    (taken,) = lab.payments()
    headers = {"Authorization": "Bearer sk_test_lab"}
    wrong = lab.http.post(f"/v1/payment_intents/{taken['id']}", json={"amount": 9_000}, headers=headers)
    wrong.raise_for_status()
    work.compare_with_gateway()
    work.compare_with_gateway()
    with unit_of_work() as unit:
        (found,) = differences.list_open(finance, unit)
        checks = unit.exec(
            select(GatewayCheck.compared, GatewayCheck.differing).order_by(GatewayCheck.id)
        ).all()
    assert (found.kind, found.ours_minor, found.theirs_minor) == (DifferenceKind.AMOUNT, 10_000, 9_000)
    assert [tuple(one) for one in checks] == [(2, 0), (2, 1), (2, 1)]
    lab.http.post(f"/v1/payment_intents/{taken['id']}", json={"amount": 10_000}, headers=headers)
    work.compare_with_gateway()
    with unit_of_work() as unit:
        assert differences.list_open(finance, unit) == []


def test_daily_look_finds_a_refund_that_was_made_by_hand_at_the_gateway(
    lab: Lab, payer: Actor, finance: Actor
) -> None:
    number = paid(lab, payer)
    (taken,) = lab.payments()
    headers = {"Authorization": "Bearer sk_test_lab"}
    by_hand = {"payment_intent": taken["id"], "amount": 2_500}
    lab.http.post("/v1/refunds", json=by_hand, headers=headers).raise_for_status()
    work.compare_with_gateway()
    with unit_of_work() as unit:
        (found,) = differences.list_open(finance, unit)
    assert (found.kind, found.payment_id) == (DifferenceKind.MISSING_HERE, number)
    assert (found.ours_minor, found.theirs_minor, cash(payer)) == (0, 2_500, 10_000)


def test_daily_look_takes_a_list_longer_than_a_statement_has_parameters(portal: str) -> None:
    theirs = [Intent(f"pi_{n}", IntentStatus.SUCCEEDED, 1, 1, "EUR") for n in range(65_536)]
    given = [
        GatewayRefund(f"re_{n}", RefundSeen.SUCCEEDED, 1, "EUR", intent_ref=f"pi_{n}") for n in range(65_536)
    ]
    with unit_of_work() as unit:
        check_id, _ = comparison.begin_check(unit, "stripe")
        check = comparison.compare(unit, check_id, intents=theirs, refunds=given)
    assert (check.compared, check.differing) == (0, 0)


def test_daily_look_names_a_refund_whose_replies_were_all_lost(
    lab: Lab, payer: Actor, finance: Actor
) -> None:
    asked = give_back(finance, paid(lab, payer), 4_000)
    lab.next("POST /v1/refunds", "drop_after")
    work_off()
    with unit_of_work() as unit:
        old = utcnow() - dt.timedelta(hours=21)
        unit.execute(update(Refund).where(col(Refund.id) == asked.id).values(created_at=old))
    work.run_refund(asked.id or 0)
    work.compare_with_gateway()
    work_off()
    with unit_of_work() as unit:
        ended = unit.get_one(Refund, asked.id)
    assert (ended.status, ended.problem_code) == (RefundStatus.SUCCEEDED, "")
    assert ([one["amount"] for one in lab.objects()["refunds"]], cash(payer)) == ([4_000], 6_000)
    with unit_of_work() as unit:
        assert differences.list_open(finance, unit) == []


def test_daily_look_mends_what_no_webhook_told(lab: Lab, payer: Actor, finance: Actor) -> None:
    begun = begin_topup(payer, lab.add_card(payer).id or 0, 5_000)
    lab.next("POST /v1/payment_intents/*/confirm", "drop_after")
    work_off()
    work.compare_with_gateway()
    work_off()
    assert cash(payer) == 5_000
    with unit_of_work() as unit:
        assert differences.list_open(finance, unit) == []
    assert begun.id


def test_gateway_that_gives_no_list_is_shown(lab: Lab, payer: Actor, finance: Actor) -> None:
    lab.faults(down=True)
    with pytest.raises(GatewayUnreachableError):
        work.compare_with_gateway()
    with unit_of_work() as unit:
        last = differences.last_check(finance, unit)
    assert last is not None
    assert (last.problem_code, last.compared) == ("GatewayUnreachableError", 0)
