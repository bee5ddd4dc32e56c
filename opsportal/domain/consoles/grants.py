"""The right to one console: asked for by a person, used once by the browser, watched by the gateway.

A ticket is 256 random bits; the database has its SHA-256, so a plain hash is enough.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.accounts import sessions
from opsportal.domain.audit import trail
from opsportal.domain.consoles import topics
from opsportal.domain.consoles.refusals import (
    BmcSessionsFull,
    ConsoleFull,
    ConsoleNotActive,
    NoScreen,
    NoSerialPort,
    TicketUnusable,
    TooManyConsoles,
)
from opsportal.domain.hardware import bmc_limits
from opsportal.domain.lifecycle import CONSOLE_GRANT, move
from opsportal.domain.refusals import NotFound, Refusal, ServerWithoutBmc
from opsportal.models import (
    Bmc,
    ConsoleGrant,
    ConsoleKind,
    GrantStatus,
    LoginSession,
    Person,
    Server,
    ServerScreen,
    Service,
    ServiceStatus,
)
from opsportal.models.base import utcnow

TICKET_LIFE = dt.timedelta(seconds=30)
MOST_PER_PERSON = 4
MOST_PER_SERVER = 6


@dataclass(frozen=True)
class Granted:
    """A grant and the ticket that opens it; the ticket exists only here and in the browser."""

    grant_id: int
    ticket: str = field(repr=False)


@dataclass(frozen=True)
class Attachment:
    """What the gateway needs to know of somebody who has come in."""

    grant_id: int
    server_id: int
    service_id: int | None
    kind: ConsoleKind
    person_id: int
    person_name: str
    is_staff: bool
    ends_at: dt.datetime
    """When the session that it hangs on runs out."""


def hash_ticket(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


def grant_console(unit: Unit, actor: Actor, server_id: int, kind: ConsoleKind) -> Granted:
    """Hand out a ticket for one console, to be used once, within `TICKET_LIFE`, by the same session.

    Refuses when the service is not active (staff look all the same), when there is nothing to open, and
    beyond `MOST_PER_PERSON` and `MOST_PER_SERVER`.
    """
    server, service = access_server_for(actor, unit, server_id, permission=Permission.SERVER_CONSOLE)
    _check_openable(unit, actor, server, service, kind)
    # Locked in this order by all who ask: of two at once, the second counts the first.
    unit.get_one(Person, actor.person_id, with_for_update=True)
    unit.refresh(server, with_for_update=True)
    _check_room(unit, actor, server_id, kind)
    ticket = secrets.token_urlsafe(32)
    grant = ConsoleGrant(
        ticket_hash=hash_ticket(ticket),
        person_id=actor.person_id,
        person_name=actor.name,
        is_staff=actor.is_staff,
        session_id=actor.session_id,
        server_id=server_id,
        service_id=server.service_id,
        company_id=service.company_id if service else None,
        kind=kind,
        expires_at=utcnow() + TICKET_LIFE,
    )
    unit.add(grant)
    unit.flush()
    assert grant.id is not None
    return Granted(grant.id, ticket)


def check_openable(unit: Unit, actor: Actor, server_id: int, kind: ConsoleKind | None = None) -> None:
    """Raise why this console cannot be opened now (None: why none can); nothing is written."""
    server, service = access_server_for(actor, unit, server_id, permission=Permission.SERVER_CONSOLE)
    _check_openable(unit, actor, server, service, kind)


def _check_openable(
    unit: Unit, actor: Actor, server: Server, service: Service | None, kind: ConsoleKind | None
) -> None:
    if not actor.is_staff and (service is None or service.status != ServiceStatus.ACTIVE):
        raise ConsoleNotActive
    row = unit.get(Bmc, server.id)
    if row is None:
        raise ServerWithoutBmc
    if kind is ConsoleKind.SERIAL and row.driver == "redfish":
        raise NoSerialPort
    if kind is ConsoleKind.SCREEN and unit.get(ServerScreen, server.id) is None:
        raise NoScreen


def _open_grants(unit: Unit, column: object, value: int) -> int:
    """How many are attached, or may still be: a ticket nobody came with in time does not count."""
    is_open = (col(ConsoleGrant.status) == GrantStatus.ATTACHED) | (
        (col(ConsoleGrant.status) == GrantStatus.GRANTED) & (col(ConsoleGrant.expires_at) > utcnow())
    )
    query = select(func.count()).select_from(ConsoleGrant).where(column == value, is_open)
    return int(unit.scalar(query) or 0)


def _check_room(unit: Unit, actor: Actor, server_id: int, kind: ConsoleKind) -> None:
    if _open_grants(unit, col(ConsoleGrant.person_id), actor.person_id) >= MOST_PER_PERSON:
        raise TooManyConsoles(limit=MOST_PER_PERSON)
    if _open_grants(unit, col(ConsoleGrant.server_id), server_id) >= MOST_PER_SERVER:
        raise ConsoleFull(limit=MOST_PER_SERVER)
    if not bmc_limits.has_session_left(unit, server_id, kind):
        raise BmcSessionsFull(limit=bmc_limits.limits_of(unit, server_id).sessions)


def attach(unit: Unit, *, session_id: int, ticket: str) -> Attachment:
    """Use a ticket up. Whatever is wrong with it, the answer is `TicketUnusable` and nothing changes.

    Everything that was true when it was handed out is looked at again: the service may have been
    suspended, the server handed on or the person deactivated meanwhile.
    """
    query = select(ConsoleGrant).where(col(ConsoleGrant.ticket_hash) == hash_ticket(ticket))
    grant = unit.exec(query.with_for_update()).first()
    actor = sessions.find_actor(unit, session_id)
    if grant is None or actor is None or grant.session_id != session_id:
        raise TicketUnusable
    if grant.status != GrantStatus.GRANTED or grant.expires_at <= utcnow():
        raise TicketUnusable
    try:
        server, service = access_server_for(
            actor, unit, grant.server_id, permission=Permission.SERVER_CONSOLE
        )
        _check_openable(unit, actor, server, service, ConsoleKind(grant.kind))
    except Refusal:
        raise TicketUnusable from None
    if server.service_id != grant.service_id:
        raise TicketUnusable
    move(unit, CONSOLE_GRANT, grant, GrantStatus.ATTACHED, actor_id=actor.person_id)
    grant.attached_at = utcnow()
    trail.record(
        unit, "console:opened", actor=actor, object_kind="server", object_id=grant.server_id,
        object_name=server.name, company_id=grant.company_id, kind=grant.kind, grant=grant.id,
    )  # fmt: skip
    unit.changed(topics.console(grant.server_id))
    return _attachment(unit, grant)


def _attachment(unit: Unit, grant: ConsoleGrant) -> Attachment:
    assert grant.id is not None
    return Attachment(
        grant_id=grant.id,
        server_id=grant.server_id,
        service_id=grant.service_id,
        kind=ConsoleKind(grant.kind),
        person_id=grant.person_id,
        person_name=grant.person_name,
        is_staff=grant.is_staff,
        ends_at=unit.get_one(LoginSession, grant.session_id).expires_at,
    )


def find_attached(unit: Unit, grant_id: int) -> Attachment | None:
    """A grant that is attached now, for the gateway; None for any other."""
    grant = unit.get(ConsoleGrant, grant_id)
    if grant is None or grant.status != GrantStatus.ATTACHED:
        return None
    return _attachment(unit, grant)


def find_ended(unit: Unit, grant_ids: Collection[int]) -> dict[int, str]:
    """Which of these have ended, and why."""
    query = select(ConsoleGrant.id, ConsoleGrant.end_reason).where(
        col(ConsoleGrant.id).in_(grant_ids), col(ConsoleGrant.status) == GrantStatus.ENDED
    )
    return {grant_id: reason or "" for grant_id, reason in unit.exec(query) if grant_id is not None}


def take_writer(unit: Unit, grant_id: int) -> bool:
    """Make this viewer the one who types, and nobody else. False when the viewer has gone meanwhile."""
    grant = unit.get(ConsoleGrant, grant_id)
    if grant is None:
        return False
    # The server's row orders those who take over at once; the index would make one of them fail.
    unit.get_one(Server, grant.server_id, with_for_update=True)
    unit.refresh(grant, with_for_update=True)
    if grant.status != GrantStatus.ATTACHED:
        return False
    for other in _writers(unit, grant):
        other.is_writer = False
        unit.add(other)
    unit.flush()
    grant.is_writer = True
    unit.add(grant)
    unit.changed(topics.console(grant.server_id))
    return True


def _writers(unit: Unit, grant: ConsoleGrant) -> Sequence[ConsoleGrant]:
    query = select(ConsoleGrant).where(
        col(ConsoleGrant.server_id) == grant.server_id,
        col(ConsoleGrant.kind) == grant.kind,
        col(ConsoleGrant.is_writer),
        col(ConsoleGrant.id) != grant.id,
    )
    return unit.exec(query.with_for_update()).all()


def note_take_over(unit: Unit, grant_id: int, *, from_name: str) -> None:
    """Write to the trail that the keyboard went from one person to another."""
    grant = unit.get(ConsoleGrant, grant_id)
    if grant is None:
        raise NotFound
    trail.record(
        unit, "console:taken_over", actor=None, actor_id=grant.person_id, actor_name=grant.person_name,
        object_kind="server", object_id=grant.server_id, company_id=grant.company_id, kind=grant.kind,
        taken_from=from_name,
    )  # fmt: skip


def list_recent(actor: Actor, unit: Unit, server_id: int, *, limit: int = 10) -> list[ConsoleGrant]:
    """The newest consoles that were really opened. A client sees those of the own company's time."""
    access_server_for(actor, unit, server_id, permission=Permission.SERVER_CONSOLE)
    query = (
        select(ConsoleGrant)
        .where(col(ConsoleGrant.server_id) == server_id, col(ConsoleGrant.attached_at).is_not(None))
        .order_by(col(ConsoleGrant.id).desc())
        .limit(limit)
    )
    if not actor.is_staff:
        query = query.where(col(ConsoleGrant.company_id) == actor.company_id)
    return list(unit.exec(query))
