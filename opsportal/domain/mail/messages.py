"""A mail as bytes for a mail server (RFC 5322, MIME)."""

from __future__ import annotations

import email.policy
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from opsportal.models import Mail, MailEnclosure

# No line is folded inside a Message-ID; 998 is the most that a line may have (RFC 5322, 2.1.1).
POLICY = email.policy.SMTP.clone(max_line_length=900, cte_type="7bit")


class UnwritableError(Exception):
    """What is on record can never be written into a mail's headers, such as an address outside ASCII."""


def as_message(mail: Mail, enclosures: Sequence[MailEnclosure], *, sender: str) -> EmailMessage:
    """The mail with both its parts and its enclosures. Raises `UnwritableError`.

    Auto-Submitted (RFC 3834) keeps answering machines from answering. A header cannot be injected:
    texts come as one line, the header classes refuse a line break, and none may come out of them either.
    """
    message = EmailMessage(policy=POLICY)
    try:
        message["From"] = _address(*parseaddr(sender))
        message["To"] = _address(mail.to_name, mail.to_address)
    except (ValueError, IndexError) as unusable:
        raise UnwritableError from unusable
    message["Subject"] = _literal(mail.subject)
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = mail.message_ref
    if mail.reply_to_ref:
        message["In-Reply-To"] = mail.reply_to_ref
        message["References"] = mail.thread_refs
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.body_text)
    message.add_alternative(mail.body_html, subtype="html")
    for one in enclosures:
        kind, _, subtype = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=kind, subtype=subtype, filename=_literal(one.name))
    message["Content-Language"] = mail.locale  # last: setting the content drops what begins with Content-
    if any("\n" in str(value) or "\r" in str(value) for value in message.values()):
        raise UnwritableError
    return message


def _address(name: str, address: str) -> Address:
    address.encode("ascii")  # the server would have to speak SMTPUTF8, which many do not
    return Address(display_name=_literal(name), addr_spec=address)


def _literal(text: str) -> str:
    """Text that stays what it is. The header classes decode RFC 2047 words even in what they are given:

    `=?utf-8?q?x=0D=0ABcc:_y?=` would come out as a line break and a header of its own.
    """
    return text.replace("=?", "= ?")
