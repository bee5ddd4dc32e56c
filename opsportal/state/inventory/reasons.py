"""Why a machine became faulty: a person's words, or the step of its cleaning that had bad evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from opsportal.models import CleaningStepName

_BAD_EVIDENCE = re.compile(rf"({'|'.join(CleaningStepName)}) ([^:]*): (.+)", re.DOTALL)
"""As `cleanings` writes it: the step, the disk it is about, and a note or the code of a method."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`step` is empty for a person's words."""

    step: str
    subject: str
    words: str


def read_reason(reason: str) -> Reason:
    match = _BAD_EVIDENCE.fullmatch(reason)
    return Reason(match[1], match[2].strip(), match[3]) if match else Reason("", "", reason)
