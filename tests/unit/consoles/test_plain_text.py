"""Control sequences are taken out of serial output, however it is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.domain.consoles.plain_text import PlainText


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (b"plain\r\n", "plain\n"),
        (b"\x1b[1;31mred\x1b[0m\n", "red\n"),
        (b"10%\r20%\r\n", "10%\n20%\n"),
        (b"line\r\r\nnext", "line\nnext"),
        (b"\x1b[2J\x1b[01;01Htop\x1b[02;01Hsecond", "top\nsecond"),
        (b"\x1b]0;a title\x07after", "after"),
        (b"\x1b]0;a title\x1b\\after", "after"),
        (b"\x1bPq#0;\x1bx more\x1b\\after", "after"),
        (b"\x1b(Bcharset", "charset"),
        (b"bell\x07 null\x00 back\x08.", "bell null back."),
        ("Привіт\r\n".encode(), "Привіт\n"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"tab\there", "tab\there"),
        (b"\x1b[31", ""),
        (b"\r\n\r\n", "\n\n"),
    ],
)
def test_what_a_terminal_shows_is_kept_as_text(printed: bytes, text: str) -> None:
    assert PlainText().feed(printed) == text


def test_sequence_that_never_ends_does_not_swallow_the_log() -> None:
    plain = PlainText()
    assert plain.feed(b"\x1b]" + b"x" * 300 + b"shown").endswith("shown")


_PIECES = st.lists(
    st.sampled_from(
        [b"\x1b", b"[", b"1;31m", b"H", b"]0;", b"\x07", b"\\", b"\r", b"\n", b"a", b"\xd0", b"\xbf", b"\x00"]
    ),
    max_size=40,
)


@given(_PIECES)
def test_pieces_are_read_as_the_whole(pieces: list[bytes]) -> None:
    one_by_one = PlainText()
    assert "".join(one_by_one.feed(piece) for piece in pieces) == PlainText().feed(b"".join(pieces))


@given(st.binary(max_size=400))
def test_nothing_unprintable_is_left(data: bytes) -> None:
    assert all(character.isprintable() or character in "\n\t" for character in PlainText().feed(data))
