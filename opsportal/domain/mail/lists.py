"""The archive as the operator reads it: every mail that was written, what became of it, and its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.refusals import BadRequest, NotFound
from opsportal.models import Company, Mail, MailEnclosure, MailStatus

PAGE = 25
LAST_PAGE = 10_000
STATUSES: dict[str, tuple[MailStatus, ...]] = {
    "": tuple(MailStatus),
    "waiting": (MailStatus.WAITING, MailStatus.SENDING),
    "sent": (MailStatus.SENT,),
    "undeliverable": (MailStatus.UNDELIVERABLE,),
}
"""What a list can be narrowed to; a mail that is being handed over still waits."""


@dataclass(frozen=True)
class MailFilter:
    """What the archive shows. `search`: part of the subject or of the address."""

    status: str = ""
    search: str = ""
    page: int = 1


@dataclass(frozen=True)
class MailRow:
    """A mail without its text, and the company it was written to."""

    mail: Mail
    company_name: str


@dataclass(frozen=True)
class EnclosureName:
    """A file that went with a mail, without its content."""

    position: int
    name: str
    size: int


def list_mails(actor: Actor, unit: Unit, wanted: MailFilter) -> tuple[list[MailRow], int]:
    """One page of the archive, newest first, and how many match in all."""
    actor.require(Permission.MAILS_VIEW)
    if wanted.status not in STATUSES or not 1 <= wanted.page <= LAST_PAGE:
        raise BadRequest
    query = _matching(wanted)
    total = unit.scalar(query.with_only_columns(func.count(), maintain_column_froms=True))
    page = query.order_by(col(Mail.id).desc()).offset((wanted.page - 1) * PAGE).limit(PAGE)
    return [MailRow(mail, company or "") for mail, company in unit.exec(page)], int(total or 0)


def _matching(wanted: MailFilter) -> Any:
    query: Any = select(Mail, Company.name).outerjoin(Company, col(Company.id) == col(Mail.company_id))
    if wanted.status:
        query = query.where(col(Mail.status).in_(STATUSES[wanted.status]))
    if wanted.search:
        search = wanted.search[:100]
        query = query.where(
            or_(
                col(Mail.subject).icontains(search, autoescape=True),
                col(Mail.to_address).icontains(search, autoescape=True),
            )
        )
    return query


def count_mails(actor: Actor, unit: Unit) -> dict[str, int]:
    """How many mails there are in each status that a list can be narrowed to."""
    actor.require(Permission.MAILS_VIEW)
    query = select(Mail.status, func.count()).group_by(col(Mail.status))
    found: dict[str, int] = {str(status): number for status, number in unit.exec(query)}
    return {name: sum(found.get(one, 0) for one in statuses) for name, statuses in STATUSES.items() if name}


def get_mail(actor: Actor, unit: Unit, mail_id: int) -> tuple[MailRow, list[EnclosureName]]:
    """One mail as it was written, with the names of its files. Raises `NotFound`."""
    actor.require(Permission.MAILS_VIEW)
    mail = unit.get(Mail, mail_id)
    if mail is None:
        raise NotFound
    company = unit.get(Company, mail.company_id) if mail.company_id else None
    files = unit.exec(
        select(MailEnclosure.position, MailEnclosure.name, func.length(MailEnclosure.content))
        .where(col(MailEnclosure.mail_id) == mail_id)
        .order_by(col(MailEnclosure.position))
    )
    return MailRow(mail, company.name if company else ""), [EnclosureName(*one) for one in files]
