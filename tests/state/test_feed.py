"""The live feed: one reading for all who look, one push for a tab, nothing lost, nobody held up by others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from opsportal.db import in_thread
from opsportal.domain.access import Actor
from opsportal.domain.refusals import NotFound, Refusal
from opsportal.live import feed as feeds
from opsportal.live.feed import Feed, Watch
from opsportal.models import Role

pytestmark = pytest.mark.usefixtures("portal")


class Shown:
    """A view of a number that tests change, which counts how often it is read."""

    def __init__(self, name: str = "shown", *, is_personal: bool = False) -> None:
        self.name, self.is_personal = name, is_personal
        self.value, self.reads = 0, 0
        self.before_reading: Callable[[], None] = lambda: None

    def topics(self, actor: Actor, params: Any) -> frozenset[str]:
        return frozenset({f"{self.name}:{params}"})

    async def load(self, actor: Actor, params: Any) -> Any:
        return await in_thread(self._read)

    def _read(self) -> Any:
        self.reads += 1
        value = self.value
        self.before_reading()
        return value


class Tabs:
    """What every tab was told."""

    def __init__(self) -> None:
        self.told: dict[str, list[Any]] = {}
        self.pushes: dict[str, int] = {}
        self.untellable: Any = None
        """A value that cannot be put on the wire."""
        self.news = asyncio.Condition()
        self.feed = Feed(self._push)

    async def _push(self, news: Mapping[Watch, Any], tokens: list[str]) -> None:
        if self.untellable in news.values():
            raise TypeError(self.untellable)
        for token in tokens:
            self.told.setdefault(token, []).extend(news.values())
            self.pushes[token] = self.pushes.get(token, 0) + 1
        async with self.news:
            self.news.notify_all()

    async def until(self, happened: Callable[[], bool], *, within: float = 60) -> None:
        async with asyncio.timeout(within), self.news:
            await self.news.wait_for(happened)

    def open(self, token: str, *watches: Watch, session: int = 1) -> None:
        self.feed.show(token, session, watches)
        self.feed.opened(token)
        tab = self.feed._tabs[token]
        tab.opened_at = 0.0  # long ago


def actor(person: int = 1, company: int = 1) -> Actor:
    return Actor(person_id=person, session_id=person, role=Role.CLIENT, company_id=company, name=f"P{person}")


async def test_one_reading_for_every_tab_of_a_company() -> None:
    tabs, view = Tabs(), Shown()
    for number in range(20):
        tabs.open(f"t{number}", Watch.make(view, actor(number), 7))
    view.value = 5
    tabs.feed.changed(["shown:7"])
    await tabs.until(lambda: len(tabs.told) == 20)
    assert view.reads == 1
    assert set(map(tuple, tabs.told.values())) == {(5,)}


async def test_companies_and_persons_are_read_apart() -> None:
    tabs, view, personal = Tabs(), Shown(), Shown("own", is_personal=True)
    for person, company in ((1, 1), (2, 1), (3, 2)):
        who = actor(person, company)
        tabs.open(f"t{person}", Watch.make(view, who, 7), Watch.make(personal, who, 7))
    tabs.feed.changed(["shown:7", "own:7"])
    await tabs.until(lambda: sum(map(len, tabs.told.values())) == 6)
    assert (view.reads, personal.reads) == (2, 3)


async def test_hundred_changes_are_few_readings_and_the_last_one_counts() -> None:
    tabs, view = Tabs(), Shown()
    tabs.open("t", Watch.make(view, actor(), 7))
    for number in range(100):
        view.value = number
        tabs.feed.changed(["shown:7"])
        await asyncio.sleep(0)
    await tabs.until(lambda: tabs.told.get("t", [0])[-1] == 99)
    assert view.reads <= 10


async def test_change_during_a_reading_is_read_again() -> None:
    tabs, view = Tabs(), Shown()
    tabs.open("t", Watch.make(view, actor(), 7))
    is_reading, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        is_reading.set()
        go_on.wait(60)

    view.before_reading = hold
    tabs.feed.changed(["shown:7"])
    await asyncio.to_thread(is_reading.wait, 60)
    view.value = 1
    tabs.feed.changed(["shown:7"])
    view.before_reading = lambda: None
    await asyncio.sleep(feeds.COALESCE_S * 2)
    go_on.set()
    await tabs.until(lambda: tabs.told.get("t", [0])[-1] == 1)
    assert tabs.told["t"] == [0, 1]


async def test_slow_view_holds_nobody_up() -> None:
    tabs, slow, quick = Tabs(), Shown("slow"), Shown("quick")
    tabs.open("t", Watch.make(slow, actor(), 7))
    tabs.open("u", Watch.make(quick, actor(), 7))
    go_on = threading.Event()
    slow.before_reading = lambda: go_on.wait(60) and None
    try:
        tabs.feed.changed(["slow:7", "quick:7"])
        await tabs.until(lambda: "u" in tabs.told)
        quick.value = 2
        tabs.feed.changed(["quick:7"])
        await tabs.until(lambda: tabs.told["u"] == [0, 2])
        assert "t" not in tabs.told
    finally:
        go_on.set()
    await tabs.until(lambda: "t" in tabs.told)


async def test_all_that_changed_for_a_tab_is_one_push(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "GATHER_S", 60)
    tabs, views = Tabs(), [Shown(name) for name in ("a", "b", "c")]
    for number, shown in enumerate((views, views, views[:1])):
        tabs.open(f"t{number}", *(Watch.make(view, actor(), 7) for view in shown))
    for number, view in enumerate(views):
        view.value = number + 1
        tabs.feed.changed([f"{view.name}:7"])
    await tabs.until(lambda: sum(map(len, tabs.told.values())) == 7)
    assert {token: sorted(values) for token, values in tabs.told.items()} == {
        "t0": [1, 2, 3],
        "t1": [1, 2, 3],
        "t2": [1],
    }
    assert (tabs.pushes, [view.reads for view in views]) == ({"t0": 1, "t1": 1, "t2": 1}, [1, 1, 1])


async def test_slow_view_holds_its_own_tab_up_only_a_little() -> None:
    tabs, slow, quick = Tabs(), Shown("slow"), Shown("quick")
    tabs.open("t", Watch.make(slow, actor(), 7), Watch.make(quick, actor(), 7))
    go_on = threading.Event()
    slow.before_reading = lambda: go_on.wait(60) and None
    try:
        for number in (1, 2):
            quick.value = number
            tabs.feed.changed(["slow:7", "quick:7"])
            await tabs.until(lambda number=number: tabs.told.get("t", [0])[-1] == number)
    finally:
        go_on.set()
    slow.value = 3
    await tabs.until(lambda: tabs.told["t"][-1] == 3)
    assert tabs.told["t"] == [1, 2, 0, 3]


async def test_what_waits_for_a_slow_view_is_not_told_to_a_session_that_ended_meanwhile() -> None:
    tabs, slow, quick = Tabs(), Shown("slow"), Shown("quick")
    tabs.open("t", Watch.make(slow, actor(), 7), Watch.make(quick, actor(), 7), session=1)
    tabs.open("u", Watch.make(quick, actor(), 7), session=2)
    go_on = threading.Event()
    slow.before_reading = lambda: go_on.wait(60) and None
    try:
        tabs.feed.changed(["slow:7", "quick:7"])
        await tabs.until(lambda: "u" in tabs.told)
        assert tabs.feed.forget_session(1) == ["t"]
    finally:
        go_on.set()
    await asyncio.sleep(feeds.GATHER_S * 1.5)
    assert set(tabs.told) == {"u"}


async def test_what_cannot_be_told_keeps_nothing_else_from_being_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "RETRY_S", 0.05)
    tabs, broken, whole = Tabs(), Shown("broken"), Shown("whole")
    tabs.open("t", Watch.make(broken, actor(), 7), Watch.make(whole, actor(), 7))
    broken.value, whole.value, tabs.untellable = 1, 2, 1
    tabs.feed.changed(["broken:7", "whole:7"])
    await tabs.until(lambda: tabs.told.get("t") == [2])
    broken.value = 3
    await tabs.until(lambda: tabs.told["t"] == [2, 3])


async def test_change_between_subscription_and_first_read_is_told_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page reads, something changes and is pushed, and only then does what the page read arrive."""
    monkeypatch.setattr(feeds, "SETTLE_S", 0.05)
    tabs, view = Tabs(), Shown()
    tabs.feed.show("t", 1, [Watch.make(view, actor(), 7)])
    view.value = 1
    tabs.feed.changed(["shown:7"])
    await tabs.until(lambda: tabs.told.get("t") == [1])
    tabs.feed.opened("t")
    await tabs.until(lambda: tabs.told["t"] == [1, 1])


