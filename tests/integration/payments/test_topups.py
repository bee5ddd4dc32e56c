"""Card payments from the click to the ledger: success, decline, the bank's question, silence, refusals."""

from __future__ import annotations

import datetime as dt
import functools

import pytest
from sqlmodel import col, select, update

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing import ledger
from opsportal.domain.billing.refusals import InvoiceAlreadyPaid
from opsportal.domain.payments import failures, topups
from opsportal.domain.payments.refusals import (
    InvoiceCovered,
    PaymentChanged,
    PaymentInProgress,
    PaymentNotCancellable,
)
from opsportal.models import (
    AccountKind,
    DocumentKind,
    Invoice,
    InvoiceStatus,
    JournalEntry,
    Outbox,
    Payment,
    PaymentStatus,
    StatusChange,
)
from opsportal.models.base import utcnow
from tests.doors.world import everything
from tests.integration.payments.gateway import BANK_THEN_DECLINED, DECLINED, NEEDS_BANK, Lab
from tests.integration.payments.work import (
    begin_invoice,
    begin_topup,
    cash,
    make_invoice,
    payment,
    token,
    work_off,
)
from workers import payments as work

pytestmark = pytest.mark.xdist_group("payments")


def steps(payment_id: int | None) -> list[str]:
    with unit_of_work() as unit:
        query = select(StatusChange.to_status).where(
            col(StatusChange.machine) == "payment", col(StatusChange.object_id) == payment_id
        )
        return list(unit.exec(query.order_by(col(StatusChange.id))))


def test_top_up_with_tax_grows_the_balance_by_the_net(lab: Lab, czech: Actor) -> None:
    card = lab.add_card(czech)
    with unit_of_work() as unit:
        quote = topups.quote_topup(czech, unit, net_minor=10_000, currency="EUR")
    assert (quote.net_minor, quote.tax_minor, quote.gross_minor) == (10_000, 2_100, 12_100)
    assert (quote.rate_bp, quote.scheme, quote.balance_after_minor) == (2_100, "domestic", 10_000)
    begun = begin_topup(czech, card.id or 0, 10_000)
    assert (begun.status, begun.ref) == (PaymentStatus.CREATED, None)
    work_off()
    ended = payment(begun.id)
    assert (ended.status, ended.failure_code, ended.problem_code) == (PaymentStatus.SUCCEEDED, "", "")
    assert steps(begun.id) == ["submitted", "succeeded"]
    assert cash(czech) == 10_000
    (taken,) = lab.payments()
    assert (taken["amount"], taken["currency"], taken["status"]) == (12_100, "eur", "succeeded")
    with unit_of_work() as unit:
        owed = ledger.account_balance(unit, czech.company_id or 0, "EUR", AccountKind.TAX)
        document = unit.exec(select(Invoice)).one()
    assert owed == 2_100
    assert (document.kind, document.status, document.total_minor) == (
        DocumentKind.TOPUP, InvoiceStatus.PAID, 12_100,
    )  # fmt: skip


