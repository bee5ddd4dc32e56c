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
from opsportal.domain.refusals import Forbidden
from opsportal.models import (
    BillingProfile,
    Company,
    Family,
    Invoice,
    Role,
    RunKind,
    Service,
    ServiceStatus,
    SuspensionReason,
    Term,
)
from tests.builders import make_actor, make_company, make_service
from tests.integration.billing.money import ask, balance, bill, everything, fund, pay, unbalanced
from workers import billing_runs, queues

pytestmark = [pytest.mark.usefixtures("books"), pytest.mark.xdist_group("renewals")]
D = dt.date
TODAY = D(2027, 2, 20)


@pytest.fixture(autouse=True)
def _on_a_fixed_day() -> Any:
    with calendar.as_of(calendar.noon(TODAY)):
        yield


@pytest.fixture(autouse=True)
def _alone(books: str) -> None:
    """Services of earlier tests have ended, so that runs over all companies find only this test's."""
    with unit_of_work() as unit:
        unit.execute(text("UPDATE service SET status = 'terminated', suspension_reason = NULL"))


def _service(company: Company, end: D, **changes: Any) -> Service:
    start = end - dt.timedelta(days=28)
    return make_service(company, **({"period_start": start, "period_end": end} | changes))


def _run(company: Company, day: D = TODAY) -> tuple[CompanyPlan, list[Invoice]]:
    with unit_of_work() as unit:
        return renewals.renew_company(unit, company.id or 0, day)


def _now(service: Service) -> Service:
    with unit_of_work() as unit:
        return unit.get_one(Service, service.id)


def _lines(invoice: Invoice) -> list[tuple[Any, ...]]:
    query = """SELECT params->>'name', period_start, period_end, quantity, unit, net_minor FROM invoice_line
               WHERE invoice_id = :id ORDER BY position"""
    return ask(query, id=invoice.id)


def test_a_month_is_invoiced_fourteen_days_ahead_and_due_as_the_period_ends() -> None:
    company = make_company()
    service = _service(company, D(2027, 3, 6), anchor_day=31)
    assert _run(company, D(2027, 2, 19))[1] == []
    _, (invoice,) = _run(company, D(2027, 2, 20))
    assert (invoice.status, invoice.issued_on, invoice.due_on, invoice.total_minor) == (
        "issued",
        TODAY,
        D(2027, 3, 6),
        8900,
    )
    assert _lines(invoice) == [(service.name, D(2027, 3, 6), D(2027, 4, 30), 1, "month", 8900)]
    later = _now(service)
    assert (later.period_end, later.charged_through, later.anchor_day) == (D(2027, 3, 6), D(2027, 4, 30), 31)


def test_services_that_fall_due_together_are_one_invoice() -> None:
    company = make_company()
    names = [_service(company, D(2027, 3, 1), price_minor=p).name for p in (100, 200)]
    _service(company, D(2027, 3, 2), price_minor=400)
    _, (first, second) = _run(company)
    assert [line[0] for line in _lines(first)] == names
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
    _service(company, D(2027, 3, 1), **changes)
    before = everything()
    planned, issued = _run(company)
    assert (planned.invoices, planned.obstacles, issued) == ((), (), [])
    assert everything() == before


def test_termination_after_the_next_period_began_is_charged_once_more() -> None:
    company = make_company()
    _service(company, D(2027, 3, 1), termination_requested_on=D(2027, 3, 2))
    assert len(_run(company)[1]) == 1


def test_terms() -> None:
    company = make_company()
    year = _service(company, D(2027, 3, 1), term=Term.YEAR, price_minor=1400, family=Family.DOMAIN)
    hour = _service(company, D(2027, 3, 1), term=Term.HOUR, price_minor=2)
    _, (invoice,) = _run(company)
    assert _lines(invoice) == [
        (year.name, D(2027, 3, 1), D(2028, 3, 1), 1, "year", 1400),
        (hour.name, D(2027, 3, 1), D(2027, 4, 1), 743, "hour", 1486),  # March has an hour less in Prague
    ]


def test_what_costs_nothing_runs_on_without_an_invoice() -> None:
    company = make_company()
    service = _service(company, D(2027, 2, 20), price_minor=0)
    planned, issued = _run(company)
    assert (len(planned.free), issued) == (1, [])
    assert (_now(service).period_start, _now(service).period_end) == (D(2027, 2, 20), D(2027, 3, 20))
    assert ask("SELECT invoice_id, price_minor FROM service_charge WHERE service_id = :s", s=service.id) == [
        (None, 0)
    ]


