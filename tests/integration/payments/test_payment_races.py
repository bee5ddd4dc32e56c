"""Two at once, on real parallel connections. Each test has a counterpart with its lock taken out, which fails."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing import invoices
from opsportal.domain.billing.refusals import RefundTooHigh
from opsportal.domain.payments import progress, refunds, settlement
from opsportal.domain.payments.gateways import GatewayRefund, RefundSeen
from opsportal.domain.payments.refusals import PaymentInProgress
from opsportal.models import (
    BalanceFlag,
    Invoice,
    InvoiceStatus,
    JournalEntry,
    Outbox,
    Payment,
    Refund,
    Role,
    StatusChange,
)
from tests.builders import make_actor
from tests.crowd import together
from tests.integration.payments.gateway import Lab
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


def meet(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, *, is_locked: bool) -> None:
    """Make two that come to this function wait for each other: with the lock the second never gets there.

    Without it both come, however busy the machine is.
    """
    found, barrier = getattr(module, name), threading.Barrier(2)

    def waiting(*arguments: Any, **named: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(0.6 if is_locked else 60)
        return found(*arguments, **named)

    monkeypatch.setattr(module, name, waiting)


def _unlocked(unit: Unit, payment_id: int) -> Payment:
    return unit.get_one(Payment, payment_id)


def _unknown(lab: Lab, actor: Actor, begin: Callable[[int], Payment]) -> int:
    """A payment that the gateway has taken and whose reply was lost."""
    begun = begin(lab.add_card(actor).id or 0)
    lab.next("POST /v1/payment_intents/*/confirm", "drop_after")
    work_off()
    assert payment(begun.id).status == "unknown"
    return begun.id or 0


def _effects(payment_id: int) -> tuple[int, int, int]:
    """How often it was booked, ended, and written about."""
    with unit_of_work() as unit:
        ended = select(StatusChange).where(
            col(StatusChange.machine) == "payment",
            col(StatusChange.object_id) == payment_id,
            col(StatusChange.to_status) == "succeeded",
        )
        letters = select(Outbox).where(col(Outbox.task) == "payment_letter", col(Outbox.ref) == payment_id)
        booked = select(JournalEntry).where(col(JournalEntry.key) == f"payment:{payment_id}")
        return tuple(len(unit.exec(query).all()) for query in (booked, ended, letters))  # type: ignore[return-value]


def _told_twice(
    lab: Lab, payer: Actor, monkeypatch: pytest.MonkeyPatch, *, is_locked: bool
) -> tuple[int, int, int]:
    number = _unknown(lab, payer, lambda card: begin_topup(payer, card, 5_000))
    meet(monkeypatch, settlement, "settle", is_locked=is_locked)
    together(lambda: work.run_payment(number), lambda: work.run_payment(number))
    assert cash(payer) == 5_000
    return _effects(number)


def test_told_twice_at_once_it_is_booked_once(
    lab: Lab, payer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _told_twice(lab, payer, monkeypatch, is_locked=True) == (1, 1, 1)


def test_without_the_payments_lock_it_would_end_twice(
    lab: Lab, payer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "lock_payment", _unlocked)
    assert _told_twice(lab, payer, monkeypatch, is_locked=False) == (1, 2, 2)


def test_webhook_against_payment_from_the_balance(
    lab: Lab, payer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card is charged for an invoice while somebody pays it from the balance: paid once, nothing is lost."""
    for _ in range(3):
        had = cash(payer)
        invoice = make_invoice(payer.company_id or 0, had + 10_000)
        number = _unknown(lab, payer, lambda card, at=invoice: begin_invoice(payer, card, at.id or 0))
        begin_topup(payer, lab.add_card(payer).id or 0, 10_000)
        work_off()

        def pay(at: Invoice = invoice) -> None:
            with unit_of_work() as unit:
                invoices.pay_from_balance(
                    unit, payer, at.id or 0, amount_minor=at.total_minor, currency="EUR"
                )

        together(lambda at=number: work.run_payment(at), pay)
        with unit_of_work() as unit:
            paid = unit.get_one(Invoice, invoice.id)
            spent = select(JournalEntry).where(col(JournalEntry.key) == f"pay:{invoice.id}")
            assert (paid.status, len(unit.exec(spent).all())) == (InvoiceStatus.PAID, 1)
            flags = unit.exec(select(BalanceFlag).where(col(BalanceFlag.invoice_id) == invoice.id)).all()
        kept = payment(number).is_kept_in_balance
        assert (payment(number).status, len(flags)) == ("succeeded", int(kept))
        assert cash(payer) == had + 10_000 + 10_000 - (had + 10_000)


