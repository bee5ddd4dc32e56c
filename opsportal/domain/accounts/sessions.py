"""Sessions: a random cookie in the browser, its SHA-256 in the database, ended in one place.

The cookie is 256 random bits, so a plain hash is enough: there is nothing to guess.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, access_login_session_for
from opsportal.domain.audit import trail
from opsportal.domain.consoles import endings
from opsportal.domain.lifecycle import LOGIN, move
from opsportal.models import LoginSession, LoginStage, Person, Role
from opsportal.models.base import utcnow
from opsportal.settings import settings

SECOND_FACTOR_WINDOW = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session and the cookie value that opens it; the value exists only here and in the browser."""

    session_id: int
    cookie: str
    stage: LoginStage
    lifetime: dt.timedelta


def hash_cookie(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def session_topic(session_id: int) -> str:
    """The live topic that says: this session's rights have changed."""
    return f"session:{session_id}"


def open_session(
    unit: Unit, person: Person, *, stage: LoginStage, used_second_factor: bool, ip: str, user_agent: str
) -> OpenedSession:
    """Begin a session in the given stage. The caller has checked what that stage requires."""
    assert person.id is not None
    cookie = secrets.token_urlsafe(32)
    now = utcnow()
    is_in = stage is LoginStage.SIGNED_IN
    lifetime = dt.timedelta(hours=settings().session_hours) if is_in else SECOND_FACTOR_WINDOW
    row = LoginSession(
        token_hash=hash_cookie(cookie),
        person_id=person.id,
        stage=stage,
        used_second_factor=used_second_factor,
        ip=ip,
        user_agent=user_agent[:200],
        signed_in_at=now if is_in else None,
        expires_at=now + lifetime,
    )
    unit.add(row)
    unit.flush()
    assert row.id is not None
    if is_in:
        trail.record(
            unit, "person:signed_in", actor=None, actor_id=person.id, actor_name=person.name, ip=ip,
            company_id=person.company_id, object_kind="person", object_id=person.id, object_name=person.name,
            second_factor=used_second_factor,
        )  # fmt: skip
        unit.changed(f"person:{person.id}")
    return OpenedSession(row.id, cookie, stage, lifetime)


def find_session(unit: Unit, cookie: str) -> LoginSession | None:
    """The live session behind a cookie, in whatever stage; None when there is none."""
    row = unit.exec(select(LoginSession).where(col(LoginSession.token_hash) == hash_cookie(cookie))).first()
    if row is None or row.stage == LoginStage.ENDED or row.expires_at <= utcnow():
        return None
    return row


def find_actor(unit: Unit, session_id: int) -> Actor | None:
    """The actor of a signed-in session, or None when it has ended or the person was deactivated."""
    row = unit.get(LoginSession, session_id)
    if row is None or row.stage != LoginStage.SIGNED_IN or row.expires_at <= utcnow():
        return None
    person = unit.get_one(Person, row.person_id)
    if not person.is_active:
        return None
    return Actor(
        person_id=row.person_id,
        session_id=session_id,
        role=Role(person.role),
        company_id=person.company_id,
        name=person.name,
        ip=row.ip,
    )


def find_alive(unit: Unit, session_ids: Collection[int]) -> frozenset[int]:
    """Which of these sessions still open the portal, in one query."""
    rows = unit.exec(
        select(LoginSession.id)
        .join(Person, col(Person.id) == col(LoginSession.person_id))
        .where(
            col(LoginSession.id).in_(session_ids),
            col(LoginSession.stage) == LoginStage.SIGNED_IN,
            col(LoginSession.expires_at) > utcnow(),
            col(Person.is_active),
        )
    )
    return frozenset(row for row in rows if row is not None)


def touch(unit: Unit, session_id: int) -> None:
    """Note that the session was used just now."""
    if (row := unit.get(LoginSession, session_id)) is not None:
        row.last_seen_at = utcnow()


def list_open_sessions(unit: Unit, person_id: int) -> list[LoginSession]:
    """A person's signed-in sessions, the most recently used first."""
    return list(
        unit.exec(
            select(LoginSession)
            .where(
                col(LoginSession.person_id) == person_id,
                col(LoginSession.stage) == LoginStage.SIGNED_IN,
                col(LoginSession.expires_at) > utcnow(),
            )
            .order_by(col(LoginSession.last_seen_at).desc())
        )
    )


def previous_sign_in(unit: Unit, actor: Actor) -> LoginSession | None:
    """The sign-in before this one, to be shown after login (checklist 1.41)."""
    return unit.exec(
        select(LoginSession)
        .where(
            col(LoginSession.person_id) == actor.person_id,
            col(LoginSession.id) < actor.session_id,
            col(LoginSession.signed_in_at).is_not(None),
        )
        .order_by(col(LoginSession.id).desc())
    ).first()


def _end(unit: Unit, row: LoginSession, *, reason: str, actor_id: int | None) -> None:
    assert row.id is not None
    move(unit, LOGIN, row, LoginStage.ENDED, actor_id=actor_id, reason=reason)
    row.ended_at = utcnow()
    row.pending_totp_secret = None
    endings.end_consoles(unit, session_id=row.id, reason=endings.SIGNED_OUT)
    unit.changed(session_topic(row.id), f"person:{row.person_id}")


def end_session(unit: Unit, actor: Actor, session_id: int) -> None:
    """End one of the actor's own sessions; its open pages lose their rights at once."""
    row = access_login_session_for(actor, unit, session_id)
    unit.refresh(row, with_for_update=True)
    if row.stage == LoginStage.ENDED:
        return
    _end(unit, row, reason="signed out", actor_id=actor.person_id)
    trail.record(
        unit, "person:signed_out", actor=actor, object_kind="person", object_id=actor.person_id,
        object_name=actor.name, session=session_id,
    )  # fmt: skip


def abandon_session(unit: Unit, session_id: int) -> None:
    """End a session that never got past its password."""
    row = unit.get(LoginSession, session_id, with_for_update=True)
    if row is not None and row.stage != LoginStage.ENDED:
        _end(unit, row, reason="abandoned", actor_id=row.person_id)


def end_other_sessions(unit: Unit, actor: Actor) -> int:
    """End all sessions of the actor but the present one. Returns how many."""
    rows = [row for row in _lock_open(unit, actor.person_id) if row.id != actor.session_id]
    for row in rows:
        _end(unit, row, reason="ended from another session", actor_id=actor.person_id)
    return len(rows)


def end_all_sessions(unit: Unit, person_id: int, *, reason: str) -> int:
    """End every session of a person on the operator's behalf. Returns how many."""
    rows = _lock_open(unit, person_id)
    for row in rows:
        _end(unit, row, reason=reason, actor_id=None)
    return len(rows)


def _lock_open(unit: Unit, person_id: int) -> Sequence[LoginSession]:
    return unit.exec(
        select(LoginSession)
        .where(col(LoginSession.person_id) == person_id, col(LoginSession.stage) != LoginStage.ENDED)
        .order_by(col(LoginSession.id))
        .with_for_update()
    ).all()


def sign_out_others(unit: Unit, actor: Actor) -> int:
    """What the actor asked for by hand: end all other sessions, and say so in the trail. Returns how many."""
    ended = end_other_sessions(unit, actor)
    trail.record(
        unit, "person:signed_out_others", actor=actor, object_kind="person", object_id=actor.person_id,
        object_name=actor.name, sessions_ended=ended,
    )  # fmt: skip
    return ended


def sign_out_everywhere(unit: Unit, actor: Actor) -> None:
    """End every session of the actor, the present one included."""
    ended = end_other_sessions(unit, actor)
    trail.record(
        unit, "person:signed_out_everywhere", actor=actor, object_kind="person", object_id=actor.person_id,
        object_name=actor.name, sessions_ended=ended + 1,
    )  # fmt: skip
    end_session(unit, actor, actor.session_id)
