"""A server's description and the data to sign in on it, of its present tenancy only.

Passwords are sealed; they leave only by `reveal`, to a session that has just proved who it is, and each time is
in the trail of the company whose server it is.
"""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.accounts import elevation
from opsportal.domain.audit import trail
from opsportal.domain.hardware import topics
from opsportal.domain.hardware.refusals import DetailsTooLong, SignInsFull
from opsportal.domain.refusals import NotFound
from opsportal.domain.vault import seal, unseal
from opsportal.models import Server, ServerDetails, ServerSignIn, Service
from opsportal.models.base import utcnow

MAX_DESCRIPTION = 4_000
MAX_SIGN_INS = 20
MAX_LABEL, MAX_USERNAME, MAX_SECRET = 60, 120, 1_000


def read(unit: Unit, actor: Actor, server_id: int) -> tuple[ServerDetails | None, list[ServerSignIn]]:
    """The description and the entries, without their passwords."""
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.SERVER_VIEW)
    row = unit.get(ServerDetails, server_id)
    if row is not None and row.service_id != server.service_id:
        row = None  # a former tenant's
    return row, _entries(unit, server)


def _entries(unit: Unit, server: Server) -> list[ServerSignIn]:
    query = select(ServerSignIn).where(
        col(ServerSignIn.server_id) == server.id,
        col(ServerSignIn.service_id).is_not_distinct_from(server.service_id),
    )
    return list(unit.exec(query.order_by(col(ServerSignIn.id))))


def describe(unit: Unit, actor: Actor, server_id: int, *, text: str) -> ServerDetails:
    """Replace the description."""
    server, service = access_server_for(actor, unit, server_id, permission=Permission.SERVER_SECRETS)
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MAX_DESCRIPTION:
        raise DetailsTooLong(limit=MAX_DESCRIPTION)
    unit.get_one(Server, server_id, with_for_update=True)
    row = unit.get(ServerDetails, server_id) or ServerDetails(server_id=server_id)
    row.service_id, row.description = server.service_id, text
    row.updated_at, row.updated_by = utcnow(), actor.name
    unit.add(row)
    _note(unit, actor, "server:described", server, service)
    return row


def save_sign_in(
    unit: Unit,
    actor: Actor,
    server_id: int,
    *,
    label: str,
    username: str,
    secret: str,
    sign_in_id: int | None = None,
) -> ServerSignIn:
    """Add an entry, or replace one. Needs a raised session, as reading it back does."""
    server, service = access_server_for(actor, unit, server_id, permission=Permission.SERVER_SECRETS)
    elevation.require(unit, actor)
    unit.get_one(Server, server_id, with_for_update=True)
    if sign_in_id is None:
        if len(_entries(unit, server)) >= MAX_SIGN_INS:
            raise SignInsFull(limit=MAX_SIGN_INS)
        row = ServerSignIn(server_id=server_id, service_id=server.service_id, label=label, secret=b"")
    else:
        row = _access(unit, actor, sign_in_id)
        if row.server_id != server_id:
            raise NotFound
    row.label, row.username, row.secret = label.strip(), username.strip(), seal(secret)
    row.updated_at, row.updated_by = utcnow(), actor.name
    unit.add(row)
    _note(unit, actor, "server:sign_in_saved", server, service, label=row.label)
    return row


def remove_sign_in(unit: Unit, actor: Actor, sign_in_id: int) -> None:
    """Forget an entry."""
    row = _access(unit, actor, sign_in_id)
    elevation.require(unit, actor)
    server, service = access_server_for(actor, unit, row.server_id, permission=Permission.SERVER_SECRETS)
    unit.delete(row)
    _note(unit, actor, "server:sign_in_removed", server, service, label=row.label)


def reveal(unit: Unit, actor: Actor, sign_in_id: int) -> str:
    """The password of an entry, to a session that was raised some minutes ago; written to the trail."""
    row = _access(unit, actor, sign_in_id)
    elevation.require(unit, actor)
    server, service = access_server_for(actor, unit, row.server_id, permission=Permission.SERVER_SECRETS)
    _note(unit, actor, "server:sign_in_revealed", server, service, label=row.label)
    return unseal(row.secret)


def _access(unit: Unit, actor: Actor, sign_in_id: int) -> ServerSignIn:
    """An entry of the present tenancy of a server that the actor may have."""
    actor.require(Permission.SERVER_SECRETS)
    row = unit.get(ServerSignIn, sign_in_id)
    if row is None:
        raise NotFound
    server, _ = access_server_for(actor, unit, row.server_id, permission=Permission.SERVER_SECRETS)
    if row.service_id != server.service_id:
        raise NotFound
    return row


def _note(unit: Unit, actor: Actor, tag: str, server: Server, service: Service | None, **data: Any) -> None:
    trail.record(
        unit, tag, actor=actor, object_kind="server", object_id=server.id, object_name=server.name,
        company_id=service.company_id if service else None, **data,
    )  # fmt: skip
    unit.changed(topics.server(server.id or 0))
