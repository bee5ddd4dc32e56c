"""Making and removing temporary users of BMCs: what workers may do, and what becomes of it.

One worker at a time is at the users of a BMC (`held_until`, given under the server's lock): both making and
removing go through the BMC's slots, which two at once would mix up. Nothing is sent after `held_until`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.consoles import topics
from opsportal.domain.consoles.access_endings import NOT_MADE, end_access, note, wake
from opsportal.domain.consoles.endings import LIMIT
from opsportal.domain.lifecycle import BMC_ACCESS, move
from opsportal.domain.mail.desk import tell_desk
from opsportal.domain.mail.letters import Link, Text
from opsportal.domain.vault import unseal
from opsportal.models import (
    ACTIVE_JOB,
    LEAVING_ACCESS,
    OPEN_ACCESS,
    AccessStatus,
    BmcAccess,
    HardwareJob,
    JobKind,
    JobStatus,
    LoginSession,
    LoginStage,
    Person,
    Server,
    Service,
    ServiceStatus,
)
from opsportal.models.base import utcnow

EXCHANGE_S = 20.0
"""How long one exchange with the BMC may take; an attempt has four at most."""
LEASE = dt.timedelta(seconds=100)
PATIENCE = dt.timedelta(minutes=2)
"""For how long somebody waits for an access before it has lost its meaning."""
STUCK_AFTER = dt.timedelta(minutes=15)
LONGEST_PAUSE_S = 600
WAKE_AGAIN = dt.timedelta(seconds=45)
RIGHT_LOST = "right_lost"


@dataclass(frozen=True, slots=True)
class Held:
    """One attempt of one worker. `password` is None when the user is to be removed."""

    access_id: int
    server_id: int
    attempt: int
    until: dt.datetime
    username: str
    password: str | None = field(repr=False)


def pause_after(attempts: int) -> dt.timedelta:
    """5, 10, 20 … seconds, and never more than ten minutes."""
    return dt.timedelta(seconds=min(5 * 2 ** min(max(attempts - 1, 0), 10), LONGEST_PAUSE_S))


def claim(unit: Unit, access_id: int) -> Held | None:
    """Begin an attempt. None when there is nothing to do now: gone, ready, too early, or somebody is at it."""
    row = unit.get(BmcAccess, access_id)
    if row is None:
        return None
    # The server first, as all others who lock both do.
    unit.get_one(Server, row.server_id, with_for_update=True)
    unit.refresh(row, with_for_update=True)
    now = utcnow()
    if row.status == AccessStatus.ASKED and (now >= row.asked_at + PATIENCE or now >= row.expires_at):
        end_access(unit, row, NOT_MADE)
    if row.status in LEAVING_ACCESS and not row.is_sent:
        _go(unit, row)  # and whoever holds it may send no more
        return None
    is_work = row.status == AccessStatus.ASKED or row.status in LEAVING_ACCESS
    if not is_work or (row.due_at is not None and row.due_at > now):
        return None
    if is_held(unit, row.server_id) or _is_at_users(unit, row.server_id):
        _try_later(row, pause_after(1))
        unit.add(row)
        return None
    row.attempts += 1
    row.held_until = now + LEASE
    unit.add(row)
    unit.flush()
    return Held(
        access_id, row.server_id, row.attempts, row.held_until, row.username,
        unseal(row.password) if row.password is not None else None,
    )  # fmt: skip


def is_held(unit: Unit, server_id: int) -> bool:
    """Whether a worker is at this BMC's users for a temporary one. The caller has locked the server."""
    query = select(BmcAccess.id).where(
        col(BmcAccess.server_id) == server_id, col(BmcAccess.held_until) > utcnow()
    )
    return unit.exec(query).first() is not None


def _is_at_users(unit: Unit, server_id: int) -> bool:
    """Whether a job is at them, or may be. One that begins after this looks at `is_held` in turn."""
    query = select(HardwareJob.id).where(
        col(HardwareJob.server_id) == server_id,
        col(HardwareJob.kind).in_((JobKind.ROTATE_CREDENTIALS, JobKind.CLEAN)),
        col(HardwareJob.status).in_(ACTIVE_JOB),
        col(HardwareJob.status) != JobStatus.QUEUED,
    )
    return unit.exec(query).first() is not None


def _try_later(row: BmcAccess, pause: dt.timedelta) -> None:
    row.due_at, row.woken_at = utcnow() + pause, None


def announce(unit: Unit, held: Held) -> bool:
    """Prove the right to make the user, and commit that it may be there from now on. False: send nothing."""
    row = unit.get_one(BmcAccess, held.access_id, with_for_update=True, populate_existing=True)
    is_in_time = utcnow() + 2 * dt.timedelta(seconds=EXCHANGE_S) <= held.until
    if row.status != AccessStatus.ASKED or row.attempts != held.attempt or not is_in_time:
        return False
    row.is_sent = True
    unit.add(row)
    return True


def made(unit: Unit, held: Held) -> None:
    """The BMC was read with the user. When the access has ended meanwhile, it goes at once."""
    row = unit.get_one(BmcAccess, held.access_id, with_for_update=True, populate_existing=True)
    if not _release(unit, row, held):
        return
    if row.status == AccessStatus.ASKED:
        row.ready_at = utcnow()
        move(unit, BMC_ACCESS, row, AccessStatus.READY, reason="read back")
        row.attempts, row.outcome_code = 0, None
        note(unit, row, "console:access_made")
        unit.changed(topics.console(row.server_id))


