"""What people see of money is what the books say: rows, steps of payments, places in lists."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.billing import invoice_lists
from opsportal.domain.billing.invoice_lists import InvoiceFilter
from opsportal.domain.lifecycle import PAYMENT, move
from opsportal.domain.refusals import NotFound
from opsportal.models import Payment, PaymentStatus, Role, StatusChange
from opsportal.state.billing import rows
from opsportal.state.billing.companies import read_company_money
from opsportal.state.billing.funds import _quote, _set_buffer, read_funds
from opsportal.state.billing.invoices import _mark_seen, read_invoice, read_invoices
from opsportal.state.billing.strip import read_strip
from opsportal.state.billing.transactions import parse_place, place_text
from tests.builders import make_actor, make_company
from tests.doors.money import add_funds, make_card, make_invoice, make_payment
from tests.integration.billing.conftest import books

__all__ = ["books"]

pytestmark = pytest.mark.usefixtures("books")


def test_strip_shows_both_amounts_and_what_waits() -> None:
    company = make_company()
    actor = make_actor(company=company)
    add_funds(company, 8_220)
    first = make_invoice(company)
    with unit_of_work() as unit:
        strip = read_strip(unit, actor, None)
        assert (strip.cash_minor, strip.credit_minor, strip.currency) == (8_220, 0, "EUR")
        assert (strip.unpaid, strip.overdue, strip.new) == (1, 0, 1)
        _mark_seen(unit, actor, first.id or 0)
    make_invoice(company)
    with unit_of_work() as unit:
        assert read_strip(unit, actor, None).new == 1
        listed = read_invoices(unit, actor, InvoiceFilter(status="unpaid"))
        assert [row.is_new for row in listed.rows] == [True, False]
        assert listed.newest == invoice_lists.newest_id(actor, unit) == listed.rows[0].id
        assert read_strip(unit, make_actor(role=Role.TECHNICIAN), None).is_ready is False


@pytest.mark.parametrize(
    ("funds", "covered", "cash", "missing"),
    [(10_000, True, 8_900, 0), (8_000, False, 8_000, 900), (0, False, 0, 8_900)],
)
def test_ways_to_pay_follow_the_balance(funds: int, covered: bool, cash: int, missing: int) -> None:
    company = make_company()
    if funds:
        add_funds(company, funds)
    make_card(company)
    invoice = make_invoice(company)
    with unit_of_work() as unit:
        view = read_invoice(unit, make_actor(company=company), invoice.id or 0)
    assert (view.is_covered, view.use_cash_minor, view.missing_minor) == (covered, cash, missing)
    assert view.quote.is_ready is not covered
    if missing:
        tax = -(-missing * 21 // 100)  # (no half of a cent is among these)
        assert (view.quote.net_minor, view.quote.gross_minor) == (missing, missing + tax)
        assert view.quote.balance_after_minor == 0
    assert len(view.cards) == 1
    with unit_of_work() as unit:
        finance = read_invoice(unit, make_actor(role=Role.OPERATOR), invoice.id or 0)
    assert (finance.can_void, finance.can_refund, finance.cards, finance.quote.is_ready) == (
        True,
        False,
        [],
        False,
    )


def test_a_quote_says_what_it_costs_or_why_not() -> None:
    company = make_company()
    actor = make_actor(company=company)
    add_funds(company, 500)
    with unit_of_work() as unit:
        good = _quote(unit, actor, "100,50", "EUR")
        assert (good.net_minor, good.tax_minor, good.gross_minor) == (10_050, 2_111, 12_161)
        assert (good.balance_after_minor, good.rate_bp, good.text) == (10_550, 2_100, "100,50")
        wrong = {
            text: _quote(unit, actor, text, "EUR").problem_code for text in ("-1", "0", "1.234", "NaN", "0.5")
        }
        assert wrong == {
            **dict.fromkeys(("-1", "0", "1.234", "NaN"), "bad_amount"),
            "0.5": "amount_too_small",
        }
        assert _quote(unit, actor, "10", "USD").problem_code == "wrong_currency"
        assert _quote(unit, actor, " ", "EUR").problem_code == ""


def test_the_buffer_becomes_part_of_the_recommendation() -> None:
    actor = make_actor(company=make_company())
    with unit_of_work() as unit:
        _set_buffer(unit, actor, "25")
        terms = read_funds(unit, actor, None).recommendation
        assert (terms.buffer_minor, terms.need_minor, terms.amount_minor) == (2_500, 2_500, 3_000)
        _set_buffer(unit, actor, "0.00")
        assert read_funds(unit, actor, None).recommendation.amount_minor == 0


def _after(payment: Payment, *statuses: PaymentStatus) -> list[tuple[str, str]]:
    with unit_of_work() as unit:
        row = unit.get_one(Payment, payment.id)
        for status in statuses:
            move(unit, PAYMENT, row, status)
    with unit_of_work() as unit:
        changes = unit.exec(
            select(StatusChange)
            .where(col(StatusChange.machine) == "payment", col(StatusChange.object_id) == payment.id)
            .order_by(col(StatusChange.id))
        ).all()
        found = rows.payment_steps(unit.get_one(Payment, payment.id), changes)
    return [(step.name, step.status) for step in found]


def test_a_payment_is_told_step_by_step() -> None:
    written = ("written", "done")
    payment = make_payment(make_company())
    assert _after(payment) == [written, ("gateway", "running"), ("booked", "waiting")]
    assert _after(payment, PaymentStatus.SUBMITTED) == [written, ("gateway", "done"), ("booked", "running")]
    assert _after(payment, PaymentStatus.REQUIRES_ACTION) == [
        written, ("gateway", "done"), ("bank", "running"), ("booked", "waiting"),
    ]  # fmt: skip
    assert _after(payment, PaymentStatus.FAILED)[2:] == [("bank", "done"), ("booked", "failed")]
    dropped = make_payment(make_company())
    assert _after(dropped, PaymentStatus.CANCELLED) == [
        written,
        ("gateway", "skipped"),
        ("booked", "skipped"),
    ]


def test_places_in_the_list_of_movements_survive_the_address() -> None:
    place = (dt.datetime(2026, 11, 22, 6, 30, 1, 234_567, tzinfo=dt.UTC), 1, 4_711)
    assert parse_place(place_text(place)) == place
    assert parse_place("") is None
    with pytest.raises(NotFound):
        parse_place(f"{10**17 - 1}0.0.1")


def test_the_operator_sees_a_clients_money_and_what_may_go_back() -> None:
    company = make_company()
    make_payment(company, status=PaymentStatus.SUCCEEDED)
    make_invoice(company)
    with unit_of_work() as unit:
        view = read_company_money(unit, make_actor(role=Role.OPERATOR), company.id or 0)
    assert (view.cash_minor, view.open[0].total_minor) == (8_900, 8_900)
    assert [payment.refundable_minor for payment in view.payments] == [8_900]
    assert [row.kind for row in view.transactions] == ["topup"]
