"""One session with a real server: what is known after each way in which it can go wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsportal.integrations import smtp
from opsportal.integrations.smtp import (
    DeferredError,
    RefusedError,
    RelayError,
    Server,
    SmtpError,
    Tls,
    parse_server,
)
from tests.integration.mail.servers import Post, RawServer, make_certificate, post_office
from tests.ports import free_port

TEXT = b"Subject: x\r\n\r\n.one dot\r\n..two\r\n"
HELLO = ("220 here", "250 hello")


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(make_certificate(tmp_path) / "cert.pem"))
    return tmp_path


@pytest.fixture
def raw(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    lines, at_end = request.param
    if at_end != "close":  # then what it says is waited for, however late that is
        monkeypatch.setattr(smtp, "SILENCE_S", 1.0)
    server = RawServer(*lines, at_end=at_end)
    yield server
    server.end()


def send(server: Server, *, recipient: str = "ana@example.com", patience_s: float = 60.0) -> tuple[int, bool]:
    """The server's code, and whether the text was about to be sent when it ended."""
    reached = []
    with smtp.connect(server, local_name="localhost", patience_s=patience_s) as session:
        code = session.send(
            sender="portal@example.com",
            recipient=recipient,
            text=TEXT,
            before_text=lambda: reached.append(True),
            patience_s=patience_s,
        )
    return code, bool(reached)


def plain(port: int) -> Server:
    return Server("127.0.0.1", port, Tls.NONE)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", Server("mail.example", 587, Tls.STARTTLS)),
        ("smtp://u%40x:p%3A%2F@mail.example:25", Server("mail.example", 25, Tls.STARTTLS, "u@x", "p:/")),
        ("smtps://u:p@mail.example", Server("mail.example", 465, Tls.IMPLICIT, "u", "p")),
        ("smtp+plain://mail.example", Server("mail.example", 25, Tls.NONE)),
        ("smtp://127.0.0.1:2525", Server("127.0.0.1", 2525, Tls.NONE)),
        ("smtp://[::1]:2525", Server("::1", 2525, Tls.NONE)),
        ("smtp://localhost?tls=starttls", Server("localhost", 587, Tls.STARTTLS)),
    ],
)
def test_an_address_says_how_the_server_is_reached(url: str, server: Server) -> None:
    assert parse_server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://h:99999",
        "smtp+plain://u:secret@h",
        "smtp://h?tls=x",
    ],
)
def test_an_address_that_makes_no_sense_is_named_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL") as refusal:
        parse_server(url)
    assert "secret" not in str(refusal.value)
    assert "secret" not in repr(parse_server("smtps://u:secret@h"))


def test_a_mail_arrives_byte_for_byte() -> None:
    post = Post()
    with post_office(post) as port:
        assert send(plain(port)) == (250, True)
    assert post.received == [("ana@example.com", TEXT)]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_starttls_and_login_with_the_certificate_checked(certificate: Path, host: str) -> None:
    post = Post()
    with post_office(post, tls=certificate, demand_tls=True) as port:
        assert send(Server(host, port, Tls.STARTTLS, "portal", "p@ss:word")) == (250, True)
    assert post.logins == [("portal", "p@ss:word")]
    assert len(post.received) == 1


def test_wrong_password_is_the_servers_trouble_and_not_the_mails(certificate: Path) -> None:
    post = Post()
    with post_office(post, tls=certificate, demand_tls=True) as port, pytest.raises(RelayError) as refused:
        send(Server("localhost", port, Tls.STARTTLS, "portal", "wrong"))
    assert (refused.value.code, refused.value.smtp_code, post.received) == ("login_refused", 535, [])


def test_nothing_is_said_to_a_server_whose_certificate_nobody_vouches_for(tmp_path: Path) -> None:
    post = Post()
    make_certificate(tmp_path)
    with post_office(post, tls=tmp_path) as port, pytest.raises(RelayError) as refused:
        send(Server("localhost", port, Tls.STARTTLS, "portal", "p@ss:word"))
    assert (refused.value.code, post.logins, post.received) == ("tls_failed", [], [])


def test_a_server_without_tls_gets_neither_password_nor_mail() -> None:
    post = Post()
    with post_office(post) as port, pytest.raises(RelayError) as refused:
        send(Server("127.0.0.1", port, Tls.STARTTLS, "portal", "p@ss:word"))
    assert (refused.value.code, post.logins, post.received) == ("tls_missing", [], [])


