"""Declared state machines: every status an object can have, and every step it may take.

The tables are data; `move` is the only function that changes a status. The diagrams in
docs/state-machines.md are generated from here (`python -m opsportal.domain.lifecycle`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from opsportal.models import (
    AccessStatus,
    BmcAccess,
    CardSetup,
    CardSetupStatus,
    ConsoleGrant,
    EventStatus,
    GatewayEvent,
    GrantStatus,
    HardwareJob,
    Installation,
    InstallStage,
    Invoice,
    InvoiceStatus,
    JobStatus,
    LoginSession,
    LoginStage,
    Mail,
    MailStatus,
    OrderStatus,
    Payment,
    PaymentStatus,
    PortOrder,
    Refund,
    RefundStatus,
    ReverseRecord,
    ReverseStatus,
    Server,
    Service,
    ServiceStatus,
    StatusChange,
    StockStatus,
    Ticket,
    TicketStatus,
)


@dataclass(frozen=True)
class State:
    """What a status means; for one that waits, what ends the wait."""

    meaning: str
    way_out: str = ""
    is_final: bool = False


@dataclass(frozen=True)
class Machine:
    """A table of states and the steps between them."""

    name: str
    model: type
    field: str
    states: dict[str, State]
    steps: frozenset[tuple[str, str]]

    def allows(self, current: str, target: str) -> bool:
        return (current, target) in self.steps


class ImpossibleTransitionError(Exception):
    """Code asked for a step that the declared machine does not have: a bug, never a user's fault."""

    def __init__(self, machine: str, current: str, target: str) -> None:
        super().__init__(f"{machine}: {current} -> {target} is not declared")


