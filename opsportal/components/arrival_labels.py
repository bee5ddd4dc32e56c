"""What the codes of orders and of searches for BMCs mean in words. English msgids; the browser translates them."""

from __future__ import annotations

from opsportal.locale import N_

KIND = {"ipmi": "IPMI", "redfish": "Redfish"}
SWEEP = {
    "waiting": N_("Waits for a worker"),
    "running": N_("Searching"),
    "done": N_("Searched"),
    "failed": N_("Not finished"),
}
SWEEP_TONE = {"waiting": "mute", "running": "info", "done": "ok", "failed": "bad"}
SWEEP_ERROR = {
    "worker_lost": N_("Its worker was lost on the way. What it had found is below. Search again."),
    "outside_networks": N_("Its range is no longer inside BMC_NETWORKS, so nobody was asked."),
}
WEAK = {
    "suite_zero": N_("Cipher suite 0 is on offer"),
    "anonymous": N_("Anonymous sign-in"),
    "null_user": N_("A user without a name"),
}
LINE = {
    "as_ordered": N_("As ordered"),
    "fewer": N_("Fewer than ordered"),
    "more": N_("More than ordered"),
    "serial": N_("Other serial number"),
    "not_told": N_("The BMC does not say"),
    "unordered": N_("Not ordered"),
}
LINE_TONE = {
    "as_ordered": "ok",
    "fewer": "bad",
    "more": "warn",
    "serial": "bad",
    "not_told": "mute",
    "unordered": "warn",
}
METHOD = {
    "order_accepted": N_("Accepted although not as ordered"),
    "sent_back": N_("Refused: not as ordered"),
}
DIFFERENCE = {"serial": N_("Other serial number"), "unordered": N_("Not ordered")}
DIFFERENCE_TONE = {"serial": "bad", "unordered": "warn"}
AUDIT = {
    "bmc:search_requested": N_("Search for BMCs requested"),
    "order:entered": N_("Order of hardware entered"),
    "order:accepted": N_("Delivery accepted although not as ordered"),
    "order:refused": N_("Delivery refused: not as ordered"),
}
