"""Temporary access to a BMC's own page, where the portal cannot show the machine's screen by itself.

The one exception to "no BMC address or credential reaches a browser": it exists only where an operator has set
`BMC_PAGE`, for a server without a screen of ours, to a session that has just proved who it is. The user is made
for that session, may operate and not administer, and its password is shown once.
"""

from __future__ import annotations

import datetime as dt
import secrets
import string
from dataclasses import dataclass, field
from urllib.parse import quote

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.accounts import elevation
from opsportal.domain.consoles import grants, topics
from opsportal.domain.consoles.access_endings import end_access, note, wake
from opsportal.domain.consoles.refusals import (
    AccessExists,
    AccessFull,
    AccessNotOffered,
    AccessNotReady,
    AccessShown,
    BmcSessionsFull,
)
from opsportal.domain.hardware import bmc_limits, owners
from opsportal.domain.lifecycle import BMC_ACCESS, move
from opsportal.domain.refusals import NotFound
from opsportal.domain.vault import seal, unseal
from opsportal.models import (
    OPEN_ACCESS,
    AccessStatus,
    Bmc,
    BmcAccess,
    LoginSession,
    Person,
    Server,
    ServerScreen,
)
from opsportal.models.base import utcnow
from opsportal.settings import settings

MOST_PER_SERVER = 2
"""BMCs have few slots, and hold few sessions at a time."""
BY_PERSON = "left"
_NAME_LETTERS, _PASSWORD_LENGTH = 9, 16
_LETTERS = string.ascii_lowercase + string.digits
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


@dataclass(frozen=True, slots=True)
class Shown:
    """Where to go and how to sign in there. It exists only here and in the browser."""

    url: str = field(repr=False)
    username: str
    password: str = field(repr=False)
    expires_at: dt.datetime


def is_offered(unit: Unit, server_id: int) -> bool:
    """Whether this server's screen is to be had only on its BMC's own page, and the operator allows that."""
    return bool(settings().bmc_page) and unit.get(ServerScreen, server_id) is None


def request_access(unit: Unit, actor: Actor, server_id: int) -> BmcAccess:
    """Ask for a temporary user, for this session. Needs a raised session, as seeing its password does."""
    server, service = access_server_for(actor, unit, server_id, permission=Permission.SERVER_CONSOLE)
    grants.check_openable(unit, actor, server_id)
    if not is_offered(unit, server_id):
        raise AccessNotOffered
    elevation.require(unit, actor)
    # Locked in the same order by all who ask, as for consoles: of two at once, the second counts the first.
    unit.get_one(Person, actor.person_id, with_for_update=True)
    unit.refresh(server, with_for_update=True)
    owners.require_free(unit, actor, server)
    left = list_left(unit, server_id)
    if any(row.session_id == actor.session_id for row in left):
        raise AccessExists
    limits = bmc_limits.limits_of(unit, server_id)
    most = min(MOST_PER_SERVER, limits.temporary_users)
    if len(left) >= most:
        raise AccessFull(limit=most)
    if not bmc_limits.has_session_left(unit, server_id, None):
        raise BmcSessionsFull(limit=limits.sessions)
    row = BmcAccess(
        server_id=server_id,
        service_id=server.service_id,
        company_id=service.company_id if service else None,
        person_id=actor.person_id,
        person_name=actor.name,
        is_staff=actor.is_staff,
        session_id=actor.session_id,
        username=_new_name()[: limits.name_bytes],
        password=seal(_new_password(min(_PASSWORD_LENGTH, limits.password_bytes))),
        expires_at=_end_of(unit, actor),
    )
    unit.add(row)
    unit.flush()
    wake(unit, row)
    note(unit, row, "console:access_requested")
    return row


def _end_of(unit: Unit, actor: Actor) -> dt.datetime:
    limit = utcnow() + dt.timedelta(seconds=settings().console_limit_s)
    return min(limit, unit.get_one(LoginSession, actor.session_id).expires_at)


def _new_name() -> str:
    """Begins with a letter, has no punctuation, fits IPMI's 16 bytes, and tells nothing about anybody."""
    return "kvm" + "".join(secrets.choice(_LETTERS) for _ in range(_NAME_LETTERS))


def _new_password(length: int) -> str:
    """16 characters, because some BMCs cut off what is longer: 95 bits, of every class that BMCs insist on."""
    while True:
        made = "".join(secrets.choice("".join(_CLASSES)) for _ in range(length))
        if all(set(made) & set(kind) for kind in _CLASSES):
            return made