async def test_what_cannot_be_read_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "RETRY_S", 0.05)
    tabs, view = Tabs(), Shown()
    tabs.open("t", Watch.make(view, actor(), 7))

    def fail() -> None:
        view.before_reading = lambda: None
        raise OSError("the database is away")

    view.before_reading = fail
    tabs.feed.changed(["shown:7"])
    await tabs.until(lambda: tabs.told.get("t") == [0])
    assert view.reads == 2


async def test_refusal_is_told_instead_of_data() -> None:
    tabs, view = Tabs(), Shown()
    tabs.open("t", Watch.make(view, actor(), 7))

    def refuse() -> None:
        raise NotFound

    view.before_reading = refuse
    tabs.feed.changed(["shown:7"])
    await tabs.until(lambda: "t" in tabs.told)
    (told,) = tabs.told["t"]
    assert isinstance(told, Refusal)


async def test_forgotten_tabs_are_told_nothing_and_leave_nothing_behind() -> None:
    tabs, view = Tabs(), Shown()
    watch = Watch.make(view, actor(), 7)
    for token, session in (("a", 1), ("b", 1), ("c", 2)):
        tabs.open(token, watch, session=session)
    assert sorted(tabs.feed.forget_session(1)) == ["a", "b"]
    tabs.feed.changed(["shown:7"])
    await tabs.until(lambda: "c" in tabs.told)
    assert set(tabs.told) == {"c"}
    tabs.feed.forget("c")
    tabs.feed.changed(["shown:7"])
    tabs.feed.everything_changed()
    await asyncio.sleep(feeds.COALESCE_S * 3)
    assert (view.reads, tabs.feed.tab_count) == (1, 0)
    assert (dict(tabs.feed._showing), dict(tabs.feed._by_topic), tabs.feed._dirty) == ({}, {}, set())


async def test_going_to_another_page_replaces_what_a_tab_shows() -> None:
    tabs, first, second = Tabs(), Shown("first"), Shown("second")
    tabs.open("t", Watch.make(first, actor(), 7))
    tabs.open("t", Watch.make(second, actor(), 7))
    tabs.feed.changed(["first:7", "second:7"])
    await tabs.until(lambda: "t" in tabs.told)
    assert (first.reads, second.reads, tabs.feed.tab_count) == (0, 1, 1)
