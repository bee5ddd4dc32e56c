"""Letters on their way."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import Mail, MailStatus

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
    steps(
        "waiting sending sent", "sending waiting", "sending undeliverable waiting", "waiting undeliverable"
    ),
)
