"""Files of tickets, sent and fetched as browsers and as attackers do it."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
import zipfile
from typing import Any

import httpx
import pytest

from opsportal.db import unit_of_work
from opsportal.domain.support import desk, tickets
from opsportal.domain.support.attachments import FILE_LIMIT, UNSENT_PER_PERSON
from opsportal.models import Attachment, Role
from opsportal.web import limits
from opsportal.web.attachments import AROUND, AT_ONCE, disposition
from tests.builders import make_company
from tests.doors import world
from tests.doors.server import Browser, Server

pytestmark = pytest.mark.xdist_group("doors-attachments")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 40


def signed_in(server: Server, role: Role = Role.CLIENT, **options: Any) -> tuple[Browser, world.Someone]:
    browser, someone = Browser(server), world.make_someone(role, **options)
    browser.cookie = someone.cookie
    return browser, someone


def send(
    browser: Browser,
    content: bytes = b"a log\n",
    *,
    name: str = "smart.log",
    field: str = "file",
    timeout: float = 30,
) -> httpx.Response:
    return browser.http.post("/attachments", files={field: (name, content)}, timeout=timeout)


def answer_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def is_kept(number: int) -> bool:
    with unit_of_work() as unit:
        return unit.get(Attachment, number) is not None


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("звіт.txt", "рядок\nдругий\n".encode(), "text/plain; charset=utf-8"),
        ("picture.png", PNG, "image/png"),
        ("page.html", b"<script>alert(1)</script>", "text/plain; charset=utf-8"),
        (
            "drawing.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "text/plain; charset=utf-8",
        ),
    ],
)
def test_what_goes_up_comes_down_byte_for_byte_and_only_to_be_saved(
    server: Server, name: str, content: bytes, kind: str
) -> None:
    browser, _ = signed_in(server)
    kept = send(browser, content, name=name).json()
    assert kept["size"] == len(content)
    down = browser.http.get(f"/attachments/{kept['id']}")
    assert (down.status_code, down.content) == (200, content)
    assert down.headers["content-type"] == kind
    assert down.headers["content-disposition"] == disposition(kept["name"])
    assert down.headers["content-disposition"].startswith("attachment; ")
    assert down.headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert down.headers["x-content-type-options"] == "nosniff"
    assert down.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.txt"),
        ("C:\\Users\\me\\notes.txt", "notes.txt"),
        ('a"; filename="evil.exe', None),
        ("\u202etxt.exe", "txt.exe.txt"),
        ("a" * 300 + ".log", "a" * 116 + ".log"),
        ("", "file.txt"),
    ],
)
def test_hostile_names_are_cleaned(server: Server, name: str, kept: str | None) -> None:
    browser, _ = signed_in(server)
    answer = send(browser, name=name or "\u200b").json()
    assert kept is None or answer["name"] == kept
    header = browser.http.get(f"/attachments/{answer['id']}").headers["content-disposition"]
    assert header.count('"') == 2
    assert "\r" not in header
    assert "\n" not in header
    assert ".exe" not in header.rsplit(".", 1)[-1]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"MZ\x90\x00\x03 a program", "file_type_not_allowed"),
        (b"\x7fELF\x02\x01\x01\x00", "file_type_not_allowed"),
        (b"PK\x03\x04 not really", "file_type_not_allowed"),
        (b"x" * (FILE_LIMIT + 1), "file_too_large"),
        (b"x" * (FILE_LIMIT + AROUND + 1), "file_too_large"),
    ],
    ids=["empty", "exe", "elf", "broken zip", "one byte too many", "many too many"],
)
def test_what_may_not_be_attached_is_refused_and_nothing_is_kept(
    server: Server, content: bytes, code: str
) -> None:
    browser, _ = signed_in(server)
    before = world.everything()
    assert answer_of(send(browser, content, name="notes.txt")) == (400, code)
    assert world.everything() == before


def test_a_file_of_exactly_the_limit_is_taken(server: Server) -> None:
    browser, _ = signed_in(server)
    content = b"0123456789abcdef" * (FILE_LIMIT // 16)
    kept = send(browser, content).json()
    assert browser.http.get(f"/attachments/{kept['id']}").content == content


def test_a_body_without_an_end_is_read_no_further_than_its_limit(server: Server) -> None:
    """Chunked: no length is announced. The portal answers before the sender is done, and keeps nothing."""
    browser, _ = signed_in(server)
    before = world.everything()
    sent = 0
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", "/attachments")
    for name, value in (
        ("Origin", server.origin),
        ("Cookie", f"portal={browser.cookie}"),
        ("Content-Type", "multipart/form-data; boundary=b"),
        ("Transfer-Encoding", "chunked"),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    block = b"x" * 262_144
    try:
        connection.send(b"%x\r\n%s\r\n" % (len(head), head))
        while sent < 4 * FILE_LIMIT:
            connection.send(b"%x\r\n%s\r\n" % (len(block), block))
            sent += len(block)
        connection.send(b"0\r\n\r\n")
        answer = connection.getresponse()
        assert json.loads(answer.read())["code"] == "file_too_large"
    except (BrokenPipeError, ConnectionResetError):
        pass  # hung up on in the middle: as good
    finally:
        connection.close()
    assert world.everything() == before


def has_to_wait(browser: Browser) -> bool:
    """Whether one more file of theirs waits for its turn. A first one may still overtake those begun before it.

    It is none that is kept: whoever gives up waiting cannot know when its turn comes.
    """
    try:
        send(browser, field="no file", timeout=1)
    except httpx.TimeoutException:
        return True
    return False


def test_files_that_never_end_keep_nobody_else_waiting(server: Server) -> None:
    slow, _ = signed_in(server)
    head = (
        f"POST /attachments HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {server.origin}\r\nCookie: portal={slow.cookie}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n--b\r\n"
    )
    with contextlib.ExitStack() as connections:
        for _ in range(3 * AT_ONCE):  # far more than are read at a time
            one = connections.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            one.sendall(head.encode())
        assert any(has_to_wait(slow) for _ in range(20)), "files that never end hold no turn"
        other, _ = signed_in(server)
        assert send(other).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=x"),
        (b"garbage", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; filename="a"\r\n\r\nno name\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n1\r\n'
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="b"\r\n\r\n2\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\ncut of', "multipart/form-data; boundary=x"),
        (b"--" + b"x" * 3000, "multipart/form-data; boundary=" + "x" * 3000),
    ],
)  # fmt: skip
def test_malformed_bodies_are_not_understood(server: Server, body: bytes, kind: str) -> None:
    browser, _ = signed_in(server)
    before = world.everything()
    answer = browser.http.post("/attachments", content=body, headers={"content-type": kind})
    assert answer_of(answer) == (400, "bad_request")
    assert world.everything() == before


def test_other_sites_cannot_send_or_remove(server: Server) -> None:
    browser, someone = signed_in(server)
    number = send(browser).json()["id"]
    foreign = Browser(server, origin="http://evil.example")
    foreign.cookie = someone.cookie
    assert answer_of(send(foreign)) == (403, "foreign_origin")
    assert answer_of(foreign.http.delete(f"/attachments/{number}")) == (403, "foreign_origin")
    assert is_kept(number)


def test_a_file_that_was_not_sent_is_its_uploaders_alone(server: Server) -> None:
    company = make_company()
    mine, _ = signed_in(server, company=company)
    number = send(mine).json()["id"]
    for role, options in (
        (Role.CLIENT, {"company": company}),
        (Role.CLIENT, {}),
        (Role.OPERATOR, {}),
        (Role.TECHNICIAN, {}),
    ):
        other, _ = signed_in(server, role, **options)
        assert answer_of(other.http.get(f"/attachments/{number}")) == (404, "not_found")
        assert answer_of(other.http.delete(f"/attachments/{number}")) == (404, "not_found")
    assert mine.http.get(f"/attachments/{number}").status_code == 200
    assert mine.http.delete(f"/attachments/{number}").status_code == 200
    assert not is_kept(number)
    assert answer_of(mine.http.delete(f"/attachments/{number}")) == (404, "not_found")


def test_a_sent_file_is_read_by_those_who_read_the_message_and_stays(server: Server) -> None:
    company = make_company()
    mine, me = signed_in(server, company=company)
    number = send(mine).json()["id"]
    world.make_ticket(company, by=me.actor, attachment_ids=[number])
    for role, options, status in (
        (Role.CLIENT, {"company": company}, 200),
        (Role.CLIENT, {}, 404),
        (Role.OPERATOR, {}, 200),
        (Role.TECHNICIAN, {}, 200),
    ):
        other, _ = signed_in(server, role, **options)
        assert other.http.get(f"/attachments/{number}").status_code == status
    assert answer_of(mine.http.delete(f"/attachments/{number}")) == (404, "not_found")
    assert is_kept(number)


def test_the_file_of_a_note_never_reaches_a_client(server: Server) -> None:
    company = make_company()
    ticket = world.make_ticket(company)
    staff, someone = signed_in(server, Role.TECHNICIAN)
    number = send(staff, b"internal").json()["id"]
    with unit_of_work() as unit:
        desk.add_note(unit, someone.actor, ticket.id or 0, body="look", attachment_ids=[number])
    client, _ = signed_in(server, company=company)
    assert answer_of(client.http.get(f"/attachments/{number}")) == (404, "not_found")
    assert staff.http.get(f"/attachments/{number}").content == b"internal"


def test_nobody_sends_what_another_has_uploaded(server: Server) -> None:
    company = make_company()
    mine, _ = signed_in(server, company=company)
    number = send(mine).json()["id"]
    thief = world.make_someone(Role.CLIENT, company=company).actor
    with pytest.raises(Exception, match="file_gone"), unit_of_work() as unit:
        tickets.open_ticket(
            unit, thief, tickets.NewTicket("technical", "mine now", "text", attachment_ids=[number])
        )
    assert mine.http.delete(f"/attachments/{number}").status_code == 200


def test_unsent_files_and_uploads_a_minute_are_limited(server: Server) -> None:
    browser, _ = signed_in(server)
    answers = [answer_of(send(browser)) for _ in range(UNSENT_PER_PERSON + 1)]
    assert answers == [(200, "")] * UNSENT_PER_PERSON + [(400, "too_many_uploads")]
    left = limits.UPLOADS.amount - len(answers)
    answers = [answer_of(send(browser)) for _ in range(left + 1)]
    assert answers == [(400, "too_many_uploads")] * left + [(429, "too_many_attempts")]
    other, _ = signed_in(server)
    assert send(other).status_code == 200


def test_numbers_that_no_table_has_are_not_there(server: Server) -> None:
    browser, _ = signed_in(server)
    for number in (0, 2**63, 10**40):
        assert answer_of(browser.http.get(f"/attachments/{number}")) == (404, "not_found")


def test_an_archive_is_kept_as_it_is(server: Server) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b.txt", "x" * 1_000_000)
    browser, _ = signed_in(server)
    kept = send(browser, packed.getvalue(), name="logs.zip").json()
    assert kept["name"] == "logs.zip"
    assert browser.http.get(f"/attachments/{kept['id']}").content == packed.getvalue()
