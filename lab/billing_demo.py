"""A year of money for the demo's companies, made by the portal's own rules with the billing clock set back.

Services begin a year ago, are invoiced week by week, and are paid from top-ups on the day they are
due; one invoice is cancelled, some are refunded in part, credit is given, and services that are
suspended for payment are left with the invoice that nobody has paid.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from sqlalchemy import func
from sqlmodel import col, select

from lab.people import RAISED, SUSPENDED
from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.billing import (
    calendar,
    credit_notes,
    forecast,
    grants,
    invoices,
    periods,
    receipts,
    renewals,
    runs,
)
from opsportal.domain.billing.money import exponent, rounded_up
from opsportal.domain.billing.taxes import decide_topup_tax, tax_of
from opsportal.domain.catalog import history
from opsportal.models import (
    BillingProfile,
    Company,
    CostSnapshot,
    Invoice,
    InvoicesSeen,
    JournalEntry,
    Person,
    Plan,
    PlanPrice,
    Role,
    RunKind,
    Service,
    ServiceStatus,
    SuspensionReason,
    TaxIdStatus,
    Term,
)

WEEKS = 52
CANCELLED_IN_WEEK, CREDITED_IN_WEEKS, REFUNDED_IN_WEEK, RAISED_IN_WEEK = 20, (12, 47), 40, 46
PAYS_BY_HAND = "Acme Studio"
"""So that its overdue and pending invoices wait for whoever tries the demo."""
CARDS = {"CZ": "Visa 4242", "UA": "Mastercard 5454", "AR": "Visa 1881"}

_PROFILES: dict[str, dict[str, str]] = {
    "Acme Studio": {
        "legal_name": "Acme Studio s.r.o.", "street": "Dlouhá 12", "city": "Praha 1", "postcode": "110 00",
        "tax_id": "CZ27074358", "billing_email": "invoices@acme.example",
    },
    "Київ Веб": {
        "legal_name": "ТОВ «Київ Веб»", "street": "вул. Січових Стрільців, 8", "city": "Київ",
        "postcode": "04053", "tax_id": "", "billing_email": "rakhunky@kyivweb.example",
    },
    "Nube Pampa": {
        "legal_name": "Nube Pampa S.A.", "street": "Av. Corrientes 1250", "city": "Buenos Aires",
        "postcode": "C1043AAZ", "tax_id": "", "billing_email": "facturas@pampa.example",
    },
}  # fmt: skip


@dataclass
class _Story:
    """One company on its way through the year."""

    company: Company
    services: list[Service]
    suspended: dict[int, SuspensionReason]
    last_ends: dict[int, dt.date]
    asleep: list[Service] = field(default_factory=list)
    """Brought from an older system and forgotten there: runs find them too far behind to renew."""
    due: dict[dt.date, list[int]] = field(default_factory=lambda: defaultdict(list))
    topups: int = 0

    @property
    def id(self) -> int:
        assert self.company.id is not None
        return self.company.id


def fill(unit: Unit) -> bool:
    """Write the year, once: False when there is money already."""
    if unit.exec(select(JournalEntry.id).limit(1)).first() is not None:
        return False
    anna = unit.exec(select(Person).where(col(Person.role) == Role.OPERATOR).order_by(col(Person.id))).first()
    assert anna is not None
    operator = Actor(anna.id or 0, 0, Role.OPERATOR, None, anna.name)
    today = calendar.today()
    stories = [_begin(unit, one, today) for one in unit.exec(select(Company).order_by(col(Company.id))).all()]
    _price_plans(unit, today)
    for back in range(WEEKS * 7, -1, -1):
        day = today - dt.timedelta(days=back)
        with calendar.as_of(min(calendar.noon(day), calendar.now())):
            if back % 7 == 0:
                with history.by(unit, None, at=calendar.now()):
                    _invoice(unit, stories, day)
                _tell(unit, stories, operator, WEEKS - back // 7)
            for story in stories:
                _pay_due(unit, story, day)
                _suspend(unit, operator, story, day, back)
    _compare(unit, today)
    _look(unit, today)
    return True


def _look(unit: Unit, today: dt.date) -> None:
    """Clients have looked at their invoices a week ago: what came since is new to them."""
    for person in unit.exec(select(Person).where(col(Person.role) == Role.CLIENT)).all():
        known = select(func.max(Invoice.id)).where(
            col(Invoice.company_id) == person.company_id,
            col(Invoice.issued_on) <= today - dt.timedelta(days=7),
        )
        unit.add(InvoicesSeen(person_id=person.id or 0, invoice_id=unit.exec(known).one() or 0))


def _begin(unit: Unit, company: Company, today: dt.date) -> _Story:
    """Set the company's services back by a year; those that are suspended run until their time comes."""
    written = _PROFILES.get(company.name, {"legal_name": company.name})
    profile = BillingProfile(company_id=company.id or 0, is_business=True)
    for name, value in written.items():
        setattr(profile, name, value)
    profile.tax_id_status = TaxIdStatus.VALID if profile.tax_id else TaxIdStatus.NONE
    profile.auto_pay = company.name != PAYS_BY_HAND
    profile.comfort_buffer_minor = 100 * 10 ** exponent(company.currency)
    unit.add(profile)
    query = select(Service).where(col(Service.company_id) == company.id).order_by(col(Service.id))
    story = _Story(company, [], {}, {})
    for service in unit.exec(query):
        if service.period_end is None or service.status not in (
            ServiceStatus.ACTIVE,
            ServiceStatus.SUSPENDED,
        ):
            continue
        if service.period_end < today - dt.timedelta(days=35):
            service.status = ServiceStatus.PENDING
            story.asleep.append(service)
            continue
        _set_back(story, service, today)
        story.services.append(service)
    unit.flush()
    return story


