"""The life of a mail after it was written: claimed, handed over, postponed or given up.

Promise: a mail is handed to the mail server at least once, and again only when a worker died or the
connection broke after the text was sent and before the server's answer was written down. Every attempt
carries the same Message-ID, by which mail systems recognise a copy.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.audit import changes
from opsportal.domain.lifecycle import MAIL, move
from opsportal.models import Mail, MailEnclosure, MailRelay, MailStatus
from opsportal.models.base import utcnow

LEASE = dt.timedelta(seconds=75)
"""Longer than one mail may take (`workers.mail.PATIENCE_S`)."""
GIVE_UP_AFTER = dt.timedelta(days=5)
"""RFC 5321, 4.5.4.1: the give-up time generally needs to be at least 4–5 days."""
MOST_ATTEMPTS = 40
FIRST_WAIT = dt.timedelta(seconds=30)
LONGEST_WAIT = dt.timedelta(hours=4)
RELAY_FIRST_WAIT = dt.timedelta(seconds=5)
RELAY_LONGEST_WAIT = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Claim:
    """The right to hand one mail over, until the lease ends. `attempt` is the fence."""

    mail: Mail
    enclosures: tuple[MailEnclosure, ...]
    attempt: int


class MailLost(Exception):
    """Another worker has the mail by now: this one must not go on with it."""


def relay(unit: Unit, *, lock: bool = False) -> MailRelay:
    """What is known about the mail server."""
    row = unit.get(MailRelay, 1, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        unit.execute(insert(MailRelay).values(id=1, failures=0).on_conflict_do_nothing())
        row = unit.get_one(MailRelay, 1, with_for_update=lock or None)
    return row


def is_paused(unit: Unit) -> bool:
    """Whether the mail server failed so recently that asking again is not worth it yet."""
    row = unit.get(MailRelay, 1)
    return row is not None and row.retry_at is not None and row.retry_at > utcnow()


def free_lost(unit: Unit) -> int:
    """Mails whose worker has died wait again. Returns how many."""
    lost = select(Mail).where(col(Mail.status) == MailStatus.SENDING, col(Mail.lease_until) < utcnow())
    rows = unit.exec(lost.order_by(col(Mail.id)).limit(500).with_for_update(skip_locked=True)).all()
    for mail in rows:
        _postpone(unit, mail, "worker_lost", None)
    return len(rows)


def claim_next(unit: Unit, *, kind: str = "") -> Claim | None:
    """Take the mail that has been due longest, of one kind or any, or none. Of several workers each takes another."""
    due = select(Mail).where(col(Mail.status) == MailStatus.WAITING, col(Mail.next_attempt_at) <= utcnow())
    if kind:
        due = due.where(col(Mail.kind) == kind)
    ordered = due.order_by(col(Mail.next_attempt_at), col(Mail.id)).limit(1)
    mail = unit.exec(ordered.with_for_update(skip_locked=True)).first()
    if mail is None:
        return None
    mail.attempts += 1
    mail.lease_until = utcnow() + LEASE
    move(unit, MAIL, mail, MailStatus.SENDING)
    query = select(MailEnclosure).where(col(MailEnclosure.mail_id) == mail.id)
    enclosures = unit.exec(query.order_by(col(MailEnclosure.position))).all()
    return Claim(mail, tuple(enclosures), mail.attempts)


def before_text(unit: Unit, claim: Claim) -> None:
    """Prove the right to send, and write down that the text is about to go. Raises `MailLost`."""
    mail = _held(unit, claim)
    mail.lease_until = utcnow() + LEASE
    mail.outcome_code = "handing_over"


def sent(unit: Unit, claim: Claim, *, smtp_code: int) -> None:
    """The server has taken the mail over."""
    mail = _held(unit, claim)
    mail.sent_at, mail.lease_until = utcnow(), None
    mail.outcome_code, mail.smtp_code = "accepted", smtp_code
    move(unit, MAIL, mail, MailStatus.SENT)
    _announce(unit, mail)
    _resume(unit)
    relay(unit).last_sent_at = mail.sent_at


def put_off(unit: Unit, claim: Claim, code: str, *, smtp_code: int | None = None) -> None:
    """The server cannot take this mail now (4xx, a broken connection): try again later, but not for ever."""
    _postpone(unit, _held(unit, claim), code, smtp_code)
    if smtp_code is not None:
        _resume(unit)


def refused(unit: Unit, claim: Claim, code: str, *, smtp_code: int | None = None) -> None:
    """The server will never take this mail (5xx)."""
    _give_up(unit, _held(unit, claim), code, smtp_code)
    if smtp_code is not None:
        _resume(unit)


def relay_failed(unit: Unit, claim: Claim, code: str) -> None:
    """The server could not be asked at all. The mail loses no attempt by that; all mails wait."""
    mail = _held(unit, claim)
    pause(unit, code)
    mail.attempts -= 1
    mail.lease_until = None
    mail.next_attempt_at = utcnow()  # behind the others, in case the server only closes on this one
    mail.outcome_code = code
    if _is_too_old(unit, mail):
        move(unit, MAIL, mail, MailStatus.UNDELIVERABLE, reason=code)
    else:
        move(unit, MAIL, mail, MailStatus.WAITING, reason=code)
    _announce(unit, mail)


def pause(unit: Unit, code: str) -> None:
    """Leave the mail server alone for a while: five seconds, doubled each time, at most five minutes."""
    row = relay(unit, lock=True)
    row.failures += 1
    row.error_code = code
    row.down_since = row.down_since or utcnow()
    row.retry_at = utcnow() + _doubled(RELAY_FIRST_WAIT, row.failures, RELAY_LONGEST_WAIT)
    unit.changed("mails")


def _resume(unit: Unit) -> None:
    """The server has judged a mail: it works."""
    row = relay(unit, lock=True)
    row.failures, row.down_since, row.retry_at, row.error_code = 0, None, None, None


def wait_of(attempts: int) -> dt.timedelta:
    """How long a mail rests after so many attempts: half a minute, doubled each time, at most four hours."""
    return _doubled(FIRST_WAIT, attempts, LONGEST_WAIT)


def _doubled(first: dt.timedelta, times: int, most: dt.timedelta) -> dt.timedelta:
    return min(first * (1 << min(times - 1, 16)), most)


def _held(unit: Unit, claim: Claim) -> Mail:
    mail = unit.get_one(Mail, claim.mail.id, with_for_update=True, populate_existing=True)
    if mail.status != MailStatus.SENDING or mail.attempts != claim.attempt:
        raise MailLost
    return mail


def _postpone(unit: Unit, mail: Mail, code: str, smtp_code: int | None) -> None:
    now = utcnow()
    if mail.attempts >= MOST_ATTEMPTS or _is_too_old(unit, mail):
        _give_up(unit, mail, code, smtp_code)
        return
    mail.lease_until, mail.next_attempt_at = None, now + wait_of(mail.attempts)
    mail.outcome_code, mail.smtp_code = code, smtp_code
    move(unit, MAIL, mail, MailStatus.WAITING, reason=code)
    _announce(unit, mail)


def _is_too_old(unit: Unit, mail: Mail) -> bool:
    """Whether a mail was tried long enough since it was written, or since an operator let it be tried again."""
    oldest = utcnow() - GIVE_UP_AFTER
    if mail.created_at > oldest:
        return False
    retried = [
        change.at
        for change in changes.list_changes(unit, MAIL.name, [mail.id or 0])[mail.id or 0]
        if change.from_status == MailStatus.UNDELIVERABLE
    ]
    return max(retried, default=mail.created_at) < oldest


def _give_up(unit: Unit, mail: Mail, code: str, smtp_code: int | None) -> None:
    mail.lease_until = None
    mail.outcome_code, mail.smtp_code = code, smtp_code
    move(unit, MAIL, mail, MailStatus.UNDELIVERABLE, reason=code)
    _announce(unit, mail)


def _announce(unit: Unit, mail: Mail) -> None:
    unit.changed("mails", *((f"person:{mail.person_id}:mails",) if mail.person_id else ()))
