"""Numbers of documents: one series per kind and year, without gaps."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from opsportal.db import Unit
from opsportal.models import DocumentKind

PREFIXES = {DocumentKind.INVOICE: "INV", DocumentKind.TOPUP: "TOP", DocumentKind.CREDIT_NOTE: "CN"}


@dataclass(frozen=True, slots=True)
class Number:
    """A document's number and its place in the series."""

    text: str
    year: int
    number: int


# One statement takes the row's lock, counts and answers. The lock lasts until the issuing transaction ends,
# so a number that was given and rolled back is given again.
_NEXT = text("""
    INSERT INTO number_series (kind, year, last_number) VALUES (:kind, :year, 1)
    ON CONFLICT (kind, year) DO UPDATE SET last_number = number_series.last_number + 1
    RETURNING last_number
""")


def next_number(unit: Unit, kind: DocumentKind, year: int) -> Number:
    """The next number, to be used by this transaction."""
    number = int(unit.execute(_NEXT, {"kind": kind.value, "year": year}).scalar_one())
    return Number(f"{PREFIXES[kind]}-{year}-{number:06d}", year, number)
