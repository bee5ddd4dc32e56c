"""What people type, made fit to be stored, shown and mailed; or refused."""

from __future__ import annotations

import re
import unicodedata

from opsportal.domain.support.refusals import (
    MessageMissing,
    MessageTooLong,
    SubjectMissing,
    SubjectTooLong,
    TextUnreadable,
)

SUBJECT_LIMIT = 200
BODY_LIMIT = 20_000
# Invisible characters that turn the reading direction of what follows: they make a name or a subject
# look like another. In a message they stay, because Arabic and Hebrew texts need them.
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c\ufeff\u200b")
_BLANK_LINES = re.compile(r"\n{4,}")


def one_line(text: str) -> str:
    """`text` on one line, without control and direction characters. Raises `TextUnreadable`."""
    _check_storable(text)
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join("".join(c for c in spaced if c not in _TURNING).split())


def clean_subject(text: str) -> str:
    """A subject of 1 to 200 characters on one line. Raises a refusal."""
    if len(text) > 20 * SUBJECT_LIMIT:
        raise SubjectTooLong(limit=SUBJECT_LIMIT)
    subject = one_line(text)
    if not subject:
        raise SubjectMissing
    if len(subject) > SUBJECT_LIMIT:
        raise SubjectTooLong(limit=SUBJECT_LIMIT)
    return subject


def clean_body(text: str) -> str:
    """A message of 1 to 20,000 characters, its lines ended by a line feed. Raises a refusal.

    Markup is kept exactly as typed: whoever shows it escapes it. Terminals' control characters
    (as in a pasted log) are left out.
    """
    if len(text) > 4 * BODY_LIMIT:
        raise MessageTooLong(limit=BODY_LIMIT)
    _check_storable(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) != "Cc")
    body = _BLANK_LINES.sub("\n\n\n", kept).strip("\n").rstrip()
    if not body.strip():
        raise MessageMissing
    if len(body) > BODY_LIMIT:
        raise MessageTooLong(limit=BODY_LIMIT)
    return body


def _check_storable(text: str) -> None:
    """PostgreSQL keeps no NUL, and half a character (a lone surrogate) is no UTF-8."""
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise TextUnreadable
