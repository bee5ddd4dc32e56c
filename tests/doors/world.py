"""What the doors guard in these tests: two companies, staff, and something of everything."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from sqlalchemy import TextClause, text
from sqlmodel import SQLModel, col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.lifecycle import MAIL, move
from opsportal.domain.support import tickets
from opsportal.domain.support.tickets import NewTicket
from opsportal.models import (
    Address,
    Company,
    Family,
    HardwareJob,
    JobKind,
    JobOwner,
    JobStatus,
    Mail,
    MailStatus,
    Prefix,
    ReverseRecord,
    Role,
    Server,
    Service,
    Ticket,
)
from opsportal.models.base import utcnow
from tests.builders import make_company, make_person, make_server, make_service, make_session
from tests.doors import contracts, machine, money, stock

MISSING = 987_654_321
ROLES = ("anonymous", "client", "operator", "technician")


@dataclass(frozen=True)
class Someone:
    """A signed-in person and the cookie of the browser."""

    actor: Actor
    cookie: str


def make_someone(role: Role | str, *, company: Company | None = None, **person: Any) -> Someone:
    actor, cookie = make_session(make_person(Role(role), company=company, **person))
    return Someone(actor, cookie)


def make_job(server: Server, *, status: JobStatus, company_id: int | None) -> HardwareJob:
    with unit_of_work() as unit:
        job = HardwareJob(
            server_id=server.id,
            company_id=company_id,
            kind=JobKind.POWER_OFF,
            status=status,
            actor_name="somebody",
            not_after=utcnow(),
        )
        unit.add(job)
    return job


def make_object(kind: str, company: Company, owner: Actor) -> int:
    """A new object of a company; of the owner for a login session, and for a job that was taken over. Its id."""
    if kind == "session":
        with unit_of_work() as unit:
            from opsportal.models import Person

            person = unit.get_one(Person, owner.person_id)
        return make_session(person)[0].session_id
    if kind == "company":
        return company.id or 0
    if kind in machine.MAKERS:
        return machine.MAKERS[kind](company) or 0
    if kind in stock.MAKERS:
        return stock.MAKERS[kind](company)
    if kind in money.MAKERS:
        return money.MAKERS[kind](company) or 0
    if kind in ("ticket", "resolved ticket"):
        return make_ticket(company, is_resolved=kind == "resolved ticket").id or 0
    if kind in ("mail", "undeliverable mail"):
        return make_mail(company, is_undeliverable=kind == "undeliverable mail").id or 0
    if kind == "suspended service":
        return contracts.make_suspended(company)
    if kind == "service":
        return make_service(company, family=Family.STORAGE).id or 0
    service: Service = make_service(company)
    server = make_server(service)
    if kind == "server":
        return server.id or 0
    if kind == "prefix":
        return make_prefix(server)
    if kind in ("address", "reverse record"):
        return make_address(server, has_record=kind == "reverse record")
    status = JobStatus.QUEUED if kind == "queued job" else JobStatus.FAILED
    job_id = make_job(server, status=status, company_id=company.id).id or 0
    if kind == "job in hands":
        with unit_of_work() as unit:
            unit.add(JobOwner(server_id=server.id, job_id=job_id, person_id=owner.person_id, name=owner.name))
    return job_id


def make_prefix(server: Server) -> int:
    """A prefix where the server stands, which is named after it from now on. Its id."""
    with unit_of_work() as unit:
        number = unit.execute(text("SELECT count(*) FROM prefix")).scalar_one()
        network = ip_network((f"10.{number // 256}.{number % 256}.0", 24))
        prefix = Prefix(cidr=network, gateway=network[1], site=server.site)
        unit.add(prefix)
        unit.flush()
        unit.get_one(Server, server.id).name = f"beside-{prefix.id}"
    return prefix.id or 0


def make_address(server: Server, *, has_record: bool) -> int:
    """An address of a server, or the reverse record of one: its id. Each in a prefix of its own."""
    prefix_id = make_prefix(server)
    with unit_of_work() as unit:
        network = unit.get_one(Prefix, prefix_id).cidr
        address = Address(
            prefix_id=prefix_id,
            network=ip_network(network[2]),
            server_id=server.id,
            service_id=server.service_id,
            valid_from=utcnow(),
        )
        unit.add(address)
        unit.flush()
        if not has_record:
            return address.id or 0
        record = ReverseRecord(ip=network[2], address_id=address.id, name="a.example", status="failed")
        unit.add(record)
        unit.flush()
        return record.id or 0


def make_ticket(
    company: Company, *, is_resolved: bool = False, by: Actor | None = None, **new: Any
) -> Ticket:
    """A ticket with one message, by somebody of the company."""
    actor = by or make_someone(Role.CLIENT, company=company).actor
    wanted = {"department": "technical", "subject": "a subject", "body": "the first message"} | new
    with unit_of_work() as unit:
        ticket = tickets.open_ticket(unit, actor, NewTicket(**wanted))
    if is_resolved:
        with unit_of_work() as unit:
            tickets.close_ticket(unit, actor, ticket.id or 0)
    return ticket


def make_mail(company: Company, *, is_undeliverable: bool = False) -> Mail:
    """The mail that a ticket of the company caused."""
    ticket = make_ticket(company)
    with unit_of_work() as unit:
        mail: Mail = unit.exec(
            select(Mail).where(col(Mail.about_id) == ticket.id, col(Mail.about_kind) == "ticket")
        ).first()  # type: ignore[assignment]
        if is_undeliverable:
            move(unit, MAIL, mail, MailStatus.UNDELIVERABLE, reason="recipient_refused")
    return mail


def everything() -> dict[str, tuple[int, int]]:
    """Every table's number of rows and a digest of their content: equal means that nothing has changed."""
    with unit_of_work() as unit:
        # Starting processes for a query of that many tables takes longer than the query.
        unit.execute(_ALONE)
        rows = unit.execute(_digests()).all()
    return {name: (count, int(digest)) for name, count, digest in rows}


def versions() -> dict[str, tuple[int, int]]:
    """Every table's number of rows and a sum of the transactions that wrote them: equal means that nothing was written.

    Cheaper than `everything`, and stricter: also what was written and says the same is a change.
    """
    with unit_of_work() as unit:
        unit.execute(_ALONE)
        rows = unit.execute(_writers()).all()
    return {name: (count, int(writers)) for name, count, writers in rows}


_ALONE = text("SET LOCAL max_parallel_workers_per_gather = 0")


@functools.cache
def _digests() -> TextClause:
    """One statement, which the connection prepares: it is asked some thousand times. Sums need no order."""
    return _of_every_table("hashtextextended(t::text, 0)")


@functools.cache
def _writers() -> TextClause:
    return _of_every_table("xmin::text::bigint")


def _of_every_table(number: str) -> TextClause:
    one = f"SELECT '{{0}}', count(*), coalesce(sum({number}), 0) FROM {{0}} t"
    return text(" UNION ALL ".join(one.format(table.name) for table in SQLModel.metadata.sorted_tables))


__all__ = [
    "MISSING",
    "ROLES",
    "Someone",
    "everything",
    "make_company",
    "make_job",
    "make_mail",
    "make_object",
    "make_someone",
    "make_ticket",
    "versions",
]