def _steps(*chains: str) -> frozenset[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    for chain in chains:
        names = chain.split()
        pairs.update(itertools.pairwise(names))
    return frozenset(pairs)


HARDWARE_JOB = Machine(
    "hardware_job",
    HardwareJob,
    "status",
    {
        JobStatus.QUEUED: State("Waits for a worker.", "Expires at not_after; can be cancelled."),
        JobStatus.RUNNING: State(
            "A worker holds the server's lease.",
            "The lease expires: queued again if no command was sent, else unknown.",
        ),
        JobStatus.VERIFYING: State(
            "A command was sent; the BMC is being read back.",
            "The job's deadline, or the lease expires: unknown.",
        ),
        JobStatus.WAITING: State(
            "The machine itself is at work; no worker is held.",
            "The machine reports, its deadline passes: failed, or a person stops it: cancelled.",
        ),
        JobStatus.UNKNOWN: State(
            "Nobody knows whether the command took effect, or a person has taken it from its worker.",
            "The reconciler asks the BMC, at most ten times; or the person who has it ends it or hands it back.",
        ),
        JobStatus.SUCCEEDED: State("Read back from the BMC: the goal is reached.", is_final=True),
        JobStatus.FAILED: State("The goal was not reached; the outcome says why.", is_final=True),
        JobStatus.CANCELLED: State(
            "Taken back by a person, before a worker began or while its machine was at work.", is_final=True
        ),
        JobStatus.EXPIRED: State("Waited too long; nothing was done.", is_final=True),
    },
    _steps(
        "queued running verifying succeeded",
        "running succeeded",
        "running failed",
        "running queued",
        "running expired",
        "verifying running",
        "verifying failed",
        "running unknown succeeded",
        "verifying unknown failed",
        "running waiting",
        "verifying waiting succeeded",
        "waiting failed",
        "waiting cancelled",
        "unknown waiting",
        "queued cancelled",
        "queued expired",
        "queued failed",
    ),
)

INSTALLATION = Machine(
    "installation",
    Installation,
    "stage",
    {
        InstallStage.PREPARED: State(
            "Ordered; the server is told to start from its own disk.", "A worker arms it, or its job ends."
        ),
        InstallStage.ARMED: State(
            "The server is told to start the installer.",
            "The installer takes its configuration, a milestone's limit ends it, or a worker begins again.",
        ),
        InstallStage.HANDED_OUT: State(
            "The installer has it; from now on the server is told to start from its own disk.",
            "The last milestone, a reported failure, or a milestone's limit: ended.",
        ),
        InstallStage.ENDED: State("Its token opens nothing any more.", is_final=True),
    },
    _steps("prepared armed handed_out ended", "armed prepared ended", "armed ended"),
)

SERVICE = Machine(
    "service",
    Service,
    "status",
    {
        ServiceStatus.PENDING: State("Ordered, not yet paid or not yet prepared.", "Paid, or cancelled."),
        ServiceStatus.PROVISIONING: State("Being prepared.", "Becomes active, or a person looks."),
        ServiceStatus.ACTIVE: State("Running and billable."),
        ServiceStatus.SUSPENDED: State("Paused for payment or policy.", "Settled, or terminated."),
        ServiceStatus.TERMINATED: State("Ended.", is_final=True),
        ServiceStatus.CANCELLED: State("Ended before it began.", is_final=True),
    },
    _steps("pending provisioning active suspended active", "active terminated", "suspended terminated",
           "pending cancelled", "pending active"),
)  # fmt: skip

STOCK = Machine(
    "stock",
    Server,
    "stock_status",
    {
        StockStatus.LEASED: State("A service has it.", "The service gives it back: quarantined."),
        StockStatus.QUARANTINED: State(
            "Nobody has it and nobody may get it: what is on it is not known.",
            "A person starts its cleaning.",
        ),
        StockStatus.CLEANING: State(
            "Evidence is gathered, step by step.", "All of it is good: verified; something is not: faulty."
        ),
        StockStatus.VERIFIED: State("Every step of its cleaning has good evidence.", "A person releases it."),
        StockStatus.AVAILABLE: State("In stock: a service can get it."),
        StockStatus.FAULTY: State(
            "Something failed; it leaves stock.", "A person takes it over, with a reason: quarantined."
        ),
    },
    _steps(
        "quarantined cleaning verified available leased quarantined",
        "quarantined faulty quarantined",
        "cleaning faulty",
        "verified faulty",
        "available faulty",
        "cleaning quarantined",
        "verified quarantined",
        "available quarantined",
    ),
)

LOGIN = Machine(
    "login",
    LoginSession,
    "stage",
    {
        LoginStage.PASSWORD: State(
            "The password was right; the second factor is missing.", "Ten minutes, then ended."
        ),
        LoginStage.SIGNED_IN: State(
            "The portal is open to this browser.", "Ends at expires_at or by signing out."
        ),
        LoginStage.ENDED: State("This browser has no rights.", is_final=True),
    },
    _steps("password signed_in ended", "password ended"),
)

TICKET = Machine(
    "ticket",
    Ticket,
    "status",
    {
        TicketStatus.NEW: State("Written by a client; nobody of staff has answered.", "Staff answer or take it."),
        TicketStatus.OPEN: State("Staff work on it and owe the next word.", "Staff answer."),
        TicketStatus.WAITING: State(
            "Staff have answered and wait for the client.",
            "The client answers; after 14 days of silence it is resolved.",
        ),
        TicketStatus.RESOLVED: State(
            "Done, says one side. A reply reopens it.", "After 30 days it is closed for good."
        ),
        TicketStatus.REOPENED: State("Was resolved, and is not done after all.", "Staff answer."),
        TicketStatus.CLOSED: State("Done for good; a new question is a new ticket.", is_final=True),
    },
    _steps("new open waiting open resolved reopened open", "new waiting resolved closed", "new resolved",
           "reopened waiting", "reopened resolved"),
)  # fmt: skip

MAIL = Machine(
    "mail",
    Mail,
    "status",
    {
        MailStatus.WAITING: State(
            "Written and archived; not yet accepted by the mail server.",
            "Its next attempt, or the last one fails: undeliverable.",
        ),
        MailStatus.SENDING: State(
            "A worker is handing it to the mail server.",
            "The server's answer, or the worker's lease expires: waiting again.",
        ),
        MailStatus.UNDELIVERABLE: State(
            "Refused by the mail server, or tried for too long; the outcome says why.",
            "An operator lets it be tried again.",
        ),
        MailStatus.SENT: State("The mail server has taken it over.", is_final=True),
    },
    _steps(
        "waiting sending sent", "sending waiting", "sending undeliverable waiting", "waiting undeliverable"
    ),
)

PAYMENT = Machine(
    "payment",
    Payment,
    "status",
    {
        PaymentStatus.CREATED: State(
            "Written down; the gateway has not answered yet. No money can move.",
            "Asked again until not_after, then failed; can be cancelled.",
        ),
        PaymentStatus.SUBMITTED: State(
            "The gateway knows it, and is told to charge the card.",
            "The gateway's answer; without one it becomes unknown.",
        ),
        PaymentStatus.REQUIRES_ACTION: State(
            "The card's bank wants its holder to confirm (3-D Secure).",
            "The holder's answer, or not_after: then it is ended at the gateway.",
        ),
        PaymentStatus.UNKNOWN: State(
            "Nobody knows whether the card was charged.",
            "The gateway is asked, ever more seldom, for three days; then finance is shown it and asks again.",
        ),
        PaymentStatus.SUCCEEDED: State("The money was received and booked, once.", is_final=True),
        PaymentStatus.FAILED: State(
            "No money was taken and none can be: it has ended at the gateway too.", is_final=True
        ),
        PaymentStatus.CANCELLED: State(
            "Taken back before money moved; it has ended at the gateway too.", is_final=True
        ),
    },
    _steps(
        "created submitted requires_action succeeded",
        "created failed",
        "created cancelled",
        "submitted succeeded",
        "submitted unknown",
        "submitted failed",
        "submitted cancelled",
        "requires_action submitted",
        "requires_action unknown",
        "requires_action failed",
        "requires_action cancelled",
        "unknown submitted",
        "unknown requires_action",
        "unknown succeeded",
        "unknown failed",
        "unknown cancelled",
    ),
)

REFUND = Machine(
    "refund",
    Refund,
    "status",
    {
        RefundStatus.REQUESTED: State(
            "Booked; the gateway has not answered yet.",
            "Asked again with the same key for a day, then finance is shown it.",
        ),
        RefundStatus.SUBMITTED: State(
            "The gateway is paying it out.", "The gateway's answer; asked for a month."
        ),
        RefundStatus.SUCCEEDED: State("The money is on its way to the card.", is_final=True),
        RefundStatus.FAILED: State("Not paid out; the booking was reversed.", is_final=True),
    },
    _steps("requested submitted succeeded", "requested succeeded", "requested failed", "submitted failed"),
)

CARD_SETUP = Machine(
    "card_setup",
    CardSetup,
    "status",
    {
        CardSetupStatus.BEGUN: State(
            "A browser may hand one card to the gateway.", "The gateway is asked; expires at not_after."
        ),
        CardSetupStatus.SAVED: State("The gateway keeps the card for us.", is_final=True),
        CardSetupStatus.FAILED: State("The gateway refused the card.", is_final=True),
        CardSetupStatus.EXPIRED: State("No card came in time.", is_final=True),
    },
    _steps("begun saved", "begun failed", "begun expired"),
)

GATEWAY_EVENT = Machine(
    "gateway_event",
    GatewayEvent,
    "status",
    {
        EventStatus.RECEIVED: State(
            "Stored with a good signature; not looked at yet.",
            "A worker asks the gateway about its object, at most twelve times.",
        ),
        EventStatus.PROCESSED: State("Its object was fetched and taken in.", is_final=True),
        EventStatus.IGNORED: State("It is about nothing of ours.", is_final=True),
        EventStatus.REFUSED: State(
            "Its object contradicts what is on record; finance is shown it.", is_final=True
        ),
        EventStatus.FAILED: State(
            "The gateway did not answer; its object is asked for otherwise.", is_final=True
        ),
    },
    _steps("received processed", "received ignored", "received refused", "received failed"),
)

CONSOLE_GRANT = Machine(
    "console_grant",
    ConsoleGrant,
    "status",
    {
        GrantStatus.GRANTED: State(
            "A ticket was handed out; nobody has come with it yet.", "Used once, or expires after 30 s."
        ),
        GrantStatus.ATTACHED: State(
            "A browser watches the console, or types on it.",
            "Leaving, idleness, four hours, the end of the session or of the service.",
        ),
        GrantStatus.ENDED: State("The browser sees nothing more; the reason is kept.", is_final=True),
    },
    _steps("granted attached ended", "granted ended"),
)

BMC_ACCESS = Machine(
    "bmc_access",
    BmcAccess,
    "status",
    {
        AccessStatus.ASKED: State(
            "A temporary user of a BMC was asked for.",
            "A worker makes it and reads it back; after two minutes without success it is taken back.",
        ),
        AccessStatus.READY: State(
            "The BMC has the user; its password is shown once.",
            "Ending it, four hours, the end of the session, of the service or of the tenancy.",
        ),
        AccessStatus.ENDING: State(
            "The BMC must not have the user any more, and has not been read without it.",
            "Deleted and read back; after fifteen minutes without success a person is told.",
        ),
        AccessStatus.STUCK: State(
            "The BMC may still have the user: it does not answer, or keeps it.",
            "Tried again every ten minutes; or staff removed the user and say so.",
        ),
        AccessStatus.GONE: State("The BMC was read without the user, or never had it.", is_final=True),
    },
    _steps("asked ready ending gone", "asked ending stuck gone"),
)

INVOICE = Machine(
    "invoice",
    Invoice,
    "status",
    {
        InvoiceStatus.DRAFT: State(
            "Being written; has no number.", "Issued by the transaction that wrote it."
        ),
        InvoiceStatus.ISSUED: State(
            "Numbered and frozen; waits for its money.",
            "Paid, or cancelled by a credit note; overdue by date.",
        ),
        InvoiceStatus.PAID: State("Paid in full. A refund is a credit note beside it.", is_final=True),
        InvoiceStatus.VOID: State("Cancelled by a credit note before it was paid.", is_final=True),
    },
    _steps("draft issued paid", "issued void"),
)

REVERSE = Machine(
    "reverse_record",
    ReverseRecord,
    "status",
    {
        ReverseStatus.WANTED: State(
            "Somebody has asked for it; the name server has not confirmed it.",
            "Its next attempt; after a day of failures, or a plain no: failed.",
        ),
        ReverseStatus.WRITTEN: State(
            "The name server has accepted it and is being read back.",
            "Read back as wanted, or after ten minutes: failed.",
        ),
        ReverseStatus.FAILED: State(
            "The name server has it not; the error says why.",
            "Somebody changes it, or lets it be tried again.",
        ),
        ReverseStatus.VISIBLE: State("Read back from the name server as it is wanted."),
        ReverseStatus.GONE: State(
            "Read back: the name server has none any more. Another name is another record.", is_final=True
        ),
    },
    _steps(
        "wanted written visible wanted",
        "wanted failed wanted",
        "written failed",
        "written wanted",
        "written gone",
    ),
)

PORT_ORDER = Machine(
    "port_order",
    PortOrder,
    "status",
    {
        OrderStatus.ASKED: State(
            "A switch port is to be up or down, and the switch has not said that it is.",
            "Its next attempt; after four without an answer, or a plain no: failed. One of a job ends with it.",
        ),
        OrderStatus.DONE: State("Read back at the switch as it was ordered.", is_final=True),
        OrderStatus.FAILED: State("The port was not brought there; the outcome says why.", is_final=True),
    },
    _steps("asked done", "asked failed"),
)

MACHINES = (
    HARDWARE_JOB,
    INSTALLATION,
    SERVICE,
    STOCK,
    LOGIN,
    TICKET,
    MAIL,
    PAYMENT,
    REFUND,
    CARD_SETUP,
    GATEWAY_EVENT,
    CONSOLE_GRANT,
    BMC_ACCESS,
    INVOICE,
    REVERSE,
    PORT_ORDER,
)


def move(
    unit: Any, machine: Machine, row: Any, target: str, *, actor_id: int | None = None, reason: str = ""
) -> None:
    """Take one declared step and write it to the history.

    The caller holds the row's lock (`SELECT … FOR UPDATE`). Raises `ImpossibleTransitionError`
    for a step that is not in the table.
    """
    current = getattr(row, machine.field)
    if not machine.allows(current, target):
        raise ImpossibleTransitionError(machine.name, current, target)
    setattr(row, machine.field, str(target))
    unit.add(row)
    unit.add(
        StatusChange(
            machine=machine.name,
            object_id=row.id,
            from_status=str(current),
            to_status=str(target),
            actor_id=actor_id,
            reason=reason,
        )
    )


def diagrams() -> str:
    """All machines as a Markdown page with Mermaid diagrams."""
    parts = ["# State machines\n\nGenerated by `python -m opsportal.domain.lifecycle`. Do not edit.\n"]
    for machine in MACHINES:
        parts.append(f"\n## {machine.name}\n\n```mermaid\nstateDiagram-v2\n")
        parts += [f"    {a} --> {b}\n" for a, b in sorted(machine.steps)]
        parts += [f"    {name} --> [*]\n" for name, state in machine.states.items() if state.is_final]
        parts.append("```\n\n| state | meaning | what ends the wait |\n|---|---|---|\n")
        parts += [
            f"| {name} | {state.meaning} | {state.way_out} |\n" for name, state in machine.states.items()
        ]
    return "".join(parts)


if __name__ == "__main__":
    print(diagrams(), end="")
