"""What the browser shows: a list, a mail, its HTML in a sandbox, its raw text. Nothing runs in any of it."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass

from lab.mail_sink.mailbox import Mailbox, Received

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #8884; padding: .4rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #8884; border-radius: 6px; padding: 1rem; }
iframe { width: 100%; height: 26rem; border: 1px solid #8884; border-radius: 6px; background: #fff; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; } .mute { opacity: .7; }
"""
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
)
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Page:
    """An answer: status, type, policy and body."""

    status: int
    media_type: str
    policy: str
    body: bytes


def page(box: Mailbox, path: str) -> Page:
    """What stands at a path: `/`, `/mails.json`, `/mails/7`, `/mails/7/html`, `/mails/7/raw`."""
    if path == "/":
        return _document("Mails", _list(box.newest()), refresh=True)
    if path == "/mails.json":
        return Page(200, "application/json", MAIL_POLICY, _as_json(box.newest()))
    first, number, *rest = [*path.strip("/").split("/"), ""][:4]
    found = box.find(int(number)) if first == "mails" and number.isascii() and number.isdigit() else None
    view = rest[0] if rest else ""
    if found is None or view not in ("", "html", "raw"):
        missing = _document("Not here", "<p>There is no such mail. <a href='/'>All mails</a></p>")
        return Page(404, missing.media_type, missing.policy, missing.body)
    if view == "html":
        return Page(200, "text/html; charset=utf-8", MAIL_POLICY, found.part("html").encode())
    if view == "raw":
        return Page(200, "text/plain; charset=utf-8", MAIL_POLICY, found.raw)
    return _document(found.subject, _mail(found))


def _document(title: str, body: str, *, refresh: bool = False) -> Page:
    again = '<meta http-equiv="refresh" content="4">' if refresh else ""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>{body}</body></html>"
    )
    return Page(200, "text/html; charset=utf-8", PAGE_POLICY, text.encode(errors="replace"))


def _list(mails: list[Received]) -> str:
    if not mails:
        return "<p>No mail yet. What the portal sends appears here; nothing leaves this machine.</p>"
    rows = "".join(
        f'<tr><td class="mute">{mail.at:%H:%M:%S}</td><td>{html.escape(", ".join(mail.recipients))}</td>'
        f'<td><a href="/mails/{mail.number}">{html.escape(mail.subject)}</a></td></tr>'
        for mail in mails
    )
    return f"<table><tr><th>UTC</th><th>To</th><th>Subject</th></tr>{rows}</table>"


_HEADERS = ("From", "To", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted")


def _mail(mail: Received) -> str:
    headers = "".join(
        f"<tr><th>{name}</th><td>{html.escape(str(mail.message[name]))}</td></tr>"
        for name in _HEADERS
        if mail.message[name] is not None
    )
    files = "".join(
        f"<li>{html.escape(part.get_filename() or '?')} ({html.escape(part.get_content_type())})</li>"
        for part in mail.message.iter_attachments()
    )
    has_html = bool(mail.part("html"))
    shown = f'<h2>HTML</h2><iframe sandbox src="/mails/{mail.number}/html"></iframe>' if has_html else ""
    return (
        f'<p><a href="/">All mails</a> · <a href="/mails/{mail.number}/raw">raw</a></p>'
        f"<table>{headers}</table><pre>{html.escape(mail.part('plain'))}</pre>"
        f"{f'<ul>{files}</ul>' if files else ''}{shown}"
    )


def _as_json(mails: list[Received]) -> bytes:
    return json.dumps(
        [
            {
                "number": mail.number,
                "to": list(mail.recipients),
                "subject": mail.subject,
                "text": mail.part("plain"),
                "message_id": str(mail.message["Message-ID"] or ""),
                "references": str(mail.message["References"] or ""),
            }
            for mail in mails
        ]
    ).encode()
