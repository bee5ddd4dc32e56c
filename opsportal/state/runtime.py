"""The live parts of this web process: the feed, the listener, and who is signed in.

The only module that knows how a ready-made delta reaches a tab (as Reflex's `emit_update` does).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import reflex as rx
from reflex.state import StateUpdate
from reflex_base.constants import SocketEvent
from sqlalchemy.exc import SQLAlchemyError

from opsportal.db import in_unit
from opsportal.domain.accounts import sessions
from opsportal.domain.refusals import Refusal
from opsportal.live.feed import Feed, Watch
from opsportal.live.listener import Listener
from opsportal.live.sessions import Actors

VAR_SUFFIX = "_rx_state_"
_A_PERSON = re.compile(r"person:\d+")
"""Somebody has changed; `person:7:tickets` only says that what they see has."""


class Runtime:
    """What one web process remembers. Nothing in here is the truth."""

    def __init__(self) -> None:
        self.feed = Feed(self._push)
        self.actors = Actors()
        self.listener = Listener(on_topics=self._heard, on_hearing=self._hearing, on_deaf=self.actors.deaf)
        self.app: rx.App | None = None
        self.on_session_ended: Callable[[int], None] = lambda _: None
        self.open_sessions: Callable[[], Iterable[int]] = lambda: ()
        self._checking: set[asyncio.Task[None]] = set()

    def attach(
        self,
        app: rx.App,
        *,
        on_session_ended: Callable[[int], None],
        open_sessions: Callable[[], Iterable[int]] = lambda: (),
    ) -> None:
        """Serve this app. A tab that disconnects is forgotten, unless it is connected again already.

        `open_sessions` names the sessions that have a socket; `on_session_ended` closes them.
        """
        self.app = app
        self.on_session_ended = on_session_ended
        self.open_sessions = open_sessions
        namespace = app.event_namespace
        assert namespace is not None
        disconnected = namespace.on_disconnect

        def on_disconnect(sid: str) -> asyncio.Task[Any] | None:
            token = namespace.sid_to_token.get(sid)
            if token is not None and namespace.token_to_sid.get(token) == sid:
                self.feed.forget(token)
            return disconnected(sid)

        namespace.on_disconnect = on_disconnect  # type: ignore[method-assign]

    def is_connected(self, token: str) -> bool:
        """Whether a tab has its socket open; a handler may outlive it."""
        namespace = self.app.event_namespace if self.app else None
        return namespace is not None and token in namespace.token_to_sid

    def show(self, token: str, session_id: int, watches: Iterable[Watch]) -> None:
        """From now on this tab shows these watches. A tab that has gone shows nothing."""
        if self.is_connected(token):
            self.feed.show(token, session_id, watches)

    def _heard(self, topics: Iterable[str]) -> None:
        heard = list(topics)
        for topic in heard:
            kind, _, number = topic.partition(":")
            if kind == "session":
                self._session_ended(int(number))
        if any(map(_A_PERSON.fullmatch, heard)):
            # Rights hang on the person too: somebody deactivated, or with another role.
            self.actors.forget_all()
            self._check_sessions()
        self.feed.changed(heard)

    def _session_ended(self, session_id: int) -> None:
        self.actors.forget(session_id)
        self.feed.forget_session(session_id)
        self.on_session_ended(session_id)

    def _hearing(self) -> None:
        self.actors.hearing()
        self._check_sessions()
        self.feed.everything_changed()

    def _check_sessions(self) -> None:
        """End what has lost its rights unheard."""
        task = asyncio.get_running_loop().create_task(self._end_lost_sessions(), name="check sessions")
        self._checking.add(task)
        task.add_done_callback(self._checking.discard)

    async def _end_lost_sessions(self) -> None:
        held = frozenset(self.open_sessions())
        try:
            alive = await in_unit(sessions.find_alive, held) if held else held
        except SQLAlchemyError:
            return  # the listener has lost the database too, and will ask again when it is back
        for session_id in held - alive:
            self._session_ended(session_id)

    async def _push(self, news: Mapping[Watch, Any], tokens: list[str]) -> None:
        assert self.app is not None
        update = StateUpdate(delta=_delta(news))
        namespace = self.app.event_namespace
        assert namespace is not None
        sids = [sid for token in tokens if (sid := namespace.token_to_sid.get(token)) is not None]
        if sids:
            # One emit to all, not `emit_update` for each: it is encoded once, however many tabs there are.
            await namespace.emit(str(SocketEvent.EVENT), update, to=sids)

    @contextlib.asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Listen while the process serves."""
        # What was imported lives as long as we do: events should not wait while it is looked through
        # for garbage again and again.
        gc.collect()
        gc.freeze()
        task = asyncio.create_task(self.listener.run(), name="live listener")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _delta(news: Mapping[Watch, Any]) -> dict[str, dict[str, Any]]:
    """By State, what becomes of its vars."""
    delta: dict[str, dict[str, Any]] = defaultdict(dict)
    for watch, value in news.items():
        view: Any = watch.view
        changes = view.refused(value) if isinstance(value, Refusal) else view.vars(value)
        delta[view.state.get_full_name()] |= {name + VAR_SUFFIX: v for name, v in changes.items()}
    return dict(delta)


runtime = Runtime()
"""This process's one runtime."""
