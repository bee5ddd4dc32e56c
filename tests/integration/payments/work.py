"""Doing what was handed over: the outbox's work of payments, here or in threads that die."""

from __future__ import annotations

import importlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing import documents, invoices, ledger
from opsportal.domain.payments import topups
from opsportal.domain.payments.quotes import Quote
from opsportal.domain.refusals import Refusal
from opsportal.models import ACTIVE_PAYMENT, Company, Invoice, Outbox, Payment, PaymentPurpose
from workers import payments, queues


def token() -> str:
    return uuid.uuid4().hex


def take_one() -> tuple[str, int] | None:
    """The oldest work of ours that nobody has taken; taken by this."""
    with unit_of_work() as unit:
        row = unit.exec(
            select(Outbox)
            .where(col(Outbox.sent_at).is_(None), col(Outbox.queue) == "billing")
            .order_by(col(Outbox.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if row is None:
            return None
        row.sent_at = row.created_at
        return row.task, row.ref


def do(task: str, ref: int) -> None:
    module, _, name = queues.TASKS[task].function.rpartition(".")
    getattr(importlib.import_module(module), name)(ref)


def work_off() -> int:
    """Do everything that waits, one after the other. How much it was."""
    done = 0
    while (found := take_one()) is not None:
        do(*found)
        done += 1
    return done


@contextmanager
def workers(number: int, *, dying: Callable[[], bool] = lambda: False) -> Iterator[list[BaseException]]:
    """Threads that work and a clock that wakes, until the block ends. Yields what went wrong unexpectedly."""
    stop, wrong = threading.Event(), []

    def run(step: Callable[[], Any], idle_s: float) -> None:
        while not stop.is_set():
            try:
                if not step():
                    stop.wait(idle_s)
            except Exception as error:  # (told to the test, which fails)
                wrong.append(error)

    def one() -> bool:
        found = take_one()
        if found is not None and not dying():  # one who dies with its work in hand never does it
            do(*found)
        return found is not None

    def wake() -> bool:
        payments.wake_due()
        return False

    threads = [threading.Thread(target=run, args=(one, 0.05)) for _ in range(number)]
    threads.append(threading.Thread(target=run, args=(wake, 0.15)))
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def shown(quote: Callable[..., Quote], actor: Actor, **asked: Any) -> int:
    """What the button says before it is pressed; where there is no quote somebody sends a figure all the same."""
    try:
        with unit_of_work() as unit:
            return quote(actor, unit, **asked).gross_minor
    except Refusal:
        return 1


def begin_topup(actor: Actor, card_id: int, net_minor: int, *, idempotency: str = "") -> Payment:
    charge_minor = shown(topups.quote_topup, actor, net_minor=net_minor, currency="EUR")
    with unit_of_work() as unit:
        return topups.begin_payment(
            unit,
            actor,
            purpose=PaymentPurpose.TOPUP,
            net_minor=net_minor,
            charge_minor=charge_minor,
            currency="EUR",
            card_id=card_id,
            idempotency=idempotency or token(),
        )


def begin_invoice(actor: Actor, card_id: int, invoice_id: int, *, charge_minor: int = 0) -> Payment:
    """For what is missing now, or for a figure that was shown."""
    charge_minor = charge_minor or shown(topups.quote_invoice, actor, invoice_id=invoice_id)
    with unit_of_work() as unit:
        return topups.begin_payment(
            unit,
            actor,
            purpose=PaymentPurpose.INVOICE,
            invoice_id=invoice_id,
            charge_minor=charge_minor,
            currency="EUR",
            card_id=card_id,
            idempotency=token(),
        )


def make_invoice(company_id: int, net_minor: int) -> Invoice:
    from opsportal.domain.billing import calendar

    with unit_of_work() as unit:
        company = unit.get_one(Company, company_id)
        ledger.lock(unit, company_id, company.currency)
        return invoices.issue_invoice(
            unit,
            company=company,
            lines=[documents.NewLine("Funds added to the balance", net_minor)],
            due_on=calendar.today(),
            currency=company.currency,
        )


def payment(payment_id: int | None) -> Payment:
    with unit_of_work() as unit:
        return unit.get_one(Payment, payment_id)


def cash(actor: Actor) -> int:
    with unit_of_work() as unit:
        company = unit.get_one(Company, actor.company_id)
        return ledger.balances(unit, company.id or 0, company.currency).cash_minor


def active() -> int:
    with unit_of_work() as unit:
        return len(unit.exec(select(Payment.id).where(col(Payment.status).in_(ACTIVE_PAYMENT))).all())


def _stuck() -> list[str]:
    with unit_of_work() as unit:
        rows = unit.exec(select(Payment).where(col(Payment.status).in_(ACTIVE_PAYMENT))).all()
    return [
        f"{row.id} {row.status} {row.problem_code or row.cancel_code} attempts={row.attempts}"
        f" confirmations={row.confirmations} due={row.due_at} ref={row.ref}"
        for row in rows
    ]


def wait_until_ended(timeout: float) -> None:
    end = time.monotonic() + timeout
    while active():
        assert time.monotonic() < end, f"these have not ended: {_stuck()}"
        time.sleep(0.05)
