"""The live feed of one web process.

A page that opens says what it shows: a *watch* is a view, its parameters and on whose behalf.
A committed change announces topics (see `opsportal.db`); the feed finds the watches that show
them, loads each distinct one once, however many tabs show it, and tells every such tab in one push
what is new of all that it shows: the same ready-made delta to all for whom the same is new. The view's
loader authorises again on each push, so a tab that has lost its rights is told so instead of the data.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

import structlog

from opsportal.domain.access import Actor
from opsportal.domain.refusals import Refusal

log = structlog.get_logger("live")

COALESCE_S = 0.03
"""A transaction often announces several topics, and a job several transactions: wait this long for company."""
GATHER_S = 0.5
"""What was read for a tab waits for whatever else is being read for it, but no longer than this: a slow view
holds up its own tab a little, and no other."""
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


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """What a watch showed when it was read: the value, or the refusal to show it any longer."""

    watch: Watch
    value: Any


@dataclasses.dataclass(eq=False, slots=True)
class Tab:
    """An open page: what it shows, and for which session."""

    token: str
    session_id: int
    watches: frozenset[Watch] = frozenset()
    opened_at: float | None = None
    """When its first read had ended; None while it is under way."""
    overtaken: set[Watch] = dataclasses.field(default_factory=set)
    """What was pushed while the first read was under way."""
    awaited: int = 0
    """So many of its watches are being read."""
    news: dict[Watch, Reading] = dataclasses.field(default_factory=dict)
    """What was read and is not pushed yet; another dict after each push."""


Push = Callable[[Mapping[Watch, Any], list[str]], Awaitable[None]]
"""Tells tabs what these watches show now, or the refusal of each that may not be shown any longer."""


class Feed:
    """Who shows what in this process. Lives on the event loop; nothing here blocks."""

    def __init__(self, push: Push) -> None:
        self._push = push
        self._tabs: dict[str, Tab] = {}
        self._showing: dict[Watch, set[str]] = defaultdict(set)
        self._by_topic: dict[str, set[Watch]] = defaultdict(set)
        self._dirty: set[Watch] = set()
        self._waking: asyncio.TimerHandle | None = None
        self._reading: dict[Watch, asyncio.Task[Any]] = {}
        self._due: set[Tab] = set()
        self._telling: asyncio.Task[None] | None = None

    @property
    def tab_count(self) -> int:
        return len(self._tabs)

    def show(self, token: str, session_id: int, watches: Iterable[Watch]) -> None:
        """Replace what a tab shows. Call before the page's own first read, so that no change falls between."""
        self.forget(token)
        tab = Tab(token, session_id, frozenset(watches))
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
        """Read what has changed, each watch by itself: a slow one holds nobody else up."""
        self._waking = None
        for watch in self._dirty - self._reading.keys():
            self._dirty.discard(watch)
            tabs = self._tabs_showing(watch)
            for tab in tabs:
                tab.awaited += 1
            task = asyncio.create_task(_load(watch), name=f"live {watch.view.name}")
            self._reading[watch] = task
            task.add_done_callback(functools.partial(self._read, watch, tabs))

    def _tabs_showing(self, watch: Watch) -> set[Tab]:
        return {self._tabs[token] for token in self._showing.get(watch, ())}

    def _read(self, watch: Watch, tabs: set[Tab], task: asyncio.Task[Any]) -> None:
        """A reading has ended that these tabs waited for."""
        del self._reading[watch]
        for tab in tabs:
            tab.awaited -= 1
        if not task.cancelled():
            error = task.exception()
            if error is not None:
                self._failed(watch, error)
            else:
                tabs = tabs | self._note(Reading(watch, task.result()))
        if watch in self._dirty:  # changed again while it was being read
            self._wake()
        self._gather(tabs)

    def _failed(self, watch: Watch, error: BaseException) -> None:
        log.error("view_failed", view=watch.view.name, exc_info=error)
        asyncio.get_running_loop().call_later(RETRY_S, self._again, watch)

    def _note(self, reading: Reading) -> set[Tab]:
        """News for every tab that shows it by now, in place of older ones. Returns those tabs."""
        tabs = self._tabs_showing(reading.watch)
        for tab in tabs:
            tab.news[reading.watch] = reading
        return tabs

    def _gather(self, tabs: Iterable[Tab]) -> None:
        """Tell those for whom nothing more is being read; the others when they have waited long enough."""
        with_news = [tab for tab in tabs if tab.news]
        self._tell(tab for tab in with_news if not tab.awaited)
        waiting = [(tab, tab.news) for tab in with_news if tab.awaited]
        if waiting:
            asyncio.get_running_loop().call_later(GATHER_S, self._waited, waiting)

    def _waited(self, waiting: Iterable[tuple[Tab, dict[Watch, Reading]]]) -> None:
        self._tell(tab for tab, news in waiting if tab.news is news)

    def _tell(self, tabs: Iterable[Tab]) -> None:
        self._due.update(tabs)
        if self._due and self._telling is None:
            self._telling = asyncio.create_task(self._tell_due(), name="live push")

    async def _tell_due(self) -> None:
        """One push after the other: nothing that was read earlier may arrive later."""
        try:
            while self._due:
                for readings, tabs in self._take_news().items():
                    await self._tell_alike(readings, tabs)
        finally:
            self._telling = None

    def _take_news(self) -> dict[frozenset[Reading], list[Tab]]:
        """Who is told what: together those for whom the same is new."""
        alike: dict[frozenset[Reading], list[Tab]] = defaultdict(list)
        for tab in self._due:
            if tab.news:
                alike[frozenset(tab.news.values())].append(tab)
                tab.news = {}
        self._due = set()
        return alike

    async def _tell_alike(self, readings: Collection[Reading], told: Iterable[Tab]) -> None:
        tabs = [tab for tab in told if self._tabs.get(tab.token) is tab]  # not gone meanwhile
        if not tabs:
            return
        try:
            await self._push({one.watch: one.value for one in readings}, [tab.token for tab in tabs])
        except Exception as error:
            await self._tell_apart(readings, tabs, error)
        else:
            self._settle({one.watch for one in readings}, tabs)

    async def _tell_apart(self, readings: Collection[Reading], tabs: list[Tab], error: Exception) -> None:
        """What cannot be told must not keep the rest from being told."""
        for one in readings:
            if len(readings) == 1:
                self._failed(one.watch, error)
            else:
                await self._tell_alike([one], tabs)

    def _settle(self, watches: set[Watch], tabs: Iterable[Tab]) -> None:
        loop = asyncio.get_running_loop()
        opened_just_now = False
        for tab in tabs:
            if tab.opened_at is None:
                tab.overtaken |= watches
            elif loop.time() - tab.opened_at < SETTLE_S:
                opened_just_now = True
        for watch in watches if opened_just_now else ():
            loop.call_later(SETTLE_S, self._again, watch)

    def _again(self, watch: Watch) -> None:
        if watch in self._showing:
            self._dirty.add(watch)
            self._wake()


async def _load(watch: Watch) -> Any:
    try:
        return await watch.view.load(watch.actor, watch.params)
    except Refusal as refusal:
        return refusal
