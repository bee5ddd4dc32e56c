"""Telling the desk by mail that a person has to act, where nobody may be looking."""

from __future__ import annotations

from collections.abc import Sequence

from opsportal.db import Unit
from opsportal.domain.mail.letters import Mailbox, Piece, Text, queue_letter
from opsportal.settings import settings


def tell_desk(
    unit: Unit, *, kind: str, subject: Text, body: Sequence[Piece], about: tuple[str, int], key: str
) -> None:
    """One mail to DESK_MAIL, if there is one; once for a `key`, however often this is called."""
    address = settings().desk_mail
    if address:
        queue_letter(unit, to=Mailbox(address), kind=kind, subject=subject, body=body, about=about, key=key)
