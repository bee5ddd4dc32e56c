"""One browser at a console, as the gateway sees it: its channel, whether it types, and when it must go."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from opsportal.domain.consoles import endings
from opsportal.domain.consoles.grants import Attachment
from opsportal.integrations.console_channel import CONTROL, DATA, Channel, ChannelLost
from opsportal.models.base import utcnow
from opsportal.settings import settings

MOST_BACKLOG = 1 << 19
"""Bytes that a viewer may be behind. Whoever is slower is let go, and comes back to the present."""
_WARNING_SHARE = 15
"""The warning comes when a fifteenth of the idle time is left: of a quarter of an hour, the last minute."""


class Viewer:
    """Somebody at a console. `ended` has the reason as soon as there is one, and `over` is set."""

    def __init__(self, attachment: Attachment, channel: Channel) -> None:
        self.attachment = attachment
        self.channel = channel
        self.is_writer = False
        self.over = asyncio.Event()
        self.ended: str | None = None
        self._used_at = time.monotonic()
        left = (attachment.ends_at - utcnow()).total_seconds()
        self._until = time.monotonic() + min(settings().console_limit_s, left)
        self._warned_at: float | None = None

    @property
    def id(self) -> int:
        return self.attachment.grant_id

    def described(self) -> dict[str, Any]:
        """What the others see of this one."""
        who = self.attachment
        return {"id": self.id, "name": who.person_name, "staff": who.is_staff, "writer": self.is_writer}

    def used(self) -> None:
        """A key, a click, an answer: somebody is there."""
        self._used_at = time.monotonic()
        self._warned_at = None

    def tell(self, **message: Any) -> None:
        """A control message; what it replaces is not waited for."""
        if not self.over.is_set():
            self.channel.put(CONTROL, json.dumps(message).encode())

    def show(self, data: bytes) -> None:
        """Bytes of the console, without waiting: a slow viewer must not hold the others up."""
        if self.over.is_set():
            return
        if self.channel.backlog > MOST_BACKLOG:
            self.end(endings.TOO_SLOW)
            return
        self.channel.put(DATA, data)

    def end(self, reason: str) -> None:
        """This viewer sees nothing more. The first reason stays."""
        if self.ended is None:
            self.ended = reason
            self.tell(type="ended", reason=reason)
            self.over.set()

    async def watch_time(self) -> None:
        """Warn of idleness, then end; end at the limit in any case. Returns when the viewer has ended.

        Nobody goes unwarned: where the warning was late, because this process was, the end is as much later.
        """
        idle_s = settings().console_idle_s
        warn_s = idle_s / _WARNING_SHARE
        while not self.over.is_set():
            now = time.monotonic()
            due = self._used_at + idle_s - warn_s if self._warned_at is None else self._warned_at + warn_s
            if now >= self._until:
                self.end(endings.LIMIT)
            elif now < due:
                await self._sleep(min(due, self._until) - now)
            elif self._warned_at is None:
                self._warned_at = now
                self.tell(type="idle", seconds=round(warn_s))
            else:
                self.end(endings.IDLE)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self.over.wait()
        except TimeoutError:
            pass

    async def receive(self) -> tuple[bytes, bytes]:
        """The next frame from the browser. Raises ChannelLost when it or the web process has gone."""
        receiving = asyncio.ensure_future(self.channel.receive())
        ending = asyncio.ensure_future(self.over.wait())
        try:
            await asyncio.wait((receiving, ending), return_when=asyncio.FIRST_COMPLETED)
            if self.over.is_set():
                raise ChannelLost
            return receiving.result()
        finally:
            ending.cancel()
            if not receiving.done():
                receiving.cancel()
            elif not receiving.cancelled():
                receiving.exception()  # looked at: a lost channel needs no complaint in the log


def parse_control(content: bytes) -> dict[str, Any]:
    """A control message of a browser. Anything odd is an empty one: it means nothing."""
    try:
        message = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