def removed(unit: Unit, held: Held) -> None:
    """The BMC was read without the user."""
    row = unit.get_one(BmcAccess, held.access_id, with_for_update=True, populate_existing=True)
    if _release(unit, row, held) and row.status in LEAVING_ACCESS:
        _go(unit, row)


def failed(unit: Unit, held: Held, code: str, *, is_hopeless: bool) -> None:
    """An attempt has failed. Making is given up when it is hopeless or too late; removing never is."""
    row = unit.get_one(BmcAccess, held.access_id, with_for_update=True, populate_existing=True)
    if not _release(unit, row, held):
        return
    row.outcome_code = code
    if row.status == AccessStatus.ASKED:
        if is_hopeless or utcnow() >= row.asked_at + PATIENCE:
            end_access(unit, row, NOT_MADE)
            return
    elif held.password is not None:
        return  # it ended while it was being made: nobody has tried to remove it yet
    _try_later(row, pause_after(row.attempts))
    began = row.ending_at
    if row.status == AccessStatus.ENDING and began is not None and utcnow() >= began + STUCK_AFTER:
        move(unit, BMC_ACCESS, row, AccessStatus.STUCK, reason=code)
        note(unit, row, "bmc:access_left_behind", code=code)
        _to_a_person(unit, row)
    unit.changed(topics.console(row.server_id))


def _to_a_person(unit: Unit, row: BmcAccess) -> None:
    """Somebody may still sign in with it: the desk is told, once for each user that is left."""
    server = unit.get_one(Server, row.server_id)
    names = {"user": row.username, "server": server.name}
    tell_desk(
        unit,
        kind="bmc_access_left",
        subject=Text(msgid="{server}: a temporary user is left on its BMC", params=names),
        body=[
            Text(
                msgid="{user} could not be removed from the BMC of {server}: it ends with {code}. The portal goes on trying.",
                params={**names, "code": row.outcome_code or ""},
            ),
            Text(
                msgid="If the BMC stays silent, remove the user there by hand and say so on the Console tab."
            ),
            Link(msgid="Open the consoles of this server", path=f"/servers/{row.server_id}?tab=console"),
        ],
        about=("server", row.server_id),
        key=f"bmc_access_left:{row.id}",
    )


def _release(unit: Unit, row: BmcAccess, held: Held) -> bool:
    """Let go of the row, unless somebody else has it by now. What ended meanwhile is seen to at once."""
    if row.held_until != held.until:
        return False
    row.held_until = None
    unit.add(row)
    if row.status in LEAVING_ACCESS and held.password is not None:
        row.due_at = None
        wake(unit, row)
    return True


def _go(unit: Unit, row: BmcAccess) -> None:
    move(unit, BMC_ACCESS, row, AccessStatus.GONE, reason="read back" if row.is_sent else "never made")
    row.gone_at, row.due_at = utcnow(), None
    note(unit, row, "console:access_removed", reason=row.end_reason or "")
    unit.changed(topics.console(row.server_id))


def wake_due(unit: Unit) -> int:
    """End what has lost its right, and have workers look at what waits. Returns at how many.

    Triggers end an access in the transaction that ends its right; what was asked for in that very moment, and
    what ends by time alone, is found here.
    """
    now = utcnow()
    for row in _without_right(unit, now):
        end_access(unit, row, LIMIT if row.expires_at <= now else RIGHT_LOST)
    query = select(BmcAccess).where(
        col(BmcAccess.status).in_((AccessStatus.ASKED, *LEAVING_ACCESS)),
        or_(col(BmcAccess.due_at).is_(None), col(BmcAccess.due_at) <= now),
        or_(col(BmcAccess.held_until).is_(None), col(BmcAccess.held_until) <= now),
        or_(col(BmcAccess.woken_at).is_(None), col(BmcAccess.woken_at) <= now - WAKE_AGAIN),
    )
    rows = unit.exec(query.order_by(col(BmcAccess.id)).limit(50).with_for_update(skip_locked=True)).all()
    for row in rows:
        wake(unit, row, at=now)
    return len(rows)


def _without_right(unit: Unit, now: dt.datetime) -> list[BmcAccess]:
    query = (
        select(BmcAccess)
        .join(Server, col(Server.id) == col(BmcAccess.server_id))
        .join(LoginSession, col(LoginSession.id) == col(BmcAccess.session_id))
        .join(Person, col(Person.id) == col(BmcAccess.person_id))
        .outerjoin(Service, col(Service.id) == col(BmcAccess.service_id))
        .where(
            col(BmcAccess.status).in_(OPEN_ACCESS),
            or_(
                col(BmcAccess.expires_at) <= now,
                col(Server.service_id).is_distinct_from(col(BmcAccess.service_id)),
                col(LoginSession.stage) != LoginStage.SIGNED_IN,
                col(LoginSession.expires_at) <= now,
                col(Person.is_active).is_(False),
                col(BmcAccess.is_staff).is_(False) & (col(Service.status) != ServiceStatus.ACTIVE),
            ),
        )
        .order_by(col(BmcAccess.id))
    )
    return list(unit.exec(query.with_for_update(of=BmcAccess, skip_locked=True)))
