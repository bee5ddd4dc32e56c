"""Writing a mail. It is archived in the transaction that causes it, and sent after that by a worker."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.mail import layout
from opsportal.domain.mail.texts import Amount, Link, Piece, Quote, Reader, Text
from opsportal.locale import gettext
from opsportal.models import Mail, MailEnclosure, Person
from opsportal.settings import settings

__all__ = ["Amount", "Enclosure", "Link", "Mailbox", "Piece", "Quote", "Text", "queue_letter"]

QUEUE = "mail"
TASK = "mail"
SUBJECT_LIMIT = 250
THREAD_LIMIT = 10
"""Message-IDs kept in References: the thread's root and the newest (RFC 5322, 3.6.4, allows leaving some out)."""


@dataclass(frozen=True)
class Mailbox:
    """An address that belongs to no person, such as the desk's."""

    address: str
    name: str = ""
    locale: str = "en"
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Enclosure:
    """A file that goes with a letter."""

    name: str
    media_type: str
    content: bytes


def queue_letter(
    unit: Unit,
    *,
    to: Person | Mailbox,
    kind: str,
    subject: Text,
    body: Sequence[Piece],
    about: tuple[str, int],
    key: str = "",
    enclosures: Sequence[Enclosure] = (),
    ticket_message_id: int | None = None,
) -> Mail:
    """Write one mail to one recipient, in that person's language, to `mail_to` or else the sign-in address.

    Idempotent: for the same `key` (default: kind and object) and recipient there is one mail, however
    often this is called; a second call returns the first one's. Mails about the same object to the same
    address form a thread. Sending happens after commit.
    """
    box = _mailbox(to)
    reader = Reader(box.locale, box.time_zone)
    person_id = to.id if isinstance(to, Person) else None
    occasion = f"{key or f'{kind}:{about[0]}:{about[1]}'}:{person_id or box.address}"
    if found := unit.exec(select(Mail).where(col(Mail.key) == occasion)).first():
        return found
    previous = _previous(unit, about, box.address)
    greeting = (
        gettext(box.locale, "Hello {name},", name=box.name) if box.name else gettext(box.locale, "Hello,")
    )
    reply_to_ref, thread_refs = _thread(previous, about)
    mail = Mail(
        key=occasion,
        kind=kind,
        person_id=person_id,
        company_id=to.company_id if isinstance(to, Person) else None,
        to_address=box.address,
        to_name=box.name,
        locale=box.locale,
        subject=_one_line(reader.words(subject))[:SUBJECT_LIMIT],
        body_text=layout.as_text(reader, greeting, body),
        body_html=layout.as_html(reader, greeting, body),
        message_ref=f"<{secrets.token_hex(16)}@{_domain()}>",
        about_kind=about[0],
        about_id=about[1],
        ticket_message_id=ticket_message_id,
        reply_to_ref=reply_to_ref,
        thread_refs=thread_refs,
    )
    return _keep(unit, mail, enclosures)


def _keep(unit: Unit, mail: Mail, enclosures: Sequence[Enclosure]) -> Mail:
    """Archive a mail, unless another transaction has just archived the same one."""
    values = mail.model_dump(exclude={"id"})
    made = (
        insert(Mail).values(**values).on_conflict_do_nothing(index_elements=["key"]).returning(col(Mail.id))
    )
    mail_id = unit.scalar(made)
    if mail_id is None:
        return unit.exec(select(Mail).where(col(Mail.key) == mail.key)).one()
    for position, one in enumerate(enclosures):
        unit.add(
            MailEnclosure(
                mail_id=mail_id,
                position=position,
                name=_one_line(one.name),
                media_type=one.media_type,
                content=one.content,
            )
        )
    unit.enqueue(QUEUE, TASK, mail_id)
    unit.changed("mails", *((f"person:{mail.person_id}:mails",) if mail.person_id else ()))
    return unit.get_one(Mail, mail_id)


def _mailbox(to: Person | Mailbox) -> Mailbox:
    if isinstance(to, Mailbox):
        return to
    return Mailbox(to.mail_to or to.email, _one_line(to.name), to.locale, to.time_zone)


def _previous(unit: Unit, about: tuple[str, int], address: str) -> Mail | None:
    query = select(Mail).where(
        col(Mail.about_kind) == about[0], col(Mail.about_id) == about[1], col(Mail.to_address) == address
    )
    return unit.exec(query.order_by(col(Mail.id).desc()).limit(1)).first()


def _thread(previous: Mail | None, about: tuple[str, int]) -> tuple[str, str]:
    """In-Reply-To and References. The root was never sent: it only ties the mails about one object together."""
    if previous is None:
        root = f"<{about[0]}.{about[1]}@{_domain()}>"
        return root, root
    root, *later = previous.thread_refs.split()
    kept = [*later, previous.message_ref][-THREAD_LIMIT:]
    return previous.message_ref, " ".join([root, *kept])


def _domain() -> str:
    """The right side of our Message-IDs: that of the sender's address."""
    return parseaddr(settings().mail_from)[1].rpartition("@")[2] or "localhost"


def _one_line(text: str) -> str:
    """Fit for a header: nothing in it can end the line or turn the reading direction."""
    hidden = ("Cc", "Cf", "Zl", "Zp", "Cs")
    return " ".join("".join(" " if unicodedata.category(c) in hidden else c for c in text).split())
