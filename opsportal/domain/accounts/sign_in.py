"""Signing in: a password, then a second factor where the person has one.

The cookie is replaced when the second factor is accepted, so a cookie that was planted or seen
before that moment never opens the portal.
"""

from __future__ import annotations

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.accounts import passwords, second_factor
from opsportal.domain.accounts.sessions import OpenedSession, abandon_session, open_session
from opsportal.domain.audit import trail
from opsportal.domain.refusals import SignInRequired, WrongCode, WrongCredentials
from opsportal.models import LoginSession, LoginStage, Person
from opsportal.models.base import utcnow


def normalise_email(email: str) -> str:
    return email.strip().lower()


def check_password(unit: Unit, *, email: str, password: str) -> Person:
    """The active person with this e-mail and password. Raises `WrongCredentials`, always equally slowly."""
    person = unit.exec(select(Person).where(col(Person.email) == normalise_email(email))).first()
    is_right = passwords.matches(person.password_hash if person else None, password)
    if person is None or not is_right or not person.is_active:
        raise WrongCredentials
    return person


def begin(unit: Unit, *, email: str, password: str, ip: str, user_agent: str) -> OpenedSession:
    """Check the password and open a session: signed in, or waiting for the second factor."""
    person = check_password(unit, email=email, password=password)
    waits = person.totp_enabled_at is not None
    return open_session(
        unit,
        person,
        stage=LoginStage.PASSWORD if waits else LoginStage.SIGNED_IN,
        used_second_factor=False,
        ip=ip,
        user_agent=user_agent,
    )


def _waiting(unit: Unit, session_id: int) -> tuple[LoginSession, Person]:
    row = unit.get(LoginSession, session_id, with_for_update=True)
    if row is None or row.stage != LoginStage.PASSWORD or row.expires_at <= utcnow():
        raise SignInRequired
    person = unit.get_one(Person, row.person_id, with_for_update=True)
    if not person.is_active:
        raise SignInRequired
    return row, person


def complete(unit: Unit, session_id: int, *, code: str, ip: str, user_agent: str) -> OpenedSession:
    """Accept a TOTP code or a recovery code and open the real session with a fresh cookie.

    Each code works once. Raises `WrongCode` or, when the password step is too long ago, `SignInRequired`.
    """
    _, person = _waiting(unit, session_id)
    if not (
        second_factor.accept_totp(person, code) or second_factor.accept_recovery_code(unit, person, code)
    ):
        raise WrongCode
    abandon_session(unit, session_id)
    return open_session(
        unit, person, stage=LoginStage.SIGNED_IN, used_second_factor=True, ip=ip, user_agent=user_agent
    )


def waiting_person(unit: Unit, session_id: int) -> int:
    """Whose second factor this session waits for."""
    return _waiting(unit, session_id)[0].person_id


def note_refused(unit: Unit, *, email: str, ip: str) -> None:
    """Keep a refused sign-in of an existing person in the trail; of nobody, nothing is kept."""
    person = unit.exec(select(Person).where(col(Person.email) == email)).first()
    if person is not None:
        trail.record(
            unit, "person:sign_in_refused", actor=None, actor_name="", ip=ip, company_id=person.company_id,
            object_kind="person", object_id=person.id, object_name=person.name,
        )  # fmt: skip


def note_refused_code(unit: Unit, person_id: int, *, ip: str) -> None:
    """Keep a refused second factor in the trail: whoever sent it knows the password."""
    person = unit.get_one(Person, person_id)
    trail.record(
        unit, "person:second_factor_refused", actor=None, actor_name="", ip=ip, company_id=person.company_id,
        object_kind="person", object_id=person.id, object_name=person.name,
    )  # fmt: skip
