"""Who is signed in, remembered for an instant and forgotten the moment it changes.

Every event needs its actor. Reading it from the database each time would double the cost of an
event, so it is kept, but only while this process hears announcements, and dropped as soon as one
says that the session or the person has changed.
"""

from __future__ import annotations

import time

from opsportal.db import in_unit
from opsportal.domain.access import Actor
from opsportal.domain.accounts import sessions

KEEP_S = 30.0
"""A session that ran out by itself is noticed this late by events; its sockets are closed on time."""


class Actors:
    """session id → actor, for as long as nothing has changed."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Actor]] = {}
        self._changes = 0
        self.is_fresh = False
        """Whether announcements are heard. If not, nothing is remembered."""

    async def find(self, session_id: int) -> Actor | None:
        """The actor of a signed-in session; None when it has ended."""
        known = self._known.get(session_id)
        if self.is_fresh and known and known[0] > time.monotonic():
            return known[1]
        changes = self._changes
        actor = await in_unit(sessions.find_actor, session_id)
        if actor is None:
            self._known.pop(session_id, None)
        elif self.is_fresh and changes == self._changes:
            # Not if something changed meanwhile: what was read may be from before.
            self._known[session_id] = (time.monotonic() + KEEP_S, actor)
        return actor

    def forget(self, session_id: int) -> None:
        self._changes += 1
        self._known.pop(session_id, None)

    def forget_all(self) -> None:
        self._changes += 1
        self._known.clear()

    def deaf(self) -> None:
        """Announcements are not heard any more: remember nothing until they are again."""
        self.is_fresh = False
        self.forget_all()

    def hearing(self) -> None:
        """Announcements are heard from now on."""
        self.forget_all()
        self.is_fresh = True
