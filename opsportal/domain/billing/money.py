"""Amounts: integers in a currency's smallest unit."""

from __future__ import annotations

import re

from opsportal.domain.billing.refusals import BadAmount

MAX_MINOR = 10**12
"""The largest amount of one movement. Sums of a great many still fit the database's 64 bits."""

_EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
         "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip


def exponent(currency: str) -> int:
    """How many decimals a currency has (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


def check_amount(minor: object, currency: str) -> int:
    """The amount, if it is a positive integer that one movement may have. Refuses with `BadAmount`."""
    if type(minor) is not int or not 0 < minor <= MAX_MINOR:
        raise BadAmount(currency=currency)
    return minor


def parse_amount(text: str, currency: str) -> int:
    """What a person typed, in the smallest unit. More decimals than the currency has are refused."""
    found = re.fullmatch(r"([0-9]{1,12})(?:[.,]([0-9]{1,3}))?", text.strip(), re.ASCII)
    decimals = (found[2] or "") if found else ""
    if found is None or len(decimals) > exponent(currency):
        raise BadAmount(currency=currency)
    return check_amount(int(found[1] + decimals.ljust(exponent(currency), "0")), currency)


def rounded(numerator: int, denominator: int) -> int:
    """A quotient of two non-negative integers, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def rounded_up(minor: int, step: int) -> int:
    """The next multiple of `step`; what is a multiple already stays."""
    return -(-minor // step) * step
