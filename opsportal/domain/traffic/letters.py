"""Mails about a plan's traffic: to the client's people, and to the desk where a person has to act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.mail.desk import tell_desk
from opsportal.domain.mail.letters import Amount, Link, Piece, Text, queue_letter
from opsportal.domain.traffic.cycles import Cycle
from opsportal.models import (
    AlertOutcome,
    Person,
    Server,
    Service,
    TrafficAction,
    TrafficAlert,
    TrafficAllowance,
    TrafficPrice,
)

KIND = "traffic_step"
_LIMITS = Link(msgid="Open the list of limits to set", path="/pollers")
_GOES_ON = Text(msgid="The portal goes on trying.")


def volume(count: int) -> str:
    """Bytes with an SI prefix, rounded down, so that nobody reads of more than there was: "7.49 TB"."""
    for power, unit in ((12, "TB"), (9, "GB"), (6, "MB")):
        if count >= 10**power:
            whole, rest = divmod(count * 100 // 10**power, 100)
            return f"{whole}.{rest:02d} {unit}"
    return f"{count} B"


def write(
    unit: Unit, service: Service, allowance: TrafficAllowance, cycle: Cycle, alert: TrafficAlert
) -> None:
    """One mail to each of the company's people, once per cycle and step; to the desk if a port is to be limited."""
    subject = Text(
        msgid="{service}: {step} % of the traffic is used",
        params={"service": service.name, "step": alert.step},
    )
    body: list[Piece] = [
        Text(
            msgid="{service} has used {used} of the {included} that its plan includes until {day}.",
            params={
                "service": service.name,
                "used": volume(alert.used_bytes),
                "included": volume(alert.included_bytes),
                "day": cycle.after - dt.timedelta(days=1),
            },
        ),
        _what_follows(unit, service, allowance, alert),
        _link(unit, service),
    ]
    people = select(Person).where(col(Person.company_id) == service.company_id, col(Person.is_active))
    for person in unit.exec(people.order_by(col(Person.id))):
        queue_letter(
            unit,
            to=person,
            kind=KIND,
            subject=subject,
            body=body,
            about=("service", service.id or 0),
            key=f"{KIND}:{service.id}:{cycle.first}:{alert.step}",
        )
    if alert.outcome == AlertOutcome.WANTED and allowance.action == TrafficAction.LIMIT:
        _ask_for_limit(unit, service, allowance, cycle)


def _link(unit: Unit, service: Service) -> Link:
    server = unit.exec(select(Server).where(col(Server.service_id) == service.id)).first()
    path = f"/servers/{server.id}?tab=traffic" if server else f"/services/{service.id}"
    return Link(msgid="Open the traffic of this server", path=path)


def _what_follows(unit: Unit, service: Service, allowance: TrafficAllowance, alert: TrafficAlert) -> Text:
    if alert.outcome == AlertOutcome.EXEMPT:
        return Text(msgid="Nothing happens beyond that: this service is exempt.")
    match allowance.action:
        case TrafficAction.BILL:
            price = unit.get(TrafficPrice, (service.plan_id, service.currency))
            cost = Amount(price.price_minor if price else 0, service.currency)
            return Text(
                msgid="What goes beyond it is billed at the end of the cycle: {price} for every {unit} begun.",
                params={"price": cost, "unit": volume(allowance.unit_bytes)},
            )
        case TrafficAction.LIMIT:
            return Text(
                msgid="Beyond it a technician limits the port to {rate} Mbit/s until the cycle ends.",
                params={"rate": allowance.limit_mbps or 0},
            )
        case TrafficAction.BLOCK:
            return Text(
                msgid="Beyond it the server's port is switched off until the cycle ends. Tell us in time if you need more."
            )
    return Text(msgid="Nothing happens beyond that; we only tell you.")


def _tell_desk(
    unit: Unit, service: Service, subject: Text, body: Sequence[Piece], first: dt.date, what: str
) -> None:
    """To the desk, once a cycle (which begins on `first`) and matter."""
    tell_desk(
        unit,
        kind=KIND,
        subject=subject,
        body=body,
        about=("service", service.id or 0),
        key=f"{KIND}:{service.id}:{first}:{what}",
    )


def _ask_for_limit(unit: Unit, service: Service, allowance: TrafficAllowance, cycle: Cycle) -> None:
    subject = Text(
        msgid="Limit {service} to {rate} Mbit/s",
        params={"service": service.name, "rate": allowance.limit_mbps or 0},
    )
    body: list[Piece] = [
        Text(
            msgid="{service} has used all traffic of its plan. Limit its switch port until {day}.",
            params={"service": service.name, "day": cycle.after - dt.timedelta(days=1)},
        ),
        _LIMITS,
    ]
    _tell_desk(unit, service, subject, body, cycle.first, "limit")


def remind_to_lift(unit: Unit, service: Service, alert: TrafficAlert, cycle: Cycle) -> None:
    """To the desk, once in each cycle in which a limit stands that is to hold no longer."""
    body: list[Piece] = [
        Text(
            msgid="The limit of {service} is to hold no longer: its cycle has ended, or the service has become exempt.",
            params={"service": service.name},
        ),
        Text(msgid="Give its switch port the full rate again, then say so in the list."),
        _LIMITS,
    ]
    subject = Text(msgid="Lift the limit of {service}", params={"service": service.name})
    _tell_desk(unit, service, subject, body, cycle.first, f"lift:{alert.id}")


def tell_not_blocked(unit: Unit, service: Service, alert: TrafficAlert, cycle: Cycle, why: Text) -> None:
    """To the desk, once a cycle: what the plan asks for has not been done, and why."""
    body: list[Piece] = [
        Text(
            msgid="{service} has used all traffic of its plan, which blocks it until {day}. It is not blocked.",
            params={"service": service.name, "day": cycle.after - dt.timedelta(days=1)},
        ),
        why,
        _GOES_ON,
        _link(unit, service),
    ]
    subject = Text(msgid="{service} could not be blocked", params={"service": service.name})
    _tell_desk(unit, service, subject, body, alert.cycle_start, "block")


def tell_still_blocked(unit: Unit, service: Service, alert: TrafficAlert, why: Text) -> None:
    """To the desk, once for each cycle that ended with a block: it has not been lifted, and why."""
    body: list[Piece] = [
        Text(
            msgid="{service} was blocked as all traffic of its plan was used. That cycle has ended, and it is still blocked.",
            params={"service": service.name},
        ),
        why,
        _GOES_ON,
        _link(unit, service),
    ]
    subject = Text(msgid="The block of {service} could not be lifted", params={"service": service.name})
    _tell_desk(unit, service, subject, body, alert.cycle_start, "unblock")
