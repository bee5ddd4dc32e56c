"""What a job came to, for a letter: the same sentence that its page shows."""

from __future__ import annotations

from opsportal.domain.hardware.outcome_words import OUTCOME
from opsportal.domain.mail.letters import Text
from opsportal.models import HardwareJob, JobStatus


def in_words(code: str) -> Text:
    """The sentence of an outcome."""
    if words := OUTCOME.get(code):
        return Text(words)
    return Text(msgid="It has failed.")


def came_to(job: HardwareJob) -> Text:
    """How a job has ended."""
    if job.outcome_code:
        return in_words(job.outcome_code)
    return in_words(
        {JobStatus.CANCELLED: "cancelled", JobStatus.EXPIRED: "waited_too_long"}.get(
            JobStatus(job.status), ""
        )
    )
