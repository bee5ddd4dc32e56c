"""What somebody looks for, and what is found of it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, TextClause, func, text

from opsportal.db import Unit
from opsportal.domain.access import Actor

MAX_HITS = 8
"""Of each kind."""
_MAC = re.compile(r"[0-9a-f]{2}([:.-]?[0-9a-f]{2}){2,5}")
_NUMBER = re.compile(r"#?([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: `kind` is worded by the page, `path` leads to it."""

    kind: str
    label: str
    detail: str
    path: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed, in lower case, and what it may be."""

    words: str

    @property
    def number(self) -> int | None:
        """ "#17" or "17"."""
        match = _NUMBER.fullmatch(self.words)
        return int(match[1]) if match else None

    @property
    def mac(self) -> str:
        """The beginning of a MAC address as it is on record, or "". With colons, hyphens, dots or nothing."""
        if not _MAC.fullmatch(self.words):
            return ""
        digits = re.sub(r"[^0-9a-f]", "", self.words)
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))

    @property
    def address(self) -> str | None:
        """One with a scope ("fe80::1%eth0") is none: PostgreSQL reads no such, and no record has one."""
        try:
            address = ipaddress.ip_address(self.words)
        except ValueError:
            return None
        return None if getattr(address, "scope_id", None) else str(address)

    def begins(self, column: object) -> ColumnElement[bool]:
        """Whether a text begins so, whatever the case of its letters. An index of lower(column) answers it."""
        return func.lower(column).like(beginning(self.words))

    def inet(self) -> TextClause:
        """The address as PostgreSQL's own type; there must be one."""
        return text("CAST(:address AS inet)").bindparams(address=self.address)


Finder = Callable[[Actor, Unit, Wanted], Iterable[Hit]]


def beginning(words: str) -> str:
    """A pattern for LIKE in which what was typed stands for itself."""
    return re.sub(r"([\\%_])", r"\\\1", words) + "%"


def by_beginning(expression: str) -> TextClause:
    """The order of an index with text_pattern_ops: its reader ends after the first hits, however many there are."""
    return text(f"{expression} USING ~<~")


def joined(*words: str | None) -> str:
    """The details of a hit in a line, as far as there are any."""
    return " · ".join(word for word in words if word)
