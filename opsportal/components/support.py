"""Conversations: texts as markdown, messages and notes, the forms that write them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago
from opsportal.components.elements import download_link, link, status, tag
from opsportal.components.labels import Words
from opsportal.components.text import t, t_code
from opsportal.domain.support.attachments import FILE_LIMIT, FILES_PER_MESSAGE
from opsportal.domain.support.wording import BODY_LIMIT, SUBJECT_LIMIT

_LIMITS = {"megabytes": FILE_LIMIT // 1024 // 1024, "count": FILES_PER_MESSAGE}


class Markdown(rx.Component):
    """A text of somebody, shown as markdown and harmless."""

    library = "$/portal/markdown"
    tag = "Markdown"

    text: rx.Var[str]


class FileSize(rx.Component):
    """Bytes as kB or MB."""

    library = "$/portal/attachments"
    tag = "FileSize"

    bytes: rx.Var[int]


class Composer(rx.Component):
    """The reply below a conversation; with `with_notes` also internal notes."""

    library = "$/portal/tickets"
    tag = "Composer"

    ticket: rx.Var[int]
    owner: rx.Var[int]
    limit: rx.Var[int]
    limits: rx.Var[dict[str, int]]
    answer: rx.Var[Any]
    with_notes: rx.Var[bool]
    reopens: rx.Var[bool]

    on_reply: rx.EventHandler[rx.event.passthrough_event_spec(int, str, str, list[int], str)]
    on_note: rx.EventHandler[rx.event.passthrough_event_spec(int, str, str, list[int])]


class TicketForm(rx.Component):
    """A new ticket, with the order it is opened from."""

    library = "$/portal/tickets"
    tag = "TicketForm"

    owner: rx.Var[int]
    service: rx.Var[int]
    orders: rx.Var[list[Any]]
    limit: rx.Var[int]
    subject_limit: rx.Var[int]
    limits: rx.Var[dict[str, int]]
    answer: rx.Var[Any]

    on_add: rx.EventHandler[rx.event.passthrough_event_spec(str, str, str, str, int, str, list[int])]


class Seen(rx.Component):
    """Says that what is on the page was read, whenever something new is looked at."""

    library = "$/portal/conversation"
    tag = "Seen"

    ticket: rx.Var[int]
    message: rx.Var[int]
    newest: rx.Var[str]

    on_seen: rx.EventHandler[rx.event.passthrough_event_spec(int, int)]


class NewLine(rx.Component):
    """A line above the first message that was not read when the page was opened."""

    library = "$/portal/conversation"
    tag = "NewLine"

    ticket: rx.Var[int]
    message: rx.Var[int]
    first: rx.Var[int]


class TabLink(rx.Component):
    """A tab with an address of its own."""

    library = "$/portal/conversation"
    tag = "TabLink"

    to: rx.Var[str]


class Pick(rx.Component):
    """A choice that takes effect at once."""

    library = "$/portal/conversation"
    tag = "Pick"

    label: rx.Var[str]
    value: rx.Var[Any]
    options: rx.Var[Any]
    none: rx.Var[str]
    disabled: rx.Var[bool]

    on_pick: rx.EventHandler[rx.event.passthrough_event_spec(Any)]


def options(words: Words) -> list[dict[str, str]]:
    """The choices of a `Pick` from words for codes."""
    return [{"value": code, "msgid": msgid} for code, msgid in words.items()]


def composer(**props: Any) -> rx.Component:
    return Composer.create(limit=BODY_LIMIT, limits=_LIMITS, **props)


def ticket_form(**props: Any) -> rx.Component:
    return TicketForm.create(limit=BODY_LIMIT, subject_limit=SUBJECT_LIMIT, limits=_LIMITS, **props)


def ticket_status(code: Any, *, words: Words = labels.TICKET, flash: bool = False) -> rx.Component:
    """The status of a ticket; staff read the same states in words of their own."""
    return status(code, words=words, tones=labels.TICKET_TONE, flash=flash)


def importance(code: Any, *, short: bool = False) -> rx.Component:
    """Only what is out of the ordinary is said; `short` for lists."""
    return rx.cond(code == "high", tag(t("High") if short else t("High importance"), "bad"))


def unread_mark(is_unread: Any) -> rx.Component:
    return rx.cond(is_unread, tag(t("Unread"), "info"))


def _file(file: Any) -> rx.Component:
    return rx.el.li(
        download_link(file.name, href=f"/attachments/{file.id}", name=file.name, class_name="link file-name"),
        FileSize.create(bytes=file.size, class_name="sub num"),
        class_name="file",
        key=file.id,
    )


def _files(entry: Any) -> rx.Component:
    return rx.cond(
        entry.files.length() > 0,
        rx.el.ul(rx.foreach(entry.files, _file), class_name="files", aria_label=t("Attachments")),
    )


def _step(entry: Any) -> rx.Component:
    """A change of status, between the messages."""
    return rx.el.li(
        rx.el.span(
            t_code(entry.to_status, labels.TICKET_STEP),
            rx.match(
                entry.side,
                ("client", rx.el.span(" · ", t("by the client"))),
                ("staff", rx.el.span(" · ", t("by support"))),
                rx.el.span(" · ", t("after a time without an answer")),
            ),
            " · ",
            ago(entry.at),
        ),
        class_name="step-line",
        key=entry.key,
    )


def _said(entry: Any, ticket: Any, me: Any) -> rx.Component:
    who = rx.match(
        entry.kind,
        ("note", tag(t("Internal note"), "warn")),
        rx.cond(entry.side == "staff", tag(t("Support"), "info")),
    )
    return rx.el.li(
        rx.cond(
            entry.kind == "message",
            NewLine.create(ticket=ticket.id, message=entry.id, first=ticket.first_unread),
        ),
        rx.el.article(
            rx.el.header(
                rx.el.h3(rx.cond(entry.author_id == me, t("You"), entry.author)),
                who,
                rx.el.span(class_name="grow"),
                ago(entry.at, class_name="sub"),
                class_name="said-head",
            ),
            Markdown.create(text=entry.body),
            _files(entry),
            class_name=rx.match(
                entry.kind,
                ("note", "said internal"),
                rx.cond(entry.side == "staff", "said staff", "said client"),
            ),
        ),
        key=entry.key,
    )


def conversation(ticket: Any, *, me: Any, base: str) -> rx.Component:
    """Messages, changes of status and (for staff) notes in the order in which they came."""
    earlier = rx.cond(
        ticket.earlier > 0,
        rx.el.p(
            link(
                t("Show earlier messages"), to=f"{base}/{ticket.id}?before={ticket.earlier}", class_name="btn"
            ),
            class_name="earlier",
        ),
    )
    entries = rx.foreach(
        ticket.talk, lambda entry: rx.cond(entry.kind == "step", _step(entry), _said(entry, ticket, me))
    )
    return rx.fragment(
        earlier, rx.el.ol(entries, class_name="talk", aria_label=t("Conversation"), aria_live="polite")
    )
