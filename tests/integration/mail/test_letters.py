"""Who is mailed what, in which language, to which address, and how mails about one thing hang together."""

from __future__ import annotations

import datetime as dt
from email.message import EmailMessage
from typing import Any

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.mail import archive
from opsportal.domain.mail.letters import Amount, Enclosure, Link, Mailbox, Quote, Text, queue_letter
from opsportal.domain.mail.messages import UnwritableError, as_message
from opsportal.domain.refusals import Refusal
from opsportal.domain.support import desk, tickets
from opsportal.models import Mail, MailEnclosure, Outbox, Person, Role
from opsportal.settings import settings
from tests.builders import make_actor, make_company, make_person, make_session, make_ticket
from tests.crowd import together
from tests.integration.support.asked import do

pytestmark = pytest.mark.usefixtures("portal")

SUBJECT = Text(msgid="[#{number}] {subject}", params={"number": 7, "subject": "x"})


@pytest.fixture
def desk_mail(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DESK_MAIL", "desk@northrack.example")
    settings.cache_clear()
    return "desk@northrack.example"


def mails(**wanted: Any) -> list[Mail]:
    with unit_of_work() as unit:
        return list(unit.exec(select(Mail).filter_by(**wanted).order_by(col(Mail.id))))


def recipients(since: int = 0) -> list[str]:
    return [mail.to_address for mail in mails() if (mail.id or 0) > since]


def write(to: Person | Mailbox, **changes: Any) -> Mail:
    how = {"kind": "test", "subject": SUBJECT, "body": [Quote("hello")], "about": ("thing", 7)} | changes
    with unit_of_work() as unit:
        return queue_letter(unit, to=to, **how)


def person_of(actor: Actor) -> Person:
    with unit_of_work() as unit:
        return unit.get_one(Person, actor.person_id)


def parsed(
    mail: Mail, *enclosures: MailEnclosure, sender: str = "Northrack <portal@northrack.example>"
) -> EmailMessage:
    return as_message(mail, enclosures, sender=sender)


def test_every_message_goes_to_those_concerned(desk_mail: str) -> None:
    company = make_company()
    client = make_session(make_person(company=company, email="ana@acme.example"))[0]
    colleague = make_session(make_person(company=company, email="ben@acme.example"))[0]
    make_person(company=company, email="not-on-it@acme.example")
    staff = make_session(make_person(Role.OPERATOR, email="staff@northrack.example"))[0]
    other = make_session(make_person(Role.TECHNICIAN, email="tech@northrack.example"))[0]
    number = make_ticket(client)
    assert recipients() == ["ana@acme.example", desk_mail]
    expected: tuple[tuple[Any, Actor, dict[str, Any], list[str]], ...] = (
        (tickets.reply, colleague, {"body": "Me too."}, ["ana@acme.example", desk_mail]),
        (tickets.reply, staff, {"body": "Aha."}, ["ana@acme.example", "ben@acme.example"]),
        (tickets.reply, client, {"body": "So?"}, ["ben@acme.example", "staff@northrack.example"]),
        (
            tickets.reply, other, {"body": "I know."},
            ["ana@acme.example", "ben@acme.example", "staff@northrack.example"],
        ),
        (desk.add_note, other, {"body": "I do not."}, []),
        (desk.assign, staff, {"person_id": None}, []),
        (desk.set_status, staff, {"status": "resolved"}, ["ana@acme.example", "ben@acme.example"]),
        (tickets.reply, client, {"body": "No!"}, ["ben@acme.example", desk_mail]),
        (tickets.close_ticket, client, {}, []),
    )  # fmt: skip
    for work, who, how, told in expected:
        before = mails()[-1].id or 0
        do(work, who, number, **how)
        assert recipients(since=before) == told, how


def test_without_a_desk_address_nobody_is_written_to_in_vain() -> None:
    client = make_actor()
    make_ticket(client)
    assert [mail.person_id for mail in mails()] == [client.person_id]


def test_when_all_who_took_part_have_gone_the_company_is_told() -> None:
    company = make_company()
    client, staff = make_actor(company=company), make_actor(role=Role.OPERATOR)
    heir = make_person(company=company)
    number = make_ticket(client)
    with unit_of_work() as unit:
        unit.get_one(Person, client.person_id).is_active = False
    do(tickets.reply, staff, number, body="Aha.")
    assert mails()[-1].person_id == heir.id


def test_a_letter_speaks_the_readers_language_and_goes_where_the_reader_wants_it() -> None:
    company = make_company(name="Київ Веб")
    client = make_session(
        make_person(
            company=company,
            locale="uk",
            name="Ірина",
            email="iryna@kyivweb.example",
            mail_to="box@home.example",
        )
    )[0]
    staff = make_session(make_person(Role.OPERATOR, locale="es", name="Marek"))[0]
    number = make_ticket(client, subject="Сервер мовчить", body="**Привіт** <b>вам</b>")
    do(desk.assign, staff, number, person_id=staff.person_id)
    do(tickets.reply, client, number, body="Алло?")
    opening, to_staff = mails()
    assert (opening.to_address, opening.locale, opening.subject) == (
        "box@home.example",
        "uk",
        f"[#{number}] Сервер мовчить",
    )
    assert opening.body_text == (
        "Вітаємо, Ірина!\n\nМи отримали ваш тікет. Відповідь надійде в портал і поштою. Ви написали:\n\n"
        "> **Привіт** <b>вам</b>\n\n"
        f"Відкрити тікет: http://127.0.0.1:8000/tickets/{number}\n\n"
        "Цей лист надіслав Northrack автоматично. Відповідайте, будь ласка, у порталі, а не поштою.\n"
    )
    assert "<p><strong>Привіт</strong> &lt;b&gt;вам&lt;/b&gt;</p>" in opening.body_html
    assert "Ірина (Київ Веб) escribió:" in to_staff.body_text
    assert f"/desk/{number}" in to_staff.body_text


def test_amounts_and_times_are_those_of_the_reader() -> None:
    at = dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC)
    text = Text(
        msgid="{amount} {yen} {dinar} {day} {at}",
        params={
            "amount": Amount(-123456, "EUR"),
            "yen": Amount(1500, "JPY"),
            "dinar": Amount(5, "KWD"),
            "day": dt.date(2026, 11, 22),
            "at": at,
        },
    )
    shown = {
        locale: write(make_person(locale=locale, time_zone=zone), body=[text]).body_text.split("\n\n")[1]
        for locale, zone in (("en", "Europe/Prague"), ("uk", "Europe/Kyiv"), ("es", "UTC"))
    }
    spaced = {
        locale: " ".join(text.replace("\xa0", " ").replace("\u202f", " ").split())
        for locale, text in shown.items()
    }
    assert spaced == {
        "en": "-€1,234.56 ¥1,500 KWD0.005 November 22, 2026 Nov 23, 2026, 12:30:00 AM",
        "uk": "-1 234,56 EUR 1 500 ¥ 0,005 KWD 22 листопада 2026 р. 23 лист. 2026 р., 01:30:00",
        "es": "-1.234,56 € 1.500 JPY 0,005 KWD 22 de noviembre de 2026 22 nov 2026, 23:30:00",
    }