def test_a_period_that_has_passed_and_a_wrong_currency_wait_for_a_person() -> None:
    company = make_company()
    late = _service(company, D(2027, 1, 20))
    foreign = _service(company, D(2027, 3, 1), currency="USD")
    fine = _service(company, D(2027, 1, 21))
    planned, (invoice, _) = _run(company)
    assert [(o.service_id, o.code) for o in planned.obstacles] == [
        (late.id, "far_behind"),
        (foreign.id, "other_currency"),
    ]
    assert [(line[0], invoice.due_on) for line in _lines(invoice)] == [(fine.name, TODAY)]


def test_a_country_without_a_tax_rate_waits_for_a_person_and_hides_nobody(tax_at: str) -> None:
    known, unknown = make_company(country="UA"), make_company(country="DE")
    for company in (known, unknown):
        _service(company, D(2027, 3, 1))
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
    service = _service(company, D(2027, 2, 20))
    _, (invoice,) = _run(company)
    with unit_of_work() as unit:
        row = unit.get_one(Service, service.id)
        row.status, row.suspension_reason = ServiceStatus.SUSPENDED, SuspensionReason.PAYMENT
    fund(company, 8_900)
    pay(make_actor(company=company), invoice)
    later = _now(service)
    assert (later.status, later.suspension_reason) == ("active", None)
    assert (later.period_start, later.period_end) == (D(2027, 2, 20), D(2027, 3, 20))


def test_paying_does_not_end_a_suspension_for_policy_or_with_another_overdue_invoice() -> None:
    for reason, is_late in ((SuspensionReason.POLICY, False), (SuspensionReason.PAYMENT, True)):
        company = make_company()
        service = _service(company, D(2027, 2, 20))
        with calendar.as_of(calendar.noon(D(2027, 2, 6))):
            _, (first,) = _run(company, D(2027, 2, 6))
        with calendar.as_of(calendar.noon(D(2027, 3, 21))):
            _, (second,) = _run(company, D(2027, 3, 21)) if is_late else (None, (first,))
            with unit_of_work() as unit:
                row = unit.get_one(Service, service.id)
                row.status, row.suspension_reason = ServiceStatus.SUSPENDED, reason
            fund(company, 8_900)
            pay(make_actor(company=company), second)
            assert _now(service).suspension_reason == reason


def test_paying_ahead_extends_the_end_and_the_new_period_begins_on_its_day() -> None:
    company = make_company()
    service = _service(company, D(2027, 3, 1))
    _, (invoice,) = _run(company)
    fund(company, 8_900)
    pay(make_actor(company=company), invoice)
    assert (_now(service).period_start, _now(service).period_end) == (D(2027, 2, 1), D(2027, 4, 1))
    with calendar.as_of(calendar.noon(D(2027, 3, 1))):
        billing_runs.renew_on(D(2027, 3, 1))
    assert (_now(service).period_start, _now(service).period_end) == (D(2027, 3, 1), D(2027, 4, 1))


def test_cancelled_renewal_is_invoiced_again() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    service = _service(company, D(2027, 3, 1))
    _, (invoice,) = _run(company)
    with unit_of_work() as unit:
        credit_notes.void_invoice(unit, operator, invoice.id or 0, reason="wrong")
    assert _now(service).charged_through == D(2027, 3, 1)
    _, (again,) = _run(company)
    assert (_lines(again), again.id == invoice.id) == (_lines(invoice), False)
    assert _run(company)[1] == []
    assert unbalanced() == []


def test_cancelling_an_older_renewal_stops_no_later_one() -> None:
    """Going back before a charged period would charge it twice, and fail for the whole company every night."""
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    service, other = _service(company, D(2027, 3, 1)), _service(company, D(2027, 3, 3))
    _, (march, _) = _run(company)
    with calendar.as_of(calendar.noon(D(2027, 3, 20))):
        _, (april, _) = _run(company, D(2027, 3, 20))
        with unit_of_work() as unit:
            credit_notes.void_invoice(unit, operator, march.id or 0, reason="wrong")
        assert (_now(service).charged_through, _run(company, D(2027, 3, 20))[1]) == (D(2027, 5, 1), [])
    with calendar.as_of(calendar.noon(D(2027, 4, 20))):
        _, issued = _run(company, D(2027, 4, 20))
        assert [_lines(one)[0][0] for one in issued] == [service.name, other.name]
    with calendar.as_of(calendar.noon(D(2027, 4, 20))), unit_of_work() as unit:
        credit_notes.void_invoice(unit, operator, issued[0].id or 0, reason="wrong")
        credit_notes.void_invoice(unit, operator, april.id or 0, reason="wrong")
    assert _now(service).charged_through == D(2027, 3, 1)
    assert unbalanced() == []


