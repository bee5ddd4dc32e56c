"""What goes to the browser of tickets and mails: codes, ISO times, numbers, and texts as they were typed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class AnswerView:
    """The portal's word on a draft. `draft` is the browser's number of it, `number` what came of it.

    Without a `code` it was accepted. `id` is new for every answer.
    """

    id: str = ""
    draft: str = ""
    code: str = ""
    msgid: str = ""
    params: dict[str, str | int] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True)
class FileView:
    id: int = 0
    name: str = ""
    size: int = 0


@dataclass(frozen=True)
class EntryView:
    """Something in a conversation: a message, an internal note (staff only) or a change of status.

    `kind` is "message", "note" or "step"; `key` is unique among all of them.
    """

    key: str = ""
    kind: str = "message"
    id: int = 0
    side: str = ""
    author_id: int = 0
    author: str = ""
    body: str = ""
    at: str = ""
    to_status: str = ""
    files: list[FileView] = field(default_factory=list)


@dataclass(frozen=True)
class TicketRowView:
    """A ticket in a list. What only staff see (company, assignee, waiting) is empty for a client."""

    id: int = 0
    subject: str = ""
    department: str = ""
    importance: str = ""
    status: str = ""
    service_id: int = 0
    service: str = ""
    messages: int = 0
    last_at: str = ""
    last_side: str = ""
    last_author: str = ""
    is_unread: bool = False
    company_id: int = 0
    company: str = ""
    assignee: str = ""
    waiting_since: str = ""


@dataclass(frozen=True)
class TicketListView:
    """A page of a client's tickets, with the counters of the tabs."""

    is_ready: bool = False
    rows: list[TicketRowView] = field(default_factory=list)
    total: int = 0
    page: int = 1
    pages: int = 1
    open: int = 0
    closed: int = 0
    unread: int = 0
    service: str = ""


@dataclass(frozen=True)
class TicketView:
    """One ticket as its company sees it."""

    is_ready: bool = False
    id: int = 0
    subject: str = ""
    department: str = ""
    importance: str = ""
    status: str = ""
    is_open: bool = False
    is_final: bool = False
    author: str = ""
    created_at: str = ""
    service_id: int = 0
    service: str = ""
    last_message: int = 0
    newest: str = ""
    """The newest message or note."""
    first_unread: int = 0
    """The first message that this person has not read; 0: none."""
    earlier: int = 0
    """The first message shown, when there are earlier ones."""
    talk: list[EntryView] = field(default_factory=list)


@dataclass(frozen=True)
class OrderView:
    """An order that a ticket can be about."""

    id: int = 0
    name: str = ""
    family: str = ""
    status: str = ""


@dataclass(frozen=True)
class NewTicketView:
    """What a new ticket can be about, and the facts of the order it is opened from."""

    is_ready: bool = False
    orders: list[OrderView] = field(default_factory=list)
    service_id: int = 0
    service: str = ""
    plan: str = ""
    family: str = ""
    status: str = ""
    ip: str = ""
    power: str = ""
    power_verified_at: str = ""
    invoice_number: str = ""
    invoice_open_minor: int = 0
    invoice_currency: str = ""
    invoice_due_on: str = ""
    open_tickets: list[TicketRowView] = field(default_factory=list)


@dataclass(frozen=True)
class DeskView:
    """A page of the staff's queue, with its counters."""

    is_ready: bool = False
    rows: list[TicketRowView] = field(default_factory=list)
    total: int = 0
    page: int = 1
    pages: int = 1
    open: int = 0
    mine: int = 0
    unassigned: int = 0
    unread: int = 0
    owed: int = 0
    high: int = 0


@dataclass(frozen=True)
class AgentView:
    """Somebody who can be given a ticket."""

    id: int = 0
    name: str = ""


@dataclass(frozen=True)
class ClientContextView:
    """What staff need to know of the client: the order as it is now, and as it was when the ticket was opened."""

    is_ready: bool = False
    company_id: int = 0
    company: str = ""
    service_id: int = 0
    service: str = ""
    service_status: str = ""
    suspension_reason: str = ""
    plan: str = ""
    ip: str = ""
    server_id: int = 0
    server: str = ""
    power: str = ""
    power_verified_at: str = ""
    power_then: str = ""
    has_money: bool = False
    open_invoices: int = 0
    open_minor: int = 0
    currency: str = ""
    other_tickets: int = 0


@dataclass(frozen=True)
class DeskTicketView:
    """One ticket as staff see it."""

    is_ready: bool = False
    ticket: TicketView = field(default_factory=TicketView)
    assignee_id: int = 0
    assignee: str = ""
    waiting_since: str = ""
    next_statuses: list[str] = field(default_factory=list)
    agents: list[AgentView] = field(default_factory=list)


@dataclass(frozen=True)
class OpenTicketsView:
    """The dashboard's tile: how many are open, and the newest of them."""

    is_ready: bool = False
    open: int = 0
    unread: int = 0
    rows: list[TicketRowView] = field(default_factory=list)


@dataclass(frozen=True)
class SupportCountersView:
    """The numbers beside the menu: what this person has not read; for staff also what they owe."""

    unread: int = 0
    open: int = 0
    owed: int = 0


@dataclass(frozen=True)
class MailRowView:
    id: int = 0
    kind: str = ""
    to_address: str = ""
    to_name: str = ""
    subject: str = ""
    locale: str = ""
    about_kind: str = ""
    about_id: int = 0
    company_id: int = 0
    company: str = ""
    status: str = ""
    attempts: int = 0
    outcome_code: str = ""
    smtp_code: int = 0
    created_at: str = ""
    sent_at: str = ""
    next_attempt_at: str = ""


@dataclass(frozen=True)
class MailsView:
    """A page of the archive, with its counters and how the mail server fares."""

    is_ready: bool = False
    rows: list[MailRowView] = field(default_factory=list)
    total: int = 0
    page: int = 1
    pages: int = 1
    waiting: int = 0
    sent: int = 0
    undeliverable: int = 0
    is_configured: bool = False
    down_since: str = ""
    retry_at: str = ""
    error_code: str = ""


@dataclass(frozen=True)
class MailView:
    """One mail as it was written."""

    is_ready: bool = False
    mail: MailRowView = field(default_factory=MailRowView)
    text: str = ""
    files: list[FileView] = field(default_factory=list)
