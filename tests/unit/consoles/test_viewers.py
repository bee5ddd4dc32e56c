"""A viewer is warned of idleness and then let go; nobody stays longer than the limit or the session."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any

import pytest

from opsportal.domain.consoles.grants import Attachment
from opsportal.models import ConsoleKind
from opsportal.models.base import utcnow
from opsportal.settings import settings
from workers.consoles.viewers import MOST_BACKLOG, Viewer, parse_control

HOUR = dt.timedelta(hours=1)


class _Wire:
    """What a viewer is sent, without a connection."""

    backlog = 0

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.shown = b""

    def put(self, kind: bytes, content: bytes) -> None:
        if kind == b"c":
            self.told.append(json.loads(content))
        else:
            self.shown += content


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the two times for this test."""

    def put(**seconds: float) -> None:
        for name, value in seconds.items():
            monkeypatch.setenv(f"CONSOLE_{name.upper()}_S", str(value))
        settings.cache_clear()

    yield put
    monkeypatch.undo()
    settings.cache_clear()


def make_viewer(*, left: dt.timedelta = HOUR) -> tuple[Viewer, _Wire]:
    wire = _Wire()
    who = Attachment(
        grant_id=1,
        server_id=1,
        service_id=None,
        kind=ConsoleKind.SERIAL,
        person_id=1,
        person_name="Petr",
        is_staff=False,
        ends_at=utcnow() + left,
    )
    viewer = Viewer(who, wire)  # type: ignore[arg-type]
    return viewer, wire


async def _watched(viewer: Viewer) -> None:
    async with asyncio.timeout(30):
        await viewer.watch_time()


async def test_idle_viewer_is_warned_then_let_go(times: Any) -> None:
    times(idle=0.3)
    viewer, wire = make_viewer()
    await _watched(viewer)
    assert [one["type"] for one in wire.told] == ["idle", "ended"]
    assert viewer.ended == "idle"


async def test_whoever_types_is_not_idle(times: Any) -> None:
    times(idle=3600)
    viewer, wire = make_viewer()
    viewer._used_at -= 3595  # a warning is due
    watching = asyncio.create_task(viewer.watch_time())
    while not wire.told:  # noqa: ASYNC110 (told from a callback of the same loop)
        await asyncio.sleep(0)
    assert wire.told[0]["type"] == "idle"
    viewer.used()
    await asyncio.sleep(0)
    assert viewer.ended is None
    watching.cancel()


async def test_nobody_stays_longer_than_the_limit(times: Any) -> None:
    times(idle=3600, limit=0.1)
    viewer, wire = make_viewer()
    await _watched(viewer)
    assert wire.told == [{"type": "ended", "reason": "limit"}]


async def test_nobody_stays_longer_than_the_session(times: Any) -> None:
    times(idle=3600)
    viewer, _ = make_viewer(left=dt.timedelta(seconds=-1))
    await _watched(viewer)
    assert viewer.ended == "limit"


async def test_whoever_is_too_slow_is_let_go(times: Any) -> None:
    viewer, wire = make_viewer()
    viewer.show(b"seen")
    wire.backlog = MOST_BACKLOG + 1
    viewer.show(b"not any more")
    viewer.end("another reason")
    assert (wire.shown, viewer.ended) == (b"seen", "too_slow")


@pytest.mark.parametrize("sent", [b"", b"[]", b"null", b"1", b"\xff", b"{", b'"take"', b"[" * 100_000])
def test_what_is_no_message_means_nothing(sent: bytes) -> None:
    assert parse_control(sent) == {}