@pytest.mark.parametrize(
    ("post", "kind", "code", "smtp_code"),
    [
        (Post(mail="550 no such sender"), RelayError, "sender_refused", 550),
        (Post(mail="451 later"), DeferredError, "sender_deferred", 451),
        (Post(mail="552 too big"), RefusedError, "sender_refused", 552),
        (Post(rcpt={"ana@example.com": "550 nobody"}), RefusedError, "recipient_refused", 550),
        (Post(rcpt={"ana@example.com": "450 greylisted"}), DeferredError, "recipient_deferred", 450),
        (Post(rcpt={"ana@example.com": "421 closing"}), RelayError, "server_closing", 421),
        (Post(rcpt={"ana@example.com": "drop"}), DeferredError, "connection_broken", None),
        (Post(data=["554 spam"]), RefusedError, "text_refused", 554),
        (Post(data=["452 disk full"]), DeferredError, "text_deferred", 452),
        (Post(data=["drop"]), DeferredError, "connection_broken", None),
    ],
)
def test_every_refusal_is_told_apart(
    post: Post, kind: type[SmtpError], code: str, smtp_code: int | None
) -> None:
    with post_office(post) as port, pytest.raises(SmtpError) as refused:
        send(plain(port))
    assert (type(refused.value), refused.value.code, refused.value.smtp_code) == (kind, code, smtp_code)
    assert post.received == []


def test_after_a_refused_mail_the_next_one_goes_over_the_same_connection() -> None:
    post = Post(rcpt={"nobody@example.com": "550 nobody"})
    with post_office(post) as port, smtp.connect(plain(port), local_name="localhost") as session:
        for recipient in ("nobody@example.com", "ana@example.com"):
            how = {
                "sender": "p@example.com",
                "recipient": recipient,
                "text": TEXT,
                "before_text": lambda: None,
            }
            if recipient.startswith("nobody"):
                with pytest.raises(RefusedError):
                    session.send(**how, patience_s=60)  # type: ignore[arg-type]
            else:
                assert session.send(**how, patience_s=60) == 250  # type: ignore[arg-type]
    assert [who for who, _ in post.received] == ["ana@example.com"]


def test_nobody_listens() -> None:
    with pytest.raises(RelayError) as refused:
        send(plain(free_port()))
    assert refused.value.code == "unreachable"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (((), "close"), "connection_broken"),
        (((), "silent"), "silent"),
        ((("554 go away",), "close"), "greeting_refused"),
        ((("220 here",), "close"), "connection_broken"),
        ((("220 here",), "silent"), "silent"),
        ((("x" * 9_000,), "close"), "greeting_refused"),
    ],
    indirect=["raw"],
)
def test_a_server_that_does_not_get_as_far_as_a_mail(raw: RawServer, code: str) -> None:
    with pytest.raises(RelayError) as refused:
        send(plain(raw.port))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "raw",
    [
        ((*HELLO,), "silent"),
        ((*HELLO, "250 ok", "250 ok"), "silent"),
        ((*HELLO, "250 ok", "250 ok", "354 go"), "silent"),
        ((*HELLO, "250 ok", "250 ok", "354 go"), "close"),
    ],
    indirect=True,
)
def test_a_server_that_falls_silent_over_a_mail(raw: RawServer) -> None:
    with pytest.raises(DeferredError) as refused:
        send(plain(raw.port))
    assert (refused.value.code, refused.value.is_broken) == ("connection_broken", True)


@pytest.mark.parametrize("raw", [((), "drip"), (HELLO, "drip")], indirect=True)
def test_a_server_that_keeps_us_busy_is_left(raw: RawServer) -> None:
    began = time.monotonic()
    with pytest.raises(SmtpError):
        send(plain(raw.port), patience_s=0.6)
    assert time.monotonic() - began < 60  # it would go on for ever


def test_whoever_has_lost_the_mail_sends_nothing() -> None:
    class LostIt(Exception):
        pass

    def lose() -> None:
        raise LostIt

    post = Post()
    with post_office(post) as port, pytest.raises(LostIt):
        with smtp.connect(plain(port), local_name="localhost") as session:
            session.send(
                sender="p@example.com", recipient="a@example.com", text=TEXT, before_text=lose, patience_s=60
            )
    assert post.received == []
