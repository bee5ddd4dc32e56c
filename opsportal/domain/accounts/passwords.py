"""Password hashing with argon2id (RFC 9106, second recommended option trimmed to 19 MiB as OWASP lists it)."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.low_level import Type

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.accounts import sessions
from opsportal.domain.audit import trail
from opsportal.domain.refusals import SamePassword, WeakPassword, WrongPassword
from opsportal.models import Person

MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 256

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
# Verified against when the e-mail is unknown, so that both answers take the same time.
_NOBODY = _hasher.hash("nobody has this password")


def hash_password(plain: str) -> str:
    """The argon2id hash to keep."""
    return _hasher.hash(plain)


def matches(password_hash: str | None, plain: str) -> bool:
    """Whether the password is right. Takes the same time when there is no such person."""
    try:
        _hasher.verify(password_hash or _NOBODY, plain)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


def change_password(unit: Unit, actor: Actor, *, current: str, new: str) -> None:
    """Replace the actor's password and end every other session of theirs."""
    person = unit.get_one(Person, actor.person_id, with_for_update=True)
    if not matches(person.password_hash, current):
        raise WrongPassword
    if not MINIMUM_LENGTH <= len(new) <= MAXIMUM_LENGTH:
        raise WeakPassword
    if new == current:
        raise SamePassword
    person.password_hash = hash_password(new)
    ended = sessions.end_other_sessions(unit, actor)
    trail.record(
        unit, "person:password_changed", actor=actor, object_kind="person", object_id=person.id,
        object_name=person.name, sessions_ended=ended,
    )  # fmt: skip
