"""All who are at one console: who watches, who types, and how the keyboard changes hands."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from opsportal.db import Unit, in_unit
from opsportal.domain.consoles import grants
from workers.consoles.viewers import Viewer

ANSWER_S = 15.0
"""So long the one who types may think about letting go; no answer is a yes."""
log = structlog.get_logger("consoles")


class Room:
    """The viewers of one console of one server. Exactly one of them types, or nobody."""

    def __init__(self, server_id: int) -> None:
        self.server_id = server_id
        self.viewers: dict[int, Viewer] = {}
        self._changing = asyncio.Lock()
        self._asking: Viewer | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def writer(self) -> Viewer | None:
        return next((one for one in self.viewers.values() if one.is_writer), None)

    def facts(self) -> dict[str, Any]:
        """What besides its people every viewer is told."""
        return {}

    def tell_all(self) -> None:
        """Tell everybody who is here, who types, and how the console is."""
        people = [one.described() for one in self.viewers.values()]
        for viewer in list(self.viewers.values()):
            asked = self._asking.attachment.person_name if self._asking else ""
            viewer.tell(type="state", you=viewer.id, viewers=people, asking=asked, **self.facts())

    async def enter(self, viewer: Viewer) -> None:
        """Somebody comes in; the keyboard is theirs if nobody has it."""
        self.viewers[viewer.id] = viewer
        if self.writer is None:
            await self._hand_to(viewer)
        self.tell_all()

    async def leave(self, viewer: Viewer) -> None:
        """Somebody has gone. Who had asked for their keyboard gets it."""
        self.viewers.pop(viewer.id, None)
        asking = self._forget_request() if viewer is self._asking or viewer.is_writer else None
        viewer.is_writer = False
        if asking is not None and asking is not viewer:
            await self._hand_to(asking)
        self.tell_all()

    async def heard(self, viewer: Viewer, message: dict[str, Any]) -> None:
        """A control message: `take` asks for the keyboard, `give` answers, `stay` says somebody is there."""
        kind = message.get("type")
        if kind in ("take", "give", "stay", "again"):
            viewer.used()
        if kind == "take" and not viewer.is_writer:
            await self._ask(viewer)
        elif kind == "give" and viewer.is_writer:
            await self._answer(is_yes=message.get("ok") is True)

    async def _ask(self, viewer: Viewer) -> None:
        if self.writer is None:
            await self._hand_to(viewer)
        elif self._asking is None:
            self._asking = viewer
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(ANSWER_S, lambda: self._in_background(self._silent(viewer)))
        self.tell_all()

    async def _silent(self, viewer: Viewer) -> None:
        if self._asking is viewer:
            await self._answer(is_yes=True)

    async def _answer(self, *, is_yes: bool) -> None:
        asking = self._forget_request()
        if asking is not None and is_yes:
            await self._hand_to(asking)
        elif asking is not None:
            asking.tell(type="kept")
        self.tell_all()

    def _forget_request(self) -> Viewer | None:
        asking, self._asking = self._asking, None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        return asking

    async def _hand_to(self, viewer: Viewer) -> None:
        """The database first: what it refuses (the grant has ended meanwhile) never types."""
        async with self._changing:
            if viewer.over.is_set() or viewer.id not in self.viewers:
                return
            before = self.writer
            if before is viewer:
                return
            taken_from = before.attachment.person_name if before else ""
            if not await in_unit(_take_over, viewer.id, taken_from):
                return
            if before is not None:
                before.is_writer = False
                before.tell(type="taken", by=viewer.attachment.person_name)
            viewer.is_writer = True

    def _in_background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _logged(work: Any) -> None:
    try:
        await work
    except Exception:
        log.exception("room_failed")


def _take_over(unit: Unit, grant_id: int, taken_from: str) -> bool:
    is_done = grants.take_writer(unit, grant_id)
    if is_done and taken_from:
        grants.note_take_over(unit, grant_id, from_name=taken_from)
    return is_done
