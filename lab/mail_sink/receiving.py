"""The SMTP side: takes whatever it is given, for anybody, on this machine only."""

from __future__ import annotations

import socket

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from lab.mail_sink.mailbox import Mailbox

SIZE_LIMIT = 40 * 1024 * 1024


class _Handler:
    def __init__(self, box: Mailbox) -> None:
        self._box = box

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self._box.add(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        return "250 Kept for whoever looks"


def listen(box: Mailbox, *, host: str, port: int) -> Controller:
    """A running SMTP server on its own thread; `stop()` ends it. Raises OSError when the port is taken."""
    socket.create_server((host, port)).close()  # the controller would be silent about it for a minute
    controller = Controller(
        _Handler(box),
        hostname=host,
        port=port,
        data_size_limit=SIZE_LIMIT,
        ident="mail sink",
        ready_timeout=60,
    )
    controller.start()
    return controller