def test_without_tax_at_topup_no_tax_is_charged(
    lab: Lab, czech: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import conftest as root

    monkeypatch.setenv("TAX_AT", "invoice")
    root._forget_process_caches()
    begun = begin_topup(czech, lab.add_card(czech).id or 0, 10_000)
    work_off()
    assert (payment(begun.id).gross_minor, payment(begun.id).is_taxed, cash(czech)) == (10_000, False, 10_000)


def test_declined_card_tells_why_and_takes_nothing(lab: Lab, payer: Actor) -> None:
    begun = begin_topup(payer, lab.add_card(payer, DECLINED).id or 0, 5_000)
    work_off()
    ended = payment(begun.id)
    assert (ended.status, ended.failure_code) == (PaymentStatus.FAILED, "card_declined")
    assert failures.reason(ended.failure_code) == failures.DECLINED
    assert ended.failure_text == "Your card was declined."
    assert (cash(payer), lab.payments()[0]["status"]) == (0, "canceled")  # nobody can try it again elsewhere


def test_bank_wants_its_holder_to_confirm(lab: Lab, payer: Actor) -> None:
    begun = begin_topup(payer, lab.add_card(payer, NEEDS_BANK).id or 0, 5_000)
    work_off()
    waiting = payment(begun.id)
    assert (waiting.status, cash(payer)) == (PaymentStatus.REQUIRES_ACTION, 0)
    lab.confirm_at_bank(waiting.ref or "").raise_for_status()
    with unit_of_work() as unit:
        topups.go_on(unit, payer, begun.id or 0)
    work_off()
    assert (payment(begun.id).status, cash(payer)) == (PaymentStatus.SUCCEEDED, 5_000)
    assert steps(begun.id) == ["submitted", "requires_action", "succeeded"]


@pytest.mark.parametrize(("number", "success"), [(NEEDS_BANK, False), (BANK_THEN_DECLINED, True)])
def test_bank_says_no(lab: Lab, payer: Actor, number: str, success: bool) -> None:
    begun = begin_topup(payer, lab.add_card(payer, number).id or 0, 5_000)
    work_off()
    lab.confirm_at_bank(payment(begun.id).ref or "", success=success)
    work.run_payment(begun.id or 0)
    ended = payment(begun.id)
    expected = "card_declined" if success else "payment_intent_authentication_failure"
    assert (ended.status, ended.failure_code, cash(payer)) == (PaymentStatus.FAILED, expected, 0)
    assert lab.payments()[0]["status"] == "canceled"


def test_unanswered_bank_question_ends_at_its_deadline(lab: Lab, payer: Actor) -> None:
    begun = begin_topup(payer, lab.add_card(payer, NEEDS_BANK).id or 0, 5_000)
    work_off()
    _let_pass(begun.id)
    work.run_payment(begun.id or 0)
    ended = payment(begun.id)
    assert (ended.status, ended.failure_code) == (PaymentStatus.FAILED, "authentication_expired")
    assert lab.payments()[0]["status"] == "canceled"
    late = lab.confirm_at_bank(ended.ref or "")
    assert (late.status_code, cash(payer)) == (400, 0)


def _let_pass(payment_id: int | None) -> None:
    with unit_of_work() as unit:
        past = utcnow() - dt.timedelta(seconds=1)
        unit.execute(update(Payment).where(col(Payment.id) == payment_id).values(not_after=past))


@pytest.mark.parametrize(
    ("call", "between"),
    [
        ("POST /v1/payment_intents", "created"),
        ("POST /v1/payment_intents/*/confirm", "unknown"),
        ("GET /v1/payment_intents/*", "unknown"),
    ],
)
def test_lost_reply_is_never_paid_twice(lab: Lab, payer: Actor, call: str, between: str) -> None:
    card = lab.add_card(payer)
    for paid, trouble in enumerate(["drop_before", "drop_after", "error", "error_after", "busy"], start=1):
        begun = begin_topup(payer, card.id or 0, 5_000)
        lab.next(call, trouble)
        work_off()
        waiting = payment(begun.id)
        assert (waiting.status, waiting.problem_code) == (between, "gateway_unreachable"), trouble
        assert failures.problem(waiting.problem_code) != ""
        assert cash(payer) == 5_000 * (paid - 1)
        work.run_payment(begun.id or 0)
        assert (payment(begun.id).status, cash(payer)) == (PaymentStatus.SUCCEEDED, 5_000 * paid), trouble
        assert [(one["status"], one["amount"]) for one in lab.payments()] == [("succeeded", 5_000)] * paid


def test_gateway_that_is_down_makes_the_payment_wait_and_then_end(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer)
    lab.faults(down=True)
    begun = begin_topup(payer, card.id or 0, 5_000)
    work_off()
    waiting = payment(begun.id)
    assert (waiting.status, waiting.problem_code) == (PaymentStatus.CREATED, "gateway_unreachable")
    assert waiting.due_at > utcnow()
    _let_pass(begun.id)
    work.run_payment(begun.id or 0)
    ended = payment(begun.id)
    assert (ended.status, ended.failure_code) == (PaymentStatus.FAILED, "gateway_unreachable")
    lab.faults(down=False)
    work.run_payment(begun.id or 0)
    assert (payment(begun.id).status, cash(payer), lab.payments()) == (PaymentStatus.FAILED, 0, [])


def test_late_charge_does_not_begin(lab: Lab, payer: Actor) -> None:
    """Known to the gateway, not yet confirmed, and its time is over: it is ended, not charged."""
    begun = begin_topup(payer, lab.add_card(payer).id or 0, 5_000)
    lab.next("POST /v1/payment_intents", "drop_after")
    work_off()
    _let_pass(begun.id)
    work.run_payment(begun.id or 0)
    assert (payment(begun.id).status, cash(payer)) == (PaymentStatus.FAILED, 0)
    assert [one["status"] for one in lab.payments()] == ["requires_confirmation"]


def test_client_takes_it_back_before_and_after_the_gateway_knows(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer, NEEDS_BANK)
    early, late = (begin_topup(payer, card.id or 0, 5_000) for _ in range(2))
    with unit_of_work() as unit:
        topups.cancel_payment(unit, payer, early.id or 0)
    work_off()
    assert payment(late.id).status == PaymentStatus.REQUIRES_ACTION
    with unit_of_work() as unit:
        topups.cancel_payment(unit, payer, late.id or 0)
    work_off()
    assert [payment(one.id).status for one in (early, late)] == [PaymentStatus.CANCELLED] * 2
    assert [one["status"] for one in lab.payments()] == ["canceled"]
    with pytest.raises(PaymentNotCancellable), unit_of_work() as unit:
        topups.cancel_payment(unit, payer, late.id or 0)


def test_gateway_that_was_faster_than_the_cancelling_stands(lab: Lab, payer: Actor) -> None:
    begun = begin_topup(payer, lab.add_card(payer).id or 0, 5_000)
    lab.next("POST /v1/payment_intents/*/confirm", "drop_after")
    work_off()
    with unit_of_work() as unit:
        topups.cancel_payment(unit, payer, begun.id or 0)
    work_off()
    assert (payment(begun.id).status, cash(payer)) == (PaymentStatus.SUCCEEDED, 5_000)


def test_invoice_is_charged_exactly_what_is_missing(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer)
    begin_topup(payer, card.id or 0, 3_000)
    work_off()
    invoice = make_invoice(payer.company_id or 0, 10_000)
    begun = begin_invoice(payer, card.id or 0, invoice.id or 0)
    assert begun.gross_minor == 7_000
    work_off()
    with unit_of_work() as unit:
        paid = unit.get_one(Invoice, invoice.id)
    assert (payment(begun.id).status, paid.status, cash(payer)) == ("succeeded", InvoiceStatus.PAID, 0)
    with pytest.raises(InvoiceAlreadyPaid):
        begin_invoice(payer, card.id or 0, invoice.id or 0)


def test_second_payment_of_an_invoice_waits_for_the_first(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer)
    invoice = make_invoice(payer.company_id or 0, 10_000)
    begin_invoice(payer, card.id or 0, invoice.id or 0)
    with pytest.raises(PaymentInProgress):
        begin_invoice(payer, card.id or 0, invoice.id or 0)


def test_invoice_that_the_balance_covers_is_not_charged(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer)
    begin_topup(payer, card.id or 0, 10_000)
    work_off()
    invoice = make_invoice(payer.company_id or 0, 10_000)
    with pytest.raises(InvoiceCovered):
        begin_invoice(payer, card.id or 0, invoice.id or 0)


def test_same_click_twice_is_one_payment(lab: Lab, payer: Actor) -> None:
    card, click = lab.add_card(payer), token()
    first = begin_topup(payer, card.id or 0, 5_000, idempotency=click)
    again = begin_topup(payer, card.id or 0, 5_000, idempotency=click)
    assert first.id == again.id
    with pytest.raises(PaymentChanged):
        begin_topup(payer, card.id or 0, 6_000, idempotency=click)
    work_off()
    assert (len(lab.payments()), cash(payer)) == (1, 5_000)


def test_a_mail_that_cannot_be_written_never_undoes_a_payment(
    lab: Lab, payer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no mail today")

    monkeypatch.setattr("opsportal.domain.payments.letters.queue_letter", fail)
    begun = begin_topup(payer, lab.add_card(payer).id or 0, 5_000)
    with pytest.raises(RuntimeError, match="no mail today"):
        work_off()
    assert (payment(begun.id).status, cash(payer)) == (PaymentStatus.SUCCEEDED, 5_000)


def test_no_call_of_the_gateway_inside_a_transaction(
    lab: Lab, payer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opsportal import db
    from opsportal.integrations import stripe_gateway

    gateway = stripe_gateway.configured_gateway()
    called: list[str] = []

    class Watched:
        def __getattr__(self, name: str) -> object:
            found = getattr(gateway, name)

            def call(*arguments: object, **named: object) -> object:
                assert db.engine().pool.checkedout() == 0, f"{name} inside a transaction"  # type: ignore[attr-defined]
                called.append(name)
                return found(*arguments, **named)

            return call if callable(found) else found

    card = lab.add_card(payer)
    monkeypatch.setattr(stripe_gateway, "configured_gateway", functools.cache(Watched))
    begin_topup(payer, card.id or 0, 5_000)
    work_off()
    work.compare_with_gateway()
    assert called == ["create_intent", "confirm_intent", "list_intents", "list_refunds"]


def test_booked_once_however_often_it_is_told(lab: Lab, payer: Actor) -> None:
    begun = begin_topup(payer, lab.add_card(payer).id or 0, 5_000)
    work_off()
    before = everything()
    for _ in range(3):
        work.run_payment(begun.id or 0)
    assert everything() == before
    with unit_of_work() as unit:
        assert len(unit.exec(select(JournalEntry)).all()) == 1
        assert (
            unit.exec(
                select(Outbox).where(col(Outbox.sent_at).is_(None), col(Outbox.queue) == "billing")
            ).all()
            == []
        )
