"""The demo's year of money: every state that a page can show, and books that balance."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from lab import billing_demo, demo_data
from lab.people import SUSPENDED
from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar, ledger, renewals
from opsportal.domain.catalog import history
from opsportal.models import Service, SuspensionReason
from tests.integration.billing.money import ask, everything, unbalanced
from tests.lab.test_demo_data import _fleet
from workers import billing_runs

pytestmark = pytest.mark.usefixtures("portal")


def test_a_year_of_money() -> None:
    demo_data.seed(_fleet(24))
    before = dict(ask("SELECT id, status FROM service"))
    with unit_of_work() as unit:
        assert billing_demo.fill(unit)
    kinds = set(ask("SELECT company_id, kind, status FROM invoice"))
    for company_id in (1, 2, 3):
        wanted = {
            ("invoice", "paid"),
            ("invoice", "issued"),
            ("invoice", "void"),
            ("credit_note", "paid"),
            ("topup", "paid"),
        }
        assert {(kind, status) for c, kind, status in kinds if c == company_id} == wanted
        with unit_of_work() as unit:
            currency = {1: "EUR", 2: "UAH", 3: "USD"}[company_id]
            assert ledger.balances(unit, company_id, currency).total_minor > 0
    late = ask(
        "SELECT company_id FROM invoice WHERE status = 'issued' AND due_on < :today", today=calendar.today()
    )
    assert late == [(1,), (1,)]
    suspended = dict.fromkeys(SUSPENDED, "suspended")
    names = dict(ask("SELECT id, name FROM service"))
    after = dict(ask("SELECT id, status FROM service"))
    assert after == {number: suspended.get(names[number], status) for number, status in before.items()}
    _has_a_history()
    assert ask("SELECT count(*) FROM invoice WHERE credited_minor BETWEEN 1 AND total_minor - 1") == [(3,)]
    assert (unbalanced(), ask("SELECT max(issued_on) FROM invoice")) == ([], [(calendar.today(),)])
    backwards = """SELECT count(*) FROM invoice a JOIN invoice b ON b.kind = a.kind AND b.series_year = a.series_year
                   AND b.series_number = a.series_number + 1 WHERE b.issued_on < a.issued_on"""
    assert ask(backwards) == [(0,)]
    _stays_as_it_is()


def _has_a_history() -> None:
    """Each service's history is that of the year, and one that an operator made dearer says so."""
    lines = """SELECT s.name, array_agg(c.kind || coalesce(' ' || c.hold, '') || ' ' || c.actor_role ORDER BY c.id)
               FROM service_change c JOIN service s ON s.id = c.service_id GROUP BY s.id, s.name"""
    found = dict(ask(lines))
    begun = ["ordered portal", "activated portal"]
    assert found["acme-media"] == begun
    assert found["pampa-oficina"] == [*begun, "suspended policy operator"]
    assert found["vie-ci-03"] == [*begun, "suspended payment operator"]
    assert found["acme-office"] == [*begun, "price_changed operator", "renewed portal"]
    with unit_of_work() as unit:
        numbers = [number for (number,) in ask("SELECT id FROM service")]
        rises = history.rises(unit, numbers)
    assert [(number,) for number in rises] == ask("SELECT id FROM service WHERE name = 'acme-office'")


def _stays_as_it_is() -> None:
    """A second start adds nothing, and today's own runs leave what waits for the visitor."""
    before = everything()
    with unit_of_work() as unit:
        assert not billing_demo.fill(unit)
        plans = renewals.plan_all(unit, calendar.today())
        assert [plan.invoices for plan in plans] == [()]
        assert [obstacle.code for plan in plans for obstacle in plan.obstacles] == ["far_behind"]
        reasons = {service.suspension_reason for service in unit.exec(_suspended())}
    assert reasons == set(SuspensionReason)
    billing_runs.renew()
    billing_runs.pay_due()
    assert everything() == before


def _suspended():  # type: ignore[no-untyped-def]
    return select(Service).where(col(Service.status) == "suspended")