def test_mails_about_one_thing_form_a_thread_per_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", "Northrack <portal@mail.northrack.example>")
    settings.cache_clear()
    ana, ben = make_person(), make_person()
    first, second = (write(ana, key=key) for key in ("a", "b"))
    write(ben, key="a")
    third, other = write(ana, key="c"), write(ana, about=("thing", 8))
    root = "<thing.7@mail.northrack.example>"
    assert (first.reply_to_ref, first.thread_refs) == (root, root)
    assert (second.reply_to_ref, second.thread_refs) == (first.message_ref, f"{root} {first.message_ref}")
    assert third.thread_refs == f"{root} {first.message_ref} {second.message_ref}"
    assert other.thread_refs == "<thing.8@mail.northrack.example>"
    assert first.message_ref.endswith("@mail.northrack.example>")
    for n in range(30):
        last = write(ana, key=f"n{n}")
    assert last.thread_refs.split()[0] == root
    assert len(last.thread_refs.split()) == 11


def test_one_mail_per_recipient_and_occasion_however_often_and_at_once() -> None:
    ana, ben = make_person(), make_person()
    written = together(*[lambda: write(ana).id] * 4)
    assert written == [write(ana).id] * 4
    write(ben)
    box = Mailbox("desk@northrack.example")
    assert write(box).id == write(box).id
    assert [mail.person_id for mail in mails()] == [ana.id, ben.id, None]
    with unit_of_work() as unit:
        calls = unit.exec(select(Outbox.ref).where(col(Outbox.task) == "mail")).all()
    assert sorted(calls) == sorted(mail.id for mail in mails())


