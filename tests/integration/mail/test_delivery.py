"""Handing mails over: to a server that works, is away, is slow, refuses or breaks off; by workers that die."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.mail import archive, deliveries
from opsportal.domain.mail.archive import RelayView
from opsportal.domain.mail.deliveries import MailLost
from opsportal.domain.mail.letters import Quote, Text, queue_letter
from opsportal.domain.refusals import Refusal
from opsportal.integrations import smtp
from opsportal.models import Mail, MailRelay, Person, Role
from opsportal.settings import settings
from tests.builders import make_actor, make_person, make_ticket
from tests.crowd import together
from tests.integration.mail.servers import Post, RawServer, post_office
from tests.ports import free_port
from workers import mail as worker

pytestmark = pytest.mark.usefixtures("portal")


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """A server that works, and the settings that lead to it."""
    taken = Post()
    with post_office(taken) as port:
        use(monkeypatch, f"smtp://127.0.0.1:{port}")
        yield taken


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SMTP_URL", url)
    monkeypatch.setenv("MAIL_FROM", "Northrack <portal@northrack.example>")
    settings.cache_clear()


def write(address: str = "", *, count: int = 1) -> list[int]:
    """Letters to one new person each; their ids."""
    numbers = []
    for _ in range(count):
        person = make_person(mail_to=address or None)
        with unit_of_work() as unit:
            mail = queue_letter(
                unit,
                to=unit.get_one(Person, person.id),
                kind="test",
                subject=Text(
                    msgid="[#{number}] {subject}", params={"number": person.id or 0, "subject": "x"}
                ),
                body=[Quote("hello")],
                about=("person", person.id or 0),
            )
        numbers.append(mail.id or 0)
    return numbers


def of(mail_id: int) -> Mail:
    with unit_of_work() as unit:
        return unit.get_one(Mail, mail_id)


def ends(*mail_ids: int) -> list[tuple[str, str | None, int | None, int]]:
    return [(m.status, m.outcome_code, m.smtp_code, m.attempts) for m in map(of, mail_ids)]


def relay() -> MailRelay:
    with unit_of_work() as unit:
        return unit.get(MailRelay, 1) or MailRelay()


def make_due(*, also_relay: bool = True) -> None:
    """Let the time pass that mails and server were to rest."""
    with unit_of_work() as unit:
        unit.execute(text("UPDATE mail SET next_attempt_at = now() WHERE status = 'waiting'"))
        unit.execute(text("UPDATE mail SET lease_until = now() - interval '1 s' WHERE status = 'sending'"))
        if also_relay:
            unit.execute(text("UPDATE mail_relay SET retry_at = now()"))


def status() -> RelayView:
    with unit_of_work() as unit:
        return archive.relay_status(make_actor(role=Role.OPERATOR), unit)


def test_every_mail_is_handed_over_once(post: Post) -> None:
    client = make_actor()
    make_ticket(client, subject="Мовчить", body="**So** it is")
    assert worker.send_due() == 1
    assert worker.send_due() == 0
    with unit_of_work() as unit:
        mail = unit.exec(select(Mail)).one()
    assert ends(mail.id or 0) == [("sent", "accepted", 250, 1)]
    ((recipient, _),), (message,) = post.received, post.messages()
    assert (recipient, message["Subject"], message["Message-ID"]) == (
        mail.to_address,
        mail.subject,
        mail.message_ref,
    )
    seen = status()
    assert (seen.is_configured, seen.waiting, seen.undeliverable, seen.error_code) == (True, 0, 0, "")
    assert seen.last_sent_at == mail.sent_at


def test_without_a_server_mails_are_kept_and_leave_when_there_is_one(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = settings().smtp_url.get_secret_value()
    use(monkeypatch, "")
    (number,) = write()
    assert worker.send_due() == 0
    assert ends(number) == [("waiting", None, None, 0)]
    assert (status().is_configured, status().waiting) == (False, 1)
    use(monkeypatch, url)
    assert worker.send_due() == 1


def test_a_server_that_is_away_delays_mails_and_costs_them_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    use(monkeypatch, f"smtp://127.0.0.1:{port}")
    first, second = write(count=2)
    assert worker.send_due() == 0
    assert ends(first, second) == [("waiting", "unreachable", None, 0), ("waiting", None, None, 0)]
    down = relay()
    assert (down.failures, down.error_code) == (1, "unreachable")
    # Before the pause is over nobody asks again, however many calls come.
    assert worker.send_due() == 0
    assert relay().failures == 1
    for failures in (2, 3):
        make_due()
        worker.send_due()
        assert (relay().failures, relay().down_since) == (failures, down.down_since)
    assert status().down_since == down.down_since
    post = Post()
    with post_office(post, port=port):
        make_due()
        assert worker.send_due() == 2
    assert ends(first, second) == [("sent", "accepted", 250, 1)] * 2
    assert (relay().failures, relay().down_since, relay().error_code) == (0, None, None)


def test_what_is_refused_for_now_is_tried_again_and_for_ever_is_given_up(post: Post) -> None:
    post.rcpt = {"grey@x.example": "450 later", "gone@x.example": "550 nobody"}
    (grey,), (gone,), (fine,) = write("grey@x.example"), write("gone@x.example"), write("fine@x.example")
    assert worker.send_due() == 1
    assert ends(grey, gone, fine) == [
        ("waiting", "recipient_deferred", 450, 1),
        ("undeliverable", "recipient_refused", 550, 1),
        ("sent", "accepted", 250, 1),
    ]
    rest = of(grey).next_attempt_at - of(grey).created_at
    assert 30 <= rest.total_seconds() < 120  # between being written and being tried it may have waited
    assert worker.send_due() == 0
    post.rcpt = {}
    make_due()
    assert worker.send_due() == 1
    assert ends(grey, gone) == [("sent", "accepted", 250, 2), ("undeliverable", "recipient_refused", 550, 1)]


def test_an_operator_lets_a_mail_be_tried_again(post: Post) -> None:
    post.rcpt = {"gone@x.example": "550 nobody"}
    (gone,) = write("gone@x.example")
    worker.send_due()
    operator, client = make_actor(role=Role.OPERATOR), make_actor()
    with unit_of_work() as unit:
        for who, number, code in ((client, gone, "forbidden"), (operator, 987_654, "not_found")):
            with pytest.raises(Refusal) as refusal:
                archive.retry_mail(unit, who, number)
            assert refusal.value.code == code
    post.rcpt = {}
    with unit_of_work() as unit:
        archive.retry_mail(unit, operator, gone)
    assert worker.send_due() == 1
    with unit_of_work() as unit, pytest.raises(Refusal) as refusal:
        archive.retry_mail(unit, operator, gone)
    assert refusal.value.code == "mail_not_undeliverable"


def test_nothing_is_tried_for_ever(post: Post) -> None:
    post.rcpt = {"old@x.example": "450 later", "often@x.example": "450 later"}
    (old,), (often,) = write("old@x.example"), write("often@x.example")
    with unit_of_work() as unit:
        unit.execute(
            text("UPDATE mail SET created_at = now() - interval '121 hours' WHERE id = :id"), {"id": old}
        )
        unit.execute(text("UPDATE mail SET attempts = 39 WHERE id = :id"), {"id": often})
    worker.send_due()
    assert ends(old, often) == [
        ("undeliverable", "recipient_deferred", 450, 1),
        ("undeliverable", "recipient_deferred", 450, 40),
    ]
    with unit_of_work() as unit:
        archive.retry_mail(unit, make_actor(role=Role.OPERATOR), old)
    worker.send_due()  # an operator's word counts from when it was said
    assert ends(old) == [("waiting", "recipient_deferred", 450, 1)]
    waits = [deliveries.wait_of(attempts).total_seconds() for attempts in (1, 2, 3, 9, 10, 40)]
    assert waits == [30, 60, 120, 7_680, 14_400, 14_400]


def test_one_bad_mail_holds_nobody_up(post: Post) -> None:
    post.rcpt = {"poison@x.example": "drop", "žofie@x.example": "250 OK"}
    (poison,), (odd,), (fine,) = write("poison@x.example"), write("žofie@x.example"), write()
    assert worker.send_due() == 1
    assert ends(poison, odd, fine) == [
        ("waiting", "connection_broken", None, 1),
        ("undeliverable", "address_unusable", None, 1),
        ("sent", "accepted", 250, 1),
    ]
    assert relay().failures == 0


def test_a_server_that_breaks_off_again_and_again_is_left_alone(post: Post) -> None:
    post.data = ["drop"] * 10
    numbers = write(count=5)
    assert worker.send_due() == 0
    assert [status for status, *_ in ends(*numbers)] == ["waiting"] * 5
    assert [attempts for *_, attempts in ends(*numbers)] == [1, 1, 1, 0, 0]
    assert (relay().failures, relay().error_code) == (1, "connection_broken")


def test_a_server_that_closes_for_today_gets_the_rest_later(post: Post) -> None:
    post.data = ["250 OK", "421 closing"]
    numbers = write(count=3)
    assert worker.send_due() == 1
    assert [status for status, *_ in ends(*numbers)] == ["sent", "waiting", "waiting"]
    make_due()
    assert worker.send_due() == 2
    assert {who for who, _ in post.received} == {of(number).to_address for number in numbers}
    assert len(post.received) == 3


def test_a_refused_sender_is_the_operators_trouble_and_loses_no_mail(post: Post) -> None:
    post.mail = "550 who are you"
    numbers = write(count=2)
    assert worker.send_due() == 0
    assert [state for state, *_ in ends(*numbers)] == ["waiting"] * 2
    assert (relay().error_code, status().waiting) == ("sender_refused", 2)


def test_many_workers_send_each_mail_once(post: Post) -> None:
    numbers = write(count=12)
    together(*[worker.send_due] * 3)
    assert ends(*numbers) == [("sent", "accepted", 250, 1)] * 12
    assert sorted(who for who, _ in post.received) == sorted(of(number).to_address for number in numbers)


def test_a_mail_whose_worker_died_waits_again_and_the_dead_one_cannot_go_on(post: Post) -> None:
    (number,) = write()
    with unit_of_work() as unit:
        claim = deliveries.claim_next(unit)
    assert claim is not None
    with unit_of_work() as unit:
        assert deliveries.claim_next(unit) is None
        assert deliveries.free_lost(unit) == 0
    make_due()
    with unit_of_work() as unit:
        assert deliveries.free_lost(unit) == 1
    assert ends(number) == [("waiting", "worker_lost", None, 1)]
    make_due()
    with unit_of_work() as unit:
        second = deliveries.claim_next(unit)
    assert second is not None
    with pytest.raises(MailLost), unit_of_work() as unit:
        deliveries.before_text(unit, claim)  # another has it now, and is at work
    with unit_of_work() as unit:
        deliveries.put_off(unit, second, "connection_broken")
    make_due()
    assert worker.send_due() == 1
    for act in (
        lambda unit: deliveries.before_text(unit, claim),
        lambda unit: deliveries.sent(unit, claim, smtp_code=250),
        lambda unit: deliveries.put_off(unit, claim, "x"),
        lambda unit: deliveries.refused(unit, claim, "x"),
        lambda unit: deliveries.relay_failed(unit, claim, "x"),
    ):
        with pytest.raises(MailLost), unit_of_work() as unit:
            act(unit)
    assert ends(number) == [("sent", "accepted", 250, 3)]
    assert len(post.received) == 1


def test_a_connection_lost_after_the_text_sends_the_same_message_again(post: Post) -> None:
    post.data = ["drop after"]
    (number,) = write()
    assert worker.send_due() == 0
    assert ends(number) == [("waiting", "connection_broken", None, 1)]
    make_due()
    assert worker.send_due() == 1
    # The server's answer was lost: nobody can know that it had taken the mail. A copy has the same Message-ID.
    assert [message["Message-ID"] for message in post.messages()] == [of(number).message_ref] * 2


def test_a_silent_server_costs_one_mail_its_patience_and_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "SILENCE_S", 1.0)
    server = RawServer("220 here", "250 hello", at_end="silent")
    use(monkeypatch, f"smtp://127.0.0.1:{server.port}")
    numbers = write(count=4)
    worker.send_due()
    server.end()
    assert [attempts for *_, attempts in ends(*numbers)] == [1, 0, 0, 0]
    assert relay().error_code == "silent"


def test_a_bad_address_of_the_server_is_shown_and_mails_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "imap://u:secret@mail.example")
    (number,) = write()
    assert worker.send_due() == 0
    assert ends(number) == [("waiting", None, None, 0)]
    assert status().error_code == "misconfigured"


def test_clients_do_not_wait_for_the_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a click spoke to the mail server")

    monkeypatch.setattr(smtp, "connect", never)
    use(monkeypatch, "smtp://192.0.2.1:25?tls=none")
    make_ticket(make_actor())
    with unit_of_work() as unit:
        assert unit.exec(select(Mail.status).where(col(Mail.kind) == "ticket_message")).all() == ["waiting"]
