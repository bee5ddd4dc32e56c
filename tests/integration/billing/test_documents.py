"""Documents: snapshots that never change, numbers without gaps, paying, cancelling, refunding."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing import (
    calendar,
    credit_notes,
    flags,
    grants,
    invoices,
    ledger,
    profiles,
    receipts,
    refunds,
)
from opsportal.domain.billing.ledger import Balances, LedgerError
from opsportal.domain.billing.refusals import (
    BadAmount,
    InsufficientBalance,
    InvoiceAlreadyPaid,
    InvoiceIsVoid,
    InvoiceNotVoidable,
    NotAnInvoice,
    NotRefundable,
    RefundTooHigh,
    WrongCurrency,
)
from opsportal.domain.refusals import BadRequest, Forbidden, NotFound, Refusal
from opsportal.models import AccountKind, Company, Invoice, JournalEntry, Role
from tests.builders import make_actor, make_company
from tests.integration.billing.money import ask, at_once, balance, bill, everything, fund, pay, unbalanced

pytestmark = [pytest.mark.usefixtures("books"), pytest.mark.xdist_group("documents")]


@contextlib.contextmanager
def refused(refusal: type[Refusal], **params: object):  # type: ignore[no-untyped-def]
    """The refusal comes, with these parameters, and nothing has changed."""
    before = everything()
    with pytest.raises(refusal) as raised:
        yield
    assert everything() == before
    assert {name: raised.value.params[name] for name in params} == params


def _grant(
    operator: Actor, company: Company, amount: object, *, key: str = "", currency: str = "EUR"
) -> JournalEntry:
    with unit_of_work() as unit:
        return grants.grant_credit(
            unit, operator, company.id or 0, amount_minor=amount, currency=currency, reason="test",  # type: ignore[arg-type]
            key=key or f"key-{company.id}-{amount}",
        )  # fmt: skip


def _void(operator: Actor, invoice: Invoice) -> Invoice:
    with unit_of_work() as unit:
        return credit_notes.void_invoice(unit, operator, invoice.id or 0, reason="a mistake")


def _refund(entry_id: int | None, amount: object, to: str, *, key: str) -> JournalEntry:
    with unit_of_work() as unit:
        return receipts.refund(unit, key=key, original_entry_id=entry_id or 0, amount_minor=amount, to=to)  # type: ignore[arg-type]


def _entry(key: str) -> JournalEntry:
    with unit_of_work() as unit:
        found = ledger.find_entry(unit, key)
    assert found is not None
    return found


def test_credit_is_spent_before_cash() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    actor = make_actor(company=company)
    fund(company, 10_000)
    _grant(operator, company, 3_000)
    first, second = bill(company, 2_500), bill(company, 4_000)
    pay(actor, first)
    assert balance(company) == Balances(10_000, 500)
    pay(actor, second)
    assert balance(company) == Balances(6_500, 0)
    settled = ask("SELECT credit_minor, cash_minor FROM settlement WHERE invoice_id IN (:a, :b) ORDER BY invoice_id",
                  a=first.id, b=second.id)  # fmt: skip
    assert settled == [(2_500, 0), (500, 3_500)]
    assert unbalanced() == []


def test_balance_that_does_not_reach_pays_nothing_and_says_what_is_missing() -> None:
    company = make_company()
    actor = make_actor(company=company)
    fund(company, 999)
    invoice = bill(company, 1_000)
    with refused(InsufficientBalance, missing=1, currency="EUR"):
        pay(actor, invoice)
    fund(company, 1)
    assert pay(actor, invoice).status == "paid"
    assert balance(company) == Balances(0, 0)
    with refused(InvoiceAlreadyPaid):
        pay(actor, invoice)


def test_who_may_do_what_to_whose_money() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    own, stranger, technician = make_actor(company=company), make_actor(), make_actor(role=Role.TECHNICIAN)
    fund(company, 50_000)
    invoice = bill(company, 1_000)
    with refused(NotFound):
        pay(stranger, invoice)
    with refused(NotFound):
        pay(own, Invoice(id=10**9, company_id=0, currency="EUR", tax_scheme="x", issued_on=calendar.today()))  # type: ignore[call-arg]
    for actor in (operator, technician):
        with refused(Forbidden):
            pay(actor, invoice)
    for actor in (own, stranger, technician):
        with refused(Forbidden):
            _void(actor, invoice)
        with refused(Forbidden):
            _grant(actor, company, 100)
    with unit_of_work() as unit:
        assert invoices.get_invoice(own, unit, invoice.id or 0).invoice.id == invoice.id
        assert invoices.get_invoice(operator, unit, invoice.id or 0).invoice.id == invoice.id
        for actor, refusal in ((stranger, NotFound), (technician, Forbidden)):
            with pytest.raises(refusal):
                invoices.get_invoice(actor, unit, invoice.id or 0)
        with pytest.raises(NotFound):
            invoices.list_invoices(stranger, unit, invoices.InvoiceFilter(company_id=company.id))
        with pytest.raises(Forbidden):
            invoices.list_invoices(technician, unit, invoices.InvoiceFilter())
        assert invoices.list_invoices(stranger, unit, invoices.InvoiceFilter()).rows == []


@pytest.mark.parametrize("amount", [0, -1, 10**12 + 1, 1.5, "100", None, True])
def test_bad_amounts_of_credit_and_refunds(amount: object) -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    topup = fund(company, 1_000)
    with refused(BadAmount):
        _grant(operator, company, amount)
    with refused(BadAmount):
        _refund(topup.id, amount, "source", key="never")


def test_credit_in_another_currency_is_refused_and_a_double_click_gives_once() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    with refused(WrongCurrency, currency="EUR"):
        _grant(operator, company, 100, currency="USD")
    with refused(NotFound):
        _grant(operator, Company(id=10**9, name="", country="CZ", currency="EUR", locale="en"), 100)
    key = f"click-{company.id}"
    ended = at_once(*[lambda: _grant(operator, company, 700, key=key)] * 3)
    assert (ended, balance(company)) == (["done"] * 3, Balances(0, 700))
    told = "SELECT count(*) FROM audit_event WHERE tag = 'company:credit_granted' AND company_id = :c"
    assert ask(told, c=company.id) == [(1,)]


def test_a_document_keeps_what_it_said_whatever_changes_later() -> None:
    company, operator = make_company(name="Old name"), make_actor(role=Role.OPERATOR)
    change = profiles.ProfileChange(
        "Old Name s.r.o.", "Street 1", "Brno", "602 00", "CZ123", True, "a@b.example", 0, True
    )
    with unit_of_work() as unit:
        profiles.change_profile(unit, operator, company.id or 0, change)
    invoice = bill(company, 1_000)
    with unit_of_work() as unit:
        unit.get_one(Company, company.id).name = "New name"
        profiles.change_profile(
            unit, operator, company.id or 0, profiles.ProfileChange("New", "", "", "", "", False, "", 0, True)
        )
    with unit_of_work() as unit:
        kept = unit.get_one(Invoice, invoice.id)
    assert kept.buyer == {
        "name": "Old Name s.r.o.", "street": "Street 1", "city": "Brno", "postcode": "602 00", "country": "CZ",
        "tax_id": "CZ123", "tax_id_status": "pending", "is_business": True, "email": "a@b.example",
    }  # fmt: skip
    assert (kept.seller["country"], kept.seller["tax_id"]) == ("CZ", "CZ12345678")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoice SET total_minor = total_minor + 1, net_minor = net_minor + 1 WHERE id = :id",
        "UPDATE invoice SET buyer = '{}' WHERE id = :id",
        "UPDATE invoice SET due_on = due_on + 1 WHERE id = :id",
        "UPDATE invoice SET number = 'INV-1' WHERE id = :id",
        "UPDATE invoice SET status = 'draft', number = NULL, issued_at = NULL WHERE id = :id",
        "DELETE FROM invoice WHERE id = :id",
        "UPDATE invoice_line SET net_minor = 0, unit_price_minor = 0 WHERE invoice_id = :id",
        "DELETE FROM invoice_line WHERE invoice_id = :id",
        "INSERT INTO invoice_line (invoice_id, position, text_msgid, unit, tax_rate_bp, net_minor, unit_price_minor, "
        "quantity) VALUES (:id, 9, 'x', 'piece', 0, 1, 1, 1)",
        "UPDATE invoice_tax SET tax_minor = 5 WHERE invoice_id = :id",
        "DELETE FROM invoice_tax WHERE invoice_id = :id",
        "UPDATE number_series SET last_number = last_number - 1",
        "UPDATE number_series SET last_number = last_number + 2",
        "DELETE FROM number_series",
        "TRUNCATE invoice CASCADE",
    ],
)
def test_issued_documents_cannot_be_changed(statement: str) -> None:
    invoice = bill(make_company(), 1_000)
    before = everything()
    with pytest.raises(DBAPIError, match=r"cannot change|one by one|append-only"), unit_of_work() as unit:
        unit.execute(text(statement), {"id": invoice.id} if ":id" in statement else {})
    assert everything() == before


def test_parts_of_a_refund_make_the_whole_whichever_fail_and_end_first() -> None:
    """The tax in the books is that of the documents, to the cent."""
    company = make_company(country="CZ")
    topup = fund(company, 1_000)  # 1 210 with its tax

    def tax() -> list[Any]:
        documents = """SELECT coalesce(sum(CASE WHEN kind = 'topup' THEN tax_minor ELSE -tax_minor END), 0)::bigint
            FROM invoice WHERE company_id = :c"""
        with unit_of_work() as unit:
            booked = ledger.account_balance(unit, company.id or 0, "EUR", AccountKind.TAX)
        return [booked, *ask(documents, c=company.id)[0]]

    def end(entry: JournalEntry, how: Callable[..., JournalEntry]) -> None:
        with unit_of_work() as unit:
            how(unit, key=f"end-{entry.id}", refund_entry_id=entry.id or 0)

    parts = [_refund(topup.id, 1, "source", key=f"part-{company.id}-{n}") for n in range(6)]
    for part in parts[3:]:
        end(part, receipts.refund_paid)
    for part in parts[:3]:
        end(part, receipts.refund_failed)
    assert len(set(tax())) == 1
    end(_refund(topup.id, 1_207, "source", key=f"rest-{company.id}"), receipts.refund_paid)
    assert (balance(company), tax(), unbalanced()) == (Balances(0, 0), [0, 0], [])


def test_cancelling_is_a_credit_note_and_the_number_stays() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    actor = make_actor(company=company)
    fund(company, 10_000)
    invoice, paid = bill(company, 1_000, 250), bill(company, 500)
    note = _void(operator, invoice)
    pay(actor, paid)
    assert (note.kind, note.status, note.credits_id, note.total_minor) == (
        "credit_note",
        "paid",
        invoice.id,
        1_250,
    )
    with unit_of_work() as unit:
        shown = invoices.get_invoice(actor, unit, invoice.id or 0)
        assert (shown.state, shown.invoice.number, shown.credit_notes[0].id) == (
            "void",
            invoice.number,
            note.id,
        )
        assert [line.net_minor for line in invoices.get_invoice(actor, unit, note.id or 0).lines] == [
            1_000,
            250,
        ]
        assert invoices.get_invoice(actor, unit, note.id or 0).corrects == shown.invoice
    for wrong in (invoice, paid, note):
        with refused(InvoiceNotVoidable):
            _void(operator, wrong)
    with refused(InvoiceIsVoid):
        pay(actor, invoice)
    with refused(NotAnInvoice):
        pay(actor, note)
    assert (balance(company), unbalanced()) == (Balances(9_500, 0), [])


def test_money_for_an_invoice_that_is_gone_stays_in_the_balance_and_is_flagged() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    actor, stranger = make_actor(company=company), make_actor()
    void, dear, paid = bill(company, 1_000), bill(company, 5_000), bill(company, 700)
    _void(operator, void)
    fund(company, 700)
    pay(actor, paid)
    for number, (invoice, kind) in enumerate(
        [(void, "invoice_was_void"), (paid, "invoice_was_paid"), (dear, "invoice_costs_more")]
    ):
        key = f"evt-{company.id}-{number}"
        fund(company, 100, key=key)
        for _ in range(2):
            with unit_of_work() as unit:
                assert invoices.settle(unit, invoice.id or 0, key=key) is False
        with unit_of_work() as unit:
            flag, *_ = flags.list_flags(actor, unit)
            assert (flag.kind, flag.invoice_id) == (kind, invoice.id)
    assert balance(company) == Balances(300, 0)
    with unit_of_work() as unit:
        assert (
            len(flags.list_flags(actor, unit))
            == len(flags.list_flags(operator, unit, company_id=company.id))
            == 3
        )
        assert flags.list_flags(stranger, unit) == []
        with pytest.raises(NotFound):
            flags.list_flags(stranger, unit, company_id=company.id)
        with pytest.raises(Forbidden):
            flags.clear_flag(unit, actor, flag.id or 0)
        flags.clear_flag(unit, operator, flag.id or 0)
        flags.clear_flag(unit, operator, flag.id or 0)
        assert len(flags.list_flags(actor, unit)) == 2


def test_refund_to_source_in_parts_takes_net_and_tax_back_exactly() -> None:
    """121.00 came in as 100.00 and 21.00 of tax; it goes back in three odd parts."""
    company = make_company()
    topup = fund(company, 10_000)
    for number, part in enumerate((3_333, 3_333, 5_434)):
        aside = _refund(topup.id, part, "source", key=f"r-{company.id}-{number}")
        assert _refund(topup.id, part, "source", key=f"r-{company.id}-{number}").id == aside.id
        with unit_of_work() as unit:
            refunds.refund_paid(unit, key=f"p-{company.id}-{number}", refund_entry_id=aside.id or 0)
        with pytest.raises(LedgerError), unit_of_work() as unit:
            refunds.refund_failed(unit, key=f"f-{company.id}-{number}", refund_entry_id=aside.id or 0)
    assert balance(company) == Balances(0, 0)
    notes = ask("SELECT sum(net_minor), sum(tax_minor), count(*) FROM invoice WHERE kind = 'credit_note' AND company_id = :c",
                c=company.id)  # fmt: skip
    assert notes == [(10_000, 2_100, 3)]
    accounts = ask("""SELECT a.kind, sum(p.amount_minor) FROM posting p JOIN ledger_account a ON a.id = p.account_id
                      WHERE a.company_id = :c GROUP BY 1 HAVING sum(p.amount_minor) <> 0""", c=company.id)  # fmt: skip
    assert accounts == []
    with refused(RefundTooHigh, left=0):
        _refund(topup.id, 1, "source", key=f"more-{company.id}")


def test_money_that_is_being_refunded_cannot_be_spent_and_comes_back_if_the_gateway_refuses() -> None:
    company = make_company()
    actor = make_actor(company=company)
    topup = fund(company, 10_000)
    invoice = bill(company, 10_000)
    aside = _refund(topup.id, 1_210, "source", key=f"r-{company.id}")
    with refused(InsufficientBalance, missing=1_000):
        pay(actor, invoice)
    with unit_of_work() as unit:
        refunds.refund_failed(unit, key=f"f-{company.id}", refund_entry_id=aside.id or 0)
    with pytest.raises(LedgerError), unit_of_work() as unit:
        refunds.refund_paid(unit, key=f"p-{company.id}", refund_entry_id=aside.id or 0)
    assert balance(company) == Balances(10_000, 0)
    pay(actor, invoice)
    with refused(InsufficientBalance):
        _refund(topup.id, 1_210, "source", key=f"r2-{company.id}")
    assert unbalanced() == []


def test_refund_of_a_paid_invoice_goes_to_the_balance_cash_first() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    actor = make_actor(company=company)
    fund(company, 3_000)
    _grant(operator, company, 2_000)
    invoice = pay(actor, bill(company, 5_000))
    payment = _entry(f"pay:{invoice.id}")
    _refund(payment.id, 1_000, "balance", key=f"b1-{company.id}")
    assert balance(company) == Balances(1_000, 0)
    with refused(RefundTooHigh, left=4_000):
        _refund(payment.id, 4_001, "balance", key=f"b2-{company.id}")
    _refund(payment.id, 4_000, "balance", key=f"b3-{company.id}")
    assert balance(company) == Balances(3_000, 2_000)
    with unit_of_work() as unit:
        assert invoices.get_invoice(actor, unit, invoice.id or 0).state == "refunded"
    with refused(NotRefundable):
        _refund(payment.id, 1, "source", key=f"b4-{company.id}")
    with refused(NotRefundable):
        _refund(_entry(f"charge:{invoice.id}").id, 1, "balance", key=f"b5-{company.id}")
    assert unbalanced() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"comfort_buffer_minor": -1}, {"comfort_buffer_minor": 1.5}, {"comfort_buffer_minor": 10**13},
        {"legal_name": "x" * 201}, {"city": "Br\x00no"}, {"tax_id": "<b>"}, {"billing_email": "a@b, c@d"},
    ],
)  # fmt: skip
def test_profiles_take_only_what_can_be_printed(changes: dict[str, object]) -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    fields = {"legal_name": "A", "street": "", "city": "", "postcode": "", "tax_id": "", "is_business": True,
              "billing_email": "", "comfort_buffer_minor": 0, "auto_pay": True} | changes  # fmt: skip
    with refused(BadRequest), unit_of_work() as unit:
        profiles.change_profile(unit, operator, company.id or 0, profiles.ProfileChange(**fields))  # type: ignore[arg-type]
