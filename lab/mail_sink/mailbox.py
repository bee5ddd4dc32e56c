"""The mails that came in, newest first, in memory."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import itertools
import threading
from collections import OrderedDict
from dataclasses import dataclass
from email.message import EmailMessage

KEEP = 1000


@dataclass(frozen=True)
class Received:
    """One mail as it came: from and to of the envelope, and the raw message."""

    number: int
    at: dt.datetime
    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def subject(self) -> str:
        return str(self.message.get("subject", "(no subject)"))

    def part(self, kind: str) -> str:
        """The text of the part `plain` or `html`; empty when there is none."""
        found = self.message.get_body((kind,))
        return str(found.get_content()) if found is not None else ""


class Mailbox:
    """Safe to use from several threads. Forgets the oldest when there are more than a thousand."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: OrderedDict[int, Received] = OrderedDict()
        self._numbers = itertools.count(1)

    def add(self, sender: str, recipients: tuple[str, ...], raw: bytes) -> Received:
        """Keep a mail."""
        with self._lock:
            mail = Received(next(self._numbers), dt.datetime.now(dt.UTC), sender, recipients, raw)
            self._mails[mail.number] = mail
            if len(self._mails) > KEEP:
                self._mails.popitem(last=False)
            return mail

    def newest(self) -> list[Received]:
        """All that are kept, newest first."""
        with self._lock:
            return list(reversed(self._mails.values()))

    def find(self, number: int) -> Received | None:
        with self._lock:
            return self._mails.get(number)
