"""Switches, their ports and what was counted there, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.locale import N_

Words = Mapping[str, str]
Tones = Mapping[str, str]

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
