"""One PostgreSQL connection per web process that hears every committed change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import psycopg
import structlog

from opsportal.db import LIVE_CHANNEL
from opsportal.settings import settings

log = structlog.get_logger("live")
RETRY_S = 0.5
KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}
"""A database host that vanished without a word is noticed after some 15 s."""


class Listener:
    """Hears announcements; says when it can and when it cannot, because then some are missed."""

    def __init__(
        self,
        *,
        on_topics: Callable[[Iterable[str]], None],
        on_hearing: Callable[[], None],
        on_deaf: Callable[[], None],
    ) -> None:
        self._on_topics = on_topics
        self._on_hearing = on_hearing
        self._on_deaf = on_deaf
        self.is_listening = False

    async def run(self) -> None:
        """Listen for ever; after a lost connection say so, connect again and say that too."""
        while True:
            try:
                await self._listen()
            except psycopg.Error as lost:
                log.warning("listener_lost", error=type(lost).__name__)
            except Exception:
                log.exception("listener_failed")
            finally:
                self.is_listening = False
                self._on_deaf()
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        url = settings().database_url.get_secret_value()
        async with await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=5, **KEEPALIVE
        ) as connection:
            await connection.execute(f"LISTEN {LIVE_CHANNEL}")
            self.is_listening = True
            self._on_hearing()
            async for notice in connection.notifies():
                self._on_topics(json.loads(notice.payload))
