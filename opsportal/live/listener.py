"""One PostgreSQL connection per web process that hears every committed change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable

import psycopg
import structlog

from opsportal.db import LIVE_CHANNEL
from opsportal.settings import settings

log = structlog.get_logger("live")
RETRY_S = 0.5


class Listener:
    """Hears announcements and, when it was deaf for a while, says so."""

    def __init__(self, *, on_topics: Callable[[Iterable[str]], None], on_gap: Callable[[], None]) -> None:
        self._on_topics = on_topics
        self._on_gap = on_gap
        self.is_listening = False

    async def run(self) -> None:
        """Listen for ever; after a lost connection connect again and report the gap."""
        while True:
            try:
                await self._listen()
            except psycopg.OperationalError as lost:
                log.warning("listener_lost", error=type(lost).__name__)
            finally:
                self.is_listening = False
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        url = settings().database_url.get_secret_value()
        async with await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=5
        ) as connection:
            await connection.execute(f"LISTEN {LIVE_CHANNEL}")
            self.is_listening = True
            self._on_gap()
            async for notice in connection.notifies():
                self._on_topics(json.loads(notice.payload))
