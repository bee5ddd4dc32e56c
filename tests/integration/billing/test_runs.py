"""The runs of a day over all companies: renewals, paying from balances, and the days of the seller."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar, renewals, runs
from opsportal.domain.refusals import Forbidden
from opsportal.models import BillingProfile, Company, Invoice, Role, RunKind
from tests.builders import make_actor, make_company
from tests.integration.billing.money import ask, balance, bill, fund, unbalanced
from tests.integration.billing.renewing import TODAY, D, renew, renewed_service, reread
from workers import billing_runs, queues

pytestmark = [pytest.mark.usefixtures("on_a_fixed_day", "alone"), pytest.mark.xdist_group("renewals")]


def test_a_run_leaves_a_row_with_totals_and_errors_and_runs_once_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: list[Any] = []
    monkeypatch.setattr(billing_runs.log, "exception", lambda *_, **said: logged.append(said))
    good, other, broken = make_company(), make_company(currency="UAH", country="UA"), make_company()
    for company in (good, other, broken):
        renewed_service(company, D(2027, 3, 1), currency=company.currency)
    late = renewed_service(good, D(2027, 1, 1))
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
    renewed_service(before, D(2027, 3, 1))
    operator = make_actor(role=Role.OPERATOR)
    billing_runs.renew_on(TODAY)
    renewed_service(after, D(2027, 3, 1))
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
    service = renewed_service(company, D(2027, 2, 28), anchor_day=31)
    fund(company, 12 * 8_900)
    unpaid: set[D] = set()
    for day in range(380):
        on_day = TODAY + dt.timedelta(days=day)
        with calendar.as_of(calendar.noon(on_day)):
            if day % 7 == 0 and company.id in _due(on_day):
                unpaid |= {invoice.due_on for invoice in renew(company, on_day)[1]}
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
    assert reread(service).period_end == D(2028, 2, 29)
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
