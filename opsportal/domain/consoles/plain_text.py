"""What a terminal would have shown, as lines of text: control sequences taken out, however they are cut up."""

from __future__ import annotations

import codecs
import re
from enum import Enum, auto

_LONGEST_SEQUENCE = 256
_NEW_LINE_MOVES = frozenset("HfEF")
"""Cursor moves (ECMA-48: CUP, HVP, CNL, CPL) after which something stands elsewhere: a new line of text."""


class _Where(Enum):
    TEXT = auto()
    ESCAPE = auto()
    CHARSET = auto()
    CSI = auto()
    STRING = auto()
    STRING_ESCAPE = auto()


class PlainText:
    """Feed it bytes as they come; it answers with text of printable characters, tabs and line ends.

    ECMA-48: ESC, CSI (ESC [), and the strings OSC, DCS, APC, PM, SOS up to BEL or ST. A sequence that
    never ends is given up after 256 characters, so that a hostile machine cannot swallow its own log.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._where = _Where.TEXT
        self._length = 0
        self._pending_cr = False
        self._column = 0

    def feed(self, data: bytes) -> str:
        text = self._decoder.decode(data)
        if self._where is _Where.TEXT and not self._pending_cr and _PLAIN.fullmatch(text):
            self._column = 0 if text.endswith("\n") else 1
            return text
        return "".join(self._take(character) for character in text)

    def _take(self, c: str) -> str:
        if self._where is not _Where.TEXT:
            return self._inside(c)
        if c == "\x1b":
            self._enter(_Where.ESCAPE)
            return ""
        if self._pending_cr and c != "\r":
            self._pending_cr = False
            ended = "\n" if c == "\n" or self._column else ""
            self._column = 0
            return ended if c == "\n" else ended + self._take(c)
        if c == "\r":
            self._pending_cr = True
            return ""
        if c == "\n":
            self._column = 0
            return "\n"
        if c == "\t" or (c.isprintable() and c != "\x7f"):
            self._column = 1
            return c
        return ""

    def _enter(self, where: _Where) -> None:
        self._where, self._length = where, 0

    def _inside(self, c: str) -> str:
        self._length += 1
        if self._length > _LONGEST_SEQUENCE:
            self._where = _Where.TEXT
            return ""
        if c == "\x1b" and self._where is not _Where.STRING:
            self._enter(_Where.ESCAPE)
            return ""
        return getattr(self, f"_in_{self._where.name.lower()}")(c) or ""

    def _in_escape(self, c: str) -> None:
        if c == "[":
            self._enter(_Where.CSI)
        elif c in "]PX^_":
            self._enter(_Where.STRING)
        elif c in "()*+-./#% ":
            self._enter(_Where.CHARSET)
        else:
            self._where = _Where.TEXT

    def _in_charset(self, c: str) -> None:
        self._where = _Where.TEXT

    def _in_csi(self, c: str) -> str:
        if not "@" <= c <= "~":
            return ""
        self._where = _Where.TEXT
        if c in _NEW_LINE_MOVES and self._column:
            self._pending_cr, self._column = False, 0
            return "\n"
        return ""

    def _in_string(self, c: str) -> None:
        if c == "\x07":
            self._where = _Where.TEXT
        elif c == "\x1b":
            self._where = _Where.STRING_ESCAPE

    def _in_string_escape(self, c: str) -> None:
        if c == "\\":
            self._where = _Where.TEXT
        else:
            self._where = _Where.STRING


_PLAIN = re.compile(r"[\t\n\x20-\x7e]+")
