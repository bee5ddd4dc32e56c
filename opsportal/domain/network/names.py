"""Host names as reverse DNS carries them: full, ASCII, lower-case, without a final dot."""

from __future__ import annotations

import ipaddress
import re

import idna

from opsportal.domain.network.refusals import NameIsAddress, NameTooLong, NameUnusable

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
"""RFC 952 and RFC 1123, 2.1: letters, digits and inner hyphens."""
LONGEST, LONGEST_LABEL = 253, 63


def host_name(typed: str) -> str:
    """The name as DNS has it: `Сервер.Example.` becomes `xn--80adjurb4e.example`. Empty for nothing typed.

    Names outside ASCII are encoded by IDNA 2008 with the mapping of UTS #46. Raises `NameUnusable` (not fully
    qualified, or no host name), `NameTooLong` or `NameIsAddress`.
    """
    text = typed.strip().removesuffix(".")
    if not text:
        return ""
    if _is_address(text):
        raise NameIsAddress
    labels = _ascii(text).split(".")
    if any(len(label) > LONGEST_LABEL for label in labels) or len(".".join(labels)) > LONGEST:
        raise NameTooLong
    # The last label is never all digits (RFC 3696, 2): 192.0.2.300 is a slip, no name.
    if len(labels) < 2 or labels[-1].isdigit() or not all(LABEL.fullmatch(label) for label in labels):
        raise NameUnusable
    if labels[-1] == "arpa":
        raise NameUnusable
    return ".".join(labels)


def _ascii(text: str) -> str:
    if text.isascii():
        lower = text.lower()
        if "xn--" in lower:
            _decoded(lower)
        return lower
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode()
    except idna.IDNAError as wrong:
        raise (NameTooLong if "too long" in str(wrong).lower() else NameUnusable) from None


def _decoded(name: str) -> str:
    """An ASCII name as people write it. Raises `NameUnusable` for what only looks encoded."""
    try:
        return idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        raise NameUnusable from None


def readable(name: str) -> str:
    """The name as people write it: A-labels decoded where they can be."""
    try:
        return _decoded(name) if "xn--" in name else name
    except NameUnusable:
        return name


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