def _set_back(story: _Story, service: Service, today: dt.date) -> None:
    assert service.id is not None
    assert service.period_end is not None
    reason = SUSPENDED.get(service.name)
    if reason is SuspensionReason.PAYMENT:
        service.period_end = min(service.period_end, today - dt.timedelta(days=8))
    if reason is not None:
        story.suspended[service.id] = reason
    story.last_ends[service.id] = service.period_end
    service.anchor_day, term = service.period_end.day, Term(service.term)
    while service.period_end > today - dt.timedelta(days=350 if term is Term.MONTH else 1):
        service.period_end = periods.previous_boundary(
            service.period_end, term=term, anchor_day=service.anchor_day
        )
    service.charged_through = service.period_end
    service.period_start = periods.previous_boundary(
        service.period_end, term=term, anchor_day=service.anchor_day
    )


def _price_plans(unit: Unit, today: dt.date) -> None:
    """Give every plan the prices at which it is rented."""
    query = select(Plan.id, Service.currency, Service.term, Service.price_minor).join(Service)
    lowest: dict[tuple[int, str, str], int] = {}
    for plan_id, currency, term, price in unit.exec(query):
        key = (plan_id or 0, currency, term)
        lowest[key] = min(price, lowest.get(key, price))
    for (plan_id, currency, term), price in lowest.items():
        valid_from = today - dt.timedelta(days=400)
        unit.add(
            PlanPrice(plan_id=plan_id, currency=currency, term=term, price_minor=price, valid_from=valid_from)
        )


def _invoice(unit: Unit, stories: list[_Story], day: dt.date) -> None:
    """One weekly renewal run over all companies."""
    run_id = runs.begin(unit, RunKind.RENEWAL, day)
    totals: Counter[str] = Counter()
    errors = documents = 0
    for story in stories:
        planned, issued = renewals.renew_company(unit, story.id, day)
        for obstacle in planned.obstacles:
            runs.note_error(unit, run_id, story.id, code=obstacle.code, service_id=obstacle.service_id)
        errors += len(planned.obstacles)
        for plan, invoice in zip(planned.invoices, issued, strict=True):
            documents += 1
            totals[invoice.currency] += invoice.total_minor
            if not any(_is_left_unpaid(story, one) for one in plan.renewals):
                story.due[max(invoice.due_on, day)].append(invoice.id or 0)
    runs.finish(unit, run_id, companies=len(stories), documents=documents, totals=dict(totals), errors=errors)


def _is_left_unpaid(story: _Story, one: renewals.Renewal) -> bool:
    service_id = one.service.id or 0
    is_suspended = story.suspended.get(service_id) == SuspensionReason.PAYMENT
    return is_suspended and one.period_start >= story.last_ends[service_id]


def _tell(unit: Unit, stories: list[_Story], operator: Actor, week: int) -> None:
    """What happens besides: credit for an outage, a cancelled invoice, a refund in part."""
    for story in stories:
        if week == WEEKS - 1:
            with history.by(unit, operator, at=calendar.now()):
                for service in story.asleep:
                    service.status = ServiceStatus.ACTIVE
        if week == RAISED_IN_WEEK:
            _raise_prices(unit, story, operator)
        if week in CREDITED_IN_WEEKS:
            grants.grant_credit(
                unit,
                operator,
                story.id,
                amount_minor=25 * 10 ** exponent(story.company.currency),
                currency=story.company.currency,
                reason="Outage of 14 minutes in Prague 1",
                key=f"demo-{story.id}-{week}",
            )
        if week == CANCELLED_IN_WEEK:
            _cancel_one(unit, story, operator)
        if week == REFUNDED_IN_WEEK:
            _refund_one(unit, story, operator)


