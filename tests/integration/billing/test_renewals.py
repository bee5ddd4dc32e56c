"""Renewals: once per service and period, whatever happens; what a dry run says is what a run does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar, credit_notes, renewals, runs
from opsportal.domain.billing.renewals import CompanyPlan
from opsportal.models import Family, Invoice, Role, Service, ServiceStatus, SuspensionReason, Term
from tests.builders import make_actor, make_company
from tests.integration.billing.money import ask, everything, fund, pay, unbalanced
from tests.integration.billing.renewing import TODAY, D, lines_of, renew, renewed_service, reread
from workers import billing_runs

pytestmark = [pytest.mark.usefixtures("on_a_fixed_day", "alone"), pytest.mark.xdist_group("renewals")]


def test_a_month_is_invoiced_fourteen_days_ahead_and_due_as_the_period_ends() -> None:
    company = make_company()
    service = renewed_service(company, D(2027, 3, 6), anchor_day=31)
    assert renew(company, D(2027, 2, 19))[1] == []
    _, (invoice,) = renew(company, D(2027, 2, 20))
    assert (invoice.status, invoice.issued_on, invoice.due_on, invoice.total_minor) == (
        "issued",
        TODAY,
        D(2027, 3, 6),
        8900,
    )
    assert lines_of(invoice) == [(service.name, D(2027, 3, 6), D(2027, 4, 30), 1, "month", 8900)]
    later = reread(service)
    assert (later.period_end, later.charged_through, later.anchor_day) == (D(2027, 3, 6), D(2027, 4, 30), 31)


def test_services_that_fall_due_together_are_one_invoice() -> None:
    company = make_company()
    names = [renewed_service(company, D(2027, 3, 1), price_minor=p).name for p in (100, 200)]
    renewed_service(company, D(2027, 3, 2), price_minor=400)
    _, (first, second) = renew(company)
    assert [line[0] for line in lines_of(first)] == names
    assert (first.due_on, first.total_minor) == (D(2027, 3, 1), 300)
    assert (second.due_on, second.total_minor) == (D(2027, 3, 2), 400)
    assert ask("SELECT currency, count(*) FROM invoice WHERE company_id = :c GROUP BY 1", c=company.id) == [
        ("EUR", 2)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": ServiceStatus.SUSPENDED},
        {"status": ServiceStatus.TERMINATED},
        {"status": ServiceStatus.CANCELLED},
        {"status": ServiceStatus.PENDING},
        {"status": ServiceStatus.PROVISIONING},
        {"termination_requested_on": D(2027, 3, 1)},
        {"termination_requested_on": D(2027, 2, 25)},
        {"period_start": None, "period_end": None},
        {"charged_through": D(2027, 4, 1)},
    ],
)
def test_what_does_not_run_on_is_not_invoiced(changes: dict[str, Any]) -> None:
    company = make_company()
    renewed_service(company, D(2027, 3, 1), **changes)
    before = everything()
    planned, issued = renew(company)
    assert (planned.invoices, planned.obstacles, issued) == ((), (), [])
    assert everything() == before


def test_termination_after_the_next_period_began_is_charged_once_more() -> None:
    company = make_company()
    renewed_service(company, D(2027, 3, 1), termination_requested_on=D(2027, 3, 2))
    assert len(renew(company)[1]) == 1


def test_terms() -> None:
    company = make_company()
    year = renewed_service(company, D(2027, 3, 1), term=Term.YEAR, price_minor=1400, family=Family.DOMAIN)
    hour = renewed_service(company, D(2027, 3, 1), term=Term.HOUR, price_minor=2)
    _, (invoice,) = renew(company)
    assert lines_of(invoice) == [
        (year.name, D(2027, 3, 1), D(2028, 3, 1), 1, "year", 1400),
        (hour.name, D(2027, 3, 1), D(2027, 4, 1), 743, "hour", 1486),  # March has an hour less in Prague
    ]


def test_what_costs_nothing_runs_on_without_an_invoice() -> None:
    company = make_company()
    service = renewed_service(company, D(2027, 2, 20), price_minor=0)
    planned, issued = renew(company)
    assert (len(planned.free), issued) == (1, [])
    assert (reread(service).period_start, reread(service).period_end) == (D(2027, 2, 20), D(2027, 3, 20))
    assert ask("SELECT invoice_id, price_minor FROM service_charge WHERE service_id = :s", s=service.id) == [
        (None, 0)
    ]


def test_a_period_that_has_passed_and_a_wrong_currency_wait_for_a_person() -> None:
    company = make_company()
    late = renewed_service(company, D(2027, 1, 20))
    foreign = renewed_service(company, D(2027, 3, 1), currency="USD")
    fine = renewed_service(company, D(2027, 1, 21))
    planned, (invoice, _) = renew(company)
    assert [(o.service_id, o.code) for o in planned.obstacles] == [
        (late.id, "far_behind"),
        (foreign.id, "other_currency"),
    ]
    assert [(line[0], invoice.due_on) for line in lines_of(invoice)] == [(fine.name, TODAY)]


def test_a_country_without_a_tax_rate_waits_for_a_person_and_hides_nobody(tax_at: str) -> None:
    known, unknown = make_company(country="UA"), make_company(country="DE")
    for company in (known, unknown):
        renewed_service(company, D(2027, 3, 1))
    is_open = tax_at == "invoice"
    with unit_of_work() as unit:
        unit.execute(text("DELETE FROM tax_rate WHERE country = 'DE'"))
        dry = runs.dry_run(make_actor(role=Role.OPERATOR), unit)
        unit.rollback()
    assert (dry.companies, dry.invoices, dry.obstacles) == (2, 1 if is_open else 2, 1 if is_open else 0)
    codes = [obstacle.code for plan in dry.plans for obstacle in plan.obstacles]
    assert codes == ["no_tax_rate"] * dry.obstacles


def test_paying_lets_the_service_run_on_and_ends_a_suspension_for_payment() -> None:
    company = make_company()
    service = renewed_service(company, D(2027, 2, 20))
    _, (invoice,) = renew(company)
    with unit_of_work() as unit:
        row = unit.get_one(Service, service.id)
        row.status, row.suspension_reason = ServiceStatus.SUSPENDED, SuspensionReason.PAYMENT
    fund(company, 8_900)
    pay(make_actor(company=company), invoice)
    later = reread(service)
    assert (later.status, later.suspension_reason) == ("active", None)
    assert (later.period_start, later.period_end) == (D(2027, 2, 20), D(2027, 3, 20))


def test_paying_does_not_end_a_suspension_for_policy_or_with_another_overdue_invoice() -> None:
    for reason, is_late in ((SuspensionReason.POLICY, False), (SuspensionReason.PAYMENT, True)):
        company = make_company()
        service = renewed_service(company, D(2027, 2, 20))
        with calendar.as_of(calendar.noon(D(2027, 2, 6))):
            _, (first,) = renew(company, D(2027, 2, 6))
        with calendar.as_of(calendar.noon(D(2027, 3, 21))):
            _, (second,) = renew(company, D(2027, 3, 21)) if is_late else (None, (first,))
            with unit_of_work() as unit:
                row = unit.get_one(Service, service.id)
                row.status, row.suspension_reason = ServiceStatus.SUSPENDED, reason
            fund(company, 8_900)
            pay(make_actor(company=company), second)
            assert reread(service).suspension_reason == reason


def test_paying_ahead_extends_the_end_and_the_new_period_begins_on_its_day() -> None:
    company = make_company()
    service = renewed_service(company, D(2027, 3, 1))
    _, (invoice,) = renew(company)
    fund(company, 8_900)
    pay(make_actor(company=company), invoice)
    assert (reread(service).period_start, reread(service).period_end) == (D(2027, 2, 1), D(2027, 4, 1))
    with calendar.as_of(calendar.noon(D(2027, 3, 1))):
        billing_runs.renew_on(D(2027, 3, 1))
    assert (reread(service).period_start, reread(service).period_end) == (D(2027, 3, 1), D(2027, 4, 1))


def test_cancelled_renewal_is_invoiced_again() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    service = renewed_service(company, D(2027, 3, 1))
    _, (invoice,) = renew(company)
    with unit_of_work() as unit:
        credit_notes.void_invoice(unit, operator, invoice.id or 0, reason="wrong")
    assert reread(service).charged_through == D(2027, 3, 1)
    _, (again,) = renew(company)
    assert (lines_of(again), again.id == invoice.id) == (lines_of(invoice), False)
    assert renew(company)[1] == []
    assert unbalanced() == []


def test_cancelling_an_older_renewal_stops_no_later_one() -> None:
    """Going back before a charged period would charge it twice, and fail for the whole company every night."""
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    service, other = renewed_service(company, D(2027, 3, 1)), renewed_service(company, D(2027, 3, 3))
    _, (march, _) = renew(company)
    with calendar.as_of(calendar.noon(D(2027, 3, 20))):
        _, (april, _) = renew(company, D(2027, 3, 20))
        with unit_of_work() as unit:
            credit_notes.void_invoice(unit, operator, march.id or 0, reason="wrong")
        assert (reread(service).charged_through, renew(company, D(2027, 3, 20))[1]) == (D(2027, 5, 1), [])
    with calendar.as_of(calendar.noon(D(2027, 4, 20))):
        _, issued = renew(company, D(2027, 4, 20))
        assert [lines_of(one)[0][0] for one in issued] == [service.name, other.name]
    with calendar.as_of(calendar.noon(D(2027, 4, 20))), unit_of_work() as unit:
        credit_notes.void_invoice(unit, operator, issued[0].id or 0, reason="wrong")
        credit_notes.void_invoice(unit, operator, april.id or 0, reason="wrong")
    assert reread(service).charged_through == D(2027, 3, 1)
    assert unbalanced() == []


def test_after_a_short_period_the_next_is_invoiced_in_the_same_run() -> None:
    """A service that joins on the 20th and has its periods from the 1st on."""
    company = make_company()
    service = renewed_service(company, D(2027, 2, 20), anchor_day=1)
    _, (first, second) = renew(company)
    assert [lines_of(one)[0][1:3] for one in (first, second)] == [
        (D(2027, 2, 20), D(2027, 3, 1)),
        (D(2027, 3, 1), D(2027, 4, 1)),
    ]
    assert (renew(company)[1], reread(service).charged_through) == ([], D(2027, 4, 1))


services = st.lists(
    st.tuples(
        st.integers(-40, 40), st.integers(1, 31), st.sampled_from([0, 1, 999, 8_900]), st.sampled_from(Term),
        st.one_of(st.none(), st.integers(-20, 60)),
    ), min_size=1, max_size=5,
)  # fmt: skip


@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(services, st.lists(st.integers(0, 120), min_size=1, max_size=4))
def test_running_twice_is_running_once_and_charges_tile(
    found: list[tuple[Any, ...]], days: list[int]
) -> None:
    """Whatever services there are and on whatever days runs happen: a second run changes nothing, the dry
    run has said what the run did, and a service's charges follow each other without gap or overlap."""
    company = make_company()
    for offset, anchor, price, term, ends in found:
        end = TODAY + dt.timedelta(days=offset)
        asked = None if ends is None else TODAY + dt.timedelta(days=ends)
        renewed_service(
            company, end, anchor_day=anchor, price_minor=price, term=term, termination_requested_on=asked
        )
    for day in sorted(days):
        on_day = TODAY + dt.timedelta(days=day)
        with calendar.as_of(calendar.noon(on_day)):
            with unit_of_work() as unit:
                said = [plan for plan in renewals.plan_all(unit, on_day) if plan.company.id == company.id]
            planned, issued = renew(company, on_day)
            _check_said(said[0] if said else None, planned, issued)
            before = everything()
            assert renew(company, on_day)[1] == []
            assert everything() == before
    torn = ask("""SELECT service_id FROM (SELECT service_id, period_start,
                    lag(period_end) OVER (PARTITION BY service_id ORDER BY period_start) AS previous
                  FROM service_charge WHERE company_id = :c) s WHERE previous <> period_start""", c=company.id)  # fmt: skip
    assert torn == []
    assert unbalanced() == []
    with unit_of_work() as unit:
        for service in ask("SELECT id FROM service WHERE company_id = :c", c=company.id):
            unit.get_one(Service, service[0]).status = ServiceStatus.TERMINATED


def _check_said(said: CompanyPlan | None, planned: CompanyPlan, issued: list[Invoice]) -> None:
    if said is None:
        assert (planned.invoices, planned.free, planned.obstacles) == ((), (), ())
        return
    assert [(one.due_on, one.net_minor, one.tax_minor) for one in said.invoices] == [
        (one.due_on, one.net_minor, one.tax_minor) for one in issued
    ]
    assert said.obstacles == planned.obstacles
    assert len(said.free) == len(planned.free)
