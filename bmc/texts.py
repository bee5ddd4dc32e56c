"""Texts that a BMC sent, made safe to store and to show: a tenant may own the BMC's firmware."""

from __future__ import annotations

import unicodedata

MAX_TEXT = 64
"""Characters. FRU and SDR fields hold 63 and 16 (IPMI FRU v1.0 section 13, IPMI v2.0 section 43.15)."""
_MARKUP = str.maketrans("<>", "  ")


def clean_text(value: object, *, limit: int = MAX_TEXT) -> str:
    """One line of at most `limit` printable characters without markup; "" for whatever is no text.

    Control, formatting (so also right-to-left overrides), surrogate and unassigned characters are dropped.
    """
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return ""
    kept = (" " if char.isspace() else char for char in value[: limit * 4])
    printable = "".join(char for char in kept if unicodedata.category(char)[0] != "C")
    return " ".join(printable.translate(_MARKUP).split())[:limit].rstrip()