def _cancel_one(unit: Unit, story: _Story, operator: Actor) -> None:
    """The newest open invoice is cancelled; the next run invoices its periods again."""
    waiting = [(day, number) for day, numbers in story.due.items() for number in numbers]
    if waiting:
        day, invoice_id = max(waiting)
        story.due[day].remove(invoice_id)
        credit_notes.void_invoice(unit, operator, invoice_id, reason="Wrong order number; issued again")


def _refund_one(unit: Unit, story: _Story, operator: Actor) -> None:
    """A fifth of the last payment goes back to the balance, for a service that stood still."""
    query = (
        select(JournalEntry)
        .where(col(JournalEntry.company_id) == story.id, col(JournalEntry.kind) == "payment")
        .order_by(col(JournalEntry.id).desc())
    )
    payment = unit.exec(query).first()
    if payment is not None and payment.invoice_id is not None:
        receipts.refund(
            unit,
            key=f"demo-refund-{story.id}",
            original_entry_id=payment.id or 0,
            amount_minor=unit.get_one(Invoice, payment.invoice_id).total_minor // 5,
            to="balance",
            memo="Maintenance took longer than announced",
            actor=operator,
        )


def _pay_due(unit: Unit, story: _Story, day: dt.date) -> None:
    for invoice_id in story.due.pop(day, ()):
        invoice = unit.get_one(Invoice, invoice_id)
        if missing := invoices.missing_minor(unit, invoice):
            _top_up(unit, story, missing)
        if not invoices.pay_automatically(unit, invoice_id):
            raise RuntimeError(f"the demo's invoice {invoice_id} could not be paid")


def _top_up(unit: Unit, story: _Story, missing: int) -> None:
    """Add what is missing and something for the weeks to come."""
    currency = story.company.currency
    net = rounded_up(4 * missing, 100 * 10 ** exponent(currency))
    tax = decide_topup_tax(unit, story.company, calendar.today())
    gross = net + (tax_of(net, tax.rate_bp) if tax else 0)
    story.topups += 1
    receipts.receive(
        unit,
        key=f"demo-topup-{story.id}-{story.topups}",
        company_id=story.id,
        gross_minor=gross,
        net_minor=net,
        tax=tax,
        currency=currency,
        gateway_fee_minor=gross * 15 // 1000,
        memo=CARDS.get(story.company.country, "Visa 4242"),
    )


def _raise_prices(unit: Unit, story: _Story, operator: Actor) -> None:
    """From the next period on; the client finds it marked in the list of services."""
    for service in story.services:
        if service.name in RAISED:
            with history.by(unit, operator, reason="Ten more seats, as asked for", at=calendar.now()):
                service.price_minor = RAISED[service.name]


def _suspend(unit: Unit, operator: Actor, story: _Story, day: dt.date, back: int) -> None:
    """As unpaid when the ladder says so, for policy 20 days ago. The one of these that stands is not repeated."""
    for service in story.services:
        reason = story.suspended.get(service.id or 0)
        if reason is None or service.status == ServiceStatus.SUSPENDED:
            continue
        is_policy = reason is SuspensionReason.POLICY
        is_late = day >= story.last_ends[service.id or 0] + dt.timedelta(days=5)
        if back <= 20 if is_policy else is_late:
            note = (
                "Mass mails were sent through it" if is_policy else "No payment five days after the due day"
            )
            with history.by(unit, operator, reason=note, at=calendar.now()):
                service.status, service.suspension_reason = ServiceStatus.SUSPENDED, reason
                service.suspension_note = note if is_policy else None


def _compare(unit: Unit, today: dt.date) -> None:
    """The cost of the last days: a service was added yesterday."""
    forecast.record_costs(unit, today)
    unit.flush()
    for snapshot in unit.exec(select(CostSnapshot).where(col(CostSnapshot.on_day) == today)).all():
        for back in range(1, 15):
            unit.add(
                CostSnapshot(
                    company_id=snapshot.company_id,
                    on_day=today - dt.timedelta(days=back),
                    currency=snapshot.currency,
                    year_minor=snapshot.year_minor * (93 if back > 6 else 96) // 100,
                )
            )
