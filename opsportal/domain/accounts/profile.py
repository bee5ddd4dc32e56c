"""What a person may change about themselves."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.refusals import BadRequest
from opsportal.models import Person

LOCALES = ("en", "uk", "es")


def set_locale(unit: Unit, actor: Actor, locale: str) -> None:
    """Remember the language in which the actor reads the portal and its mails."""
    if locale not in LOCALES:
        raise BadRequest
    unit.get_one(Person, actor.person_id).locale = locale
    unit.changed(f"person:{actor.person_id}")
