"""What can be wrong with asking for a console."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal


class ConsoleNotActive(Refusal):
    code = "console_not_active"
    msgid = (
        "This service is not active, so its server's console stays closed. Nothing was changed. "
        "Open the service to see why."
    )


class TooManyConsoles(Refusal):
    code = "too_many_consoles"
    msgid = (
        "You have {limit} consoles open, which is the limit. Nothing was changed. Close one, then try again."
    )


class ConsoleFull(Refusal):
    code = "console_full"
    msgid = (
        "{limit} people watch this server already, which is the limit. Nothing was changed. "
        "Ask one of them to leave, then try again."
    )


class NoScreen(Refusal):
    code = "no_screen"
    msgid = (
        "This server's management controller offers no screen to the browser. Nothing was changed. "
        "Use the serial console."
    )


class TicketUnusable(Refusal):
    """Unknown, used, expired, revoked, or another session's: they look the same on purpose."""

    code = "ticket_unusable"
    msgid = "This console could not be opened: its ticket was used or has expired. Open it again."


class ConsoleAway(Refusal):
    code = "console_away"
    msgid = (
        "Consoles cannot be reached at the moment. The server itself is not affected. Try again in a minute."
    )