def list_left(unit: Unit, server_id: int) -> list[BmcAccess]:
    """Every temporary user that this server's BMC has, or may have. The caller has authorised."""
    query = select(BmcAccess).where(
        col(BmcAccess.server_id) == server_id, col(BmcAccess.status) != AccessStatus.GONE
    )
    return list(unit.exec(query.order_by(col(BmcAccess.id))))


def count_left(unit: Unit) -> dict[str, int]:
    """How many temporary users BMCs have, or may have, by status: all of these, for whoever watches the numbers."""
    query = select(col(BmcAccess.status), func.count()).where(col(BmcAccess.status) != AccessStatus.GONE)
    counted = {str(row[0]): int(row[1]) for row in unit.execute(query.group_by(col(BmcAccess.status)))}
    return {one.value: counted.get(one.value, 0) for one in AccessStatus if one is not AccessStatus.GONE}


def list_shown(unit: Unit, actor: Actor, server_id: int) -> list[BmcAccess]:
    """What the console tab tells: all that is left, and this session's last one. A former tenant's is not shown
    to a client."""
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.SERVER_CONSOLE)
    query = select(BmcAccess).where(
        col(BmcAccess.server_id) == server_id, col(BmcAccess.session_id) == actor.session_id
    )
    own = unit.exec(query.order_by(col(BmcAccess.id).desc()).limit(1)).first()
    left = list_left(unit, server_id)
    if own is not None and own not in left:
        left.append(own)
    if actor.is_staff:
        return left
    return [row for row in left if row.service_id == server.service_id]


def show_access(unit: Unit, actor: Actor, access_id: int) -> Shown:
    """Link, user and password, once, to the session that asked for them and has just proved who it is."""
    row = _access(unit, actor, access_id)
    elevation.require(unit, actor)
    if row.session_id != actor.session_id:
        raise NotFound
    grants.check_openable(unit, actor, row.server_id)
    if row.shown_at is not None:
        raise AccessShown
    if row.status != AccessStatus.READY or row.password is None or row.expires_at <= utcnow():
        raise AccessNotReady
    shown = Shown(_page_of(unit, row.server_id), row.username, unseal(row.password), row.expires_at)
    row.shown_at, row.password = utcnow(), None
    unit.add(row)
    note(unit, row, "console:access_shown")
    unit.changed(topics.console(row.server_id))
    return shown


def _page_of(unit: Unit, server_id: int) -> str:
    host = unit.get_one(Bmc, server_id).host
    name = unit.get_one(Server, server_id).name
    in_url = f"[{host}]" if ":" in host else host
    return settings().bmc_page.replace("{host}", in_url).replace("{server}", quote(name, safe=""))


def leave_access(unit: Unit, actor: Actor, access_id: int) -> None:
    """End one's own before its time, from whatever session; staff may end anybody's."""
    row = _access(unit, actor, access_id)
    if row.person_id != actor.person_id and not actor.is_staff:
        raise NotFound
    if row.status in OPEN_ACCESS:
        end_access(unit, row, BY_PERSON)


def settle_access(unit: Unit, actor: Actor, access_id: int) -> None:
    """Staff have removed a user by hand that we could not remove, and say so with their name."""
    actor.require(Permission.FLEET_MANAGE)
    row = _access(unit, actor, access_id)
    if row.status != AccessStatus.STUCK:
        raise AccessNotReady
    move(unit, BMC_ACCESS, row, AccessStatus.GONE, actor_id=actor.person_id, reason="by hand")
    row.gone_at, row.due_at = utcnow(), None
    note(unit, row, "console:access_settled", by=actor.name)
    unit.changed(topics.console(row.server_id))


def _access(unit: Unit, actor: Actor, access_id: int) -> BmcAccess:
    """One of a server that the actor may have consoles of, of the present tenancy; locked."""
    actor.require(Permission.SERVER_CONSOLE)
    row = unit.get(BmcAccess, access_id)
    if row is None:
        raise NotFound
    server, _ = access_server_for(actor, unit, row.server_id, permission=Permission.SERVER_CONSOLE)
    if not actor.is_staff and row.service_id != server.service_id:
        raise NotFound
    unit.refresh(row, with_for_update=True)
    return row
