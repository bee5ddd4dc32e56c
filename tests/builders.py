"""Rows for tests, with sane defaults. Each returns what it has committed."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pyotp
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.accounts import sessions
from opsportal.domain.accounts.passwords import hash_password
from opsportal.domain.catalog import acts
from opsportal.domain.support import tickets
from opsportal.domain.support.tickets import NewTicket
from opsportal.domain.vault import seal
from opsportal.models import (
    Bmc,
    Company,
    Family,
    LoginSession,
    LoginStage,
    Person,
    Plan,
    Role,
    Server,
    Service,
    ServiceStatus,
    SuspensionReason,
)
from opsportal.models.base import utcnow

PASSWORD = "a good long password"
PASSWORD_HASH = hash_password(PASSWORD)
TOTP_SECRET = pyotp.random_base32()
_numbers = itertools.count(1)
_ports_of_nobody = itertools.cycle(range(1_024, 10_000))
"""Below those of the demo, of the lab's BMCs and of `tests.ports`."""


def _save(row: Any) -> Any:
    with unit_of_work() as unit:
        unit.add(row)
    return row


def make_company(**changes: Any) -> Company:
    n = next(_numbers)
    return _save(
        Company(**({"name": f"Company {n}", "country": "CZ", "currency": "EUR", "locale": "en"} | changes))
    )


def make_person(
    role: Role = Role.CLIENT, *, company: Company | None = None, totp: bool = False, **changes: Any
) -> Person:
    """A person; a client gets a company of their own if none is given."""
    n = next(_numbers)
    if role is Role.CLIENT and company is None:
        company = make_company()
    defaults = {
        "company_id": company.id if company else None,
        "role": role,
        "email": f"person{n}@test.example",
        "name": f"Person {n}",
        "password_hash": PASSWORD_HASH,
        "totp_secret": seal(TOTP_SECRET) if totp else None,
        "totp_enabled_at": utcnow() if totp else None,
    }
    return _save(Person(**(defaults | changes)))


def make_actor(
    person: Person | None = None, *, role: Role = Role.CLIENT, company: Company | None = None
) -> Actor:
    """A person signed in, with a real session row behind."""
    return make_session(person, role=role, company=company)[0]


def make_session(
    person: Person | None = None, *, role: Role = Role.CLIENT, company: Company | None = None
) -> tuple[Actor, str]:
    """A signed-in actor and the cookie of the session."""
    person = person or make_person(role, company=company)
    with unit_of_work() as unit:
        opened = sessions.open_session(
            unit,
            unit.get_one(Person, person.id),
            stage=LoginStage.SIGNED_IN,
            used_second_factor=False,
            ip="192.0.2.7",
            user_agent="test",
        )
        unit.flush()
        actor = sessions.find_actor(unit, opened.session_id)
    assert actor is not None
    return actor, opened.cookie


def make_raised(role: Role = Role.TECHNICIAN, *, company: Company | None = None) -> Actor:
    """Somebody who has just proved who they are, by password and code."""
    actor, _ = make_session(role=role, company=company)
    with unit_of_work() as unit:
        row = unit.get_one(LoginSession, actor.session_id)
        row.elevated_until = row.expires_at
    return actor


def make_plan(family: Family = Family.SERVER) -> Plan:
    with unit_of_work() as unit:
        name = f"{family} plan"
        plan = unit.exec(select(Plan).where(Plan.name == name)).first()
        if plan is None:
            plan = Plan(family=family, name=name)
            unit.add(plan)
    return plan


def make_service(
    company: Company | None = None,
    *,
    family: Family = Family.SERVER,
    status: ServiceStatus = ServiceStatus.ACTIVE,
    **changes: Any,
) -> Service:
    company = company or make_company()
    today = utcnow().date()
    defaults = {
        "company_id": company.id,
        "plan_id": make_plan(family).id,
        "name": f"service-{next(_numbers)}",
        "status": status,
        "suspension_reason": SuspensionReason.PAYMENT if status is ServiceStatus.SUSPENDED else None,
        "period_start": today - dt.timedelta(days=10),
        "period_end": today + dt.timedelta(days=20),
        "price_minor": 8900,
        "currency": company.currency,
    }
    return _save(Service(**(defaults | changes)))


def make_server(
    service: Service | None = None, *, endpoint: Any = None, has_bmc: bool = True, **changes: Any
) -> Server:
    """A server with a BMC on record. `endpoint`: a real or simulated BMC's (a bmc.Endpoint)."""
    n = next(_numbers)
    defaults = {
        "name": f"server-{n:03d}",
        "service_id": service.id if service else None,
        "site": "Prague 1",
        "rack": "A01 U01",
        "model": "Test 1U",
        "cpu": "8 cores",
        "memory_gb": 32,
        "disks": "2 x 960 GB SSD",
        "mac": f"52:54:00:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}",
        "ip": f"198.51.100.{n % 250 + 1}",
    }
    server = _save(Server(**(defaults | changes)))
    if has_bmc:
        _save(
            Bmc(
                server_id=server.id,
                driver=endpoint.driver if endpoint else "ipmi",
                host=endpoint.host if endpoint else "127.0.0.1",
                port=endpoint.port if endpoint else next(_ports_of_nobody),
                username=endpoint.username if endpoint else "opsportal",
                password=seal(endpoint.password if endpoint else "secret"),
                cipher_suite=endpoint.cipher_suite if endpoint else 3,
                certificate=endpoint.fingerprint if endpoint else "",
            )
        )
    return server


def make_ticket(actor: Actor, **changes: Any) -> int:
    """A ticket that a client has opened. Its id."""
    new = {"department": "technical", "subject": "No ping", "body": "It does not answer."} | changes
    with unit_of_work() as unit:
        ticket = tickets.open_ticket(unit, actor, NewTicket(**new))
    assert ticket.id is not None
    return ticket.id


def suspend(service_id: int) -> Actor:
    """An operator suspends a service for policy. Who did it."""
    operator = make_actor(role=Role.OPERATOR)
    with unit_of_work() as unit:
        acts.suspend(unit, operator, service_id, reason=SuspensionReason.POLICY, note="Mass mails")
    return operator


def lift(operator: Actor, service_id: int) -> None:
    """An operator lifts that again."""
    with unit_of_work() as unit:
        acts.lift(unit, operator, service_id, reason=SuspensionReason.POLICY, note="Cleaned up")
