"""The live parts of this web process: the feed, the listener, and who is signed in.

The only module that knows how a ready-made delta reaches a tab (Reflex's `emit_update`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import reflex as rx
from reflex.state import StateUpdate

from opsportal.domain.refusals import Refusal
from opsportal.live.feed import Feed, Watch
from opsportal.live.listener import Listener
from opsportal.live.sessions import Actors

VAR_SUFFIX = "_rx_state_"


class Runtime:
    """What one web process remembers. Nothing in here is the truth."""

    def __init__(self) -> None:
        self.feed = Feed(self._push)
        self.actors = Actors()
        self.listener = Listener(on_topics=self._heard, on_gap=self._gap)
        self.app: rx.App | None = None
        self.on_session_ended: Callable[[int], None] = lambda _: None

    def attach(self, app: rx.App, *, on_session_ended: Callable[[int], None]) -> None:
        """Serve this app. A tab that disconnects is forgotten, unless it is connected again already."""
        self.app = app
        self.on_session_ended = on_session_ended
        namespace = app.event_namespace
        assert namespace is not None
        disconnected = namespace.on_disconnect

        def on_disconnect(sid: str) -> asyncio.Task[Any] | None:
            token = namespace.sid_to_token.get(sid)
            if token is not None and namespace.token_to_sid.get(token) == sid:
                self.feed.forget(token)
            return disconnected(sid)

        namespace.on_disconnect = on_disconnect  # type: ignore[method-assign]

    def _heard(self, topics: Iterable[str]) -> None:
        heard = list(topics)
        for topic in heard:
            kind, _, number = topic.partition(":")
            if kind == "session":
                self._session_changed(int(number))
        self.feed.changed(heard)

    def _session_changed(self, session_id: int) -> None:
        self.actors.forget(session_id)
        self.feed.forget_session(session_id)
        self.on_session_ended(session_id)

    def _gap(self) -> None:
        self.actors.forget_all()
        self.actors.is_fresh = True
        self.feed.everything_changed()

    async def _push(self, watch: Watch, value: Any, tokens: list[str]) -> None:
        assert self.app is not None
        changes = watch.view.refused(value) if isinstance(value, Refusal) else watch.view.vars(value)  # type: ignore[attr-defined]
        state = watch.view.state.get_full_name()  # type: ignore[attr-defined]
        update = StateUpdate(delta={state: {name + VAR_SUFFIX: v for name, v in changes.items()}})
        namespace = self.app.event_namespace
        assert namespace is not None
        await asyncio.gather(*(namespace.emit_update(update, token) for token in tokens))

    @contextlib.asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Listen while the process serves."""
        task = asyncio.create_task(self._listen(), name="live listener")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        while True:
            try:
                await self.listener.run()
            finally:
                self.actors.is_fresh = False


runtime = Runtime()
"""This process's one runtime."""
