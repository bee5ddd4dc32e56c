"""The operator's archive of mails: what waits, what was sent, what could not be delivered and why."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.clock import ago
from opsportal.components.elements import button, card, key_values, link, or_dash, skeleton, stat, status, tag
from opsportal.components.headers import header
from opsportal.components.states import empty, lines, page_body
from opsportal.components.support import FileSize
from opsportal.components.tables import Column, chips, pages, search_field, table
from opsportal.components.text import moment, t, t_code
from opsportal.locale import N_
from opsportal.pages.frame import framed
from opsportal.state.support.mails import MailsState, MailState


def _status(mail: Any) -> rx.Component:
    return status(mail.status, words=labels.MAIL, tones=labels.MAIL_TONE, flash=True)


def _mail_cell(mail: Any) -> rx.Component:
    return rx.el.div(
        link(mail.subject, to=f"/mails/{mail.id}", class_name="row-link strong clamp"),
        rx.el.small(t_code(mail.kind, labels.MAIL_KIND), " · ", rx.el.span(f"#{mail.id}", class_name="num")),
    )


def _to_cell(mail: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(mail.to_address, class_name="truncate"),
        rx.el.small(rx.cond(mail.company, mail.company, mail.to_name), class_name="truncate"),
        class_name="who-cell wide",
    )


def _status_cell(mail: Any) -> rx.Component:
    """The reason stands there for whatever was not sent."""
    return rx.el.div(
        _status(mail),
        rx.cond(
            (mail.status != "sent") & (mail.outcome_code != ""),
            rx.el.small(t_code(mail.outcome_code, labels.MAIL_OUTCOME), class_name="clamp"),
        ),
    )


_COLUMNS = (
    Column(t("Mail"), _mail_cell),
    Column(t("To"), _to_cell, show="wide"),
    Column(t("Status"), _status_cell),
    Column(t("Attempts"), lambda m: rx.el.span(m.attempts, class_name="num"), right=True, show="widest"),
    Column(t("Written"), lambda m: ago(m.created_at, class_name="nowrap"), right=True),
)


def _relay(view: Any) -> rx.Component:
    """What holds all mails up, if anything does."""
    return rx.cond(
        view.is_ready & ~view.is_configured,
        rx.el.p(
            t("No mail server is set: mails are kept and wait. Set SMTP_URL and start again."),
            class_name="banner warn",
            role="status",
        ),
        rx.cond(
            view.down_since,
            rx.el.p(
                t_code(view.error_code, labels.MAIL_OUTCOME),
                " ",
                ago(view.down_since, text=N_("Since {ago}.")),
                class_name="banner warn",
                role="status",
            ),
        ),
    )


def _counters(view: Any) -> rx.Component:
    ready = view.is_ready
    return rx.el.div(
        stat(t("Waiting to be sent"), view.waiting, to="/mails?status=waiting", ready=ready),
        stat(t("Sent"), view.sent, to="/mails?status=sent", ready=ready),
        stat(
            t("Undeliverable"),
            view.undeliverable,
            to="/mails?status=undeliverable",
            ready=ready,
            note=rx.cond(view.undeliverable > 0, tag(t("look"), "bad")),
        ),
        class_name="grid threes",
    )


def mails_page() -> rx.Component:
    """Everything that was mailed, newest first."""
    view = MailsState.mails
    return framed(
        page_body(
            top=[
                header(t("Mails"), sub=t("Everything that was mailed, in the words in which it was mailed."))
            ],
            problem_view=MailsState.problem,
            ready=True,
            content=rx.fragment(
                _relay(view),
                _counters(view),
                card(
                    rx.el.div(
                        search_field(t("Search by subject or address")),
                        chips(
                            t("Status"),
                            "status",
                            [
                                ("", t("All")),
                                ("waiting", t("Waiting")),
                                ("sent", t("Sent")),
                                ("undeliverable", t("Undeliverable")),
                            ],
                        ),
                        class_name="toolbar",
                    ),
                    table(
                        _COLUMNS,
                        view.rows,
                        key=lambda m: m.id,
                        label=t("Mails"),
                        ready=view.is_ready,
                        expected=8,
                        empty=empty(
                            t("No mails here"), t("Every message of a ticket is mailed too, and kept here.")
                        ),
                    ),
                    pages(view),
                ),
            ),
            loading=rx.fragment(),
            retry=MailsState.open,
        )
    )


def _delivery(mail: Any) -> rx.Component:
    return card(
        key_values(
            (t("Status"), rx.el.span(_status(mail), class_name="tags")),
            (t("To"), rx.fragment(mail.to_name, " ", rx.el.span(f"<{mail.to_address}>", class_name="num"))),
            (
                t("Company"),
                or_dash(mail.company, link(mail.company, to=f"/companies/{mail.company_id}")),
            ),
            (t("Language"), t_code(mail.locale, labels.LANGUAGE)),
            (
                t("About"),
                rx.cond(
                    mail.about_kind == "ticket",
                    link(t("Ticket"), f" #{mail.about_id}", to=f"/desk/{mail.about_id}"),
                    rx.el.span(f"{mail.about_kind} #{mail.about_id}"),
                ),
            ),
            (t("Written"), moment(mail.created_at)),
            (t("Sent"), or_dash(mail.sent_at, moment(mail.sent_at))),
            (t("Attempts"), rx.el.span(mail.attempts, class_name="num")),
            (
                t("Answer of the server"),
                or_dash(mail.smtp_code > 0, rx.el.span(mail.smtp_code, class_name="num")),
            ),
        ),
        rx.cond(
            mail.outcome_code,
            rx.el.p(
                t_code(mail.outcome_code, labels.MAIL_OUTCOME),
                class_name=rx.match(
                    mail.status,
                    ("undeliverable", "outcome bad card-note"),
                    ("sent", "outcome ok card-note"),
                    "outcome warn card-note",
                ),
            ),
        ),
        title=t("Delivery"),
    )


def mail_page() -> rx.Component:
    """One mail as it was written."""
    view = MailState.mail
    mail = view.mail
    body = rx.fragment(
        header(
            mail.subject,
            crumbs=[(t("Mails"), "/mails")],
            sub=t_code(mail.kind, labels.MAIL_KIND),
            actions=[
                rx.cond(
                    mail.status == "undeliverable", button(t("Send again"), on_click=MailState.retry(mail.id))
                )
            ],
        ),
        rx.el.div(
            card(
                rx.el.p(view.text, class_name="mail-text"),
                rx.cond(
                    view.files.length() > 0,
                    rx.el.ul(
                        rx.foreach(
                            view.files,
                            lambda file: rx.el.li(
                                rx.el.span(file.name, class_name="file-name"),
                                FileSize.create(bytes=file.size, class_name="sub num"),
                                class_name="file",
                                key=file.id,
                            ),
                        ),
                        class_name="files",
                        aria_label=t("Attachments"),
                    ),
                ),
            ),
            _delivery(mail),
            class_name="grid talk-grid mail-grid",
        ),
    )
    return framed(
        page_body(
            problem_view=MailState.problem,
            ready=mail.id == route_number("mail_id"),
            content=body,
            loading=rx.fragment(header(skeleton("title")), card(lines(6))),
            retry=MailState.open,
        )
    )
