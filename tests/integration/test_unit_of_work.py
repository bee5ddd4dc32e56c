"""What a unit of work announces, and when."""

from __future__ import annotations

import contextlib
import json

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from opsportal.db import LIVE_CHANNEL, OUTBOX_CHANNEL, Unit, engine, unit_of_work
from opsportal.models import Company
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


def _lose_a_race(unit: Unit) -> None:
    """A savepoint ends well inside one that does not."""
    outer = unit.begin_nested()
    with unit.begin_nested():
        unit.changed("inside")
    unit.add(Company(name="Lost Race", country="CZ", currency="not one", locale="en"))
    with pytest.raises(IntegrityError):
        unit.flush()
    outer.rollback()


def test_a_savepoint_that_fails_silences_nothing(portal: str) -> None:
    """What was said before somebody lost a race for a unique row is announced all the same."""
    with psycopg.connect(portal, autocommit=True) as listener:
        listener.execute(f"LISTEN {LIVE_CHANNEL}")
        with unit_of_work() as unit:
            unit.changed("before")
            _lose_a_race(unit)
            assert _heard(listener) == []
        assert "before" in _heard(listener)


def test_a_savepoint_that_fails_still_wakes_the_dispatcher(portal: str) -> None:
    with psycopg.connect(portal, autocommit=True) as listener:
        listener.execute(f"LISTEN {OUTBOX_CHANNEL}")
        with unit_of_work() as unit:
            unit.enqueue("hardware", "hardware_job", 1)
            unit.flush()
            _lose_a_race(unit)
        assert len(list(listener.notifies(timeout=60, stop_after=1))) == 1


def test_many_topics_travel_in_several_announcements(portal: str) -> None:
    topics = [f"server:{n}" for n in range(2_000)]
    with psycopg.connect(portal, autocommit=True) as listener:
        listener.execute(f"LISTEN {LIVE_CHANNEL}")
        with unit_of_work() as unit:
            unit.changed(*topics)
        assert sorted(_heard(listener)) == sorted(topics)


def test_public_url_is_an_origin() -> None:
    assert Settings(public_url="https://portal.example/").public_url == "https://portal.example"
