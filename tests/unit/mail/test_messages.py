"""Whatever stands in a subject or a name, the message has the headers that it should and no other."""

from __future__ import annotations

import email
import email.policy

from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsportal.domain.mail.letters import _one_line
from opsportal.domain.mail.messages import as_message
from opsportal.models import Mail, MailEnclosure
from opsportal.models.base import utcnow

HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"),
    *("X-Auto-Response-Suppress", "MIME-Version", "Content-Type", "Content-Language"),
}
WORDS = st.text(st.sampled_from('=?utf-8qb_0DA=\r\n:\\"<>@,;() \u2028é\u202eBcc'), max_size=60) | st.text(
    max_size=60
)


@settings(deadline=None)  # a busy machine is no finding
@given(WORDS, WORDS, WORDS)
@example("=?utf-8?q?x=0D=0ABcc:_y?=", "=?utf-8?b?eA0KQmNjOiB5?=", "=?utf-8?q?=0D=0AX:_y?=")
@example("=" * 50 + "?" * 50, '"', "a" * 300)
def test_no_text_becomes_a_header(subject: str, name: str, file: str) -> None:
    mail = Mail(
        key="x", kind="x", to_address="ana@example.com", to_name=_one_line(name), locale="en",
        subject=_one_line(subject), body_text="Hello.\n", body_html="<p>Hello.</p>\n", message_ref="<1@example.com>",
        reply_to_ref="<0@example.com>", thread_refs="<0@example.com>", about_kind="x", about_id=1, created_at=utcnow(),
    )  # fmt: skip
    enclosure = MailEnclosure(
        mail_id=1, position=0, name=_one_line(file), media_type="text/plain", content=b"x"
    )
    raw = as_message(mail, [enclosure], sender="Northrack <portal@example.com>").as_bytes()
    assert raw.isascii()
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert set(read.keys()) == HEADERS
    assert len(read.keys()) == len(HEADERS)
    assert read["To"].addresses[0].addr_spec == "ana@example.com"
    assert len(read["To"].addresses) == 1
    assert not set("\r\n") & set(read["Subject"] + read["To"])
    assert read["Subject"].split() == mail.subject.replace("=?", "= ?").split()
    (part,) = read.iter_attachments()
    assert set(part.keys()) == {
        "Content-Type",
        "Content-Transfer-Encoding",
        "Content-Disposition",
        "MIME-Version",
    }
