"""A queue without listener and a worker gone silent reach people who do not look: once, and once when it is over."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.refusals import Forbidden
from opsportal.domain.upkeep import outages
from opsportal.domain.upkeep.troubles import Trouble
from opsportal.integrations import queue_watch
from opsportal.integrations.queue_watch import QUEUES, STALE_S, Seen, SeenQueue, SeenWorker
from opsportal.models import Mail, Outage, Role
from opsportal.models.base import utcnow
from opsportal.settings import settings
from tests.builders import make_actor
from tests.integration.mail.servers import Post, post_office
from workers import watch

pytestmark = pytest.mark.usefixtures("portal")
START = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
MAIL = Trouble("queue:mail", waiting=7)
LOST = Trouble("lost:hardware", workers=("hardware.host.17.abc",))


@pytest.fixture(autouse=True)
def _desk(monkeypatch: pytest.MonkeyPatch, portal: str) -> None:
    monkeypatch.setenv("DESK_MAIL", "desk@northrack.example")
    settings.cache_clear()


def _look(*troubles: Trouble, after_s: float = 0, unsure: bool = False) -> int:
    with unit_of_work() as unit:
        return outages.keep(
            unit,
            {one.part: one for one in troubles},
            is_unsure=lambda _: unsure,
            now=START + dt.timedelta(seconds=after_s),
        )


def _subjects() -> list[str]:
    with unit_of_work() as unit:
        return list(unit.exec(select(Mail.subject).order_by(col(Mail.id))))


def _open() -> list[str]:
    with unit_of_work() as unit:
        return [row.part for row in outages.list_open(make_actor(role=Role.TECHNICIAN), unit)]


def test_a_queue_without_listener_is_told_once_and_once_when_it_is_over() -> None:
    for after_s in (0, 30, 59):
        assert _look(MAIL, after_s=after_s) == 0
    assert (_open(), _subjects()) == ([], [])
    assert [_look(MAIL, after_s=after_s) for after_s in (60, 70, 3_600)] == [1, 0, 0]
    assert (_open(), _subjects()) == (["queue:mail"], ["Nobody works on the queue mail"])
    with unit_of_work() as unit:
        (mail,) = unit.exec(select(Mail))
    assert mail.to_address == "desk@northrack.example"
    assert "Mar 1, 2027, 12:00:00" in mail.body_text.replace("\u202f", " ")
    assert "Calls that wait there: 7." in mail.body_text
    assert [_look(after_s=4_000), _look(after_s=4_010)] == [1, 0]
    assert (_open(), _subjects()[1:]) == ([], ["The queue mail is worked on again"])
    _look(MAIL, after_s=5_000)  # another outage, and another mail
    assert _look(MAIL, after_s=5_100) == 1
    assert len(_subjects()) == 3


def test_a_restart_leaves_no_trace() -> None:
    _look(MAIL)
    _look(after_s=20)
    assert _look(MAIL, after_s=61) == 0  # counted from its new beginning
    with unit_of_work() as unit:
        (row,) = unit.exec(select(Outage))
    assert (row.since, row.told_at) == (START + dt.timedelta(seconds=61), None)


def test_a_lost_worker_is_told_at_once() -> None:
    """Its silence was waited for before it counted as lost; Redis forgets it soon."""
    assert _look(LOST) == 1
    assert _subjects() == ["A worker of the queue hardware has gone silent"]
    assert _look(after_s=10) == 1
    assert _subjects()[1:] == ["No worker of the queue hardware is silent any more"]


def test_nothing_is_over_while_nothing_is_known() -> None:
    _look(MAIL)
    _look(MAIL, after_s=60)
    assert _look(after_s=70, unsure=True) == 0
    assert _open() == ["queue:mail"]


def test_two_who_look_tell_it_once() -> None:
    """The dispatcher and the clock: each is there for the case that the other has ended."""
    assert (_look(LOST, MAIL), _look(LOST, MAIL)) == (1, 0)
    assert (_look(LOST, MAIL, after_s=60), _look(LOST, MAIL, after_s=60)) == (1, 0)
    assert len(_subjects()) == 2


def test_only_those_who_watch_jobs_see_them() -> None:
    with unit_of_work() as unit, pytest.raises(Forbidden):
        outages.list_open(make_actor(), unit)


def test_the_mail_leaves_although_nobody_works_on_mails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever watches sends it; other mails wait for their worker."""
    silent = SeenWorker(
        "mail.host.1.a", "mail", "busy", "", utcnow() - dt.timedelta(seconds=STALE_S + 1), None
    )
    queues = [SeenQueue(name, 0, int(name != "mail")) for name in QUEUES]
    monkeypatch.setattr(queue_watch, "look", lambda: Seen(queues=queues, workers=[silent]))
    post = Post()
    with post_office(post) as port:
        monkeypatch.setenv("SMTP_URL", f"smtp+plain://127.0.0.1:{port}")
        settings.cache_clear()
        watch.run()
    assert [str(one["Subject"]) for one in post.messages()] == ["A worker of the queue mail has gone silent"]
    with unit_of_work() as unit:
        assert sorted(unit.exec(select(Outage.part))) == ["lost:mail", "queue:mail"]


def test_redis_away_is_an_outage_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    _look(MAIL)
    _look(MAIL, after_s=60)
    monkeypatch.setattr(queue_watch, "look", lambda: Seen(is_away=True))
    watch.run()
    with unit_of_work() as unit:
        found = {row.part: row.over_at for row in unit.exec(select(Outage))}
    assert found == {"queue:mail": None, "redis": None}
