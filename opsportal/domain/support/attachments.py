"""Files: uploaded first, sent with a message or a note later, read by whoever may read that."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_attachment_for
from opsportal.domain.refusals import NotFound
from opsportal.domain.support import media
from opsportal.domain.support.refusals import (
    FileEmpty,
    FileGone,
    FileTooLarge,
    FileTypeNotAllowed,
    TooManyFiles,
    TooManyUploads,
)
from opsportal.models import Attachment, AttachmentContent
from opsportal.models.base import utcnow

FILE_LIMIT = 10 * 1024 * 1024
"""Bytes of one file."""
FILES_PER_MESSAGE = 10
UNSENT_PER_PERSON = 20
KEEP_UNSENT = dt.timedelta(days=1)


@dataclass(frozen=True)
class AttachmentFile:
    """A file to be handed out. `media_type` is one of `media.ALLOWED`; `name` holds no control characters."""

    name: str
    media_type: str
    size: int
    sha256: str
    content: bytes


def store_attachment(unit: Unit, actor: Actor, *, name: str, content: bytes) -> Attachment:
    """Keep an uploaded file until its uploader sends it with a message or a note (at most a day).

    Refuses with `FileEmpty`, `FileTooLarge`, `FileTypeNotAllowed` or `TooManyUploads`.
    """
    actor.require(Permission.DESK_WORK if actor.is_staff else Permission.TICKETS_USE)
    if not content:
        raise FileEmpty
    if len(content) > FILE_LIMIT:
        raise FileTooLarge(limit=FILE_LIMIT // 1024 // 1024)
    kind = media.media_type(content)
    if kind is None:
        raise FileTypeNotAllowed
    _check_room(unit, actor)
    row = Attachment(
        uploader_id=actor.person_id,
        name=media.clean_name(name, kind),
        media_type=kind.name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    unit.add(row)
    unit.flush()
    assert row.id is not None
    unit.add(AttachmentContent(attachment_id=row.id, content=content))
    unit.flush()
    return row


def _check_room(unit: Unit, actor: Actor) -> None:
    """Uploads of one person take turns, or twenty at once would all find room for one."""
    unit.scalar(select(func.pg_advisory_xact_lock(4_207_310, actor.person_id % 2**31)))
    unsent = unit.scalar(_unsent(func.count()).where(col(Attachment.uploader_id) == actor.person_id))
    if int(unsent or 0) >= UNSENT_PER_PERSON:
        raise TooManyUploads


def _unsent(what: Any) -> Any:
    return (
        select(what)
        .select_from(Attachment)
        .where(col(Attachment.message_id).is_(None), col(Attachment.note_id).is_(None))
    )


def discard_attachment(unit: Unit, actor: Actor, attachment_id: int) -> None:
    """Delete an own file that was not sent yet; one that was sent does not exist for this purpose."""
    row = access_attachment_for(actor, unit, attachment_id)
    row = unit.get(Attachment, row.id, with_for_update=True, populate_existing=True)  # type: ignore[assignment]
    if row is None or row.message_id is not None or row.note_id is not None:
        raise NotFound
    unit.delete(row)


def read_attachment(actor: Actor, unit: Unit, attachment_id: int) -> AttachmentFile:
    """A file with its content, for whoever may see it. Raises `NotFound`."""
    row = access_attachment_for(actor, unit, attachment_id)
    content = unit.get(AttachmentContent, attachment_id)
    if content is None:
        raise NotFound
    return AttachmentFile(row.name, row.media_type, row.size, row.sha256, content.content)


def claim(
    unit: Unit,
    actor: Actor,
    attachment_ids: Sequence[int],
    *,
    message_id: int | None = None,
    note_id: int | None = None,
) -> None:
    """Give the actor's own unsent files to a message or a note, all or none."""
    wanted = set(attachment_ids)
    if len(wanted) > FILES_PER_MESSAGE:
        raise TooManyFiles(limit=FILES_PER_MESSAGE)
    if not wanted:
        return
    found = unit.exec(
        select(Attachment)
        .where(
            col(Attachment.id).in_(wanted),
            col(Attachment.uploader_id) == actor.person_id,
            col(Attachment.message_id).is_(None),
            col(Attachment.note_id).is_(None),
        )
        .order_by(col(Attachment.id))
        .with_for_update()
    ).all()
    if len(found) != len(wanted):
        raise FileGone
    for row in found:
        row.message_id, row.note_id = message_id, note_id
    unit.flush()


def forget_unsent(unit: Unit) -> int:
    """Delete files that nobody sent within a day. Returns how many."""
    gone = unit.execute(
        delete(Attachment).where(
            col(Attachment.message_id).is_(None),
            col(Attachment.note_id).is_(None),
            col(Attachment.created_at) < utcnow() - KEEP_UNSENT,
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
