"""Step-up: for some minutes after password and a fresh code a session may see secrets. The session row keeps it,
so that it ends with the session, on every process at once."""

from __future__ import annotations

import datetime as dt

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.accounts import passwords, second_factor
from opsportal.domain.audit import trail
from opsportal.domain.refusals import Refusal, WrongCode, WrongPassword
from opsportal.models import LoginSession, Person
from opsportal.models.base import utcnow

LASTS = dt.timedelta(minutes=5)


class ElevationRequired(Refusal):
    code = "elevation_required"
    msgid = "Confirm that it is you: enter your password and a code first. Nothing was shown or changed."


class SecondFactorMissing(Refusal):
    code = "second_factor_missing"
    msgid = "This needs a second factor. Nothing was shown or changed. Turn on two-factor authentication in My account."


def elevate(unit: Unit, actor: Actor, *, password: str, code: str) -> dt.datetime:
    """Raise this session for five minutes. Needs the password and a fresh code; a code works once."""
    person = unit.get_one(Person, actor.person_id, with_for_update=True)
    if person.totp_enabled_at is None:
        raise SecondFactorMissing
    if not passwords.matches(person.password_hash, password):
        raise WrongPassword
    if not second_factor.accept_totp(person, code):
        raise WrongCode
    row = unit.get_one(LoginSession, actor.session_id, with_for_update=True)
    row.elevated_until = utcnow() + LASTS
    trail.record(
        unit, "person:confirmed_identity", actor=actor, object_kind="person", object_id=actor.person_id,
        object_name=actor.name,
    )  # fmt: skip
    return row.elevated_until


def elevated_until(unit: Unit, actor: Actor) -> dt.datetime | None:
    """Until when this session may see secrets; None when it may not."""
    row = unit.get(LoginSession, actor.session_id)
    if row is None or row.elevated_until is None or row.elevated_until <= utcnow():
        return None
    return row.elevated_until


def require(unit: Unit, actor: Actor) -> None:
    """Refuse with `ElevationRequired` unless this session was raised some minutes ago."""
    if elevated_until(unit, actor) is None:
        raise ElevationRequired
