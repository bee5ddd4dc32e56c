"""A letter as plain text and as simple HTML. Nothing in it is loaded from anywhere."""

from __future__ import annotations

import functools
import html
from collections.abc import Sequence

from markdown_it import MarkdownIt

from opsportal.domain.mail.texts import Link, Piece, Quote, Reader, Text
from opsportal.locale import gettext
from opsportal.settings import settings


def as_text(reader: Reader, greeting: str, pieces: Sequence[Piece]) -> str:
    """The letter as plain text."""
    parts = [greeting, *(_plain(reader, piece) for piece in pieces), *_signature(reader)]
    return "\n\n".join(parts) + "\n"


def _plain(reader: Reader, piece: Piece) -> str:
    match piece:
        case Text():
            return reader.words(piece)
        case Quote(markdown=typed):
            return "\n".join(f"> {line}".rstrip() for line in typed.split("\n"))
        case Link(msgid=msgid, path=path):
            return f"{gettext(reader.locale, msgid)}: {settings().public_url}{path}"


def as_html(reader: Reader, greeting: str, pieces: Sequence[Piece]) -> str:
    """The letter as HTML: paragraphs, quotes and links, no script, no picture, nothing from outside."""
    parts = [f"<p>{html.escape(greeting)}</p>"]
    parts += [_marked_up(reader, piece) for piece in pieces]
    parts += [f'<p style="color:#666">{html.escape(line)}</p>' for line in _signature(reader)]
    body = "\n".join(parts)
    style = "font-family:sans-serif;font-size:15px;line-height:1.5;max-width:40em"
    return (
        f'<!doctype html>\n<html lang="{reader.locale}"><head><meta charset="utf-8"></head>'
        f'<body style="{style}">\n{body}\n</body></html>\n'
    )


def _marked_up(reader: Reader, piece: Piece) -> str:
    match piece:
        case Text():
            return f"<p>{html.escape(reader.words(piece))}</p>"
        case Quote(markdown=typed):
            style = "margin:0;padding-left:1em;border-left:3px solid #ccc"
            return f'<blockquote style="{style}">{_markdown().render(typed)}</blockquote>'
        case Link(msgid=msgid, path=path):
            address = html.escape(f"{settings().public_url}{path}", quote=True)
            return f'<p><a href="{address}">{html.escape(gettext(reader.locale, msgid))}</a></p>'


def _signature(reader: Reader) -> tuple[str, ...]:
    brand = settings().brand
    line = gettext(
        reader.locale,
        "{brand} sent this automatically. Please answer in the portal, not by mail.",
        brand=brand,
    )
    return (line,)


@functools.cache
def _markdown() -> MarkdownIt:
    """CommonMark without HTML and without pictures: a picture would tell its server who reads the mail."""
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(
        ["image", "html_block", "html_inline"]
    )