def test_a_letter_that_was_rolled_back_was_never_written() -> None:
    ana = make_person()
    with unit_of_work() as unit:
        queue_letter(unit, to=ana, kind="x", subject=SUBJECT, body=[], about=("thing", 1))
        unit.rollback()
    assert mails() == []


def test_what_goes_out_is_a_whole_message() -> None:
    mail = write(
        make_person(name="Ana Nováková", locale="es", email="ana@acme.example"),
        body=[
            Text(msgid="{name} wrote:", params={"name": "Žofie"}),
            Quote(".\nFrom here\n" + "ř" * 3_000),
            Link(msgid="Open the ticket", path="/tickets/7"),
        ],
        enclosures=[Enclosure("faktura č. 7.pdf", "application/pdf", b"%PDF-1.7\r\n.\r\n")],
    )
    with unit_of_work() as unit:
        enclosure = unit.exec(select(MailEnclosure)).one()
    message = parsed(mail, enclosure)
    raw = message.as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) < 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()
    assert (message["To"], message["From"]) == (
        "Ana Nováková <ana@acme.example>",
        "Northrack <portal@northrack.example>",
    )
    assert (message["Message-ID"], message["Auto-Submitted"]) == (mail.message_ref, "auto-generated")
    assert message["References"] == mail.thread_refs
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().replace("\r\n", "\n") == mail.body_text
    assert page.get_content().replace("\r\n", "\n") == mail.body_html
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("faktura č. 7.pdf", b"%PDF-1.7\r\n.\r\n")


EVIL = (
    "x\r\nBcc: all@example.com",
    "x\nTo: y",
    "x\x00y",
    "x\u2028Bcc: z",
    "=?utf-8?q?x=0D=0ABcc:_y?=",
    "==??utf-8?b?eA0KQmNjOiB5?=",
    "x" * 5_000,
    "\u202eevil",
)


def test_no_header_can_be_slipped_in() -> None:
    for number, evil in enumerate(EVIL):
        person = make_person(name=evil.replace("\0", ""))
        mail = write(person, subject=Text(msgid="{x}", params={"x": evil}), key=str(number))
        message = parsed(mail)
        assert set(message.keys()) == {
            *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"),
            *("X-Auto-Response-Suppress", "Content-Language", "Content-Type", "MIME-Version"),
        }
        head = message.as_bytes().partition(b"\r\n\r\n")[0]
        assert b"\r\nBcc:" not in head
        assert b"\r\nTo: y" not in head
        assert message["Subject"].count("\n") == 0


def test_no_markup_or_script_gets_into_the_page() -> None:
    typed = "\n".join(
        (
            "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![pixel](https://evil.example/p.png)",
            "[a](javascript:alert(1))", "[b](data:text/html,x)", "[c](vbscript:x)", "<https://fine.example>",
            "[d](https://evil.example \"><script>alert(1)</script>)", "[e]: javascript:alert(1)", "[e]",
        )
    )  # fmt: skip
    person = make_person(name="<script>x</script>")
    page = write(person, body=[Text(msgid="{x}", params={"x": "<i>"}), Quote(typed)]).body_html
    for bad in ("<script", "<img", "<i>", 'href="javascript', 'href="data', 'href="vbscript'):
        assert bad not in page
    assert '<a href="https://fine.example">' in page


def test_an_address_that_no_server_takes_is_known_before_it_is_asked() -> None:
    with pytest.raises(UnwritableError):
        parsed(write(make_person(email="žofie@acme.example")))
    with pytest.raises(UnwritableError):
        parsed(write(make_person()), sender="")


def test_clients_do_not_see_how_mails_fare() -> None:
    with unit_of_work() as unit, pytest.raises(Refusal) as refusal:
        archive.relay_status(make_actor(), unit)
    assert refusal.value.code == "forbidden"
