"""What can go wrong between us and a BMC, in words for the person who clicked.

The library's texts come only from here: nothing a BMC or a driver sent reaches `advice`, so an error
can be shown, logged and stored as it is.
"""

from __future__ import annotations

from typing import ClassVar


class BmcError(Exception):
    """A BMC did not do what was asked.

    `code` is stable and for programs, `advice` a sentence for people: what happened, what to do next.
    `is_retryable`: the same request may succeed later without anybody changing anything.
    `commands_sent`: power commands that may have reached the machine before the error.
    `is_outcome_unknown`: a command may have taken effect and nobody could read back whether it did.
    """

    code: ClassVar[str] = "bmc_error"
    advice: ClassVar[str] = "The server's management controller did not do what was asked."
    is_retryable: ClassVar[bool] = False

    def __init__(self, *, commands_sent: int = 0, is_outcome_unknown: bool = False) -> None:
        super().__init__(self.advice)
        self.commands_sent = commands_sent
        self.is_outcome_unknown = is_outcome_unknown

    def __str__(self) -> str:
        return f"{self.code}: {self.advice}"


class BmcUnreachable(BmcError):
    """Nothing came back: silent, switched off, wrong address, closed port or a filter between."""

    code = "bmc_unreachable"
    advice = (
        "The server's management controller does not answer. Try again in a minute; if it stays silent, "
        "ask support to check its network cable and address."
    )
    is_retryable = True


class BmcCredentialsRefused(BmcError):
    """The BMC knows the user and refuses the password, or gives the user too little privilege."""

    code = "bmc_credentials_refused"
    advice = (
        "The management controller refused our password or our rights on it. Nothing was changed on the "
        "server; support has to correct the stored credentials."
    )


class BmcUserUnknown(BmcError):
    """The BMC has no such user, or the user is disabled on this channel."""

    code = "bmc_user_unknown"
    advice = (
        "The management controller does not know our user name. Nothing was changed on the server; "
        "support has to correct the stored credentials."
    )


class BmcBusy(BmcError):
    """The BMC answers that it cannot now: node busy, no free session, firmware update, starting up."""

    code = "bmc_busy"
    advice = (
        "The management controller is busy, for instance starting up or serving other sessions. Wait a "
        "minute and try again."
    )
    is_retryable = True


class BmcProtocolError(BmcError):
    """Something answers, and it is not the IPMI we can understand."""

    code = "bmc_protocol_error"
    advice = (
        "Something answers at the management controller's address, but not in a form we understand. "
        "Support has to check the address, the cipher suite and the controller's firmware."
    )


class BmcCertificateUnknown(BmcError):
    """Somebody answers by TLS, and the certificate is not the one that we may trust."""

    code = "bmc_certificate_unknown"
    advice = (
        "The management controller shows another certificate than the one on record, so no password was sent "
        "to it. Support has to find out whether it was replaced, and then record the new fingerprint."
    )


class BmcSessionLost(BmcError):
    """The session, or the process that held it, ended between a request and its answer."""

    code = "bmc_session_lost"
    advice = (
        "The connection to the management controller was lost before it answered. The server's power state "
        "is read again before anything else is done."
    )
    is_retryable = True


class BmcIgnoredCommand(BmcError):
    """The command was acknowledged and the state had not changed when time was up."""

    code = "bmc_ignored_command"
    advice = (
        "The management controller accepted the command, but the server did not follow. Look at the "
        "console; then try again or ask support to look at the machine."
    )
    is_retryable = True


class BmcRefusedCommand(BmcError):
    """The BMC understood the command and answered that it will not carry it out."""

    code = "bmc_refused_command"
    advice = (
        "The management controller refused the command in the server's present state. Nothing was "
        "changed; ask support to look at the machine."
    )


class BmcUnsupported(BmcError):
    """The driver or the BMC has no such command."""

    code = "bmc_unsupported"
    advice = "This server's management controller cannot do that. Nothing was changed; use another way, or ask support."


class BmcDeadlineExceeded(BmcError):
    """Time was up before the outcome was known."""

    code = "bmc_deadline_exceeded"
    advice = (
        "The time for this action was used up before the server's state could be confirmed. Its power "
        "state is read again before anything else is done."
    )
    is_retryable = True


ERRORS: dict[str, type[BmcError]] = {
    kind.code: kind
    for kind in (
        BmcUnreachable,
        BmcCredentialsRefused,
        BmcUserUnknown,
        BmcBusy,
        BmcProtocolError,
        BmcCertificateUnknown,
        BmcSessionLost,
        BmcIgnoredCommand,
        BmcRefusedCommand,
        BmcUnsupported,
        BmcDeadlineExceeded,
    )
}
"""Every error by its code: what a child process reports is turned back into an error with this."""
