"""The archive of mails: what was written to whom, what became of it, and how the mail server fares."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.mail import archive, lists
from opsportal.domain.mail.lists import MailFilter, MailRow
from opsportal.state.guard import allow, current_actor
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.support.views import FileView, MailRowView, MailsView, MailView
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Address, Id, Page, address

TOPIC = "mails"


class MailsAddress(Page):
    """/mails?status=&q=&page="""

    page: Annotated[int, Field(ge=1, le=lists.LAST_PAGE)] = 1
    status: Literal["", "waiting", "sent", "undeliverable"] = ""


class MailAddress(Address):
    mail_id: Annotated[int, Field(gt=0, lt=2**63)]


class MailsState(rx.State):
    """All mails, newest first."""

    mails: MailsView = MailsView()
    problem: ProblemView = ProblemView()
    q: str = ""

    @allow(Permission.MAILS_VIEW)
    async def open(self) -> Any:
        wanted = address(self, MailsAddress)
        self.q = wanted.q.strip()
        chosen = MailFilter(status=wanted.status, search=self.q, page=wanted.page)
        return await show(self, *SHELL, (MAILS, chosen))


class MailState(rx.State):
    """One mail as it was written."""

    mail: MailView = MailView()
    problem: ProblemView = ProblemView()

    @allow(Permission.MAILS_VIEW)
    async def open(self) -> Any:
        return await show(self, *SHELL, (MAIL, address(self, MailAddress).mail_id))

    @allow(Permission.MAILS_VIEW)
    async def retry(self, mail_id: Id) -> None:
        """Let a mail that was given up be tried again."""
        await in_unit(archive.retry_mail, current_actor(), mail_id)


def _row(row: MailRow) -> MailRowView:
    mail = row.mail
    return MailRowView(
        id=mail.id or 0,
        kind=mail.kind,
        to_address=mail.to_address,
        to_name=mail.to_name,
        subject=mail.subject,
        locale=mail.locale,
        about_kind=mail.about_kind,
        about_id=mail.about_id,
        company_id=mail.company_id or 0,
        company=row.company_name,
        status=mail.status,
        attempts=mail.attempts,
        outcome_code=mail.outcome_code or "",
        smtp_code=mail.smtp_code or 0,
        created_at=iso(mail.created_at),
        sent_at=iso(mail.sent_at),
        next_attempt_at=iso(mail.next_attempt_at),
    )


def read_mails(unit: Unit, actor: Actor, wanted: MailFilter) -> MailsView:
    found, total = lists.list_mails(actor, unit, wanted)
    relay = archive.relay_status(actor, unit)
    return MailsView(
        is_ready=True,
        rows=[_row(row) for row in found],
        total=total,
        page=wanted.page,
        pages=max(1, -(-total // lists.PAGE)),
        **lists.count_mails(actor, unit),
        is_configured=relay.is_configured,
        down_since=iso(relay.down_since),
        retry_at=iso(relay.retry_at),
        error_code=relay.error_code,
    )


def read_mail(unit: Unit, actor: Actor, mail_id: int) -> MailView:
    row, files = lists.get_mail(actor, unit, mail_id)
    return MailView(
        is_ready=True,
        mail=_row(row),
        text=row.mail.body_text,
        files=[FileView(file.position, file.name, file.size) for file in files],
    )


MAILS = StateView("mails", MailsState, "mails", read_mails, lambda *_: frozenset({TOPIC}), empty=MailsView())
MAIL = StateView("mail", MailState, "mail", read_mail, lambda *_: frozenset({TOPIC}), empty=MailView())
