"""Words for what happens to a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.locale import N_

Words = Mapping[str, str]

CHANGE: Final[Words] = {
    "ordered": N_("Ordered"),
    "recorded": N_("As it was when this history began"),
    "provisioning": N_("Being prepared"),
    "activated": N_("Activated"),
    "price_changed": N_("Price changed"),
    "plan_changed": N_("Plan changed"),
    "renewed": N_("Renewed at another price"),
    "suspended_policy": N_("Suspended for policy"),
    "suspended_payment": N_("Suspended as unpaid"),
    "lifted_policy": N_("Suspension for policy lifted"),
    "lifted_payment": N_("Suspension as unpaid ended"),
    "termination_requested": N_("Termination requested"),
    "termination_withdrawn": N_("Termination withdrawn"),
    "terminated": N_("Terminated"),
    "cancelled": N_("Cancelled"),
}
CHANGE_TONE: Final[Words] = {
    "suspended_policy": "bad",
    "suspended_payment": "bad",
    "lifted_policy": "ok",
    "lifted_payment": "ok",
    "activated": "ok",
    "price_changed": "info",
    "plan_changed": "info",
    "renewed": "info",
    "termination_requested": "warn",
}
