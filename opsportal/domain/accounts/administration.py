"""What the operator does to people from the machine itself (`python -m opsportal.people`).

Whoever may run commands there holds the database anyway, so no permission is asked for; what was done
and by which account of the machine stands in the audit trail.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.accounts import passwords, second_factor, sessions
from opsportal.domain.accounts.sign_in import normalise_email
from opsportal.domain.audit import trail
from opsportal.domain.refusals import NotFound
from opsportal.models import Person, Role

PASSWORD_BYTES = 18


def _find(unit: Unit, email: str) -> Person:
    """The person, locked. Raises `NotFound`."""
    query = select(Person).where(col(Person.email) == normalise_email(email)).with_for_update()
    person = unit.exec(query).first()
    if person is None:
        raise NotFound
    return person


def _note(unit: Unit, tag: str, person: Person, by: str, **data: Any) -> None:
    trail.record(
        unit, tag, actor=None, actor_name=by, company_id=person.company_id, object_kind="person",
        object_id=person.id, object_name=person.name, **data,
    )  # fmt: skip
    unit.changed(f"person:{person.id}", f"company:{person.company_id}:people")


def add_staff(unit: Unit, *, email: str, name: str, role: Role, by: str) -> str | None:
    """An operator or technician with a password of chance. Returns it; None when the e-mail is taken."""
    assert role is not Role.CLIENT
    email = normalise_email(email)
    if unit.exec(select(Person.id).where(col(Person.email) == email)).first() is not None:
        return None
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    person = Person(role=role, email=email, name=name, password_hash=passwords.hash_password(password))
    unit.add(person)
    unit.flush()
    _note(unit, "person:added", person, by)
    return password


def deactivate(unit: Unit, email: str, *, by: str) -> int:
    """Let a person in no more, and end what they have open at once. Returns how many sessions that were."""
    person = _find(unit, email)
    person.is_active = False
    ended = sessions.end_all_sessions(unit, person.id or 0, reason="deactivated")
    _note(unit, "person:deactivated", person, by, sessions_ended=ended)
    return ended


def activate(unit: Unit, email: str, *, by: str) -> None:
    """Let a person in again, with the password and second factor they had."""
    person = _find(unit, email)
    person.is_active = True
    _note(unit, "person:activated", person, by)


def reset_second_factor(unit: Unit, email: str, *, by: str) -> int:
    """Let a person who lost it in by the password alone, and sign them out everywhere. Returns the sessions ended."""
    person = _find(unit, email)
    second_factor.remove(unit, person)
    ended = sessions.end_all_sessions(unit, person.id or 0, reason="second factor reset")
    _note(unit, "person:second_factor_reset", person, by, sessions_ended=ended)
    return ended
