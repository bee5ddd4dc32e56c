"""The words for every code that views carry, and the tone of each status. One place for wording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.components import inventory_labels
from opsportal.components.console_labels import CONSOLE_AUDIT
from opsportal.components.job_labels import JOB as JOB
from opsportal.components.job_labels import JOB_DOING as JOB_DOING
from opsportal.components.job_labels import JOB_KIND as JOB_KIND
from opsportal.components.job_labels import JOB_TONE as JOB_TONE
from opsportal.components.job_labels import STEP as STEP
from opsportal.components.job_labels import STEP_NOTE as STEP_NOTE
from opsportal.components.machine_labels import PORT_OUTCOMES, TRAIL
from opsportal.components.provisioning_labels import OUTCOMES as INSTALL_OUTCOMES
from opsportal.locale import N_

Words = Mapping[str, str]
Tones = Mapping[str, str]

FAMILY: Final[Words] = {
    "server": N_("Servers"),
    "storage": N_("Storage"),
    "hosting": N_("Hosting"),
    "vpn": N_("VPN"),
    "domain": N_("Domains"),
}
FAMILY_ONE: Final[Words] = {
    "server": N_("Server"),
    "storage": N_("Storage"),
    "hosting": N_("Hosting"),
    "vpn": N_("VPN"),
    "domain": N_("Domain"),
}
ROLE: Final[Words] = {
    "client": N_("Client"),
    "operator": N_("Operator"),
    "technician": N_("Technician"),
}
SERVICE: Final[Words] = {
    "pending": N_("Pending"),
    "provisioning": N_("Being prepared"),
    "active": N_("Active"),
    "suspended": N_("Suspended"),
    "terminated": N_("Terminated"),
    "cancelled": N_("Cancelled"),
}
SERVICE_TONE: Final[Tones] = {
    "pending": "warn",
    "provisioning": "info",
    "active": "ok",
    "suspended": "bad",
    "terminated": "mute",
    "cancelled": "mute",
}
SUSPENSION: Final[Words] = {
    "payment": N_("Paused because an invoice is unpaid."),
    "policy": N_("Paused because of an abuse report. Support can tell you more."),
}
TERM: Final[Words] = {"hour": N_("per hour"), "month": N_("per month"), "year": N_("per year")}
POWER: Final[Words] = {"on": N_("On"), "off": N_("Off"), "unknown": N_("Not known")}
POWER_TONE: Final[Tones] = {"on": "ok", "off": "mute", "unknown": "warn"}

OUTCOME: Final[Words] = {
    **INSTALL_OUTCOMES,
    **PORT_OUTCOMES,
    "verified": N_("Read back from the server and confirmed."),
    "reconciled": N_(
        "The connection was lost on the way; the server was asked afterwards and has reached the goal."
    ),
    "cancelled": N_("Cancelled before it began. The server was not touched."),
    "changed_hands": N_(
        "The server was handed on before this was done. Nothing more was done to it in your name."
    ),
    "waited_too_long": N_(
        "It waited too long and was dropped, so that nothing happens by surprise. The server was not touched."
        " Start it again if you still need it."
    ),
    "reboot_uncertain": N_(
        "The server is on, but nobody can say whether it restarted. Look at it, then reboot again if needed."
    ),
    "reboot_left_off": N_("The server was switched off and did not come back on. Power it on."),
    "not_carried_out": N_(
        "The connection was lost on the way; the server was asked afterwards and nothing had changed. Start it again."
    ),
    "never_answered": N_(
        "The management controller stopped answering, so the outcome is not known. Check the server before you try again."
    ),
    "bmc_unreachable": N_(
        "The management controller does not answer. Nothing was changed. Try again in a minute, or contact support."
    ),
    "bmc_credentials_refused": N_(
        "The management controller refused our password. Nothing was changed. We have to correct it; please contact support."
    ),
    "bmc_user_unknown": N_(
        "The management controller does not know our user name. Nothing was changed. We have to correct it; please contact support."
    ),
    "bmc_certificate_unknown": N_(
        "The management controller shows another certificate than the one on record. Nothing was changed."
        " We have to look into it; please contact support."
    ),
    "bmc_busy": N_("The management controller is busy. Nothing was changed. Wait a minute and try again."),
    "bmc_protocol_error": N_(
        "The management controller answers in a way we do not understand. Nothing was changed. Please contact support."
    ),
    "bmc_ignored_command": N_(
        "The management controller accepted the command, but the server did not follow. Try again, or contact support."
    ),
    "bmc_refused_command": N_(
        "The management controller refused the command in the server's present state. Nothing was changed. Please contact support."
    ),
    "bmc_outside_networks": N_(
        "The address of the management controller is outside the networks the portal may reach. Nothing was changed."
        " We have to correct it; please contact support."
    ),
    "bmc_session_lost": N_(
        "The connection to the management controller was lost. Nothing was changed. Try again in a minute."
    ),
    "bmc_misconfigured": N_(
        "What we have on record about the management controller cannot be used. Nothing was changed."
        " We have to correct it; please contact support."
    ),
    "internal": N_(
        "Something went wrong on our side. The power state is being read again. Check it before you try again."
    ),
    "bmc_deadline_exceeded": N_(
        "The time was used up before the result could be confirmed. Check the power state before you try again."
    ),
}
AUDIT: Final[Words] = {
    **inventory_labels.AUDIT,
    **CONSOLE_AUDIT,
    **TRAIL,
    "server:power_on_requested": N_("Power on requested"),
    "server:power_off_requested": N_("Power off requested"),
    "server:reboot_requested": N_("Reboot requested"),
    "server:reinstall_requested": N_("Reinstall requested"),
    "server:reinstall_done": N_("Reinstalled"),
    "server:reinstall_failed": N_("Reinstall failed"),
    "server:rescue_requested": N_("Rescue system requested"),
    "server:rescue_done": N_("Rescue system started"),
    "server:rescue_failed": N_("Rescue system did not start"),
    "server:memory_test_requested": N_("Memory test requested"),
    "server:memory_test_done": N_("Memory test started"),
    "server:memory_test_failed": N_("Memory test did not start"),
    "server:wipe_requested": N_("Wiping requested"),
    "server:wipe_done": N_("Disks wiped"),
    "server:wipe_failed": N_("Wiping failed"),
    "server:boot_disk_requested": N_("Start from disk requested"),
    "job:cancelled": N_("Job cancelled"),
    "job:stopped": N_("Job stopped while the machine was at work"),
    "address:assigned": N_("Address assigned"),
    "address:released": N_("Address released"),
    "address:reverse_set": N_("Reverse DNS changed"),
    "address:reverse_retried": N_("Reverse DNS tried again"),
    "prefix:added": N_("Prefix added"),
    "traffic:exempted": N_("Exempt from the plan's traffic"),
    "traffic:exemption_ended": N_("Exemption from the plan's traffic ended"),
    "bmc:access_refused": N_("The BMC refuses the user or password on record"),
    "bmc:access_restored": N_("The BMC lets us in again"),
    "invoice:paid": N_("Invoice paid"),
    "invoice:voided": N_("Invoice cancelled"),
    "invoice:refunded": N_("Invoice refunded"),
    "payment:begun": N_("Card payment started"),
    "payment:cancelled": N_("Card payment cancelled"),
    "payment:received": N_("Card payment received"),
    "refund:requested": N_("Refund asked for"),
    "card:added": N_("Card added"),
    "card:removed": N_("Card removed"),
    "company:credit_granted": N_("Credit granted"),
    "billing_run:requested": N_("Renewal run started by hand"),
    "billing_profile:changed": N_("Billing details changed"),
    "balance_flag:cleared": N_("Money in the balance seen to"),
    "ticket:opened": N_("Ticket opened"),
    "ticket:replied": N_("Reply in a ticket"),
    "ticket:noted": N_("Internal note in a ticket"),
    "ticket:assigned": N_("Ticket assigned"),
    "ticket:resolved": N_("Ticket resolved"),
    "ticket:closed": N_("Ticket closed for good"),
    "ticket:reopened": N_("Ticket reopened"),
    "ticket:status_set": N_("Status of a ticket changed"),
    "ticket:importance_set": N_("Importance of a ticket changed"),
    "ticket:department_set": N_("Department of a ticket changed"),
    "mail:retried": N_("Mail sent again"),
    "person:signed_in": N_("Signed in"),
    "person:sign_in_refused": N_("Sign-in refused"),
    "person:second_factor_refused": N_("Second factor refused"),
    "person:signed_out": N_("Signed out"),
    "person:signed_out_others": N_("Signed out other browsers"),
    "person:signed_out_everywhere": N_("Signed out everywhere"),
    "person:password_changed": N_("Password changed"),
    "person:mail_address_changed": N_("Mail address changed"),
    "person:second_factor_on": N_("Two-factor authentication switched on"),
    "person:second_factor_off": N_("Two-factor authentication switched off"),
    "person:recovery_codes_renewed": N_("New recovery codes made"),
    "person:recovery_code_used": N_("Recovery code used"),
    "person:added": N_("Person added"),
    "person:deactivated": N_("Person blocked"),
    "person:activated": N_("Person let in again"),
    "person:second_factor_reset": N_("Two-factor authentication reset by the operator"),
}
WORKER: Final[Words] = {
    "busy": N_("Working"),
    "idle": N_("Idle"),
    "lost": N_("Lost"),
    "suspended": N_("Paused"),
}
WORKER_TONE: Final[Tones] = {"busy": "info", "idle": "ok", "lost": "bad", "suspended": "warn"}
TASK: Final[Words] = {
    "documents": N_("Make the PDFs of documents"),
    "forget_sent": N_("Clear handed-over messages"),
    "power_sweep": N_("Read the power of all servers"),
    "reconcile": N_("Settle jobs with an unknown outcome"),
}
INVOICE: Final[Words] = {
    "paid": N_("Paid"),
    "pending": N_("Pending"),
    "overdue": N_("Overdue"),
    "void": N_("Cancelled"),
    "refunded": N_("Refunded"),
}
INVOICE_TONE: Final[Tones] = {
    "paid": "ok",
    "pending": "warn",
    "overdue": "bad",
    "void": "mute",
    "refunded": "mute",
}
DOCUMENT: Final[Words] = {
    "invoice": N_("Invoice"),
    "topup": N_("Invoice for added funds"),
    "credit_note": N_("Credit note"),
}
PAYMENT: Final[Words] = {
    "created": N_("Being handed over"),
    "submitted": N_("Being charged"),
    "requires_action": N_("Waits for your confirmation"),
    "unknown": N_("Outcome not known yet"),
    "succeeded": N_("Received"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
}
PAYMENT_TONE: Final[Tones] = {
    "created": "mute",
    "submitted": "info",
    "requires_action": "warn",
    "unknown": "warn",
    "succeeded": "ok",
    "failed": "bad",
    "cancelled": "mute",
}
PAYMENT_STEP: Final[Words] = {
    "written": N_("Written down"),
    "gateway": N_("Handed to the card processor"),
    "bank": N_("Confirmed with your bank"),
    "booked": N_("Received and booked"),
}
TRANSACTION: Final[Words] = {
    "topup": N_("Funds added"),
    "payment": N_("Invoice paid"),
    "grant": N_("Credit granted"),
    "refund": N_("Refund"),
    "refund_paid": N_("Refund paid out"),
    "reversal": N_("Refund put back"),
    "failed": N_("Payment failed"),
}
TRANSACTION_TONE: Final[Tones] = {
    "topup": "ok",
    "payment": "info",
    "grant": "ok",
    "refund": "warn",
    "refund_paid": "mute",
    "reversal": "mute",
    "failed": "bad",
}
FLAG: Final[Words] = {
    "invoice_was_paid": N_(
        "A card payment came for an invoice that was paid already. The money is in the balance."
    ),
    "invoice_was_void": N_(
        "A card payment came for an invoice that was cancelled. The money is in the balance."
    ),
    "invoice_costs_more": N_("A card payment did not cover its invoice. The money is in the balance."),
}
RUN: Final[Words] = {
    "renewal": N_("Renewals"),
    "auto_pay": N_("Automatic payment"),
    "cost_snapshot": N_("Record of costs"),
}
RUN_ERROR: Final[Words] = {
    "other_currency": N_(
        "The service is priced in another currency than the company's. Correct one of them."
    ),
    "far_behind": N_("A whole period has passed without an invoice. Charge it or give it away by hand."),
    "too_many": N_(
        "More services fall due at once than one invoice should hold. Look before you invoice them."
    ),
    "no_tax_rate": N_(
        "The tax rate of the company's country is not on record. Add it; the next run tries again."
    ),
    "fault": N_("Something went wrong on our side. The log says what; the next run tries again."),
}
DIFFERENCE: Final[Words] = {
    "missing_here": N_("The gateway has taken money that our ledger does not know. Find out whose it is."),
    "missing_there": N_("Our ledger has money that the gateway does not know. Ask the gateway's support."),
    "amount": N_("Another amount than agreed. Nothing was booked; look at both sides."),
}
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
    "network_boot_failed": N_("Failed network boot"),
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
GAP: Final[Words] = {
    "silent": N_("The switch did not answer. Nothing is known about this time."),
    "reboot": N_(
        "The switch restarted and its counters began anew. What went through meanwhile is not known."
    ),
    "too_fast": N_("The counters said more than the port can carry. The values were refused."),
    "ambiguous": N_(
        "The port's small counters may have gone round more than once between two polls. The values were refused."
    ),
    "missing": N_("The switch had no such port in this time."),
}
PERCENTILE: Final[Words] = {
    "max_of_p95": N_("The percentile of each direction apart; the higher one counts."),
    "p95_of_larger": N_("In each five minutes the larger direction; then the percentile."),
    "p95_of_sum": N_("In each five minutes both directions together; then the percentile."),
    "sum_of_p95": N_("The percentiles of both directions, added."),
}
POLLER: Final[Words] = {
    "ok": N_("Answers"),
    "failing": N_("Does not answer properly"),
    "waiting": N_("Waits for its first sample"),
}
POLLER_TONE: Final[Tones] = {"ok": "ok", "failing": "bad", "waiting": "mute"}
PORT: Final[Words] = {
    "up": N_("Up"),
    "down": N_("Down"),
    "unknown": N_("Not known"),
    "missing": N_("Not on the switch"),
    "off": N_("Taken down"),
}
PORT_TONE: Final[Tones] = {"up": "ok", "down": "mute", "off": "warn", "unknown": "warn", "missing": "bad"}
SWITCH_ERROR: Final[Words] = {
    "switch_unreachable": N_(
        "It does not answer. Check its management network and that SNMP is on; a wrong community looks the same."
        " Counting goes on where it stopped as soon as it answers."
    ),
    "switch_credentials_refused": N_("It refused our SNMP user or password. Correct the stored credentials."),
    "switch_bad_answer": N_(
        "It answered in a form that cannot be used; nothing of it was stored. Check that the address belongs to a"
        " switch with IF-MIB, and its firmware."
    ),
    "switch_without_ports": N_(
        "It answers but shows no ports with counters. Allow our community or user to read IF-MIB"
        " (ifTable and ifXTable)."
    ),
    "switch_answer_too_big": N_(
        "It says that even the smallest answer is too big for it. Check its firmware and SNMP settings."
    ),
    "switch_outside_networks": N_(
        "Its address is outside the networks that may be polled. Correct the address or the setting SWITCH_NETWORKS."
    ),
    "switch_misconfigured": N_(
        "What is on record about it cannot be used. Enter its address and credentials anew."
    ),
    "switch_error": N_("It did not give what was asked."),
}
LANGUAGE: Final[Words] = {"en": "English", "uk": "Українська", "es": "Español"}
