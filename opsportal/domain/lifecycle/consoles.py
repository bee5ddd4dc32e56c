"""Whoever watches a console, and temporary users of BMCs."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import AccessStatus, BmcAccess, ConsoleGrant, GrantStatus

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
    steps("granted attached ended", "granted ended"),
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
    steps("asked ready ending gone", "asked ending stuck gone"),
)
