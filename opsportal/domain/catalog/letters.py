"""Mails to a client's people about what we have done to one of their services."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.mail.letters import Amount, Link, Piece, Quote, Text, queue_letter
from opsportal.models import (
    Person,
    Plan,
    Server,
    Service,
    ServiceChange,
    ServiceChangeKind,
    SuspensionReason,
    Term,
)

STANDING, TERMS = "service_standing", "service_terms"


def tell_standing(
    unit: Unit, service: Service, change: ServiceChange, reasons: AbstractSet[SuspensionReason]
) -> None:
    """It was suspended, or a suspension was lifted: why, and what still holds. `change` is the line of its history."""
    name = {"service": service.name}
    is_policy = change.hold == SuspensionReason.POLICY
    if change.kind == ServiceChangeKind.SUSPENDED:
        subject = Text(msgid="{service} is suspended", params=name)
        why = _suspended(name, is_policy=is_policy)
    else:
        subject = Text(
            msgid="{service} runs again" if not reasons else "{service} stays suspended", params=name
        )
        why = Text(
            msgid="The suspension of {service} for policy was lifted."
            if is_policy
            else "The suspension of {service} as unpaid has ended.",
            params=name,
        )
    body: list[Piece] = [why, *([Quote(change.reason)] if change.reason else []), *_rest(change, reasons)]
    if SuspensionReason.PAYMENT in reasons:
        body.append(Link(msgid="Open the unpaid invoices", path="/billing/invoices?status=overdue"))
    _write(unit, service, change, STANDING, subject, [*body, _link(unit, service)])


def _suspended(name: dict[str, str], *, is_policy: bool) -> Text:
    if is_policy:
        return Text(msgid="We have suspended {service} because it breaks our terms of use:", params=name)
    return Text(msgid="We have suspended {service} because an invoice for it is overdue.", params=name)


def _rest(change: ServiceChange, reasons: AbstractSet[SuspensionReason]) -> list[Piece]:
    if not reasons:
        return [Text(msgid="Everything that you could do with it before is possible again.")]
    if change.kind == ServiceChangeKind.LIFTED and SuspensionReason.PAYMENT in reasons:
        return [Text(msgid="An invoice for it is overdue. It runs again as soon as that is paid.")]
    if change.kind == ServiceChangeKind.LIFTED:
        return [Text(msgid="It also breaks our terms of use. Answer in a ticket, so that we can lift this.")]
    consequence = Text(
        msgid="Until that is settled you can look at it, but not switch it, reinstall it or open its console. Nothing was deleted."
    )
    if len(reasons) > 1:
        return [consequence, Text(msgid="Two reasons hold at present. It runs again when both are settled.")]
    return [consequence]


def tell_terms(unit: Unit, service: Service, change: ServiceChange) -> None:
    """Its price or plan was changed: from what to what, from when, and why."""
    before = Amount(change.price_before_minor or 0, change.currency_before or change.currency)
    costs: dict[str, str | Amount] = {
        "service": service.name,
        "old": before,
        "new": Amount(change.price_minor, change.currency),
    }
    body: list[Piece] = [_costs(Term(change.term), costs)]
    if change.plan_before_id and change.plan_before_id != change.plan_id:
        names = [unit.get_one(Plan, number).name for number in (change.plan_before_id, change.plan_id)]
        body.append(
            Text(msgid="Its plan is now {new} instead of {old}.", params={"old": names[0], "new": names[1]})
        )
    if change.on_day is not None:
        body.append(
            Text(
                msgid="You pay the new price from {day} on. What was invoiced before stays as it is.",
                params={"day": change.on_day},
            )
        )
    subject = Text(msgid="{service}: new price or plan", params={"service": service.name})
    _write(unit, service, change, TERMS, subject, [*body, Quote(change.reason), _link(unit, service)])


def _costs(term: Term, params: dict[str, str | Amount]) -> Text:
    match term:
        case Term.HOUR:
            return Text(msgid="{service} now costs {new} per hour instead of {old}.", params=params)
        case Term.YEAR:
            return Text(msgid="{service} now costs {new} per year instead of {old}.", params=params)
    return Text(msgid="{service} now costs {new} per month instead of {old}.", params=params)


def _link(unit: Unit, service: Service) -> Link:
    server = unit.exec(select(Server).where(col(Server.service_id) == service.id)).first()
    path = f"/servers/{server.id}?tab=history" if server else f"/services/{service.id}"
    return Link(msgid="Open the service and its history", path=path)


def _write(
    unit: Unit, service: Service, change: ServiceChange, kind: str, subject: Text, body: list[Piece]
) -> None:
    """One mail to each of the company's people, once for the line of the history."""
    people = select(Person).where(col(Person.company_id) == service.company_id, col(Person.is_active))
    for person in unit.exec(people.order_by(col(Person.id))):
        queue_letter(
            unit,
            to=person,
            kind=kind,
            subject=subject,
            body=body,
            about=("service", service.id or 0),
            key=f"service_change:{change.id}",
        )
