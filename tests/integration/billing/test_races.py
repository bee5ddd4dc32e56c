"""Money under real parallel connections; each protection has a twin that shows what happens without it.

Two nets hold everything: the gate of a company's money, and the database's own constraints. With
the gate taken out the loser ends in a fault instead of a clear refusal; with both out, money is lost.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from opsportal.db import Unit, unit_of_work
from opsportal.domain.billing import calendar, invoices, ledger, numbering, receipts, renewals
from opsportal.domain.billing.numbering import Number
from opsportal.models import Company, DocumentKind, Invoice, ServiceCharge
from tests.builders import make_actor, make_company, make_service
from tests.integration.billing.money import ask, at_once, balance, bill, fund, pay, unbalanced
from tests.integration.test_protections import take_out

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]
Patch = pytest.MonkeyPatch


def _meet(patch: Patch, module: Any, name: str, *, is_locked: bool, people: int = 2) -> None:
    """Let `people` meet right after they have read: what a lock keeps apart meets nobody, and goes on.

    Without a lock all of them come, however busy the machine is. Each comes once: who reads again goes on.
    """
    real, meeting = getattr(module, name), threading.Barrier(people)
    came = {threading.main_thread()}

    def read(*args: Any, **kwargs: Any) -> Any:
        found = real(*args, **kwargs)
        if threading.current_thread() not in came:
            came.add(threading.current_thread())
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=0.3 if is_locked else 60)
        return found

    patch.setattr(module, name, read)


def _open_gate(patch: Patch) -> None:
    take_out(patch, ledger, "lock", "        .with_for_update()\n", "")


def _forget_the_chain() -> None:
    with unit_of_work() as unit:
        unit.execute(text("DROP TRIGGER posting_continues ON posting"))
        unit.execute(text("ALTER TABLE posting DROP CONSTRAINT uq_posting_account_id"))


def _replayed(company: Company) -> int:
    """What is left in cash, by the sum of its postings."""
    query = """SELECT sum(p.amount_minor) FROM posting p JOIN ledger_account a ON a.id = p.account_id
               WHERE a.kind = 'cash' AND a.company_id = :company"""
    return int(ask(query, company=company.id)[0][0])


@pytest.mark.parametrize("nets", ["both", "no gate", "none"])
def test_double_spend(monkeypatch: Patch, nets: str) -> None:
    """Two invoices of 80 are paid at once from 100."""
    company = make_company()
    actor = make_actor(company=company)
    fund(company, 10_000)
    first, second = bill(company, 8_000), bill(company, 8_000)
    if nets != "both":
        _open_gate(monkeypatch)
    if nets == "none":
        _forget_the_chain()
    _meet(monkeypatch, ledger, "_continued", is_locked=nets == "both")
    ended = at_once(lambda: pay(actor, first), lambda: pay(actor, second))
    if nets == "both":
        assert (ended, balance(company).cash_minor, unbalanced()) == (
            ["done", "insufficient_balance"],
            2_000,
            [],
        )
    elif nets == "no gate":
        assert (ended, balance(company).cash_minor, unbalanced()) == (["IntegrityError", "done"], 2_000, [])
    else:
        assert (ended, _replayed(company)) == (["done", "done"], -6_000)


@pytest.mark.parametrize("is_locked", [True, False])
def test_one_invoice_is_paid_once(monkeypatch: Patch, is_locked: bool) -> None:
    """Four people click on the same invoice."""
    company = make_company()
    fund(company, 50_000)
    invoice = bill(company, 10_000)
    actors = [make_actor(company=company) for _ in range(4)]
    if not is_locked:
        _open_gate(monkeypatch)
        take_out(monkeypatch, invoices, "_locked", ", with_for_update=True", "")
    _meet(monkeypatch, ledger, "balances", is_locked=is_locked, people=4)
    ended = at_once(*[(lambda actor=actor: pay(actor, invoice)) for actor in actors])
    expected = "invoice_already_paid" if is_locked else "IntegrityError"
    assert ended == sorted(["done", *[expected] * 3])
    assert (balance(company).cash_minor, unbalanced()) == (40_000, [])


def _webhook(company: Company, invoice: Invoice, key: str) -> Callable[[], bool]:
    """What settling a card payment does: receive, then settle, in one transaction."""

    def work() -> bool:
        with unit_of_work() as unit:
            receipts.receive(
                unit,
                key=key,
                company_id=company.id or 0,
                gross_minor=10_000,
                net_minor=10_000,
                tax=None,
                currency="EUR",
            )
            return invoices.settle(unit, invoice.id or 0, key=key)

    return work


@pytest.mark.parametrize("is_locked", [True, False])
def test_webhook_against_payment_from_the_balance(monkeypatch: Patch, is_locked: bool) -> None:
    """The card's money arrives while somebody pays the same invoice from the balance: paid once, nothing lost."""
    company = make_company()
    actor = make_actor(company=company)
    fund(company, 10_000)
    invoice = bill(company, 10_000)
    if not is_locked:
        _open_gate(monkeypatch)
        take_out(monkeypatch, invoices, "_locked", ", with_for_update=True", "")
    _meet(monkeypatch, ledger, "_continued", is_locked=is_locked)
    ended = at_once(_webhook(company, invoice, "evt"), lambda: pay(actor, invoice))
    if not is_locked:
        assert any(end.endswith("Error") for end in ended), ended
        assert unbalanced() == []
        return
    assert ended in (["done", "done"], ["done", "invoice_already_paid"])
    flags = ask("SELECT kind, invoice_id FROM balance_flag")
    assert flags == ([("invoice_was_paid", invoice.id)] if ended == ["done", "done"] else [])
    assert (balance(company).cash_minor, unbalanced()) == (10_000, [])
    assert ask("SELECT count(*) FROM settlement") == [(1,)]


