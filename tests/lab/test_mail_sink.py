"""The lab's mail server keeps what it is given and shows it; nothing in a mail can run or call home."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP

import pytest

from tests.ports import free_port
from tests.stack.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sink:
    smtp: int
    web: int

    def get(self, path: str, *, host: str = "") -> tuple[int, dict[str, str], str]:
        url = f"http://127.0.0.1:{self.web}{path}"
        request = urllib.request.Request(url, headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, dict(refusal.headers), refusal.read().decode()

    def send(self, message: EmailMessage | bytes, to: str = "ana@example.com") -> None:
        with SMTP("127.0.0.1", self.smtp, timeout=60) as smtp:
            raw = message.as_bytes() if isinstance(message, EmailMessage) else message
            smtp.sendmail("portal@example.com", [to], raw)


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    found = Sink(free_port(), free_port())
    command = [
        sys.executable,
        "-m",
        "lab.mail_sink",
        "--smtp-port",
        str(found.smtp),
        "--web-port",
        str(found.web),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"smtp 127.0.0.1:{found.smtp} · http://127.0.0.1:{found.web}\n"
        yield found
        process.terminate()
        assert process.wait(60) == 0


def letter(subject: str, text: str, html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "portal@example.com", "ana@example.com"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def test_an_empty_box_says_what_will_come(sink: Sink) -> None:
    status, headers, page = sink.get("/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "No mail yet." in page or "<table>" in page


def test_a_mail_is_listed_and_shown(sink: Sink) -> None:
    message = letter("Рахунок <b>7</b>", "Добрий день\n", "<p>Добрий <b>день</b></p>")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="faktura.pdf")
    sink.send(message)
    newest = json.loads(sink.get("/mails.json")[2])[0]
    assert (newest["subject"], newest["to"]) == ("Рахунок <b>7</b>", ["ana@example.com"])
    assert "Рахунок &lt;b&gt;7&lt;/b&gt;" in sink.get("/")[2]
    status, headers, page = sink.get(f"/mails/{newest['number']}")
    assert status == 200
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    for shown in ("Добрий день", "faktura.pdf", f'<iframe sandbox src="/mails/{newest["number"]}/html">'):
        assert shown in page
    assert sink.get(f"/mails/{newest['number']}/raw")[1]["Content-Type"] == "text/plain; charset=utf-8"


def test_a_mail_full_of_scripts_is_harmless(sink: Sink) -> None:
    evil = "<script>alert(1)</script><img src=https://evil.example/x>"
    sink.send(letter(evil, evil, f"<html>{evil}</html>"))
    number = json.loads(sink.get("/mails.json")[2])[0]["number"]
    for path in ("/", f"/mails/{number}"):
        assert "<script" not in sink.get(path)[2]
    _, headers, page = sink.get(f"/mails/{number}/html")
    assert "<script>" in page
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/mails/999999", "/mails/x", "/mails/1/exe", "/../etc/passwd", "/mails"])
def test_nothing_else_is_there(sink: Sink, path: str) -> None:
    assert sink.get(path)[0] == 404


def test_a_page_of_another_name_reads_nothing(sink: Sink) -> None:
    assert sink.get("/mails.json", host="evil.example")[0] == 403


def test_a_broken_mail_does_not_break_the_list(sink: Sink) -> None:
    sink.send(b"\xff\xfe not a mail\r\nContent-Type: text/html; charset=nonsense\r\n\r\n\xff")
    wait_until(lambda: sink.get("/")[0] == 200)
    number = json.loads(sink.get("/mails.json")[2])[0]["number"]
    assert sink.get(f"/mails/{number}")[0] == 200


def test_a_taken_port_is_said(sink: Sink) -> None:
    command = [
        sys.executable,
        "-m",
        "lab.mail_sink",
        "--smtp-port",
        str(sink.smtp),
        "--web-port",
        str(free_port()),
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert "the mail sink cannot listen" in ended.stderr
