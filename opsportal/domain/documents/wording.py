"""Amounts, days and quantities as a document prints them: in its own language, not its reader's."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from opsportal.domain.billing.money import exponent

_TAGS = {"en": "en_GB", "uk": "uk_UA", "es": "es_ES"}


def tag(locale: str) -> str:
    """The region that numbers and dates are written for; English where we do not speak the language."""
    return _TAGS.get(locale, _TAGS["en"])


def money(minor: int, currency: str, locale: str) -> str:
    """An amount with its currency, exact: no float on the way, as many decimals as the currency has."""
    places = exponent(currency)
    decimals = f".{'0' * places}" if places else ""
    pattern = Locale.parse(tag(locale)).currency_formats["standard"].pattern.replace(".00", decimals)
    amount = Decimal(minor).scaleb(-places)
    written: str = format_currency(
        amount, currency, format=pattern, locale=tag(locale), currency_digits=False
    )
    return written


def percent(basis_points: int, locale: str) -> str:
    """2100 basis points as "21%", 2550 as "25.5%"."""
    written: str = format_percent(Decimal(basis_points).scaleb(-4), format="#,##0.##%", locale=tag(locale))
    return written


def number(value: int, locale: str) -> str:
    written: str = format_decimal(value, locale=tag(locale))
    return written


def day(date: dt.date, locale: str) -> str:
    written: str = format_date(date, format="medium", locale=tag(locale))
    return written


def country(code: str, locale: str) -> str:
    """The country's name; its code where there is none."""
    return str(Locale.parse(tag(locale)).territories.get(code, code))
