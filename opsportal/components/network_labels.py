"""What codes of networks stand for, in words."""

from __future__ import annotations

from typing import Final

from opsportal.components.labels import Tones, Words
from opsportal.locale import N_

REVERSE: Final[Words] = {
    "wanted": N_("Being written"),
    "written": N_("Written, being checked"),
    "visible": N_("Visible"),
    "failed": N_("Not written"),
}
REVERSE_TONE: Final[Tones] = {"wanted": "info", "written": "info", "visible": "ok", "failed": "bad"}
DNS_ERROR: Final[Words] = {
    "dns_unreachable": N_("Nothing listens at DNS_SERVER. Start the name server, or correct the setting."),
    "dns_silent": N_("The name server does not answer in time. It is asked again."),
    "dns_server_failed": N_("The name server says that it failed (SERVFAIL). Its log says why."),
    "dns_refused": N_("The name server refuses our updates. Allow our key to update this zone there."),
    "dns_key_refused": N_(
        "The name server does not accept our key. Name, secret and algorithm must be the same on both sides, and the"
        " key must be allowed to update this zone."
    ),
    "dns_clock_wrong": N_(
        "Our clock and the name server's differ by more than five minutes. Let both follow NTP."
    ),
    "dns_zone_missing": N_(
        "The name server is not the primary of this zone. Add the zone there, or correct DNS_ZONES."
    ),
    "dns_changed": N_("Somebody else changed the record in the same moment. It is read again."),
    "dns_bad_answer": N_("Something answered that is not our name server. Check DNS_SERVER."),
    "dns_misconfigured": N_("No name server is set up. Set DNS_SERVER, DNS_TSIG_NAME and DNS_TSIG_KEY."),
    "dns_not_visible": N_("The name server took the record and does not show it. Look at its log."),
    "dns_error": N_("Something went wrong on our side. The log says what; it is tried again."),
}
USE: Final[Words] = {"assigned": N_("Assigned"), "resting": N_("At rest")}
USE_TONE: Final[Tones] = {"assigned": "ok", "resting": "warn"}
