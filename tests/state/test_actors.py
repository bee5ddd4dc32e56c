"""Who is signed in is remembered only as long as it is certain."""

from __future__ import annotations

from typing import Any

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.accounts import sessions
from opsportal.live import sessions as live_sessions
from opsportal.live.sessions import Actors
from tests.builders import make_session

pytestmark = pytest.mark.usefixtures("portal")


def _end(actor: Any) -> None:
    with unit_of_work() as unit:
        sessions.end_session(unit, actor, actor.session_id)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sessions that were looked up in the database."""
    made: list[int] = []
    real = sessions.find_actor

    def counting(unit: Any, session_id: int) -> Any:
        made.append(session_id)
        return real(unit, session_id)

    monkeypatch.setattr(live_sessions.sessions, "find_actor", counting)
    return made


async def test_remembered_while_announcements_are_heard(reads: list[int]) -> None:
    actor, _ = make_session()
    reads.clear()
    actors = Actors()
    actors.hearing()
    assert [await actors.find(actor.session_id) for _ in range(3)] == [actor] * 3
    assert reads == [actor.session_id]
    _end(actor)
    actors.forget(actor.session_id)
    assert await actors.find(actor.session_id) is None


async def test_read_each_time_while_none_are_heard(reads: list[int]) -> None:
    actor, _ = make_session()
    reads.clear()
    actors = Actors()
    assert await actors.find(actor.session_id) == actor
    actors.hearing()
    assert await actors.find(actor.session_id) == actor
    actors.deaf()
    _end(actor)
    assert await actors.find(actor.session_id) is None
    assert len(reads) == 3


async def test_end_announced_during_the_reading_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading saw the session alive; its end was committed and announced before the reading returned."""
    actor, _ = make_session()
    actors = Actors()
    actors.hearing()
    real = live_sessions.in_unit

    async def overtaken(work: Any, *args: Any) -> Any:
        found = await real(work, *args)
        _end(actor)
        actors.forget(actor.session_id)
        return found

    monkeypatch.setattr(live_sessions, "in_unit", overtaken)
    await actors.find(actor.session_id)
    monkeypatch.setattr(live_sessions, "in_unit", real)
    assert await actors.find(actor.session_id) is None
