"""Time-based one-time passwords (RFC 6238) and recovery codes.

A code is accepted for its own 30 s step and the one on either side, and never twice: the last
accepted step is kept on the person, whose row the caller has locked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

import pyotp
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.accounts import sessions
from opsportal.domain.audit import trail
from opsportal.domain.refusals import SecondFactorAlreadyOn, SecondFactorNotStarted, WrongCode, WrongPassword
from opsportal.domain.vault import seal, unseal
from opsportal.models import LoginSession, Person, RecoveryCode
from opsportal.models.base import utcnow
from opsportal.settings import settings

STEP_SECONDS = 30
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as something else


def matching_step(secret: str, code: str, *, after_step: int, now: float | None = None) -> int | None:
    """The time step this code belongs to, if it is near now and later than `after_step`."""
    code = code.replace(" ", "")  # authenticators show it in two groups
    current = int((time.time() if now is None else now) // STEP_SECONDS)
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    for step in (current - 1, current, current + 1):
        if step > after_step and hmac.compare_digest(totp.at(step * STEP_SECONDS), code):
            return step
    return None


def accept_totp(person: Person, code: str) -> bool:
    """Accept a code of the person's authenticator once. The caller has locked the person."""
    if person.totp_secret is None:
        return False
    step = matching_step(unseal(person.totp_secret), code, after_step=person.totp_last_step)
    if step is None:
        return False
    person.totp_last_step = step
    return True


def _hash_code(code: str) -> str:
    # 50 random bits behind a rate limit: a plain hash suffices, and equality can be looked up.
    return hashlib.sha256(code.replace("-", "").replace(" ", "").lower().encode()).hexdigest()


def accept_recovery_code(unit: Unit, person: Person, code: str) -> bool:
    """Accept one of the person's recovery codes once. The caller has locked the person."""
    row = unit.exec(
        select(RecoveryCode).where(
            col(RecoveryCode.person_id) == person.id,
            col(RecoveryCode.code_hash) == _hash_code(code),
            col(RecoveryCode.used_at).is_(None),
        )
    ).first()
    if row is None:
        return False
    row.used_at = utcnow()
    trail.record(
        unit, "person:recovery_code_used", actor=None, actor_id=person.id, actor_name=person.name,
        company_id=person.company_id, object_kind="person", object_id=person.id, object_name=person.name,
    )  # fmt: skip
    return True


def start_setup(unit: Unit, actor: Actor) -> tuple[str, str]:
    """Make a new secret for this session only. Returns (base32 secret, otpauth URI for the QR code)."""
    person = unit.get_one(Person, actor.person_id)
    if person.totp_enabled_at is not None:
        raise SecondFactorAlreadyOn
    secret = pyotp.random_base32()
    row = unit.get_one(LoginSession, actor.session_id, with_for_update=True)
    row.pending_totp_secret = seal(secret)
    return secret, pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=settings().brand)


def finish_setup(unit: Unit, actor: Actor, *, code: str) -> list[str]:
    """Turn the second factor on and end other sessions. Returns the recovery codes, shown once."""
    person = unit.get_one(Person, actor.person_id, with_for_update=True)
    if person.totp_enabled_at is not None:
        raise SecondFactorAlreadyOn
    row = unit.get_one(LoginSession, actor.session_id, with_for_update=True)
    if row.pending_totp_secret is None:
        raise SecondFactorNotStarted
    step = matching_step(unseal(row.pending_totp_secret), code, after_step=0)
    if step is None:
        raise WrongCode
    person.totp_secret, person.totp_enabled_at = row.pending_totp_secret, utcnow()
    person.totp_last_step = step
    row.pending_totp_secret = None
    row.used_second_factor = True
    sessions.end_other_sessions(unit, actor)
    _note(unit, actor, "person:second_factor_on")
    return _replace_recovery_codes(unit, actor.person_id)


def renew_recovery_codes(unit: Unit, actor: Actor, *, code: str) -> list[str]:
    """Void the old recovery codes and return new ones, shown once. Needs a fresh TOTP code."""
    person = unit.get_one(Person, actor.person_id, with_for_update=True)
    if not accept_totp(person, code):
        raise WrongCode
    _note(unit, actor, "person:recovery_codes_renewed")
    return _replace_recovery_codes(unit, actor.person_id)


def turn_off(unit: Unit, actor: Actor, *, password: str, code: str) -> None:
    """Turn the second factor off. Needs the password and a fresh code or a recovery code."""
    from opsportal.domain.accounts import passwords

    person = unit.get_one(Person, actor.person_id, with_for_update=True)
    if not passwords.matches(person.password_hash, password):
        raise WrongPassword
    if not (accept_totp(person, code) or accept_recovery_code(unit, person, code)):
        raise WrongCode
    remove(unit, person)
    sessions.end_other_sessions(unit, actor)
    _note(unit, actor, "person:second_factor_off")


def remove(unit: Unit, person: Person) -> None:
    """Take the second factor and its recovery codes away. The caller has locked the person and is sure."""
    assert person.id is not None
    person.totp_secret = person.totp_enabled_at = None
    _delete_recovery_codes(unit, person.id)


def count_recovery_codes(unit: Unit, person_id: int) -> int:
    """How many unused recovery codes are left."""
    return len(
        unit.exec(
            select(RecoveryCode.id).where(
                col(RecoveryCode.person_id) == person_id, col(RecoveryCode.used_at).is_(None)
            )
        ).all()
    )


def _note(unit: Unit, actor: Actor, tag: str) -> None:
    trail.record(
        unit, tag, actor=actor, object_kind="person", object_id=actor.person_id, object_name=actor.name
    )
    unit.changed(f"person:{actor.person_id}")


def _delete_recovery_codes(unit: Unit, person_id: int) -> None:
    for row in unit.exec(select(RecoveryCode).where(col(RecoveryCode.person_id) == person_id)):
        unit.delete(row)


def _replace_recovery_codes(unit: Unit, person_id: int) -> list[str]:
    _delete_recovery_codes(unit, person_id)
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        unit.add(RecoveryCode(person_id=person_id, code_hash=_hash_code(code)))
    return [f"{code[:5]}-{code[5:]}" for code in codes]
