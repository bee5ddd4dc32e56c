"""Tickets, the desk, mails."""

from __future__ import annotations

from typing import Any

from tests.doors.matrix.door import CLIENT, OPERATOR, STAFF, Door, page
from tests.doors.server import PORTAL

TICKETS = f"{PORTAL}support___tickets____"
DESK = f"{PORTAL}support___desk____"
MAILS = f"{PORTAL}support___mails____"
_DRAFT = {"draft": "0123456789abcdef" * 2, "body": "a message", "attachments": []}


def _ticket(name: str, who: frozenset[str], target: str = "ticket", **more: Any) -> Door:
    return Door(name, who, target, lambda number: {"ticket_id": number} | more)


SUPPORT = (
    page("support___tickets____tickets_state", CLIENT, "/tickets"),
    page("support___tickets____new_ticket_state", CLIENT, "/tickets/new"),
    Door(
        f"{TICKETS}new_ticket_state.add",
        CLIENT,
        "service",
        lambda number: {
            "department": "technical",
            "subject": "a subject",
            "importance": "normal",
            "service_id": number,
            **_DRAFT,
        },
    ),
    page("support___tickets____ticket_state", CLIENT, "/tickets/{id}", "ticket", "ticket_id"),
    _ticket(f"{TICKETS}ticket_state.reply", CLIENT, **_DRAFT),
    _ticket(f"{TICKETS}ticket_state.close", CLIENT),
    _ticket(f"{TICKETS}ticket_state.reopen", CLIENT, "resolved ticket"),
    _ticket(f"{TICKETS}ticket_state.seen", CLIENT, message_id=1),
    page("support___desk____desk_state", STAFF, "/desk"),
    page("support___desk____desk_ticket_state", STAFF, "/desk/{id}", "ticket", "ticket_id"),
    _ticket(f"{DESK}desk_ticket_state.reply", STAFF, then="", **_DRAFT),
    _ticket(f"{DESK}desk_ticket_state.note", STAFF, **_DRAFT),
    _ticket(f"{DESK}desk_ticket_state.assign", STAFF, person_id=0),
    _ticket(f"{DESK}desk_ticket_state.set_status", STAFF, status="resolved"),
    _ticket(f"{DESK}desk_ticket_state.set_importance", STAFF, importance="high"),
    _ticket(f"{DESK}desk_ticket_state.set_department", STAFF, department="finance"),
    _ticket(f"{DESK}desk_ticket_state.seen", STAFF, message_id=1),
    page("support___mails____mails_state", OPERATOR, "/mails"),
    page("support___mails____mail_state", OPERATOR, "/mails/{id}", "mail", "mail_id"),
    Door(f"{MAILS}mail_state.retry", OPERATOR, "undeliverable mail", lambda number: {"mail_id": number}),
)
