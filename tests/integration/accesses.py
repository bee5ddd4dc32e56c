"""Temporary users of BMCs: asked for, looked at and left, over a BMC in this process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.consoles import bmc_access
from opsportal.models import AuditEvent, BmcAccess, Company, LoginSession, Mail, Outbox, Server
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_company, make_server, make_service
from tests.conftest import _forget_process_caches

HOST = "127.0.0.78"


@pytest.fixture
def page(portal: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BMC_PAGE", "https://kvm.example/{server}/{host}/")
    _forget_process_caches()
    yield
    monkeypatch.undo()
    _forget_process_caches()


def raised(actor: Actor) -> Actor:
    """The actor, whose session has just proved who it is."""
    with unit_of_work() as unit:
        unit.get_one(LoginSession, actor.session_id).elevated_until = utcnow() + dt.timedelta(minutes=5)
    return actor


@contextmanager
def rented(machine: MemoryBmc, company: Company | None = None) -> Iterator[tuple[Server, Actor]]:
    company = company or make_company()
    with plugged_in(HOST, machine) as endpoint:
        yield make_server(make_service(company), endpoint=endpoint), raised(make_actor(company=company))


def ask(server: Server, actor: Actor) -> int:
    with unit_of_work() as unit:
        return bmc_access.request_access(unit, actor, server.id or 0).id or 0


def row(access_id: int) -> BmcAccess:
    with unit_of_work() as unit:
        return unit.get_one(BmcAccess, access_id)


def put(access_id: int, assignments: str) -> None:
    """Change a row behind everybody's back, e.g. to let time go by."""
    with unit_of_work() as unit:
        unit.execute(text(f"UPDATE bmc_access SET {assignments} WHERE id = :id"), {"id": access_id})


def tags(server: Server) -> list[str]:
    with unit_of_work() as unit:
        query = select(AuditEvent.tag).where(
            AuditEvent.object_kind == "server", AuditEvent.object_id == server.id
        )
        return [
            tag.removeprefix("console:")
            for tag in unit.exec(query.order_by(col(AuditEvent.id)))
            if ":access_" in tag
        ]


def woken(access_id: int) -> int:
    """How often a worker was called for it."""
    with unit_of_work() as unit:
        query = select(Outbox).where(Outbox.task == "bmc_access", Outbox.ref == access_id)
        return len(unit.exec(query).all())


def show(actor: Actor, access_id: int) -> bmc_access.Shown:
    with unit_of_work() as unit:
        return bmc_access.show_access(unit, actor, access_id)


def leave(actor: Actor, access_id: int) -> None:
    with unit_of_work() as unit:
        bmc_access.leave_access(unit, actor, access_id)


def counted() -> dict[str, int]:
    with unit_of_work() as unit:
        return bmc_access.count_left(unit)


def desk_mails() -> list[tuple[str, str]]:
    with unit_of_work() as unit:
        found = unit.exec(select(Mail).where(Mail.to_address == "desk@test.example")).all()
    return [(mail.subject, mail.body_text) for mail in found]
