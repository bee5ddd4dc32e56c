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


class NoSerialPort(Refusal):
    """Redfish describes a serial console only by how to reach it over SSH or IPMI (DSP0268, Manager.SerialConsole)."""

    code = "no_serial_port"
    msgid = (
        "This server's management controller is spoken to over Redfish, which carries no serial port. Nothing was "
        "changed. Use its screen, or ask support to put it on record with IPMI."
    )


class AccessNotOffered(Refusal):
    code = "access_not_offered"
    msgid = (
        "Temporary access is not offered for this server. Nothing was changed. Use its screen or its serial "
        "console here."
    )


class AccessExists(Refusal):
    code = "access_exists"
    msgid = (
        "You have temporary access to this server already, or it is being taken back. Nothing was changed. "
        "End it and wait until it is gone, then ask again."
    )


class AccessFull(Refusal):
    code = "access_full"
    msgid = (
        "This server's management controller has {limit} temporary users already, which is the limit. Nothing "
        "was changed. Ask one of them to end theirs."
    )


class AccessNotReady(Refusal):
    code = "access_not_ready"
    msgid = "This temporary access is in another state meanwhile. Nothing was changed. Reload the page and look again."


class AccessShown(Refusal):
    code = "access_shown"
    msgid = (
        "This password was shown already, and it is shown only once. Nothing was changed. End this access and "
        "ask for a new one."
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


class BmcSessionsFull(Refusal):
    code = "bmc_sessions_full"
    msgid = (
        "This server's management controller holds {limit} sessions at a time, and the one that is left is kept for "
        "jobs. Nothing was changed. End a console of this server, then try again."
    )
