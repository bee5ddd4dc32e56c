"""Reading the archive of mails, and how their delivery fares."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.lifecycle import MAIL, move
from opsportal.domain.mail.letters import QUEUE, TASK
from opsportal.domain.refusals import NotFound, Refusal
from opsportal.models import Mail, MailRelay, MailStatus
from opsportal.models.base import utcnow
from opsportal.settings import settings


class MailNotUndeliverable(Refusal):
    code = "mail_not_undeliverable"
    msgid = "This mail is not one that was given up. Nothing was changed. Reload the page."


@dataclass(frozen=True)
class RelayView:
    """How the mail server fares. Not configured: mails are archived and wait until SMTP_URL is set."""

    is_configured: bool
    down_since: dt.datetime | None
    retry_at: dt.datetime | None
    error_code: str
    last_sent_at: dt.datetime | None
    waiting: int
    oldest_waiting_at: dt.datetime | None
    undeliverable: int


def relay_status(actor: Actor, unit: Unit) -> RelayView:
    """Whether mails leave, and how many wait."""
    actor.require(Permission.JOBS_WATCH)
    row = unit.get(MailRelay, 1) or MailRelay()
    waits = col(Mail.status).in_((MailStatus.WAITING, MailStatus.SENDING))
    waiting, oldest = unit.exec(select(func.count(), func.min(Mail.created_at)).where(waits)).one()
    given_up = select(func.count()).where(col(Mail.status) == MailStatus.UNDELIVERABLE)
    return RelayView(
        is_configured=bool(settings().smtp_url.get_secret_value()),
        down_since=row.down_since,
        retry_at=row.retry_at,
        error_code=row.error_code or "",
        last_sent_at=row.last_sent_at,
        waiting=waiting,
        oldest_waiting_at=oldest,
        undeliverable=unit.exec(given_up).one(),
    )


def retry_mail(unit: Unit, actor: Actor, mail_id: int) -> Mail:
    """Let a mail that was given up be tried again from the beginning."""
    actor.require(Permission.JOBS_MANAGE)
    mail = unit.get(Mail, mail_id, with_for_update=True, populate_existing=True)
    if mail is None:
        raise NotFound
    if mail.status != MailStatus.UNDELIVERABLE:
        raise MailNotUndeliverable
    move(unit, MAIL, mail, MailStatus.WAITING, actor_id=actor.person_id)
    mail.attempts, mail.next_attempt_at = 0, utcnow()
    unit.enqueue(QUEUE, TASK, mail_id)
    trail.record(
        unit, "mail:retried", actor=actor, object_kind="mail", object_id=mail_id, company_id=mail.company_id
    )
    unit.changed("mails")
    return mail
