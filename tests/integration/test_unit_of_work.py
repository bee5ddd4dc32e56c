"""What a unit of work announces, and when."""

from __future__ import annotations

import contextlib
import json

import psycopg

from opsportal.db import LIVE_CHANNEL, Unit, engine, unit_of_work
from opsportal.settings import Settings


def _heard(listener: psycopg.Connection) -> list[str]:
    listener.execute("SELECT 1")
    return [topic for notice in listener.notifies(timeout=0.5) for topic in json.loads(notice.payload)]


def test_only_what_is_committed_is_announced(portal: str) -> None:
    with psycopg.connect(portal, autocommit=True) as listener:
        listener.execute(f"LISTEN {LIVE_CHANNEL}")
        with contextlib.suppress(ZeroDivisionError), unit_of_work() as unit:
            unit.changed("lost")
            raise ZeroDivisionError
        with Unit(engine()) as unit:
            unit.changed("rolled back")
            unit.rollback()
            unit.changed("kept")
            unit.commit()
        assert _heard(listener) == ["kept"]


def test_many_topics_travel_in_several_announcements(portal: str) -> None:
    topics = [f"server:{n}" for n in range(2_000)]
    with psycopg.connect(portal, autocommit=True) as listener:
        listener.execute(f"LISTEN {LIVE_CHANNEL}")
        with unit_of_work() as unit:
            unit.changed(*topics)
        assert sorted(_heard(listener)) == sorted(topics)


def test_public_url_is_an_origin() -> None:
    assert Settings(public_url="https://portal.example/").public_url == "https://portal.example"