def test_money_for_an_invoice_that_was_paid_meanwhile_stays_in_the_balance(lab: Lab, payer: Actor) -> None:
    invoice = make_invoice(payer.company_id or 0, 10_000)
    number = _unknown(lab, payer, lambda card: begin_invoice(payer, card, invoice.id or 0))
    begin_topup(payer, lab.add_card(payer).id or 0, 10_000)
    work_off()
    with unit_of_work() as unit:
        invoices.pay_from_balance(unit, payer, invoice.id or 0, amount_minor=10_000, currency="EUR")
    work.run_payment(number)
    ended = payment(number)
    assert (ended.status, ended.is_kept_in_balance, cash(payer)) == ("succeeded", True, 10_000)
    with unit_of_work() as unit:
        (flag,) = unit.exec(select(BalanceFlag)).all()
    assert (flag.kind, flag.invoice_id) == ("invoice_was_paid", invoice.id)


def _two_people_pay(lab: Lab, payer: Actor) -> list[Any]:
    card = lab.add_card(payer).id or 0
    invoice = make_invoice(payer.company_id or 0, 10_000).id or 0
    return together(*(lambda: begin_invoice(payer, card, invoice) for _ in range(4)))


def test_of_those_who_pay_one_invoice_at_once_one_gets_in(lab: Lab, payer: Actor) -> None:
    came = _two_people_pay(lab, payer)
    assert sorted(type(one).__name__ for one in came) == ["Payment", *["PaymentInProgress"] * 3]
    assert all(isinstance(one, Payment | PaymentInProgress) for one in came)
    work_off()
    assert (len(lab.payments()), cash(payer)) == (1, 0)


def test_without_its_index_an_invoice_would_be_paid_more_than_once(
    lab: Lab, payer: Actor, portal: str
) -> None:
    with psycopg.connect(portal, autocommit=True) as connection:
        connection.execute("DROP INDEX uq_payment_invoice_active")
    assert sorted(type(one).__name__ for one in _two_people_pay(lab, payer)) == ["Payment"] * 4


def test_double_click_at_once_is_one_payment(lab: Lab, payer: Actor) -> None:
    card, click = lab.add_card(payer).id or 0, token()
    came = together(*(lambda: begin_topup(payer, card, 5_000, idempotency=click) for _ in range(6)))
    assert len({one.id for one in came}) == 1
    work_off()
    assert (len(lab.payments()), cash(payer)) == (1, 5_000)


def test_refunds_at_once_never_exceed_the_payment(lab: Lab, payer: Actor) -> None:
    number = begin_topup(payer, lab.add_card(payer).id or 0, 5_000).id or 0
    work_off()
    finance = make_actor(role=Role.OPERATOR)

    def give_back() -> Refund:
        with unit_of_work() as unit:
            return refunds.request_refund(
                unit, finance, number, amount_minor=3_000, idempotency=token(), memo="asked for"
            )

    came = together(*(give_back for _ in range(4)))
    assert sorted(type(one).__name__ for one in came) == ["Refund", *["RefundTooHigh"] * 3]
    assert {one.params["left"] for one in came if isinstance(one, RefundTooHigh)} == {2_000}
    work_off()
    given = lab.objects()["refunds"]
    assert ([one["amount"] for one in given], cash(payer)) == ([3_000], 2_000)


def test_a_refund_that_ends_and_one_that_begins_do_not_wait_in_a_circle(
    lab: Lab, payer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = begin_topup(payer, lab.add_card(payer).id or 0, 5_000).id or 0
    work_off()
    finance = make_actor(role=Role.OPERATOR)

    def give_back() -> Refund:
        with unit_of_work() as unit:
            return refunds.request_refund(
                unit, finance, number, amount_minor=1_000, idempotency=token(), memo="asked for"
            )

    first = give_back().id or 0

    def told(status: RefundSeen) -> None:
        with unit_of_work() as unit:
            refunds.take(unit, first, GatewayRefund("re_1", status, 1_000, "EUR"))

    told(RefundSeen.PENDING)
    paid, begun, barrier = refunds.receipts.refund_paid, refunds.receipts.refund, threading.Barrier(2)

    def wait() -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(0.6)

    def holding_the_money(*arguments: Any, **named: Any) -> JournalEntry:
        entry = paid(*arguments, **named)
        wait()
        return entry

    def holding_the_payment(*arguments: Any, **named: Any) -> JournalEntry:
        wait()
        return begun(*arguments, **named)

    monkeypatch.setattr(refunds.receipts, "refund_paid", holding_the_money)
    monkeypatch.setattr(refunds.receipts, "refund", holding_the_payment)
    together(lambda: told(RefundSeen.SUCCEEDED), give_back)
    with unit_of_work() as unit:
        assert unit.get_one(Refund, first).status == "succeeded"
    assert cash(payer) == 3_000
