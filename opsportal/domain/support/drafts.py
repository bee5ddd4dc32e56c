"""What was sent already. A browser that saw no answer sends the same draft again, and it is written once."""

from __future__ import annotations

import hashlib
import json
from typing import TypeVar

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.models import TicketMessage, TicketNote

Row = TypeVar("Row", TicketMessage, TicketNote)


def token_of(draft: str, *content: object) -> str | None:
    """By what a draft with this content is recognised; None for words that are no draft of a browser's.

    `draft` is the browser's number of it. Whoever changes the text before sending again says something else.
    """
    if not draft:
        return None
    return hashlib.sha256(json.dumps([draft, *content]).encode()).hexdigest()


def find_sent(unit: Unit, actor: Actor, kind: type[Row], token: str | None) -> Row | None:
    """What came of the actor's draft before. Ask with the lock held under which it is written."""
    if token is None:
        return None
    query = select(kind).where(col(kind.author_id) == actor.person_id, col(kind.token) == token)
    return unit.exec(query).first()