def test_after_a_short_period_the_next_is_invoiced_in_the_same_run() -> None:
    """A service that joins on the 20th and has its periods from the 1st on."""
    company = make_company()
    service = _service(company, D(2027, 2, 20), anchor_day=1)
    _, (first, second) = _run(company)
    assert [_lines(one)[0][1:3] for one in (first, second)] == [
        (D(2027, 2, 20), D(2027, 3, 1)),
        (D(2027, 3, 1), D(2027, 4, 1)),
    ]
    assert (_run(company)[1], _now(service).charged_through) == ([], D(2027, 4, 1))


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
        _service(
            company, end, anchor_day=anchor, price_minor=price, term=term, termination_requested_on=asked
        )
    for day in sorted(days):
        on_day = TODAY + dt.timedelta(days=day)
        with calendar.as_of(calendar.noon(on_day)):
            with unit_of_work() as unit:
                said = [plan for plan in renewals.plan_all(unit, on_day) if plan.company.id == company.id]
            planned, issued = _run(company, on_day)
            _check_said(said[0] if said else None, planned, issued)
            before = everything()
            assert _run(company, on_day)[1] == []
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


def test_a_run_leaves_a_row_with_totals_and_errors_and_runs_once_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: list[Any] = []
    monkeypatch.setattr(billing_runs.log, "exception", lambda *_, **said: logged.append(said))
    good, other, broken = make_company(), make_company(currency="UAH", country="UA"), make_company()
    for company in (good, other, broken):
        _service(company, D(2027, 3, 1), currency=company.currency)
    late = _service(good, D(2027, 1, 1))
    operator, client = make_actor(role=Role.OPERATOR), make_actor(company=good)
    _break(broken)
    with unit_of_work() as unit:
        dry = runs.dry_run(operator, unit)
        for actor in (client, make_actor(role=Role.TECHNICIAN)):
            for look in (runs.dry_run, runs.list_runs):
                with pytest.raises(Forbidden):
                    look(actor, unit)  # type: ignore[operator]
            with pytest.raises(Forbidden):
                runs.list_run_errors(actor, unit, [1])
    assert (dry.on_day, dry.companies, dry.services, dry.obstacles) == (TODAY, 3, 3, 1)
    assert dry.totals == {"EUR": 17_800, "UAH": 8_900}
    billing_runs.renew()
    billing_runs.renew()
    with unit_of_work() as unit:
        run, *older = runs.list_runs(operator, unit)
        errors = runs.list_run_errors(operator, unit, [run.id or 0])
        assert runs.dry_run(operator, unit).on_day == TODAY + dt.timedelta(days=1)
    assert [one for one in older if one.on_day == TODAY and one.kind == RunKind.RENEWAL] == []
    assert (run.kind, run.companies, run.documents, run.errors) == ("renewal", 2, 2, 2)
    assert run.totals == {"EUR": 8_900, "UAH": 8_900}
    assert run.finished_at is not None
    found = {(row.company.id, row.error.code, row.service.id if row.service else None) for row in errors}
    assert logged == [{"company": broken.id}]
    assert found == {(broken.id, "fault", None), (good.id, "far_behind", late.id)}
    assert ask("SELECT count(*) FROM invoice WHERE company_id = :c", c=broken.id) == [(0,)]
    assert unbalanced() == []


def test_finance_runs_the_day_again_for_what_has_become_due_since() -> None:
    before, after = make_company(), make_company()
    _service(before, D(2027, 3, 1))
    operator = make_actor(role=Role.OPERATOR)
    billing_runs.renew_on(TODAY)
    _service(after, D(2027, 3, 1))
    invoiced = "SELECT count(*) FROM invoice WHERE company_id = :c"
    assert [ask(invoiced, c=one.id) for one in (before, after)] == [[(1,)], [(0,)]]
    with unit_of_work() as unit:
        last = ask("SELECT coalesce(max(id), 0) FROM outbox")[0][0]
        for actor in (make_actor(company=before), make_actor(role=Role.TECHNICIAN)):
            with pytest.raises(Forbidden):
                runs.request_run(unit, actor)
        runs.request_run(unit, operator)
    ((queue, task, ref),) = ask("SELECT queue, task, ref FROM outbox WHERE id > :n", n=last)
    assert (queue, queues.TASKS[task].function) == ("billing", "workers.billing_runs.renew_again")
    billing_runs.renew_again(ref)
    assert [ask(invoiced, c=one.id) for one in (before, after)] == [[(1,)], [(1,)]]
    assert ask(
        "SELECT actor_id FROM audit_event WHERE tag = 'billing_run:requested' ORDER BY id DESC LIMIT 1"
    ) == [(operator.person_id,)]


