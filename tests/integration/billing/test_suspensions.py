"""Suspending for policy and as unpaid: one mechanism, two reasons that do not lift each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.audit import trail
from opsportal.domain.billing import calendar, renewals
from opsportal.domain.catalog import acts
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
from opsportal.models import Family, Invoice, Mail, Plan, Role, Service, ServiceStatus, SuspensionReason
from tests.builders import make_actor, make_company, make_person, make_service
from tests.integration.billing.money import ask, everything, fund, pay

pytestmark = [pytest.mark.usefixtures("books"), pytest.mark.xdist_group("suspensions")]
D = dt.date
END, LATE = D(2027, 2, 20), D(2027, 2, 26)
POLICY, PAYMENT = SuspensionReason.POLICY, SuspensionReason.PAYMENT


class Case:
    """A client with a service whose renewal has not been paid, and an operator, six days after it was due."""

    def __init__(self) -> None:
        self.company = make_company()
        self.person = make_person(company=self.company)
        self.service = make_service(
            self.company, family=Family.STORAGE, period_start=D(2027, 1, 20), period_end=END
        )
        self.id = self.service.id or 0
        with calendar.as_of(calendar.noon(D(2027, 2, 10))):
            self.invoice = self.renew(D(2027, 2, 10))
        self.client = make_actor(self.person)
        self.operator = make_actor(role=Role.OPERATOR)

    def renew(self, day: D) -> Invoice:
        with unit_of_work() as unit:
            return renewals.renew_company(unit, self.company.id or 0, day)[1][0]

    def suspend(self, reason: SuspensionReason, note: str = "Mass mails", *, by: Actor | None = None) -> None:
        with unit_of_work() as unit:
            acts.suspend(unit, by or self.operator, self.id, reason=reason, note=note)

    def lift(self, reason: SuspensionReason, note: str = "Cleaned up", *, by: Actor | None = None) -> None:
        with unit_of_work() as unit:
            acts.lift(unit, by or self.operator, self.id, reason=reason, note=note)

    def change(self, price: int, *, plan: Plan | None = None, note: str = "More disk") -> None:
        plan_id = plan.id or 0 if plan else self.service.plan_id
        with unit_of_work() as unit:
            acts.change_terms(unit, self.operator, self.id, plan_id=plan_id, price_minor=price, note=note)

    def pay(self) -> None:
        fund(self.company, self.invoice.total_minor)
        pay(self.client, self.invoice)

    @property
    def now(self) -> tuple[Any, ...]:
        with unit_of_work() as unit:
            row = unit.get_one(Service, self.id)
            return (row.status, row.suspension_reason, row.also_unpaid, row.suspension_note)

    @property
    def lines(self) -> list[tuple[Any, ...]]:
        """What happened since it was there: what, why, who."""
        query = """SELECT kind, hold, actor_role, actor_name, reason FROM service_change
                   WHERE service_id = :id AND kind NOT IN ('ordered', 'activated') ORDER BY id"""
        return ask(query, id=self.id)

    @property
    def subjects(self) -> list[str]:
        with unit_of_work() as unit:
            query = select(Mail.subject).where(
                col(Mail.person_id) == self.person.id, col(Mail.about_kind) == "service"
            )
            return list(unit.exec(query.order_by(col(Mail.id))))


@pytest.fixture(autouse=True)
def _six_days_late() -> Iterator[None]:
    with calendar.as_of(calendar.noon(LATE)):
        yield


@pytest.fixture
def case() -> Case:
    return Case()


def test_an_operator_suspends_for_policy_and_lifts_it(case: Case) -> None:
    case.suspend(POLICY, "  Mass   mails since Monday ")
    assert case.now == ("suspended", "policy", False, "Mass mails since Monday")
    case.lift(POLICY, "You have closed the relay")
    assert case.now == ("active", None, False, None)
    who = ("operator", case.operator.name)
    assert case.lines == [
        ("suspended", "policy", *who, "Mass mails since Monday"),
        ("lifted", "policy", *who, "You have closed the relay"),
    ]
    name = case.service.name
    assert case.subjects == [f"{name} is suspended", f"{name} runs again"]
    with unit_of_work() as unit:
        events = trail.list_object_events(case.operator, unit, "service", case.id)
        assert [(one.tag, one.actor_id, one.company_id) for one in events] == [
            ("service:suspension_lifted", case.operator.person_id, case.company.id),
            ("service:suspended", case.operator.person_id, case.company.id),
        ]
    steps = ask(
        "SELECT to_status FROM status_change WHERE machine = 'service' AND object_id = :id", id=case.id
    )
    assert steps == [("suspended",), ("active",)]


@pytest.mark.parametrize("reason", [POLICY, PAYMENT])
def test_nothing_is_renewed_while_it_is_suspended_for_whatever_reason(
    case: Case, reason: SuspensionReason
) -> None:
    case.suspend(reason)
    with unit_of_work() as unit:
        assert case.company.id not in renewals.companies_due(unit, D(2027, 3, 19))
    case.lift(reason)
    with unit_of_work() as unit:
        assert case.company.id in renewals.companies_due(unit, D(2027, 3, 19))


def test_a_payment_ends_the_suspension_as_unpaid_by_itself(case: Case) -> None:
    case.suspend(PAYMENT, "Five days late")
    assert case.now == ("suspended", "payment", False, None)
    case.pay()
    assert case.now == ("active", None, False, None)
    assert case.lines[-1] == ("lifted", "payment", "portal", "", "")
    assert case.subjects == [f"{case.service.name} is suspended", f"{case.service.name} runs again"]


def test_a_payment_lifts_no_suspension_for_policy(case: Case) -> None:
    case.suspend(POLICY)
    case.pay()
    assert case.now == ("suspended", "policy", False, "Mass mails")
    assert [line[0] for line in case.lines] == ["suspended"]


@pytest.mark.parametrize("order", [(POLICY, PAYMENT), (PAYMENT, POLICY)])
@pytest.mark.parametrize("first_to_end", [POLICY, PAYMENT])
def test_both_at_once_are_ended_one_by_one(
    case: Case, order: tuple[SuspensionReason, ...], first_to_end: SuspensionReason
) -> None:
    for reason in order:
        case.suspend(reason)
    assert case.now == ("suspended", "policy", True, "Mass mails")
    if first_to_end is POLICY:
        case.lift(POLICY)
        assert case.now == ("suspended", "payment", False, None)
        case.pay()
    else:
        case.pay()
        assert case.now == ("suspended", "policy", False, "Mass mails")
        case.lift(POLICY)
    assert case.now == ("active", None, False, None)
    second = PAYMENT if first_to_end is POLICY else POLICY
    assert [line[:2] for line in case.lines] == [
        *(("suspended", reason) for reason in order),
        ("lifted", first_to_end),
        ("lifted", second),
    ]
    name = case.service.name
    assert case.subjects[2:] == [f"{name} stays suspended", f"{name} runs again"]


def test_an_operator_lets_it_run_though_it_is_unpaid(case: Case) -> None:
    case.suspend(PAYMENT)
    case.lift(PAYMENT, "Paid by Friday, they say")
    assert case.now == ("active", None, False, None)
    assert ask("SELECT status FROM invoice WHERE id = :id", id=case.invoice.id) == [("issued",)]


def _missing(case: Case) -> None:
    with unit_of_work() as unit:
        acts.suspend(unit, case.operator, 987_654_321, reason=POLICY, note="x")


def _pending(case: Case) -> None:
    case.id = make_service(case.company, status=ServiceStatus.PENDING).id or 0
    before = everything()
    try:
        case.suspend(POLICY)
    finally:
        assert everything() == before


def _on_time(case: Case) -> None:
    with calendar.as_of(calendar.noon(END)):
        case.suspend(PAYMENT)


def _other_family(case: Case) -> None:
    with unit_of_work() as unit:
        vpn = unit.exec(select(Plan).where(col(Plan.family) == Family.VPN)).first()
        if vpn is None:
            vpn = Plan(family=Family.VPN, name="VPN of another kind")
            unit.add(vpn)
    case.change(9_900, plan=vpn)


REFUSED: dict[str, tuple[Callable[[Case], None], str]] = {
    "a client suspends": (lambda case: case.suspend(POLICY, by=case.client), "forbidden"),
    "a client lifts": (lambda case: case.lift(POLICY, by=case.client), "forbidden"),
    "a technician": (
        lambda case: case.suspend(POLICY, by=make_actor(role=Role.TECHNICIAN)), "forbidden",
    ),
    "no reason": (lambda case: case.suspend(POLICY, "  "), "reason_missing"),
    "no reason to lift": (lambda case: case.lift(POLICY, ""), "reason_missing"),
    "not there": (_missing, "not_found"),
    "not running": (_pending, "service_not_running"),
    "not overdue": (_on_time, "nothing_overdue"),
    "not suspended": (lambda case: case.lift(POLICY), "not_suspended"),
    "same price": (lambda case: case.change(8_900), "same_terms"),
    "a price below nothing": (lambda case: case.change(-1), "bad_amount"),
    "another kind of plan": (_other_family, "other_family"),
    "a change without a reason": (lambda case: case.change(9_900, note=" "), "reason_missing"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_changes_nothing(case: Case, what: str) -> None:
    act, code = REFUSED[what]
    before = case.now, case.lines, case.subjects
    with pytest.raises(Refusal) as refused:
        act(case)
    assert refused.value.code == code
    assert isinstance(refused.value, Forbidden) is (code == "forbidden")
    assert isinstance(refused.value, NotFound) is (code == "not_found")
    case.id = case.service.id or 0
    assert (case.now, case.lines, case.subjects) == before


@pytest.mark.parametrize("reason", [POLICY, PAYMENT])
def test_the_same_reason_holds_once(case: Case, reason: SuspensionReason) -> None:
    case.suspend(PAYMENT)
    case.suspend(POLICY)
    before = everything()
    with pytest.raises(Refusal) as refused:
        case.suspend(reason, "Again")
    assert (refused.value.code, everything()) == ("already_suspended", before)


def test_a_new_price_holds_from_the_next_period_on(case: Case) -> None:
    case.pay()
    case.change(9_900)
    assert case.subjects[-1] == f"{case.service.name}: new price or plan"
    with unit_of_work() as unit:
        body = unit.exec(select(Mail).where(col(Mail.person_id) == case.person.id)).all()[-1].body_text
    for words in ("€99.00 per month instead of €89.00", "from March 20, 2027 on", "More disk"):
        assert words in body
    with calendar.as_of(calendar.noon(D(2027, 3, 10))):
        later = case.renew(D(2027, 3, 10))
    assert (case.invoice.net_minor, later.net_minor) == (8_900, 9_900)
    query = """SELECT kind, price_before_minor, price_minor, currency, term, on_day, actor_role FROM service_change
               WHERE service_id = :id AND price_before_minor IS NOT NULL ORDER BY id"""
    day = D(2027, 3, 20)
    assert ask(query, id=case.id) == [
        ("price_changed", 8_900, 9_900, "EUR", "month", day, "operator"),
        ("renewed", 8_900, 9_900, "EUR", "month", day, "portal"),
    ]


def test_another_plan_of_the_same_kind(case: Case) -> None:
    with unit_of_work() as unit:
        plan = Plan(family=Family.STORAGE, name="Storage, twice as much")
        unit.add(plan)
    case.change(17_800, plan=plan, note="Twice the disk")
    query = """SELECT kind, plan_before_id, plan_id, reason FROM service_change
               WHERE service_id = :id AND plan_before_id IS NOT NULL"""
    assert ask(query, id=case.id) == [("plan_changed", case.service.plan_id, plan.id, "Twice the disk")]
