"""Texts in the viewer's language: one set of gettext catalogues for browser, mails and errors.

Msgids are the English sentences in the code. `{name}` in a text is a placeholder; everything else is literal.
"""

from __future__ import annotations

import re
from typing import Any

from opsportal.locale.catalogues import LOCALES, catalogue

__all__ = ["LOCALES", "N_", "gettext", "negotiate", "ngettext"]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def N_(msgid: str) -> str:
    """Mark a msgid for extraction where it is written; it is translated where it is shown."""
    return msgid


def gettext(locale: str, msgid: str, **params: Any) -> str:
    """`msgid` in `locale`; an unknown locale or text is shown in English."""
    return _filled(catalogue(locale).text(msgid), params)


def ngettext(locale: str, singular: str, plural: str, n: int, **params: Any) -> str:
    """The plural form for `n` in `locale`; `{n}` is filled too."""
    return _filled(catalogue(locale).plural(singular, plural, n), {"n": n, **params})


def _filled(text: str, params: dict[str, Any]) -> str:
    """Placeholders without a value stay visible, so that a mistake is seen and nothing raises."""
    return _PLACEHOLDER.sub(lambda found: str(params.get(found[1], found[0])), text)


def negotiate(accept_language: str) -> str:
    """The first locale of an Accept-Language header (RFC 9110, 12.5.4) that we speak, by weight; else "en"."""
    wanted = []
    for position, item in enumerate(accept_language.split(",")[:20]):
        tag, _, weight = item.strip().partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        wanted.append((-quality, position, tag.lower().split("-")[0]))
    spoken = (language for quality, _, language in sorted(wanted) if quality < 0 and language in LOCALES)
    return next(spoken, "en")
