"""The words for every code that views carry, and the tone of each status: areas have modules of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.components.audit_labels import AUDIT as AUDIT
from opsportal.components.billing_labels import DIFFERENCE as DIFFERENCE
from opsportal.components.billing_labels import DOCUMENT as DOCUMENT
from opsportal.components.billing_labels import FLAG as FLAG
from opsportal.components.billing_labels import INVOICE as INVOICE
from opsportal.components.billing_labels import INVOICE_TONE as INVOICE_TONE
from opsportal.components.billing_labels import PAYMENT as PAYMENT
from opsportal.components.billing_labels import PAYMENT_STEP as PAYMENT_STEP
from opsportal.components.billing_labels import PAYMENT_TONE as PAYMENT_TONE
from opsportal.components.billing_labels import RUN as RUN
from opsportal.components.billing_labels import RUN_ERROR as RUN_ERROR
from opsportal.components.billing_labels import TRANSACTION as TRANSACTION
from opsportal.components.billing_labels import TRANSACTION_TONE as TRANSACTION_TONE
from opsportal.components.job_labels import JOB as JOB
from opsportal.components.job_labels import JOB_DOING as JOB_DOING
from opsportal.components.job_labels import JOB_KIND as JOB_KIND
from opsportal.components.job_labels import JOB_TONE as JOB_TONE
from opsportal.components.job_labels import STEP as STEP
from opsportal.components.job_labels import STEP_NOTE as STEP_NOTE
from opsportal.components.queue_labels import QUEUE as QUEUE
from opsportal.components.queue_labels import TASK as TASK
from opsportal.components.queue_labels import WORKER as WORKER
from opsportal.components.queue_labels import WORKER_TONE as WORKER_TONE
from opsportal.components.support_labels import DEPARTMENT as DEPARTMENT
from opsportal.components.support_labels import IMPORTANCE as IMPORTANCE
from opsportal.components.support_labels import MAIL as MAIL
from opsportal.components.support_labels import MAIL_KIND as MAIL_KIND
from opsportal.components.support_labels import MAIL_OUTCOME as MAIL_OUTCOME
from opsportal.components.support_labels import MAIL_TONE as MAIL_TONE
from opsportal.components.support_labels import TICKET as TICKET
from opsportal.components.support_labels import TICKET_FOR_STAFF as TICKET_FOR_STAFF
from opsportal.components.support_labels import TICKET_MOVE as TICKET_MOVE
from opsportal.components.support_labels import TICKET_STEP as TICKET_STEP
from opsportal.components.support_labels import TICKET_TONE as TICKET_TONE
from opsportal.components.switch_labels import GAP as GAP
from opsportal.components.switch_labels import PERCENTILE as PERCENTILE
from opsportal.components.switch_labels import POLLER as POLLER
from opsportal.components.switch_labels import POLLER_TONE as POLLER_TONE
from opsportal.components.switch_labels import PORT as PORT
from opsportal.components.switch_labels import PORT_TONE as PORT_TONE
from opsportal.components.switch_labels import SWITCH_ERROR as SWITCH_ERROR
from opsportal.components.takeover_labels import ANSWER as ANSWER
from opsportal.components.takeover_labels import CALL as CALL
from opsportal.components.takeover_labels import CALL_TONE as CALL_TONE
from opsportal.components.takeover_labels import STANDING as STANDING
from opsportal.components.takeover_labels import VERDICT as VERDICT
from opsportal.domain.hardware.outcome_words import OUTCOME as OUTCOME
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
    "payment": N_("Suspended because an invoice is overdue. It runs again as soon as that is paid."),
    "policy": N_("Suspended because it breaks our terms of use. Support can tell you more."),
}
TERM: Final[Words] = {"hour": N_("per hour"), "month": N_("per month"), "year": N_("per year")}
POWER: Final[Words] = {"on": N_("On"), "off": N_("Off"), "unknown": N_("Not known")}
POWER_TONE: Final[Tones] = {"on": "ok", "off": "mute", "unknown": "warn"}

LANGUAGE: Final[Words] = {"en": "English", "uk": "Українська", "es": "Español"}
