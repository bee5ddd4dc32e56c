"""Files: taken by what they contain, reached by whoever may, kept for ever once sent."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.refusals import Refusal
from opsportal.domain.support import attachments, desk, threads, tickets
from opsportal.domain.support.attachments import AttachmentFile
from opsportal.models import Attachment, AttachmentContent, Role
from tests.builders import make_actor, make_company, make_ticket
from tests.crowd import at_once
from tests.doors.world import everything
from tests.integration.support.asked import refused
from tests.unit.support.test_media import PNG_BYTES, zip_bytes

pytestmark = pytest.mark.usefixtures("portal")


def upload(actor: Actor, name: str = "log.txt", content: bytes = b"a line\n") -> int:
    with unit_of_work() as unit:
        return attachments.store_attachment(unit, actor, name=name, content=content).id or 0


def read(actor: Actor, file: int) -> AttachmentFile:
    with unit_of_work() as unit:
        return attachments.read_attachment(actor, unit, file)


def test_a_file_travels_with_a_message_unchanged() -> None:
    company = make_company()
    client, colleague, staff = (
        make_actor(company=company),
        make_actor(company=company),
        make_actor(role=Role.OPERATOR),
    )
    content = PNG_BYTES + bytes(range(256)) * 4_000
    file = upload(client, "../screen\u202eshot.jpeg", content)
    number = make_ticket(client, attachment_ids=[file, file])
    with unit_of_work() as unit:
        (view,) = threads.read_thread(colleague, unit, number).messages[0].files
    assert (view.id, view.name, view.media_type, view.size) == (
        file,
        "screenshot.jpeg.png",
        "image/png",
        len(content),
    )
    for actor in (client, colleague, staff):
        found = read(actor, file)
        assert (found.content, found.sha256) == (content, hashlib.sha256(content).hexdigest())


def test_what_cannot_be_taken_is_refused() -> None:
    client = make_actor()
    for name, content, code in (
        ("empty.txt", b"", "file_empty"),
        ("huge.txt", b"a" * (attachments.FILE_LIMIT + 1), "file_too_large"),
        ("picture.png", b"MZ\x90\x00\x03", "file_type_not_allowed"),
        ("archive.zip", zip_bytes("a")[:-10], "file_type_not_allowed"),
        ("text.txt", b"\x00\x01\x02", "file_type_not_allowed"),
    ):
        refused(
            code,
            lambda unit, name=name, content=content: attachments.store_attachment(
                unit, client, name=name, content=content
            ),
        )
    largest = b"a" * attachments.FILE_LIMIT
    assert read(client, upload(client, "largest.log", largest)).size == attachments.FILE_LIMIT
    assert read(client, upload(client, "x.png", zip_bytes("a"))).name == "x.png.zip"


def test_only_the_uploader_reaches_an_unsent_file_and_only_the_company_a_sent_one() -> None:
    company = make_company()
    client, colleague, stranger = make_actor(company=company), make_actor(company=company), make_actor()
    staff = make_actor(role=Role.TECHNICIAN)
    file = upload(client)
    number = make_ticket(colleague)
    for other in (colleague, stranger, staff):
        refused("not_found", lambda unit, other=other: attachments.read_attachment(other, unit, file))
        refused("not_found", lambda unit, other=other: attachments.discard_attachment(unit, other, file))
    refused("file_gone", lambda unit: tickets.reply(unit, colleague, number, body="x", attachment_ids=[file]))
    refused("file_gone", lambda unit: desk.add_note(unit, staff, number, body="x", attachment_ids=[file]))
    with unit_of_work() as unit:
        tickets.reply(unit, client, number, body="Here.", attachment_ids=[file])
    assert read(colleague, file).content == read(staff, file).content == b"a line\n"
    refused("not_found", lambda unit: attachments.read_attachment(stranger, unit, file))
    refused("not_found", lambda unit: attachments.discard_attachment(unit, client, file))
    refused(
        "file_gone", lambda unit: tickets.reply(unit, client, number, body="Again.", attachment_ids=[file])
    )


def test_a_notes_file_is_the_desks() -> None:
    client, staff = make_actor(), make_actor(role=Role.OPERATOR)
    number = make_ticket(client)
    file = upload(staff)
    with unit_of_work() as unit:
        desk.add_note(unit, staff, number, body="Look.", attachment_ids=[file])
    refused("not_found", lambda unit: attachments.read_attachment(client, unit, file))
    assert read(make_actor(role=Role.TECHNICIAN), file).content == b"a line\n"
    # Neither code nor a slip of it can make a note's file a message's: the database keeps it where it is.
    for statement in (
        "UPDATE attachment SET message_id = 1, note_id = NULL",
        "UPDATE attachment SET message_id = 1",
        "DELETE FROM attachment",
        "UPDATE attachment_content SET content = 'x'",
    ):
        with pytest.raises(DBAPIError), unit_of_work() as unit:
            unit.execute(text(statement))


def test_an_unsent_file_can_be_taken_back_and_is_forgotten_after_a_day() -> None:
    client = make_actor()
    back, old, fresh, sent = (upload(client) for _ in range(4))
    make_ticket(client, attachment_ids=[sent])
    with unit_of_work() as unit:
        attachments.discard_attachment(unit, client, back)
        unit.execute(
            text("UPDATE attachment SET created_at = now() - interval '25 hours' WHERE id = :id"), {"id": old}
        )
        assert attachments.forget_unsent(unit) == 1
    with unit_of_work() as unit:
        assert set(unit.exec(select(Attachment.id))) == {fresh, sent}
        assert set(unit.exec(select(AttachmentContent.attachment_id))) == {fresh, sent}


def test_twenty_files_may_wait_and_not_one_more_however_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "UNSENT_PER_PERSON", 3)
    client = make_actor()
    came = at_once(*[lambda: upload(client)] * 6)
    assert came == ["done"] * 3 + ["too_many_uploads"] * 3
    upload(make_actor())


def test_two_messages_cannot_have_the_same_file() -> None:
    client = make_actor()
    number, file = make_ticket(client), upload(client)

    def reply() -> None:
        with unit_of_work() as unit:
            tickets.reply(unit, client, number, body="Look.", attachment_ids=[file])

    assert at_once(reply, reply) == ["done", "file_gone"]
    with unit_of_work() as unit:
        said = threads.read_thread(client, unit, number).messages
    assert [len(message.files) for message in said] == [0, 1]


def test_a_refused_message_leaves_its_files_unsent() -> None:
    client = make_actor()
    file = upload(client)
    before = everything()
    with pytest.raises(Refusal), unit_of_work() as unit:
        tickets.open_ticket(
            unit, client, tickets.NewTicket("technical", "x", "y", attachment_ids=[file, 987_654])
        )
    assert everything() == before
