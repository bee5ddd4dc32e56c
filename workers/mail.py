"""Mails: handed to the operator's mail server, one after another over one connection.

A mail server that is away delays mails and nothing else: this runs on a queue of its own, and the
row `mail_relay` keeps every worker from asking again too soon. Without SMTP_URL mails are only kept.
"""

from __future__ import annotations

import time
from email.utils import parseaddr
from urllib.parse import urlsplit

import structlog

from opsportal.db import unit_of_work
from opsportal.domain.mail import deliveries
from opsportal.domain.mail.deliveries import Claim, MailLost
from opsportal.domain.mail.messages import UnwritableError, as_message
from opsportal.integrations import smtp
from opsportal.settings import settings

PATIENCE_S = 45.0
"""How long one mail may take from its first word to the server's last."""
SHIFT_S = 100.0
"""After so long the rest is left to the next call: a call must end before its queue ends it."""
BROKEN_IN_A_ROW = 3
"""So many mails on which the connection broke make it the server's fault and not the mails'."""

log = structlog.get_logger("mail")


def send_mail(_: int = 0) -> None:
    """A wake-up call: a mail was written, or the clock knocks. All that is due is sent."""
    send_due()


def send_due(*, kind: str = "") -> int:
    """Hand over every mail that is due, or all of one kind. Returns how many were taken by the server."""
    with unit_of_work() as unit:
        deliveries.free_lost(unit)
    url = settings().smtp_url.get_secret_value()
    if not url:
        return 0
    try:
        round_ = _Round(smtp.parse_server(url), kind)
    except ValueError as unusable:
        log.error("smtp_url_unusable", reason=str(unusable))
        with unit_of_work() as unit:
            deliveries.pause(unit, "misconfigured")
        return 0
    end = time.monotonic() + SHIFT_S
    while time.monotonic() < end and round_.go():
        pass
    return round_.taken


class _Round:
    """One visit to the mail server."""

    def __init__(self, server: smtp.Server, kind: str) -> None:
        self.server = server
        self.kind = kind
        self.taken = 0
        self.broken = 0
        self.end = 0.0

    def go(self) -> bool:
        """Connect and send until nothing is due or the connection is lost. Whether to connect again."""
        claim = self._claim()
        if claim is None:
            return False
        try:
            with smtp.connect(self.server, local_name=_local_name()) as session:
                while claim is not None:
                    if not self._send(session, claim):
                        return self._may_try_again()
                    claim = self._claim()
                return False
        except smtp.RelayError as away:
            self._relay_failed(claim, away)
            return False
        except MailLost:
            log.warning("mail_lost")
            return True

    def _may_try_again(self) -> bool:
        if self.broken < BROKEN_IN_A_ROW:
            return True
        with unit_of_work() as unit:
            deliveries.pause(unit, "connection_broken")
        return False

    def _claim(self) -> Claim | None:
        with unit_of_work() as unit:
            return None if deliveries.is_paused(unit) else deliveries.claim_next(unit, kind=self.kind)

    def _send(self, session: smtp.Session, claim: Claim) -> bool:
        """Send one mail and write down what became of it. Whether the connection can be used further."""
        sender = settings().mail_from
        try:
            text = as_message(claim.mail, claim.enclosures, sender=sender).as_bytes()
            code = session.send(
                sender=parseaddr(sender)[1],
                recipient=claim.mail.to_address,
                text=text,
                before_text=lambda: _before_text(claim),
                patience_s=PATIENCE_S,
            )
        except (UnwritableError, UnicodeError):
            self._end(claim, smtp.RefusedError("address_unusable"))
            return True
        except smtp.RelayError:
            raise
        except smtp.SmtpError as problem:
            self._end(claim, problem)
            is_broken = isinstance(problem, smtp.DeferredError) and problem.is_broken
            self.broken = self.broken + 1 if is_broken else 0
            return not is_broken
        with unit_of_work() as unit:
            deliveries.sent(unit, claim, smtp_code=code)
        self.taken += 1
        self.broken = 0
        return True

    def _end(self, claim: Claim, problem: smtp.SmtpError) -> None:
        log.warning("mail_not_taken", mail=claim.mail.id, code=problem.code, smtp_code=problem.smtp_code)
        ending = deliveries.refused if isinstance(problem, smtp.RefusedError) else deliveries.put_off
        with unit_of_work() as unit:
            ending(unit, claim, problem.code, smtp_code=problem.smtp_code)

    def _relay_failed(self, claim: Claim | None, away: smtp.RelayError) -> None:
        log.warning("mail_server_away", code=away.code, smtp_code=away.smtp_code)
        if claim is not None:
            with unit_of_work() as unit:
                deliveries.relay_failed(unit, claim, away.code)


def _before_text(claim: Claim) -> None:
    with unit_of_work() as unit:
        deliveries.before_text(unit, claim)


def _local_name() -> str:
    """How we introduce ourselves; asking DNS for it could take longer than the mail."""
    return urlsplit(settings().public_url).hostname or "localhost"
