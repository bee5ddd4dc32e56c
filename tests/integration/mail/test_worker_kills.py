"""Real mail workers, killed at the worst moments. Exactly what is promised happens, and no more."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.disposable import Run
from tests.integration.mail.servers import Post, post_office
from tests.integration.mail.test_delivery import ends, make_due, of, write
from tests.workers.conftest import running_site
from tests.workers.site import Site, until
from workers import mail as worker
from workers import queues

pytestmark = pytest.mark.xdist_group("mail-kills")

BEFORE_TEXT = (
    "mail",
    "NEW.outcome_code = 'handing_over' AND OLD.outcome_code IS DISTINCT FROM 'handing_over'",
)
"""Everything but the text was said to the server."""
AFTER_TEXT = ("mail", "NEW.status = 'sent'")
"""The server has taken the mail; that is not written down yet."""


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def mail_site(databases: Run, worker: str, redis_url: str, tmp_path: Path, post: Post) -> Iterator[Site]:
    """A portal whose mail server is `post`."""
    with post_office(post) as port:
        settings = {"SMTP_URL": f"smtp://127.0.0.1:{port}", "MAIL_FROM": "Portal <portal@northrack.example>"}
        with running_site(databases, worker, redis_url, tmp_path, **settings) as site:
            yield site


def kill_at(site: Site, at: tuple[str, str], number: int) -> None:
    """Let a real worker begin the mail and kill its work horse at the gate."""
    process = site.start("worker", "mail")
    with site.gate(*at) as gate:
        queues.put("mail", "mail", number, job_id=f"mail-{number}-kill")
        gate.wait()
        horse = process.horse()
        os.kill(horse, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{horse}").exists(), what="the work horse to be gone")
    process.kill()


def test_killed_before_the_text_the_mail_arrives_once(mail_site: Site, post: Post) -> None:
    (number,) = write()
    kill_at(mail_site, BEFORE_TEXT, number)
    assert post.received == []
    assert ends(number) == [("sending", None, None, 1)]
    # Nobody takes it from a worker that may yet live.
    assert worker.send_due() == 0
    make_due()
    worker.send_due()
    make_due()
    assert worker.send_due() == 1
    assert ends(number) == [("sent", "accepted", 250, 2)]
    assert [who for who, _ in post.received] == [of(number).to_address]


def test_killed_between_the_text_and_the_record_a_copy_with_the_same_id_follows(
    mail_site: Site, post: Post
) -> None:
    (number,) = write()
    kill_at(mail_site, AFTER_TEXT, number)
    assert len(post.received) == 1
    assert ends(number) == [("sending", "handing_over", None, 1)]
    make_due()
    worker.send_due()
    make_due()
    assert worker.send_due() == 1
    assert ends(number) == [("sent", "accepted", 250, 2)]
    assert [message["Message-ID"] for message in post.messages()] == [of(number).message_ref] * 2
