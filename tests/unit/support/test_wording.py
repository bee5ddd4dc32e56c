"""Subjects are one line; messages keep their text and nothing that cannot be stored."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsportal.domain.refusals import Refusal
from opsportal.domain.support.wording import clean_body, clean_subject


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  No   ping ", "No ping"),
        ("Hello\r\nBcc: all@example.com", "Hello Bcc: all@example.com"),
        ("a\u2028b\u2029c\x85d\x0be", "a b c d e"),
        ("invoice \u202egnp.exe", "invoice gnp.exe"),
        ("\ufeff<b>bold</b>", "<b>bold</b>"),
        ("й" * 200, "й" * 200),
    ],
)
def test_subject_is_one_line(typed: str, kept: str) -> None:
    assert clean_subject(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "subject_missing"),
        (" \r\n\t ", "subject_missing"),
        ("\u202e\u200b", "subject_missing"),
        ("x" * 201, "subject_too_long"),
        (" " * 5_000 + "x", "subject_too_long"),
        ("a\0b", "text_unreadable"),
        ("\ud83d", "text_unreadable"),
    ],
)
def test_subject_is_refused(typed: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        clean_subject(typed)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\n\n  indented\n\n\n\n\n\nfar  \n", "  indented\n\n\nfar"),
        ("\x1b[31mred\x1b[0m \x07bell", "[31mred[0m bell"),
        ("مرحبا \u200fabc", "مرحبا \u200fabc"),
        ("x" * 20_000, "x" * 20_000),
    ],
)
def test_message_is_kept_as_typed(typed: str, kept: str) -> None:
    assert clean_body(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "message_missing"),
        (" \n \t", "message_missing"),
        ("\x07\x08", "message_missing"),
        ("x" * 20_001, "message_too_long"),
        ("x" * 1_000_000, "message_too_long"),
        ("a\0b", "text_unreadable"),
        ("\udc00", "text_unreadable"),
    ],
)
def test_message_is_refused(typed: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        clean_body(typed)
    assert refused.value.code == code


@settings(deadline=None)  # a busy machine is no finding
@given(st.text(max_size=300))
def test_what_is_kept_is_kept_again(typed: str) -> None:
    for clean in (clean_subject, clean_body):
        try:
            once = clean(typed)
        except Refusal:
            continue
        assert clean(once) == once
        assert once.encode()
