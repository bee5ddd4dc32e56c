"""The pieces of a letter, before anybody knows in which language it will be read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, get_currency_precision

from opsportal.locale import gettext


@dataclass(frozen=True)
class Amount:
    """Money in minor units of its currency, worded for the reader."""

    minor: int
    currency: str


Value = str | int | Amount | dt.date | dt.datetime


@dataclass(frozen=True)
class Text:
    """One paragraph: an English msgid and what fills its placeholders.

    Write `Text(msgid="Invoice {number} is due on {day}.", params={…})`: the keyword is what extraction finds.
    """

    msgid: str
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Quote:
    """What a person has typed, as Markdown. It is not translated and never becomes markup of the letter."""

    markdown: str


@dataclass(frozen=True)
class Link:
    """A page of the portal, offered under a msgid. `path` begins with a slash."""

    msgid: str
    path: str


Piece = Text | Quote | Link


@dataclass(frozen=True)
class Reader:
    """In whose language and time zone a letter is worded."""

    locale: str
    time_zone: str = "UTC"

    def words(self, text: Text) -> str:
        """The text in the reader's language, with amounts and times as the reader writes them."""
        return gettext(self.locale, text.msgid, **{k: self._value(v) for k, v in text.params.items()})

    def _value(self, value: Value) -> str:
        match value:
            case Amount(minor=minor, currency=currency):
                digits = get_currency_precision(currency)
                return str(format_currency(_decimal(minor, digits), currency, locale=self.locale))
            case dt.datetime():
                zone = ZoneInfo(self.time_zone)
                return str(format_datetime(value, "medium", tzinfo=zone, locale=self.locale))
            case dt.date():
                return str(format_date(value, "long", locale=self.locale))
        return str(value)


def _decimal(minor: int, digits: int) -> str:
    """Minor units as a decimal number; babel takes digits as text without passing through a float."""
    sign, plain = ("-" if minor < 0 else ""), str(abs(minor)).rjust(digits + 1, "0")
    return f"{sign}{plain[:-digits]}.{plain[-digits:]}" if digits else f"{sign}{plain}"
