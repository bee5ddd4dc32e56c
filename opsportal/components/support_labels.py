"""Tickets and mails, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.locale import N_

Words = Mapping[str, str]
Tones = Mapping[str, str]

DEPARTMENT: Final[Words] = {"technical": N_("Technical"), "finance": N_("Finance")}
IMPORTANCE: Final[Words] = {"normal": N_("Normal"), "high": N_("High")}
TICKET: Final[Words] = {
    "new": N_("New"),
    "open": N_("In progress"),
    "waiting": N_("Your turn"),
    "resolved": N_("Resolved"),
    "reopened": N_("Reopened"),
    "closed": N_("Closed for good"),
}
TICKET_FOR_STAFF: Final[Words] = {**TICKET, "waiting": N_("Waits for the client")}
TICKET_TONE: Final[Tones] = {
    "new": "info",
    "open": "info",
    "waiting": "warn",
    "resolved": "ok",
    "reopened": "warn",
    "closed": "mute",
}
TICKET_MOVE: Final[Words] = {
    "open": N_("Mark as in progress"),
    "waiting": N_("Wait for the client"),
    "resolved": N_("Resolve"),
    "reopened": N_("Reopen"),
    "closed": N_("Close for good"),
}
TICKET_STEP: Final[Words] = {
    "resolved": N_("Marked as resolved"),
    "reopened": N_("Opened again"),
    "closed": N_("Closed for good"),
}
MAIL: Final[Words] = {
    "waiting": N_("Waiting to be sent"),
    "sending": N_("Being sent"),
    "sent": N_("Sent"),
    "undeliverable": N_("Undeliverable"),
}
MAIL_TONE: Final[Tones] = {"waiting": "warn", "sending": "info", "sent": "ok", "undeliverable": "bad"}
MAIL_KIND: Final[Words] = {
    "mail_address": N_("Change of the mail address"),
    "ticket_message": N_("Message in a ticket"),
    "ticket_resolved": N_("Ticket settled"),
    "desk_message": N_("Message for the desk"),
    "invoice_issued": N_("New invoice"),
    "payment_received": N_("Payment received"),
    "traffic_step": N_("Traffic of a plan"),
    "service_standing": N_("Suspension of a service"),
    "service_terms": N_("Price or plan of a service"),
    "network_boot_failed": N_("Failed network boot"),
    "outage": N_("Worker or queue out of order"),
    "bmc_access_left": N_("Temporary user left on a BMC"),
}
MAIL_OUTCOME: Final[Words] = {
    "accepted": N_("The mail server has taken it over."),
    "handing_over": N_("It is being handed to the mail server."),
    "worker_lost": N_("The worker died on the way; it is tried again."),
    "unreachable": N_("The mail server cannot be reached. All mails wait and are sent when it answers."),
    "silent": N_("The mail server does not answer in time. All mails wait and are sent when it does."),
    "greeting_refused": N_("The mail server does not let us in. Check SMTP_URL and the server."),
    "login_refused": N_("The mail server refuses our login. Check the user name and password in SMTP_URL."),
    "login_missing": N_("The mail server offers no login. Check SMTP_URL."),
    "tls_missing": N_("The mail server offers no encryption. Check SMTP_URL and the server."),
    "tls_failed": N_("No encrypted connection: the mail server's certificate is not trusted."),
    "server_closing": N_("The mail server is shutting down. All mails wait and are sent when it is back."),
    "connection_broken": N_("The connection to the mail server broke. It is tried again."),
    "sender_refused": N_("The mail server refuses our sender address. Check MAIL_FROM."),
    "recipient_refused": N_("The mail server says that this address does not exist or takes no mail."),
    "text_refused": N_("The mail server refuses this mail for its content or its size."),
    "sender_deferred": N_("The mail server cannot take mails from us now. It is tried again."),
    "recipient_deferred": N_("The mail server cannot take mails for this address now. It is tried again."),
    "text_deferred": N_("The mail server cannot take this mail now. It is tried again."),
    "answer_unclear": N_("The mail server answered something that is no answer. It is tried again."),
    "address_unusable": N_("This address cannot be used in a mail. Correct it in the person's account."),
}
