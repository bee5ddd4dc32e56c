"""Jobs in people's hands, outages of the machinery, and how jobs stand, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.domain.hardware.outcome_words import OUTCOME
from opsportal.locale import N_

Words = Mapping[str, str]

STANDING: Final[Words] = {
    "": N_("All"),
    "open": N_("Open"),
    "waits": N_("Waiting"),
    "runs": N_("Running"),
    "late": N_("Late"),
    "unknown": N_("Not known"),
    "failed": N_("Failed"),
    "taken": N_("Taken over"),
    "done": N_("Done"),
    "cancelled": N_("Cancelled"),
    "expired": N_("Expired"),
}
ANSWER: Final[Words] = {
    **OUTCOME,
    "on": N_("it is on."),
    "off": N_("it is off."),
    "unknown": N_("it does not say whether it is on."),
    "answered": N_("it has answered."),
}
VERDICT: Final[Words] = {
    **OUTCOME,
    "left_unfinished": N_("It is half done and was to be carried on."),
    "machine_at_work": N_("The machine itself is at work."),
}
TAKEOVER_AUDIT: Final[Words] = {
    "job:taken_over": N_("Job taken over"),
    "job:taken_from": N_("Job taken from somebody else"),
    "job:handed_back": N_("Job handed back"),
    "job:ended_done": N_("Job ended by hand as done"),
    "job:ended_failed": N_("Job ended by hand as failed"),
    "job:retried": N_("Job asked for again after a take-over"),
}
CALL: Final[Words] = {"waits": N_("Waiting"), "runs": N_("Running"), "failed": N_("Failed")}
CALL_TONE: Final[Words] = {"waits": "mute", "runs": "info", "failed": "bad"}