def test_same_webhook_twice_at_once_receives_once() -> None:
    company = make_company()
    fund(company, 1)
    invoice = bill(company, 10_000)
    ended = at_once(_webhook(company, invoice, "evt"), _webhook(company, invoice, "evt"))
    assert ended == ["done", "done"]
    assert (balance(company).cash_minor, unbalanced()) == (1, [])


def _number_without_lock(unit: Unit, kind: DocumentKind, year: int) -> Number:
    """The careless way: look at the last one and add one."""
    query = text(
        "SELECT coalesce(max(series_number), 0) + 1 FROM invoice WHERE kind = :kind AND series_year = :year"
    )
    number = int(unit.execute(query, {"kind": kind.value, "year": year}).scalar_one())
    return Number(f"INV-{year}-{number:06d}", year, number)


@pytest.mark.parametrize("is_locked", [True, False])
def test_same_invoice_number(monkeypatch: Patch, is_locked: bool) -> None:
    """Companies are invoiced at once: numbers differ and have no gap, also after one was rolled back."""
    companies = [make_company() for _ in range(4)]
    with contextlib.suppress(ZeroDivisionError), unit_of_work() as unit:
        numbering.next_number(unit, DocumentKind.INVOICE, calendar.today().year)
        raise ZeroDivisionError
    if not is_locked:
        monkeypatch.setattr(numbering, "next_number", _number_without_lock)
    _meet(monkeypatch, numbering, "next_number", is_locked=is_locked, people=4)
    ended = at_once(*[(lambda company=company: bill(company, 100)) for company in companies])
    numbers = [n for (n,) in ask("SELECT series_number FROM invoice ORDER BY 1")]
    if is_locked:
        assert (ended, numbers) == (["done"] * 4, [1, 2, 3, 4])
    else:
        assert ended == ["IntegrityError"] * 3 + ["done"]
        assert numbers == [1]


@pytest.mark.parametrize("nets", ["both", "no lock", "none"])
def test_same_renewal(monkeypatch: Patch, nets: str) -> None:
    """Two runs reach the same company at once: its period is charged once."""
    company = make_company()
    service = make_service(company, period_end=calendar.today())
    fund(company, 1)  # its accounts exist
    if nets != "both":
        _open_gate(monkeypatch)
        take_out(monkeypatch, renewals, "renew_company", "        .with_for_update(of=Service)\n", "")
    if nets == "none":
        with unit_of_work() as unit:
            unit.execute(text("DROP INDEX uq_service_charge_period"))
            unit.execute(text("ALTER TABLE service_charge DROP CONSTRAINT ex_service_charge_periods_overlap"))
        _forget_the_chain()
    _meet(monkeypatch, renewals, "_planned", is_locked=nets == "both")

    def run() -> None:
        with unit_of_work() as unit:
            renewals.renew_company(unit, company.id or 0, calendar.today())

    ended = at_once(run, run)
    charges = ask("SELECT period_start FROM service_charge WHERE service_id = :id", id=service.id)
    if nets == "none":
        assert (ended, charges) == (["done", "done"], [(service.period_end,)] * 2)
        return
    assert ended == (["done", "done"] if nets == "both" else ["IntegrityError", "done"])
    assert charges == [(service.period_end,)]
    assert (ask("SELECT count(*) FROM invoice WHERE kind = 'invoice'"), unbalanced()) == ([(1,)], [])


def test_periods_of_a_service_cannot_overlap() -> None:
    """Not even if the start differs, which the unique key alone would let through."""
    company = make_company()
    service = make_service(company, period_end=calendar.today())
    with unit_of_work() as unit:
        _, (invoice,) = renewals.renew_company(unit, company.id or 0, calendar.today())
    (start, end), = ask("SELECT period_start, period_end FROM service_charge")  # fmt: skip
    overlapping = ServiceCharge(
        service_id=service.id or 0, company_id=company.id or 0, invoice_id=invoice.id,
        period_start=end - (end - start) / 2, period_end=end + (end - start), price_minor=1,
    )  # fmt: skip

    def insert() -> None:
        with unit_of_work() as unit:
            unit.add(overlapping)

    assert at_once(insert) == ["IntegrityError"]
