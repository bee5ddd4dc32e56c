"""The live feed of one web process.

A page that opens says what it shows: a *watch* is a view, its parameters and on whose behalf.
A committed change announces topics (see `opsportal.db`); the feed finds the watches that show
them, loads each distinct one once, however many tabs show it, and hands every such tab the same
ready-made delta. The view's loader authorises again on each push, so a tab that has lost its
rights is told so instead of the data.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import structlog

from opsportal.domain.access import Actor
from opsportal.domain.refusals import Refusal

log = structlog.get_logger("live")

COALESCE_S = 0.03
"""A transaction often announces several topics, and a job several transactions: wait this long for company."""
SETTLE_S = 0.6
"""What a page read first may reach it after a push that is newer: so much later it is told once more."""
RETRY_S = 1.0
"""A view that could not be read is tried again after this."""


class View(Protocol):
    """Something a page shows: which topics change it, and how it is read."""

    @property
    def name(self) -> str: ...

    @property
    def is_personal(self) -> bool:
        """Whether it differs from person to person of the same role and company."""
        ...

    def topics(self, actor: Actor, params: Any) -> frozenset[str]:
        """The announcements after which it must be read again."""
        ...

    async def load(self, actor: Actor, params: Any) -> Any:
        """Read it, authorised on the object. Raises a Refusal when the actor may not see it."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Watch:
    """A view that some tab shows. Equal watches show the same and are loaded once."""

    view: View
    actor: Actor
    params: Any

    @classmethod
    def make(cls, view: View, actor: Actor, params: Any) -> Watch:
        """A watch on the actor's behalf; on behalf of everybody of the same role and company if that is all."""
        if not view.is_personal:
            actor = Actor(person_id=0, session_id=0, role=actor.role, company_id=actor.company_id, name="")
        return cls(view, actor, params)

    def topics(self) -> frozenset[str]:
        return self.view.topics(self.actor, self.params)


@dataclasses.dataclass(slots=True)
class Tab:
    """An open page: what it shows, and for which session."""

    session_id: int
    watches: frozenset[Watch] = frozenset()
    opened_at: float | None = None
    """When its first read had ended; None while it is under way."""
    overtaken: set[Watch] = dataclasses.field(default_factory=set)
    """What was pushed while the first read was under way."""


Push = Callable[[Watch, Any, list[str]], Awaitable[None]]


class Feed:
    """Who shows what in this process. Lives on the event loop; nothing here blocks."""

    def __init__(self, push: Push) -> None:
        self._push = push
        self._tabs: dict[str, Tab] = {}
        self._showing: dict[Watch, set[str]] = defaultdict(set)
        self._by_topic: dict[str, set[Watch]] = defaultdict(set)
        self._dirty: set[Watch] = set()
        self._waking: asyncio.TimerHandle | None = None
        self._reading: dict[Watch, asyncio.Task[None]] = {}

    @property
    def tab_count(self) -> int:
        return len(self._tabs)

    def show(self, token: str, session_id: int, watches: Iterable[Watch]) -> None:
        """Replace what a tab shows. Call before the page's own first read, so that no change falls between."""
        self.forget(token)
        tab = Tab(session_id, frozenset(watches))
        self._tabs[token] = tab
        for watch in tab.watches:
            if watch not in self._showing:
                for topic in watch.topics():
                    self._by_topic[topic].add(watch)
            self._showing[watch].add(token)

    def opened(self, token: str) -> None:
        """The tab's own first read has ended and is on its way to it."""
        tab = self._tabs.get(token)
        if tab is not None:
            loop = asyncio.get_running_loop()
            tab.opened_at = loop.time()
            for watch in tab.overtaken:
                loop.call_later(SETTLE_S, self._again, watch)
            tab.overtaken.clear()

    def forget(self, token: str) -> None:
        """The tab is gone."""
        tab = self._tabs.pop(token, None)
        for watch in tab.watches if tab else ():
            tokens = self._showing[watch]
            tokens.discard(token)
            if not tokens:
                self._drop(watch)

    def forget_session(self, session_id: int) -> list[str]:
        """A session has ended: none of its tabs is told anything any more. Returns those tabs."""
        tokens = [token for token, tab in self._tabs.items() if tab.session_id == session_id]
        for token in tokens:
            self.forget(token)
        return tokens

    def _drop(self, watch: Watch) -> None:
        del self._showing[watch]
        self._dirty.discard(watch)
        for topic in watch.topics():
            watching = self._by_topic[topic]
            watching.discard(watch)
            if not watching:
                del self._by_topic[topic]

    def changed(self, topics: Iterable[str]) -> None:
        """These topics have changed: every tab that shows them will be told soon."""
        for topic in topics:
            self._dirty |= self._by_topic.get(topic, set())
        self._wake()

    def everything_changed(self) -> None:
        """Announcements may have been missed: tell every tab the truth again."""
        self._dirty |= set(self._showing)
        self._wake()

    def _wake(self) -> None:
        if self._dirty and self._waking is None:
            self._waking = asyncio.get_running_loop().call_later(COALESCE_S, self._read_dirty)

    def _read_dirty(self) -> None:
        """Read what has changed, each watch by itself: a slow one delays nobody else."""
        self._waking = None
        for watch in self._dirty - self._reading.keys():
            self._dirty.discard(watch)
            task = asyncio.create_task(self._refresh(watch), name=f"live {watch.view.name}")
            self._reading[watch] = task
            task.add_done_callback(functools.partial(self._read, watch))

    def _read(self, watch: Watch, task: asyncio.Task[None]) -> None:
        del self._reading[watch]
        if not task.cancelled() and task.exception() is not None:
            log.error("view_failed", view=watch.view.name, exc_info=task.exception())
            task.get_loop().call_later(RETRY_S, self._again, watch)
        if watch in self._dirty:  # changed again while it was being read
            self._wake()

    async def _refresh(self, watch: Watch) -> None:
        if watch not in self._showing:
            return
        try:
            value: Any = await watch.view.load(watch.actor, watch.params)
        except Refusal as refusal:
            value = refusal
        tokens = list(self._showing.get(watch, ()))
        if tokens:
            await self._push(watch, value, tokens)
            self._settle(watch, tokens)

    def _settle(self, watch: Watch, tokens: list[str]) -> None:
        loop = asyncio.get_running_loop()
        opened_just_now = False
        for tab in filter(None, map(self._tabs.get, tokens)):
            if tab.opened_at is None:
                tab.overtaken.add(watch)
            elif loop.time() - tab.opened_at < SETTLE_S:
                opened_just_now = True
        if opened_just_now:
            loop.call_later(SETTLE_S, self._again, watch)

    def _again(self, watch: Watch) -> None:
        if watch in self._showing:
            self._dirty.add(watch)
            self._wake()
