"""Workers and what the clock has done, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.locale import N_

Words = Mapping[str, str]
Tones = Mapping[str, str]

WORKER: Final[Words] = {
    "busy": N_("Working"),
    "idle": N_("Idle"),
    "lost": N_("Lost"),
    "suspended": N_("Paused"),
}
WORKER_TONE: Final[Tones] = {"busy": "info", "idle": "ok", "lost": "bad", "suspended": "warn"}
QUEUE: Final[Words] = {
    "hardware": N_("Hardware jobs"),
    "poll": N_("Polling"),
    "billing": N_("Billing"),
    "mail": N_("Mails"),
    "default": N_("Everything else"),
}
TASK: Final[Words] = {
    "addresses": N_("Bring addresses in line with services"),
    "auto_pay": N_("Pay invoices automatically"),
    "bmc_accesses": N_("End temporary access to BMCs"),
    "cost_snapshot": N_("Record what services cost"),
    "documents": N_("Make the PDFs of documents"),
    "forget_sent": N_("Clear handed-over messages"),
    "gateway_list": N_("Compare with the payment gateway"),
    "lights": N_("Put identify lights out in time"),
    "mail": N_("Send mails"),
    "outages": N_("Watch workers and queues"),
    "payments": N_("Carry card payments on"),
    "port_errors": N_("Read the errors of switch ports"),
    "port_orders": N_("Carry orders for switch ports on"),
    "power_sweep": N_("Read the power of all servers"),
    "provisioning": N_("Watch machines that boot from the network"),
    "reconcile": N_("Settle jobs with an unknown outcome"),
    "renewal_run": N_("Invoice renewals"),
    "reverse_records": N_("Write reverse DNS"),
    "tickets": N_("Settle tickets that have gone quiet"),
    "traffic_compact": N_("Pack old traffic samples"),
    "traffic_plans": N_("Compare traffic with the plans"),
    "traffic_poll": N_("Read the traffic of all switches"),
}