def _break(company: Company) -> None:
    """A charge for the coming period is there already, and the service does not know of it."""
    with unit_of_work() as unit:
        unit.execute(text("""INSERT INTO service_charge (service_id, company_id, period_start, period_end, price_minor)
            SELECT id, company_id, period_end, period_end + 31, 1 FROM service WHERE company_id = :c"""),
            {"c": company.id})  # fmt: skip


def test_due_invoices_are_paid_oldest_first_by_those_who_want_it() -> None:
    eager, hand, poor = make_company(), make_company(), make_company()
    with unit_of_work() as unit:
        unit.add(BillingProfile(company_id=hand.id or 0, auto_pay=False))
    for company in (eager, hand):
        fund(company, 10_000)
    fund(poor, 999)
    late = bill(eager, 6_000, due_in=0)
    later, small, ahead = bill(eager, 6_000, due_in=0), bill(eager, 4_000, due_in=0), bill(eager, 1, due_in=1)
    others = [bill(hand, 100, due_in=0), bill(poor, 1_000, due_in=0)]
    for _ in range(2):
        billing_runs.pay_due()
    with unit_of_work() as unit:
        statuses = [unit.get_one(Invoice, one.id).status for one in (late, later, small, ahead, *others)]
        (run,) = [
            one
            for one in runs.list_runs(make_actor(role=Role.OPERATOR), unit)
            if one.kind == RunKind.AUTO_PAY
        ]
    assert statuses == ["paid", "issued", "paid", "issued", "issued", "issued"]
    noted = "SELECT object_id FROM audit_event WHERE tag = 'invoice:paid' AND actor_id IS NULL AND company_id = :c"
    assert {row[0] for row in ask(noted, c=eager.id)} == {late.id, small.id}
    assert (run.companies, run.documents, run.totals, run.errors) == (1, 2, {"EUR": 10_000}, 0)
    assert [balance(company).cash_minor for company in (eager, hand, poor)] == [0, 10_000, 999]


def test_a_whole_year_pays_itself() -> None:
    """Anchor 31, from the balance, day by day: twelve periods, twelve invoices, every one paid on its day."""
    company = make_company()
    service = _service(company, D(2027, 2, 28), anchor_day=31)
    fund(company, 12 * 8_900)
    unpaid: set[D] = set()
    for day in range(380):
        on_day = TODAY + dt.timedelta(days=day)
        with calendar.as_of(calendar.noon(on_day)):
            if day % 7 == 0 and company.id in _due(on_day):
                unpaid |= {invoice.due_on for invoice in _run(company, on_day)[1]}
            if on_day in unpaid:
                billing_runs.pay_due()
    paid = ask("""SELECT c.period_start, c.period_end, s.at::date FROM service_charge c
                  JOIN settlement s ON s.invoice_id = c.invoice_id
                  WHERE c.service_id = :s ORDER BY 1""", s=service.id)  # fmt: skip
    assert [str(start) for start, *_ in paid] == [
        "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30", "2027-07-31",
        "2027-08-31", "2027-09-30", "2027-10-31", "2027-11-30", "2027-12-31", "2028-01-31",
    ]  # fmt: skip
    assert all(start == day for start, _, day in paid)
    assert _now(service).period_end == D(2028, 2, 29)
    assert balance(company).total_minor == 0


def _due(on_day: D) -> list[int]:
    with unit_of_work() as unit:
        return renewals.companies_due(unit, on_day)


def test_the_clock_of_billing_is_that_of_the_seller() -> None:
    """Half past eleven in the evening, UTC, is the next day in Prague."""
    with calendar.as_of(dt.datetime(2027, 6, 30, 22, 30, tzinfo=dt.UTC)):
        assert calendar.today() == D(2027, 7, 1)
        assert bill(make_company(), 100).number is not None
    assert calendar.now() == calendar.noon(TODAY)
