"""What clients see of their money: recurring cost, recommended amount, transactions, lists."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar, forecast, grants, invoices, prices, receipts, transactions
from opsportal.domain.billing.forecast import Recommendation, RecurringCost
from opsportal.domain.billing.invoices import InvoiceFilter
from opsportal.domain.billing.refusals import NoPrice
from opsportal.domain.billing.transactions import TransactionFilter
from opsportal.domain.refusals import BadRequest, Forbidden, NotFound
from opsportal.models import BillingProfile, Company, PlanPrice, Role, ServiceStatus, Term
from tests.builders import make_actor, make_company, make_plan, make_service
from tests.integration.billing.money import ask, bill, fund, pay

pytestmark = [pytest.mark.usefixtures("books"), pytest.mark.xdist_group("documents")]
TODAY = dt.date(2027, 4, 10)


@pytest.fixture(autouse=True)
def _on_a_fixed_day() -> Any:
    with calendar.as_of(calendar.noon(TODAY)):
        yield


def _cost(company: Company) -> RecurringCost:
    with unit_of_work() as unit:
        return forecast.recurring_cost(make_actor(company=company), unit)


def _advice(company: Company) -> Recommendation:
    with unit_of_work() as unit:
        return forecast.recommended_topup(make_actor(company=company), unit)


def _service(company: Company, in_days: int, **changes: Any) -> None:
    end = TODAY + dt.timedelta(days=in_days)
    make_service(company, **({"period_start": end - dt.timedelta(days=28), "period_end": end} | changes))


def test_every_span_follows_from_the_exact_year() -> None:
    company = make_company()
    _service(company, 5, price_minor=8_900)
    _service(company, 5, price_minor=1_400, term=Term.YEAR)
    _service(company, 5, price_minor=1, term=Term.HOUR)
    for status in (
        ServiceStatus.SUSPENDED,
        ServiceStatus.TERMINATED,
        ServiceStatus.PENDING,
        ServiceStatus.CANCELLED,
    ):
        _service(company, 5, status=status)
    _service(company, 5, termination_requested_on=TODAY)
    year = 8_900 * 12 + 1_400 + 8_760
    cost = _cost(company)
    assert (cost.year_minor, cost.services, cost.currency) == (year, 3, "EUR")
    spans = (cost.hour_minor, cost.day_minor, cost.week_minor, cost.month_minor)
    assert spans == (13, 320, 2_243, 9_747)  # 116960 / 8760, / 365, * 7 / 365, / 12, rounded half up
    assert cost.yesterday_year_minor is None


def test_yesterday_is_what_was_recorded_then() -> None:
    company = make_company()
    _service(company, 40, price_minor=10_000)
    with unit_of_work() as unit:
        forecast.record_costs(unit, TODAY - dt.timedelta(days=1))
    _service(company, 40, price_minor=500)
    with unit_of_work() as unit:
        forecast.record_costs(unit, TODAY)
        forecast.record_costs(unit, TODAY)
    cost = _cost(company)
    assert (cost.year_minor, cost.yesterday_year_minor) == (126_000, 120_000)
    assert (cost.day_minor, cost.yesterday_day_minor, cost.yesterday_month_minor) == (345, 329, 10_000)
    kept = ask("SELECT on_day, year_minor FROM cost_snapshot WHERE company_id = :c ORDER BY 1", c=company.id)
    assert kept == [(TODAY - dt.timedelta(days=1), 120_000), (TODAY, 126_000)]


def test_company_without_services_costs_nothing_and_needs_nothing() -> None:
    company = make_company()
    cost, advice = _cost(company), _advice(company)
    assert (cost.hour_minor, cost.year_minor, cost.services) == (0, 0, 0)
    assert (advice.need_minor, advice.amount_minor) == (0, 0)


def test_recommended_amount_shows_its_arithmetic(tax_at: str) -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    _service(company, 3, price_minor=8_900)  # once within thirty days
    _service(company, 0, price_minor=1_000, anchor_day=10)  # today and on 10 May: the horizon is excluded
    _service(company, 31, price_minor=7_777)
    _service(company, 2, price_minor=500, termination_requested_on=TODAY + dt.timedelta(days=2))
    with unit_of_work() as unit:
        unit.add(BillingProfile(company_id=company.id or 0, comfort_buffer_minor=2_500))
        grants.grant_credit(unit, operator, company.id or 0, amount_minor=300, currency="EUR", reason="",
                            key=f"advice-{company.id}")  # fmt: skip
    fund(company, 1_000)
    owed = bill(company, 4_000).total_minor
    advice = _advice(company)
    tax = 0 if tax_at == "topup" else 2_079
    assert owed == (4_000 if tax_at == "topup" else 4_840)
    assert (advice.renewals_minor, advice.renewals_tax_minor) == (9_900, tax)
    assert (advice.open_invoices_minor, advice.buffer_minor) == (owed, 2_500)
    assert (advice.cash_minor, advice.credit_minor, advice.step_minor) == (1_000, 300, 1_000)
    assert advice.need_minor == 9_900 + tax + owed + 2_500 - 1_300
    assert advice.amount_minor == (16_000 if tax_at == "topup" else 19_000)
    fund(company, 100_000)
    rich = _advice(company)
    assert (rich.amount_minor, rich.need_minor) == (0, advice.need_minor - 100_000)


def test_steps_follow_the_currency() -> None:
    company = make_company(currency="JPY", country="JP")
    _service(company, 3, price_minor=1_234)
    advice = _advice(company)
    assert (advice.step_minor, advice.amount_minor) == (10, 1_240)


def test_whose_outlook_one_may_see() -> None:
    company = make_company()
    stranger, operator, technician = (
        make_actor(),
        make_actor(role=Role.OPERATOR),
        make_actor(role=Role.TECHNICIAN),
    )
    with unit_of_work() as unit:
        for look in (forecast.recurring_cost, forecast.recommended_topup):
            look(operator, unit, company_id=company.id)
            for actor, refusal in ((stranger, NotFound), (technician, Forbidden)):
                with pytest.raises(refusal):
                    look(actor, unit, company_id=company.id)
        for actor, refusal in ((stranger, NotFound), (technician, Forbidden)):
            with pytest.raises(refusal):
                transactions.list_transactions(actor, unit, TransactionFilter(company_id=company.id))


def test_transactions_tell_what_left_the_card_and_what_reached_the_balance() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    actor = make_actor(company=company)
    topup = fund(company, 10_000)
    invoice = pay(actor, bill(company, 2_500))
    with unit_of_work() as unit:
        grants.grant_credit(unit, operator, company.id or 0, amount_minor=100, currency="EUR", reason="sorry",
                            key=f"list-{company.id}")  # fmt: skip
        receipts.refund(
            unit, key=f"list-r-{company.id}", original_entry_id=topup.id or 0, amount_minor=1_210, to="source"
        )
    with unit_of_work() as unit:
        page = transactions.list_transactions(actor, unit, TransactionFilter())
        seen = [(t.kind, t.gross_minor, t.balance_minor, t.tax_minor, t.memo) for t in page.rows]
        families = {
            family: [
                t.kind
                for t in transactions.list_transactions(actor, unit, TransactionFilter(family=family)).rows
            ]
            for family in ("topups", "payments", "refunds", "failed")
        }
        with pytest.raises(BadRequest):
            transactions.list_transactions(actor, unit, TransactionFilter(family="x"))
    assert seen == [
        ("refund", -1_210, -1_000, -210, ""),
        ("grant", 0, 100, 0, "sorry"),
        ("payment", 0, -2_500, 0, ""),
        ("topup", 12_100, 10_000, 2_100, ""),
    ]
    assert [t.invoice_number for t in page.rows if t.kind == "payment"] == [invoice.number]
    assert page.next_before is None
    assert families == {
        "topups": ["grant", "topup"],
        "payments": ["payment"],
        "refunds": ["refund"],
        "failed": [],
    }


def test_pages_of_transactions_and_invoices_follow_each_other() -> None:
    """All of them carry the same moment: the page must not lose or repeat any."""
    company = make_company()
    actor = make_actor(company=company)
    entries = [fund(company, 100).id for _ in range(30)]
    with unit_of_work() as unit:
        first = transactions.list_transactions(actor, unit, TransactionFilter())
        second = transactions.list_transactions(actor, unit, TransactionFilter(before=first.next_before))
        assert [t.entry_id for t in [*first.rows, *second.rows]] == entries[::-1]
        assert second.next_before is None
        documents = invoices.list_invoices(actor, unit, InvoiceFilter())
        rest = invoices.list_invoices(actor, unit, InvoiceFilter(before=documents.next_before))
    numbers = [row.invoice.series_number or 0 for row in [*documents.rows, *rest.rows]]
    assert (len(numbers), numbers, rest.next_before) == (30, sorted(numbers, reverse=True), None)


def test_lists_by_state_kind_service_and_search() -> None:
    company, other = make_company(name="Zebra Labs"), make_company()
    actor, operator = make_actor(company=company), make_actor(role=Role.OPERATOR)
    fund(company, 1_000)
    paid, open_, foreign = pay(actor, bill(company, 400)), bill(company, 500), bill(other, 1)
    with calendar.as_of(calendar.noon(TODAY - dt.timedelta(days=40))):
        late = bill(company, 600)

    def found(who: Any = actor, **wanted: Any) -> set[int]:
        with unit_of_work() as unit:
            return {row.invoice.id for row in invoices.list_invoices(who, unit, InvoiceFilter(**wanted)).rows}

    assert found(status="unpaid") == {open_.id, late.id}
    assert found(status="overdue") == {late.id}
    assert found(status="paid", kind="invoice") == {paid.id}
    assert found(kind="invoice") == {paid.id, open_.id, late.id}
    assert len(found()) == 4  # and the document of the top-up
    assert found(search=(open_.number or "").lower()) == {open_.id}
    assert found(search="100%") == found(search="_") == found(search="nothing") == set()
    assert foreign.id not in found(search=foreign.number or "")
    assert found(operator, search="zebra", status="unpaid") == {open_.id, late.id}
    assert {foreign.id, open_.id} <= found(operator, status="unpaid")
    assert found(operator, company_id=company.id, status="unpaid") == {open_.id, late.id}
    for wrong in ({"status": "x"}, {"kind": "x"}):
        with pytest.raises(BadRequest):
            found(**wrong)
    with unit_of_work() as unit:
        (total,) = invoices.open_total(actor, unit)
    assert (total.currency, total.count, total.total_minor) == ("EUR", 2, 1_100)
    assert (total.overdue_count, total.overdue_minor) == (1, 600)


def test_new_documents_are_marked_until_one_has_looked() -> None:
    company = make_company()
    one, other = make_actor(company=company), make_actor(company=company)
    first, second = bill(company, 1), bill(company, 2)
    with unit_of_work() as unit:
        assert (invoices.count_new(one, unit), invoices.count_new(other, unit)) == (2, 2)
        invoices.mark_seen(one, unit, first.id or 0)
        rows = invoices.list_invoices(one, unit, InvoiceFilter()).rows
        assert [(row.invoice.id, row.is_new) for row in rows] == [(second.id, True), (first.id, False)]
        invoices.mark_seen(one, unit, second.id or 0)
        invoices.mark_seen(one, unit, first.id or 0)
        assert (invoices.count_new(one, unit), invoices.count_new(other, unit)) == (0, 2)
        assert invoices.count_new(make_actor(role=Role.OPERATOR), unit) == 0


def test_price_is_that_of_plan_currency_term_and_day_or_none() -> None:
    plan = make_plan()
    with unit_of_work() as unit:
        for day, price in ((dt.date(2026, 1, 1), 100), (dt.date(2027, 1, 1), 120)):
            unit.add(
                PlanPrice(
                    plan_id=plan.id or 0, currency="SEK", term="month", price_minor=price, valid_from=day
                )
            )
    with unit_of_work() as unit:

        def price(currency: str, term: Term, *day: int) -> int:
            return prices.price_of(unit, plan.id or 0, currency=currency, term=term, on_day=dt.date(*day))

        assert [price("SEK", Term.MONTH, 2026, 12, 31), price("SEK", Term.MONTH, 2027, 1, 1)] == [100, 120]
        for wrong in (
            ("EUR", Term.MONTH, 2027, 1, 1),
            ("SEK", Term.YEAR, 2027, 1, 1),
            ("SEK", Term.MONTH, 2025, 1, 1),
        ):
            with pytest.raises(NoPrice):
                price(*wrong)
